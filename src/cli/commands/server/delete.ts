import type { Command } from 'commander';
import pLimit from 'p-limit';
import { findError, toError } from '../../../base/index.ts';
import type { RequestContext } from '../../../virt/index.ts';
import type { AddCommand } from '../../add-command.ts';
import type { Manager } from '../../open.ts';
import { namesOrIds } from '../../usage.ts';

/** Parallel deletions; the manager has further limits. */
const DELETIONS_AT_ONCE = 8;

export function addDelete(group: Command, add: AddCommand): void {
  add(group, 'delete', 'Delete instances, with their partitions and attachments', async (context, command) => {
    const names = [...new Set(command.processedArgs[0] as readonly string[])]; // from namesOrIds
    const { ifExists = false } = command.opts<{ ifExists?: boolean }>();
    await context.printList(['server', 'deleted'], () =>
      context.withManager('write', (manager, request) => deleteAll(manager, names, ifExists, request)),
    );
  })
    .argument('<server...>', 'names or UUIDs', namesOrIds)
    .option('--if-exists', 'deleting a server that is already gone succeeds');
}

interface Deleted {
  readonly server: string;
  readonly deleted: boolean;
}

async function deleteAll(
  manager: Manager,
  names: readonly string[],
  ifExists: boolean,
  request: RequestContext,
): Promise<readonly Deleted[]> {
  const limit = pLimit(DELETIONS_AT_ONCE);
  const remove = async (name: string): Promise<Deleted> => {
    try {
      await manager.delete(name, request);
      return { server: name, deleted: true };
    } catch (error) {
      if (ifExists && findError(error, 'NOT_FOUND') !== undefined) return { server: name, deleted: false };
      throw error;
    }
  };
  const ends = await Promise.allSettled(names.map((name) => limit(remove, name)));
  const failed = ends.filter((end) => end.status === 'rejected').map((end) => toError(end.reason));
  if (failed.length === 1 && failed[0] !== undefined) throw failed[0];
  if (failed.length > 1) throw new AggregateError(failed, `${failed.length} of ${names.length} deletions failed`);
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}
