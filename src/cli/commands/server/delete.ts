import type { Command } from 'commander';
import { findError } from '../../../base/index.ts';
import type { RequestContext } from '../../../virt/index.ts';
import type { AddCommand } from '../../add-command.ts';
import type { Manager } from '../../open.ts';
import { distinct, servers } from './arguments.ts';
import { runOnEach } from './several.ts';

export function addDelete(group: Command, add: AddCommand): void {
  add(group, 'delete', 'Delete instances, with their partitions and attachments', async (context, command) => {
    const names = distinct(command);
    const { ifExists = false } = command.opts<{ ifExists?: boolean }>();
    await context.printList(['server', 'deleted'], () =>
      context.withManager('write', (manager, request) =>
        runOnEach('deletions', names, (name) => remove(manager, name, ifExists, request)),
      ),
    );
  })
    .argument(...servers)
    .option('--if-exists', 'deleting a server that is already gone succeeds');
}

interface Deleted {
  readonly server: string;
  readonly deleted: boolean;
}

async function remove(manager: Manager, name: string, ifExists: boolean, request: RequestContext): Promise<Deleted> {
  try {
    await manager.delete(name, request);
    return { server: name, deleted: true };
  } catch (error) {
    if (ifExists && findError(error, 'NOT_FOUND') !== undefined) return { server: name, deleted: false };
    throw error;
  }
}
