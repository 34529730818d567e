import { Option } from 'commander';
import type { Command } from 'commander';
import type { LocalAttachRequest, LocalDetachRequest } from '../../compute/local/index.ts';
import { enforceMultipathOption, jsonObject, multipathOf, multipathOption, readDeviceInfo } from '../local-options.ts';
import type { RequestContext } from '../../virt/index.ts';
import type { AddCommand } from '../add-command.ts';
import type { CommandContext } from '../context.ts';
import type { LocalManager } from '../open.ts';
import { absolutePath, argument, nameOrId } from '../usage.ts';

/** Exit code when something is left behind. Source: interfaces.md section 2. */
const LEFT_BEHIND = 4;

export function addLocalCommands(program: Command, add: AddCommand): void {
  addLocalAttach(program, add);
  addLocalDetach(program, add);
}

function addLocalAttach(program: Command, add: AddCommand): void {
  const description =
    'Attach a Cinder volume without Nova: to this Linux host (as root), or to a partition by way of the HMC';
  add(program, 'local-attach', description, async (context, command) => {
    const { partition, mountpoint, mode } =
      command.opts<Pick<LocalAttachRequest, 'partition' | 'mountpoint' | 'mode'>>();
    const multipath = multipathOf(command, partition !== undefined);
    const request = { volume: argument(command, 0), partition, mountpoint, mode, ...multipath };
    const object = await atPlace(context, partition, (place, asked) => place.localAttach(request, asked));
    context.print({ kind: 'object', object });
  })
    .argument('<volume>', 'name or id', nameOrId)
    .addOption(
      new Option('--partition <name>', 'attach to this partition; it must not belong to an instance')
        .argParser(nameOrId)
        .conflicts('mountpoint'),
    )
    .option(
      '--mountpoint <dir>',
      'mount the volume on this directory; the volume must hold a file system, since it is never formatted',
      absolutePath,
    )
    .addOption(multipathOption('use a multipath device if the volume has several paths'))
    .addOption(enforceMultipathOption('fail if there can be no multipath device'))
    .addOption(
      new Option(
        '--mode <mode>',
        'read-write or read-only; a host enforces it in its devices and the mount; refused with --partition, since an HMC cannot enforce it',
      )
        .choices(['rw', 'ro'])
        .default('rw'),
    );
}

function addLocalDetach(program: Command, add: AddCommand): void {
  const description =
    'Detach a volume that local-attach has attached. Detaching a volume that is not attached succeeds';
  add(program, 'local-detach', description, async (context, command) => {
    const { partition, attachmentId, force = false } = command.opts<Partial<LocalDetachRequest>>();
    const { deviceInfo: given } = command.opts<{ readonly deviceInfo?: object }>();
    const deviceInfo = given === undefined ? undefined : await readDeviceInfo(given);
    const multipath = multipathOf(command, partition !== undefined);
    const request = { volume: argument(command, 0), partition, attachmentId, deviceInfo, force, ...multipath };
    const object = await atPlace(context, partition, (place, asked) => place.localDetach(request, asked));
    context.print({ kind: 'object', object });
    return object.left_behind.length > 0 ? LEFT_BEHIND : 0;
  })
    .argument('<volume>', 'name or id', nameOrId)
    .option('--partition <name>', 'detach from this partition', nameOrId)
    .option(
      '--attachment-id <id>',
      'attachment to detach; required for a volume that another program attached',
      nameOrId,
    )
    .addOption(multipathOption('for a volume that another program attached: it uses multipath'))
    .addOption(enforceMultipathOption('for a volume that another program attached: it requires multipath'))
    .addOption(
      new Option('--device-info <json>', 'for a volume that another program attached: the device_info that it printed')
        .argParser(jsonObject)
        .conflicts('partition'),
    )
    .option(
      '--force',
      'continue if data cannot be flushed or the back end refuses the detach; devices in use are never removed',
    );
}

/** Runs work on this host, which needs no HMC, or on a partition. */
async function atPlace<T>(
  context: CommandContext,
  partition: string | undefined,
  work: (place: LocalManager, asked: RequestContext) => Promise<T>,
): Promise<T> {
  return await (partition === undefined ? context.withLocal(work) : context.withManager('write', work));
}
