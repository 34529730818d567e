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
  const object = await context.withManager(access, work);
  const isDoubt = doubtColumn in object || context.globals.column.includes(doubtColumn);
  context.print({
    kind: 'object',
    object,
    columns: isDoubt ? [...serverDetailColumns, doubtColumn] : serverDetailColumns,
  });
}
