import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Finding } from '../../compute/index.ts';
import type { CommandContext } from '../context.ts';
import type { AddCommand } from '../add-command.ts';
import { readServiceToken } from '../service-token.ts';
import { usageError } from '../usage.ts';

const findingColumns = ['kind', 'name', 'detail', 'repair'] as const;
const repairColumns = [...findingColumns, 'outcome', 'error'] as const;

/** Something is left behind, and named: interfaces.md section 2. */
const LEFT_BEHIND = 4;

interface Options {
  readonly repair?: boolean;
  readonly hosts?: readonly string[];
  readonly tokenFile?: string;
}

/** `dpm verify` */
export function addVerifyCommand(program: Command, add: AddCommand): void {
  const description =
    'Compare HMC, Cinder, the journal and this host, and list what belongs to nobody. Ends with 0 only if there is nothing';
  add(program, 'verify', description, async (context, command) => {
    const options = command.opts<Options>();
    const repair = options.repair === true;
    const columns = repair ? repairColumns : findingColumns;
    context.checkColumns([...columns, 'host']);
    const elsewhere = await askElsewhere(context, options);
    const rows = [
      ...(await verifyManager(context, repair)),
      ...(await verifyHost(context, repair)),
      ...elsewhere.map((row) => (repair ? { ...row, outcome: 'left', error: null } : row)),
    ];
    const isSpread = options.hosts !== undefined || rows.some(({ host }) => host !== undefined);
    context.print({ kind: 'list', rows, columns: isSpread ? [...columns, 'host'] : columns });
    const left = rows.filter(({ outcome }) => outcome !== 'repaired');
    return left.length === 0 ? 0 : LEFT_BEHIND;
  })
    .option('--repair', 'put right what is safe to put right, after saying what will be done')
    .addOption(
      new Option(
        '--hosts <urls>',
        'ask these path services too: https://HOST:PORT,… (nothing is repaired there)',
      ).argParser(urls),
    )
    .option('--token-file <file>', 'file with their bearer token; else the variable NOVA_DPM_PATH_TOKEN');
}

/** A line of the result: of which host where that is known, and what came of its repair. */
interface Row extends Pick<Finding, 'name' | 'detail' | 'repair'> {
  readonly kind: string;
  readonly host?: string;
  readonly outcome?: string;
  readonly error?: string | null;
}

async function verifyManager(context: CommandContext, repair: boolean): Promise<readonly Row[]> {
  return await context.withManager(repair ? 'write' : 'read', async (manager, request) => {
    const findings = await manager.verify(request);
    if (!repair) return findings;
    for (const finding of findings) context.note(announce(finding));
    return await manager.repair(findings, request);
  });
}

/** After the HMC's side: what was repaired there may have been why Cinder counted a volume as attached. */
async function verifyHost(context: CommandContext, repair: boolean): Promise<readonly Row[]> {
  return await context.withHost(async (host, w) => {
    if (!(await host.takesVolumes())) return [];
    const findings = await host.verify(w);
    if (!repair) return findings;
    for (const finding of findings) context.note(announce(finding));
    return await host.repair(w);
  });
}

/** First of all, so that a wrong token or URL is told before anything is repaired. */
async function askElsewhere(context: CommandContext, { hosts, tokenFile }: Options): Promise<readonly Row[]> {
  if (hosts === undefined && tokenFile === undefined) return [];
  const token = readServiceToken(context, tokenFile);
  if (hosts === undefined) throw usageError('--token-file', tokenFile ?? '', '--hosts beside it');
  const { askHosts } = await import('../../volume/paths/index.ts');
  return await askHosts({ urls: hosts, token, log: context.log }, context.waiting);
}

function urls(value: string): readonly string[] {
  const list = value.split(',').map((url) => url.trim());
  if (list.every((url) => URL.canParse(url) && /^https?:\/\/[^/?#]+\/?$/.test(url))) return list;
  throw new InvalidArgumentError('Expected a comma list of URLs like https://host:6795.');
}

/** What will be done is said before it is done. */
function announce({ kind, name, repair }: Row): string {
  return `${kind} ${name}: ${repair === null ? 'left to you' : `will be repaired: ${repair}`}`;
}
