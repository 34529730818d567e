import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { LocalAttachRequest, LocalDetachRequest } from '../../compute/local/index.ts';
import { deviceInfo, enforceMultipathOption, multipathOf, multipathOption } from '../local-options.ts';
import type { AddCommand } from '../add-command.ts';
import { absolutePath, nameOrId } from '../usage.ts';

/** Detached, and yet something is there: interfaces.md section 2. */
const LEFT_BEHIND = 4;

/** `dpm local-attach` and `dpm local-detach`: volumes without Nova. */
export function addLocalCommands(program: Command, add: AddCommand): void {
  addLocalAttach(program, add);
  addLocalDetach(program, add);
}

const volume = () => new Argument('<volume>', 'name or id').argParser(nameOrId);

const partition = (words: string) => new Option('--partition <name>', words).argParser(nameOrId);

function addLocalAttach(program: Command, add: AddCommand): void {
  const description =
    'Attach a Cinder volume without Nova: to the Linux host on which it runs (as root), or to a partition by way of the HMC';
  add(program, 'local-attach', description, async (context, command) => {
    const options = command.opts<Pick<LocalAttachRequest, 'partition' | 'mountpoint' | 'mode'>>();
    const { partition: name, mountpoint, mode } = options;
    const multipath = multipathOf(command, name !== undefined);
    const request = { volume: String(command.processedArgs[0]), partition: name, mountpoint, mode, ...multipath };
    const object =
      name === undefined
        ? await context.withLocal((host, asked) => host.localAttach(request, asked))
        : await context.withManager('write', (manager, asked) => manager.localAttach(request, asked));
    context.print({ kind: 'object', object });
  })
    .addArgument(volume())
    .addOption(partition('to this partition; it must not be one of an instance').conflicts('mountpoint'))
    .addOption(
      new Option(
        '--mountpoint <dir>',
        'mount it there: an empty place in the tree; never formats, so the volume must hold a file system',
      ).argParser(absolutePath),
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
    const { partition: name, ...options } = command.opts<Partial<LocalDetachRequest>>();
    const request: LocalDetachRequest = {
      volume: String(command.processedArgs[0]),
      partition: name,
      attachmentId: options.attachmentId,
      deviceInfo: options.deviceInfo,
      force: options.force === true,
      ...multipathOf(command, name !== undefined),
    };
    const object =
      name === undefined
        ? await context.withLocal((host, asked) => host.localDetach(request, asked))
        : await context.withManager('write', (manager, asked) => manager.localDetach(request, asked));
    context.print({ kind: 'object', object });
    return object.left_behind.length > 0 ? LEFT_BEHIND : 0;
  })
    .addArgument(volume())
    .addOption(partition('from this partition'))
    .addOption(
      new Option(
        '--attachment-id <id>',
        'by this attachment: needed for a volume that another program attached',
      ).argParser(nameOrId),
    )
    .addOption(multipathOption('of a volume that another program attached: it uses a multipath device'))
    .addOption(enforceMultipathOption('of a volume that another program attached: it insists on it'))
    .addOption(
      new Option('--device-info <json>', 'of a volume that another program attached: what that had printed')
        .argParser(deviceInfo)
        .conflicts('partition'),
    )
    .option(
      '--force',
      'go on where data cannot be written out or the back end does not obey; what is in use stays all the same',
    );
}
