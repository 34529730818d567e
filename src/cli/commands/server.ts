import { Option } from 'commander';
import type { Command } from 'commander';
import pLimit from 'p-limit';
import { findError, toError } from '../../base/index.ts';
import type { CreateServer } from '../../compute/index.ts';
import type { RequestContext } from '../../virt/index.ts';
import type { PathRecord } from '../../volume/index.ts';
import { collectVolume, completeVolumes, property, storageGroup } from '../create-options.ts';
import type { CommandContext } from '../context.ts';
import { formatOf } from '../global-options.ts';
import { printable } from '../printable.ts';
import type { AddCommand } from '../add-command.ts';
import type { Manager } from '../open.ts';
import { argument, nameOrId, namesOrIds, wholeNumber } from '../usage.ts';
import { pathColumns } from './volume.ts';

/** Source: interfaces.md section 3. */
const serverColumns = ['id', 'name', 'status', 'task_state', 'power_state', 'host', 'partition', 'created_at'] as const;

const serverDetailColumns = [
  ...serverColumns,
  'vcpus',
  'memory_mb',
  'fault',
  'properties',
  'partition_uri',
  'partition_status',
  'storage_model',
  'connector',
  'boot',
  'volumes',
] as const;

/** Present only when the server's partition is not certain. */
const doubtColumn = 'partition_doubt';

const server = ['<server>', 'name or UUID', nameOrId] as const;
const volume = ['<volume>', 'name or id', nameOrId] as const;

export function addServerCommands(program: Command, add: AddCommand): void {
  const group = program.command('server').description('Instances and their partitions');
  addCreate(group, add);
  add(group, 'list', 'List the instances of this compute host', async (context) => {
    await context.printList(serverColumns, () =>
      context.withManager('read', (manager, request) => manager.list(request)),
    );
  });
  add(
    group,
    'show',
    'Show an instance: its partition, connector, boot path, volumes and their paths',
    async (context, command) => {
      const name = argument(command, 0);
      if (command.opts<{ paths?: boolean }>().paths === true) await printPaths(context, name);
      else await printDetail(context, 'read', (manager, request) => manager.show(name, request));
    },
  )
    .argument(...server)
    .option(
      '--paths',
      'show only the paths of its volumes: initiators, fabrics, targets, LUNs, states; as a drawing on a terminal and with -f table',
    );
  addDelete(group, add);
  addPower(group, add);
  addVolumes(group, add);
}

type Work = (manager: Manager, request: RequestContext) => Promise<object>;

async function printDetail(context: CommandContext, access: 'read' | 'write', work: Work): Promise<void> {
  context.checkColumns([...serverDetailColumns, doubtColumn]);
  const object = await context.withManager(access, work);
  const isDoubt = doubtColumn in object || context.globals.column.includes(doubtColumn);
  context.print({
    kind: 'object',
    object,
    columns: isDoubt ? [...serverDetailColumns, doubtColumn] : serverDetailColumns,
  });
}

/** Draws the paths instead of a table; other formats get the records of `dpm volume list-paths --server`. */
async function printPaths(context: CommandContext, server: string): Promise<void> {
  context.checkColumns(pathColumns);
  const rows = await context.withManager('read', (manager, request) => manager.volumePaths({ server }, request));
  const isDrawn = formatOf(context.globals, context.io.stdout) === 'table' && context.globals.column.length === 0;
  if (isDrawn) await draw(context, rows);
  else context.print({ kind: 'list', rows, columns: pathColumns });
}

async function draw(context: CommandContext, records: readonly PathRecord[]): Promise<void> {
  const { drawText } = await import('../../volume/paths/index.ts');
  context.progress.end();
  const drawing = drawText(records);
  context.io.stdout.write(drawing.split('\n').map(printable).join('\n'));
}

interface CreateOptions {
  readonly vcpus: number;
  readonly memory: number;
  readonly volume?: CreateServer['volumes'];
  readonly storageGroup?: NonNullable<CreateServer['storageGroup']>;
  readonly property?: Readonly<Record<string, string>>;
  readonly start: boolean;
}

