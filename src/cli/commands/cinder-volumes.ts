import type { Command } from 'commander';
import type { Waiting } from '../../base/index.ts';
import type { AddCommand } from '../add-command.ts';
import type { CommandContext } from '../context.ts';
import { isPlainTable } from '../fitted-list.ts';
import { formatOf } from '../global-options.ts';
import type { VolumeAccess } from '../volume-access.ts';
import { argument, nameOrId, namesOrIds, wholeNumber } from '../usage.ts';

export const cinderVolumeColumns = [
  'id',
  'name',
  'status',
  'size',
  'bootable',
  'attached_to',
  'type',
  'created_at',
] as const;
/** Fit 80 characters. */
const tableColumns = ['name', 'status', 'size', 'bootable', 'attached_to'];
export const cinderVolumeDetailColumns = [
  ...cinderVolumeColumns,
  ...['description', 'availability_zone', 'multiattach', 'encrypted', 'metadata', 'attachments'],
];
/** Two IDs do not fit on a line of 80 characters. */
const tableDetail = cinderVolumeDetailColumns.filter((name) => name !== 'attachments');

/** A volume cannot be larger in Cinder's database. */
const MAX_GIB = 2_147_483_647;

const volume = ['<volume>', 'name or id', nameOrId] as const;

/** Adds the commands that work on volumes in Cinder alone: they need no HMC. */
export function addCinderVolumeCommands(group: Command, add: AddCommand): void {
  add(group, 'list', 'List the volumes of the project', async (context) => {
    context.checkList(cinderVolumeColumns);
    const rows = await withVolumes(context, (volumes, w) => volumes.list(w));
    const { column, long } = context.globals;
    const isWithId =
      long || column.length > 0 || ['json', 'yaml'].includes(formatOf(context.globals, context.io.stdout));
    // Where its ID is not printed too, a volume without a name of its own is addressed by its ID.
    const isUnique = (name: string) => name !== '' && rows.filter((row) => row.name === name).length === 1;
    const named = rows.map((row) => ({ ...row, name: isWithId || isUnique(row.name) ? row.name : row.id }));
    context.print({ kind: 'list', rows: named, columns: cinderVolumeColumns, shown: tableColumns });
  }).option('--long', 'also show id, type and time of creation');
  add(group, 'show', 'Show a volume', async (context, command) => {
    context.checkColumns(cinderVolumeDetailColumns);
    printDetail(context, await withVolumes(context, (volumes, w) => volumes.show(argument(command, 0), w)));
  }).argument(...volume);
  add(group, 'create', 'Create a volume, and copy an image to it; waits until the volume can be used', createVolume)
    .argument('<name>', 'name of the new volume', nameOrId)
    .requiredOption('--size <gib>', 'size in GiB', wholeNumber(1, MAX_GIB, 'GiB'))
    .option('--image <image>', 'name or id of the Glance image to copy, which makes the volume bootable', nameOrId)
    .option('--type <type>', 'name or id of the volume type', nameOrId);
  add(group, 'delete', 'Delete volumes; refused if one is attached', async (context, command) => {
    const names = [...new Set(command.processedArgs[0] as readonly string[])]; // from namesOrIds
    const { ifExists = false } = command.opts<{ ifExists?: boolean }>();
    await context.printList(['volume', 'deleted'], () =>
      withVolumes(context, (volumes, w) => volumes.remove(names, ifExists, w)),
    );
  })
    .argument('<volume...>', 'names or ids', namesOrIds)
    .option('--if-exists', 'deleting a volume that is already gone succeeds');
}

async function createVolume(context: CommandContext, command: Command): Promise<void> {
  context.checkColumns(cinderVolumeDetailColumns);
  const { size, image, type } = command.opts<{ size: number; image?: string; type?: string }>();
  const wanted = { name: argument(command, 0), sizeGib: size, image, type };
  printDetail(context, await withVolumes(context, (volumes, w) => volumes.create(wanted, w)));
}

async function withVolumes<T>(
  context: CommandContext,
  work: (volumes: VolumeAccess, w: Waiting) => Promise<T>,
): Promise<T> {
  const { log, requestId, progress } = context;
  const options = { log, requestId, onStep: progress.onStep };
  using volumes = await context.io.backend.openVolumes(context.settingsWithoutHmc(), options);
  return await work(volumes, context.waiting);
}

function printDetail(context: CommandContext, object: object): void {
  context.print({ kind: 'object', object, columns: isPlainTable(context) ? tableDetail : cinderVolumeDetailColumns });
}
