import type { Command } from 'commander';
import type { RequestContext } from '../../../virt/index.ts';
import type { AddCommand } from '../../add-command.ts';
import type { CommandContext } from '../../context.ts';
import type { Manager } from '../../open.ts';
import { distinct, servers } from './arguments.ts';
import { printSeveral } from './detail.ts';
import { runOnEach } from './several.ts';

export function addPower(group: Command, add: AddCommand): void {
  type Verb = (manager: Manager, name: string, request: RequestContext) => Promise<void>;
  const printAfter = async (context: CommandContext, command: Command, what: string, verb: Verb) => {
    await printSeveral(context, distinct(command), (names, manager, request) =>
      runOnEach(what, names, async (name) => {
        await verb(manager, name, request);
        return await manager.show(name, request);
      }),
    );
  };
  add(group, 'start', 'Start instances', (context, command) =>
    printAfter(context, command, 'starts', (manager, name, request) => manager.start(name, request)),
  ).argument(...servers);
  add(group, 'stop', 'Stop instances', (context, command) => {
    const { soft = false } = command.opts<{ soft?: boolean }>();
    return printAfter(context, command, 'stops', (manager, name, request) => manager.stop(name, { soft }, request));
  })
    .argument(...servers)
    .option('--soft', 'ask the operating system first');
  add(group, 'reboot', 'Restart instances', (context, command) => {
    const { hard = false } = command.opts<{ hard?: boolean }>();
    return printAfter(context, command, 'reboots', (manager, name, request) => manager.reboot(name, { hard }, request));
  })
    .argument(...servers)
    .option('--hard', 'stop and start the partition without asking the operating system');
}
