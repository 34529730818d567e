import type { Command } from 'commander';
import type { AddCommand } from '../../add-command.ts';
import { serverColumns } from './detail.ts';

export function addList(group: Command, add: AddCommand): void {
  add(group, 'list', 'List the instances of this compute host', async (context) => {
    await context.printList(serverColumns, () =>
      context.withManager('read', (manager, request) => manager.list(request)),
    );
  });
}