function addCreate(group: Command, add: AddCommand): void {
  add(group, 'create', 'Create an instance and boot it from a volume', (context, command) => {
    const options = command.opts<CreateOptions>();
    const { storageGroup: group, property: properties } = options;
    const server: CreateServer = {
      name: argument(command, 0),
      vcpus: options.vcpus,
      memoryMib: options.memory,
      volumes: completeVolumes(options.volume, group !== undefined),
      ...(group === undefined ? {} : { storageGroup: group }),
      ...(properties === undefined ? {} : { properties }),
      start: options.start,
    };
    return printDetail(context, 'write', (manager, request) => manager.create(server, request));
  })
    .argument('<name>', 'name of the new instance', nameOrId)
    .requiredOption('--vcpus <n>', 'processors', wholeNumber(1, MAX_VCPUS))
    .requiredOption('--memory <mib>', 'memory in MiB', wholeNumber(1, MAX_MEMORY, 'MiB'))
    .option(
      '--volume <volume>',
      'ID[,boot-index=N][,delete-on-termination]; repeatable; boot index 0 boots',
      collectVolume,
    )
    .option(
      '--storage-group <group>',
      'NAME[,boot-volume=VOLUME]: attach a prepared storage group unchanged; it is booted unless a volume has boot index 0',
      storageGroup,
    )
    .option(
      '--property <property>',
      'KEY=VALUE, as extra specs of a flavour; repeatable: dpm:secure_boot, dpm:boot_load_parameters, dpm:boot_configuration_selector, dpm:boot_os_specific_parameters, dpm:boot_timeout',
      property,
    )
    .option('--no-start', 'leave the partition stopped');
}

/** Above any machine; the limits of the CPC subset are checked later. */
const MAX_VCPUS = 1000;
const MAX_MEMORY = 1024 * 1024 * 1024;

/** Parallel deletions; the manager has further limits. */
const DELETIONS_AT_ONCE = 8;

function addDelete(group: Command, add: AddCommand): void {
  add(group, 'delete', 'Delete instances, with their partitions and attachments', async (context, command) => {
    const names = [...new Set(command.processedArgs[0] as readonly string[])]; // from namesOrIds
    const { ifExists = false } = command.opts<{ ifExists?: boolean }>();
    await context.printList(['server', 'deleted'], () =>
      context.withManager('write', (manager, request) => deleteAll(manager, names, ifExists, request)),
    );
  })
    .argument('<server...>', 'names or UUIDs', namesOrIds)
    .option('--if-exists', 'deleting a server that is already gone succeeds');
}

interface Deleted {
  readonly server: string;
  readonly deleted: boolean;
}

async function deleteAll(
  manager: Manager,
  names: readonly string[],
  ifExists: boolean,
  request: RequestContext,
): Promise<readonly Deleted[]> {
  const limit = pLimit(DELETIONS_AT_ONCE);
  const remove = async (name: string): Promise<Deleted> => {
    try {
      await manager.delete(name, request);
      return { server: name, deleted: true };
    } catch (error) {
      if (ifExists && findError(error, 'NOT_FOUND') !== undefined) return { server: name, deleted: false };
      throw error;
    }
  };
  const ends = await Promise.allSettled(names.map((name) => limit(remove, name)));
  const failed = ends.filter((end) => end.status === 'rejected').map((end) => toError(end.reason));
  if (failed.length === 1 && failed[0] !== undefined) throw failed[0];
  if (failed.length > 1) throw new AggregateError(failed, `${failed.length} of ${names.length} deletions failed`);
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}

function addPower(group: Command, add: AddCommand): void {
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

function addVolumes(group: Command, add: AddCommand): void {
  const adding = group.command('add').description('Attach something to an instance');
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
  const removing = group.command('remove').description('Detach something from an instance');
  add(removing, 'volume', 'Detach a volume from an instance, running or not', (context, command) =>
    printDetail(context, 'write', (manager, request) =>
      manager.removeVolume(argument(command, 0), argument(command, 1), request),
    ),
  )
    .argument(...server)
    .argument(...volume);
}
