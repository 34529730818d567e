import type { Command } from 'commander';
import type { AddCommand } from '../program.ts';
import type { JsonObject } from '../seams.ts';

const findingColumns = ['kind', 'name', 'detail', 'repair'] as const;
const repairColumns = [...findingColumns, 'outcome', 'error'] as const;

/** Something is left behind, and named: interfaces.md section 2. */
const LEFT_BEHIND = 4;

/** `dpm verify` */
export function addVerifyCommand(program: Command, add: AddCommand): void {
  const description =
    'Compare HMC, Cinder and the journal, and list what belongs to nobody. Ends with 0 only if there is nothing';
  add(program, 'verify', description, async (context, command) => {
    const { repair = false } = command.opts<{ repair?: boolean }>();
    const columns = repair ? repairColumns : findingColumns;
    context.checkColumns(columns);
    const rows = await context.withManager(repair ? 'write' : 'read', async (manager, w) => {
      if (!repair) return await manager.verify({ repair }, w);
      for (const line of await manager.verify({ repair: false }, w)) context.note(announce(line));
      return await manager.verify({ repair }, w);
    });
    context.print({ kind: 'list', rows, columns });
    const left = rows.filter(({ outcome }) => outcome !== 'repaired');
    return left.length === 0 ? 0 : LEFT_BEHIND;
  }).option('--repair', 'put right what is safe to put right, after saying what will be done');
}

/** What will be done is said before it is done. */
function announce({ kind, name, repair }: JsonObject): string {
  const action = typeof repair === 'string' ? `will be repaired: ${repair}` : 'left to you';
  return `${text(kind)} ${text(name)}: ${action}`;
}

function text(value: JsonObject[string]): string {
  return typeof value === 'string' ? value : '';
}
