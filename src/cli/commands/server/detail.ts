import type { RequestContext } from '../../../virt/index.ts';
import type { CommandContext } from '../../context.ts';
import type { Manager } from '../../open.ts';

/** Source: interfaces.md section 3. */
export const serverColumns = [
  'id',
  'name',
  'status',
  'task_state',
  'power_state',
  'host',
  'partition',
  'created_at',
] as const;

const serverDetailColumns = [
  ...serverColumns,
  'vcpus',
  'memory_mb',
  'fault',
  'properties',
  'partition_uri',
  'partition_status',
  'storage_model',
  'connector',
  'boot',
  'volumes',
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
): Promise<void> {
  context.checkColumns(servers.length === 1 ? [...serverDetailColumns, doubtColumn] : serverColumns);
  const rows = await context.withManager('write', (manager, request) => work(servers, manager, request));
  const [only] = rows;
  if (servers.length === 1 && only !== undefined) printObject(context, only);
  else context.print({ kind: 'list', rows, columns: serverColumns });
}

function printObject(context: CommandContext, object: object): void {
  const isDoubt = doubtColumn in object || context.globals.column.includes(doubtColumn);
  context.print({
    kind: 'object',
    object,
    columns: isDoubt ? [...serverDetailColumns, doubtColumn] : serverDetailColumns,
  });
}
