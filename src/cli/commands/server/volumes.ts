import { Option } from 'commander';
import type { Command } from 'commander';
import type { AddCommand } from '../../add-command.ts';
import { argument } from '../../usage.ts';
import { server, volume } from './arguments.ts';
import { printDetail } from './detail.ts';

/** Adds the commands to the groups `add` and `remove`. */
export function addVolumes(adding: Command, removing: Command, add: AddCommand): void {
  add(adding, 'volume', 'Attach a volume to an instance, running or not', async (context, command) => {
    const { mode } = command.opts<{ mode: 'rw' | 'ro' }>();
    const object = await context.withManager('write', (manager, request) =>
      manager.addVolume(argument(command, 0), argument(command, 1), { mode }, request),
    );
    context.print({ kind: 'object', object });
  })
    .argument(...server)
    .argument(...volume)
    .addOption(
      new Option(
        '--mode <mode>',
        'read-write or read-only; Cinder records it, but an HMC cannot enforce it: mount a read-only volume read-only in the guest',
      )
        .choices(['rw', 'ro'])
        .default('rw'),
    );
  add(removing, 'volume', 'Detach a volume from an instance, running or not', (context, command) => {
    const mustBeAttached = command.opts<{ ifExists?: boolean }>().ifExists !== true;
    return printDetail(context, 'write', (manager, request) =>
      manager.removeVolume(argument(command, 0), argument(command, 1), request, { mustBeAttached }),
    );
  })
    .argument(...server)
    .argument(...volume)
    .option('--if-exists', 'detaching a volume that is not attached succeeds');
}
