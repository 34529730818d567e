import type { RequestContext } from '../../../virt/index.ts';
import type { CommandContext } from '../../context.ts';
import { formatOf } from '../../global-options.ts';
import type { Manager } from '../../open.ts';
import { serverCells } from './detail-cells.ts';

/** The eight fields of a server in a list of the contract. Source: interfaces.md section 3. */
const contractColumns = [
  'id',
  'name',
  'status',
  'task_state',
  'power_state',
  'host',
  'partition',
  'created_at',
] as const;

export const serverColumns = [...contractColumns, 'vcpus', 'memory_mb', 'boot_volume', 'address'] as const;

/** The columns that a person needs, which fit a terminal of 80 columns. */
export const shownServerColumns = [
  'name',
  'status',
  'power_state',
  'vcpus',
  'memory_mb',
  'boot_volume',
  'address',
] as const;

export const serverDetailColumns = [
  ...serverColumns,
  'description',
  'fault',
  'properties',
  'partition_uri',
  'partition_status',
  'storage_model',
  'connector',
  'boot',
  'volumes',
  'networks',
] as const;

/** Present only when the server's partition is not certain. */
const doubtColumn = 'partition_doubt';

/** Runs work that returns a server, and prints it. */
type Work = (manager: Manager, request: RequestContext) => Promise<object>;

export async function printDetail(context: CommandContext, access: 'read' | 'write', work: Work): Promise<void> {
  context.checkColumns([...serverDetailColumns, doubtColumn]);
  printObject(context, await context.withManager(access, work));
}

/** Runs work that changes several servers, and prints them: a single one as an object with all its fields, several as a list. */
export async function printSeveral<S>(
  context: CommandContext,
  servers: readonly S[],
  work: (servers: readonly S[], manager: Manager, request: RequestContext) => Promise<readonly object[]>,
  access: 'read' | 'write' = 'write',
): Promise<void> {
  if (servers.length === 1) context.checkColumns([...serverDetailColumns, doubtColumn]);
  else context.checkList(serverColumns);
  const rows = await context.withManager(access, (manager, request) => work(servers, manager, request));
  const [only] = rows;
  if (servers.length === 1 && only !== undefined) printObject(context, only);
  else context.print({ kind: 'list', rows, columns: serverColumns, shown: shownServerColumns });
}

function printObject(context: CommandContext, object: object): void {
  const isDoubt = doubtColumn in object || context.globals.column.includes(doubtColumn);
  const columns = isDoubt ? [...serverDetailColumns, doubtColumn] : serverDetailColumns;
  const shown = isTable(context) ? columns.filter((name) => !isHidden(name, object)) : undefined;
  context.print({ kind: 'object', object, columns, shown, cells: serverCells });
}

function isTable({ globals, io }: CommandContext): boolean {
  return formatOf(globals, io.stdout) === 'table';
}

/** A table shows these fields only if they have a value. */
const ifSet: readonly string[] = ['task_state', 'description', 'fault', 'properties', 'networks'];

/** Whether a table leaves out a field. The volumes of a server also say which one boots, and its networks their addresses. */
function isHidden(column: string, object: object): boolean {
  if (column === 'boot_volume' || column === 'address') return true;
  if (!ifSet.includes(column)) return false;
  const value = (object as Readonly<Record<string, unknown>>)[column];
  return value === null || value === undefined || Object.keys(value).length === 0;
}
