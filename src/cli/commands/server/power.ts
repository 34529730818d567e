import type { Command } from 'commander';
import type { RequestContext } from '../../../virt/index.ts';
import type { AddCommand } from '../../add-command.ts';
import type { CommandContext } from '../../context.ts';
import type { Manager } from '../../open.ts';
import { argument } from '../../usage.ts';
import { server } from './arguments.ts';
import { printDetail } from './detail.ts';

export function addPower(group: Command, add: AddCommand): void {
  type Verb = (manager: Manager, name: string, request: RequestContext) => Promise<void>;
  const printAfter = async (context: CommandContext, command: Command, verb: Verb) => {
    const name = argument(command, 0);
    await printDetail(context, 'write', async (manager, request) => {
      await verb(manager, name, request);
      return await manager.show(name, request);
    });
  };
  add(group, 'start', 'Start an instance', (context, command) =>
    printAfter(context, command, (manager, name, request) => manager.start(name, request)),
  ).argument(...server);
  add(group, 'stop', 'Stop an instance', (context, command) => {
    const { soft = false } = command.opts<{ soft?: boolean }>();
    return printAfter(context, command, (manager, name, request) => manager.stop(name, { soft }, request));
  })
    .argument(...server)
    .option('--soft', 'ask the operating system first');
  add(group, 'reboot', 'Restart an instance', (context, command) => {
    const { hard = false } = command.opts<{ hard?: boolean }>();
    return printAfter(context, command, (manager, name, request) => manager.reboot(name, { hard }, request));
  })
    .argument(...server)
    .option('--hard', 'stop and start the partition without asking the operating system');
}
