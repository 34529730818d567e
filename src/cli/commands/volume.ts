import { writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { ConfigError } from '../../base/index.ts';
import type { PathFilter, SearchPath } from '../../compute/index.ts';
import type { RequestContext } from '../../virt/index.ts';
import type { PathRecord } from '../../volume/index.ts';
import type { CommandContext } from '../context.ts';
import type { HostAccess } from '../open-host.ts';
import type { Manager } from '../open.ts';
import { formatOf } from '../global-options.ts';
import type { AddCommand } from '../add-command.ts';
import { addCinderVolumeCommands } from './cinder-volumes.ts';
import { argument, nameOrId, usageError } from '../usage.ts';

export const pathColumns = [
  'connector',
  'kind',
  'server',
  'volume_id',
  'initiator_wwpn',
  'adapter_port',
  'fabric',
  'target_wwpn',
  'lun',
  'device_number',
  'device',
  'map',
  'state',
  'detail',
] as const;

/** The columns that fit a terminal; `-c` shows others. */
const tableColumns = [
  'connector',
  'initiator_wwpn',
  'target_wwpn',
  'lun',
  'device_number',
  'device',
  'state',
  'detail',
];

const searchColumns = ['connector', 'kind', 'search_path'] as const;

interface Selectors {
  readonly server?: string;
  readonly partition?: string;
  readonly host?: boolean;
}

export function addVolumeCommands(program: Command, add: AddCommand): void {
  const group = program
    .command('volume')
    .description('Volumes of Cinder, and their paths to partitions and to this Linux host');
  addCinderVolumeCommands(group, add);
  const paths = 'List every path of a volume with its state. Changes nothing';
  selectable(
    add(group, 'paths', paths, (context, command) => printPaths(context, command, argument(command, 0)))
      .argument('<volume>', 'name or id', nameOrId)
      .option('--svg <file>', 'also write a picture of the paths to this file'),
  );
  const all =
    'List the paths of all volumes of a connector; without a selector, of all connectors of this compute host';
  selectable(add(group, 'list-paths', all, (context, command) => printPaths(context, command, undefined)));
  const where = 'Print where paths are found: a directory on a host, a URI on an HMC';
  selectable(
    add(group, 'search-path', where, (context, command) =>
      context.printList(searchColumns, () =>
        gather<SearchPath>(context, command, {
          partitions: (manager, of, request) => manager.searchPath(of, request),
          host: async (host) =>
            (await host.searchPaths()).map((path) => ({ connector: host.host, kind: 'host', search_path: path })),
        }),
      ),
    ),
  );
}

function selectable(command: Command): Command {
  return command
    .addOption(
      new Option('--server <server>', 'only paths of this instance, by name or UUID')
        .argParser(nameOrId)
        .conflicts(['partition', 'host']),
    )
    .addOption(
      new Option(
        '--partition <name>',
        'only paths of this partition: of its instance, or of volumes attached without Nova',
      )
        .argParser(nameOrId)
        .conflicts('host'),
    )
    .option('--host', 'only paths of this Linux host; contacts no HMC');
}

async function printPaths(context: CommandContext, command: Command, volume: string | undefined): Promise<void> {
  context.checkColumns(pathColumns);
  const { svg } = command.opts<{ svg?: string }>();
  const picture = svg === undefined ? undefined : writablePlace(context, svg);
  const rows = await gather<PathRecord>(context, command, {
    partitions: (manager, of, request) => manager.volumePaths({ ...of, volume }, request),
    host: (host, w) => host.paths(volume, w),
  });
  if (picture !== undefined) await writePicture(picture, rows);
  const isTable = formatOf(context.globals, context.io.stdout) === 'table' && context.globals.column.length === 0;
  // The paths of all volumes need the volume's ID.
  const shown = volume === undefined ? ['volume_id', ...tableColumns] : tableColumns;
  context.print({ kind: 'list', rows, columns: isTable ? shown : pathColumns });
}

/** Checks the place before the paths are read, which takes time. */
function writablePlace({ io }: CommandContext, file: string): string {
  const path = resolve(io.cwd, file);
  if (io.files.info(dirname(path))?.directory === true && io.files.info(path)?.directory !== true) return path;
  throw usageError('--svg', file, 'a file that can be written');
}

/** Overwrites an existing file. File permissions follow the umask, because WWPNs and LUNs are not secret. */
async function writePicture(path: string, records: readonly PathRecord[]): Promise<void> {
  const { drawSvg } = await import('../../volume/paths/index.ts');
  try {
    writeFileSync(path, drawSvg(records));
  } catch (error) {
    throw new ConfigError(`option --svg = ${JSON.stringify(path)}: it cannot be written`, {}, { cause: error });
  }
}

interface Sources<Row> {
  readonly partitions: (
    manager: Manager,
    of: Pick<PathFilter, 'server' | 'partition'>,
    request: RequestContext,
  ) => Promise<readonly Row[]>;
  readonly host: (host: HostAccess, w: CommandContext['waiting']) => Promise<readonly Row[]>;
}

/** Gathers rows of what the options select, else of all. Skips a host that takes no volumes. */
async function gather<Row>(context: CommandContext, command: Command, from: Sources<Row>): Promise<readonly Row[]> {
  const { host, ...of } = command.opts<Selectors>();
  const rows: Row[] = [];
  if (host !== true) {
    rows.push(...(await context.withManager('read', (manager, request) => from.partitions(manager, of, request))));
  }
  if (of.server !== undefined || of.partition !== undefined) return rows;
  await context.withHost(async (view, w) => {
    if (host === true || (await view.takesVolumes())) rows.push(...(await from.host(view, w)));
  });
  return rows;
}
