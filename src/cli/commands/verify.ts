import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { Finding } from '../../compute/index.ts';
import type { CommandContext } from '../context.ts';
import type { AddCommand } from '../add-command.ts';
import { isPlainTable } from '../fitted-list.ts';
import { readServiceToken } from '../service-token.ts';
import { usageError } from '../usage.ts';

export const findingColumns = ['kind', 'name', 'detail', 'repair'] as const;
const repairColumns = [...findingColumns, 'outcome', 'error'] as const;

/** Exit code when something is left behind. Source: interfaces.md section 2. */
const LEFT_BEHIND = 4;

interface Options {
  readonly repair?: boolean;
  readonly hosts?: readonly string[];
  readonly tokenFile?: string;
}

export function addVerifyCommand(program: Command, add: AddCommand): void {
  const description =
    'Compare HMC, Cinder, the journal and this host, and list orphaned resources. Exits with 0 only if there are none';
  add(program, 'verify', description, async (context, command) => {
    const options = command.opts<Options>();
    const { repair = false } = options;
    const columns = repair ? repairColumns : findingColumns;
    context.checkList([...columns, 'host']);
    const elsewhere = await askElsewhere(context, options);
    const rows = [
      ...(await verifyManager(context, repair)),
      ...(await verifyHost(context, repair)),
      ...elsewhere.map((row) => (repair ? { ...row, outcome: 'left', error: null } : row)),
    ];
    const isSpread = options.hosts !== undefined || rows.some(({ host }) => host !== undefined);
    if (isPlainTable(context)) context.print({ kind: 'list', rows: rows.map(tableRow), columns: ['kind', 'resource'] });
    else context.print({ kind: 'list', rows, columns: isSpread ? [...columns, 'host'] : columns });
    const left = rows.filter(({ outcome }) => outcome !== 'repaired');
    return left.length === 0 ? 0 : LEFT_BEHIND;
  })
    .option('--repair', 'repair what is safe to repair, after listing it')
    .option('--hosts <urls>', 'ask these path services too: https://HOST:PORT,… (nothing is repaired there)', urls)
    .option('--token-file <file>', 'file with their bearer token; else the variable NOVA_DPM_PATH_TOKEN');
}

/** A line of the result, with its host if known and the outcome of its repair. */
interface Row extends Pick<Finding, 'name' | 'detail' | 'repair'> {
  readonly kind: string;
  readonly host?: string;
  readonly outcome?: string;
  readonly error?: string | null;
}

/** Returns a row of a table, in which all about a resource is below its name, so that a terminal of 80 columns has room. */
function tableRow({ kind, name, host, detail, repair, outcome, error }: Row) {
  const more = [
    host === undefined ? null : `host: ${host}`,
    detail,
    `repair: ${repair ?? 'by hand'}`,
    outcome === undefined ? null : `outcome: ${outcome}`,
    error ?? null,
  ];
  return { kind, resource: [name, ...more.filter((text) => text !== null).map((text) => `  ${text}`)] };
}

async function verifyManager(context: CommandContext, repair: boolean): Promise<readonly Row[]> {
  return await context.withManager(repair ? 'write' : 'read', async (manager, request) => {
    const findings = await manager.verify(request);
    if (!repair) return findings;
    for (const finding of findings) context.note(announce(finding));
    return await manager.repair(findings, request);
  });
}

/** Runs after the HMC's side, whose repair may end an attachment in Cinder. */
async function verifyHost(context: CommandContext, repair: boolean): Promise<readonly Row[]> {
  return await context.withHost(async (host, w) => {
    if (!(await host.takesVolumes())) return [];
    const findings = await host.verify(w);
    if (!repair) return findings;
    for (const finding of findings) context.note(announce(finding));
    return await host.repair(w);
  });
}

/** Runs first, so that a wrong token or URL is reported before any repair. */
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

function announce({ kind, name, repair }: Row): string {
  return `${kind} ${name}: ${repair === null ? 'left to you' : `will be repaired: ${repair}`}`;
}
