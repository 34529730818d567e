import type { Command } from 'commander';
import type { AddCommand } from '../../add-command.ts';
import { argument, wholeNumber } from '../../usage.ts';
import { server } from './arguments.ts';
import { MAX_MEMORY, MAX_VCPUS } from './create.ts';
import { printDetail } from './detail.ts';

interface ResizeOptions {
  readonly vcpus?: number;
  readonly memory?: number;
  readonly restart?: boolean;
}

export function addResize(group: Command, add: AddCommand): void {
  add(group, 'resize', 'Give an instance other processors or memory, running or not', (context, command) => {
    const { vcpus, memory: memoryMib, restart = false } = command.opts<ResizeOptions>();
    return printDetail(context, 'write', (manager, request) =>
      manager.resize(argument(command, 0), { vcpus, memoryMib, restart }, request),
    );
  })
    .argument(...server)
    .option('--vcpus <n>', 'processors', wholeNumber(1, MAX_VCPUS))
    .option('--memory <mib>', 'memory in MiB', wholeNumber(1, MAX_MEMORY, 'MiB'))
    .option(
      '--restart',
      'stop the instance and start it again if the change needs that: less memory, or more than its maximum memory',
    );
}
