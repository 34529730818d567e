import { Option } from 'commander';
import type { Command } from 'commander';
import type { LocalAttachRequest, LocalDetachRequest } from '../../compute/local/index.ts';
import {
  deviceInfo as parseDeviceInfo,
  enforceMultipathOption,
  multipathOf,
  multipathOption,
} from '../local-options.ts';
import type { AddCommand } from '../add-command.ts';
import { absolutePath, argument, nameOrId } from '../usage.ts';

/** Exit code when something is left behind. Source: interfaces.md section 2. */
const LEFT_BEHIND = 4;

export function addLocalCommands(program: Command, add: AddCommand): void {
  addLocalAttach(program, add);
  addLocalDetach(program, add);
}

function addLocalAttach(program: Command, add: AddCommand): void {
  const description =
    'Attach a Cinder volume without Nova: to the Linux host on which it runs (as root), or to a partition by way of the HMC';
  add(program, 'local-attach', description, async (context, command) => {
    const { partition, mountpoint, mode } =
      command.opts<Pick<LocalAttachRequest, 'partition' | 'mountpoint' | 'mode'>>();
    const multipath = multipathOf(command, partition !== undefined);
    const request = { volume: argument(command, 0), partition, mountpoint, mode, ...multipath };
    const object =
      partition === undefined
        ? await context.withLocal((host, asked) => host.localAttach(request, asked))
        : await context.withManager('write', (manager, asked) => manager.localAttach(request, asked));
    context.print({ kind: 'object', object });
  })
    .argument('<volume>', 'name or id', nameOrId)
    .addOption(
      new Option('--partition <name>', 'to this partition; it must not be one of an instance')
        .argParser(nameOrId)
        .conflicts('mountpoint'),
    )
    .option(
      '--mountpoint <dir>',
      'mount it there: an empty place in the tree; never formats, so the volume must hold a file system',
      absolutePath,
    )
    .addOption(multipathOption('use a multipath device where there are several paths'))
    .addOption(enforceMultipathOption('fail where there can be no multipath device'))
    .addOption(
      new Option(
        '--mode <mode>',
        'read and write, or read only: on a host enforced by its devices and the mount; an HMC cannot enforce it, so it is refused with --partition',
      )
        .choices(['rw', 'ro'])
        .default('rw'),
    );
}

function addLocalDetach(program: Command, add: AddCommand): void {
  const description = 'Detach a volume that local-attach has attached; detaching what is not attached succeeds';
  add(program, 'local-detach', description, async (context, command) => {
    const { partition, attachmentId, deviceInfo, force = false } = command.opts<Partial<LocalDetachRequest>>();
    const multipath = multipathOf(command, partition !== undefined);
    const request = { volume: argument(command, 0), partition, attachmentId, deviceInfo, force, ...multipath };
    const object =
      partition === undefined
        ? await context.withLocal((host, asked) => host.localDetach(request, asked))
        : await context.withManager('write', (manager, asked) => manager.localDetach(request, asked));
    context.print({ kind: 'object', object });
    return object.left_behind.length > 0 ? LEFT_BEHIND : 0;
  })
    .argument('<volume>', 'name or id', nameOrId)
    .option('--partition <name>', 'from this partition', nameOrId)
    .option('--attachment-id <id>', 'by this attachment: needed for a volume that another program attached', nameOrId)
    .addOption(multipathOption('of a volume that another program attached: it uses a multipath device'))
    .addOption(enforceMultipathOption('of a volume that another program attached: it insists on it'))
    .addOption(
      new Option('--device-info <json>', 'of a volume that another program attached: what that had printed')
        .argParser(parseDeviceInfo)
        .conflicts('partition'),
    )
    .option(
      '--force',
      'continue when data cannot be flushed or the back end does not obey; devices in use are never removed',
    );
}
