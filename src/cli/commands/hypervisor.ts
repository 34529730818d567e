import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';

export function addHypervisorCommands(program: Command, add: AddCommand): void {
  const group = program.command('hypervisor').description('The CPC subset of this compute host');
  add(group, 'show', 'Show the CPC subset: the machine, its share and its use', async (context) => {
    const object = await context.withManager('read', (manager, request) => manager.hypervisorShow(request));
    context.print({ kind: 'object', object });
  });
  add(group, 'stats', 'Show capacity and use in numbers', async (context) => {
    const object = await context.withManager('read', (manager, request) => manager.hypervisorStats(request));
    context.print({ kind: 'object', object });
  });
}
