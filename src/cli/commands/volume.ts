import { Option } from 'commander';
import type { Command } from 'commander';
import type { PathFilter, SearchPath } from '../../compute/index.ts';
import type { RequestContext } from '../../virt/index.ts';
import type { PathRecord } from '../../volume/index.ts';
import type { AddCommand } from '../add-command.ts';
import type { CommandContext } from '../context.ts';
import { formatOf } from '../global-options.ts';
import type { HostAccess } from '../open-host.ts';
import type { Manager } from '../open.ts';
import { pathColumns, pictureFile, printPathList, writePicture } from '../path-output.ts';
import { argument, nameOrId } from '../usage.ts';
import { addCinderVolumeCommands } from './cinder-volumes.ts';

const searchColumns = ['connector', 'kind', 'server', 'search_path'] as const;

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
  printsPaths(
    selectable(
      add(group, 'paths', paths, (context, command) => printPaths(context, command, argument(command, 0))).argument(
        '<volume>',
        'name or id',
        nameOrId,
      ),
    ),
  );
  const all =
    'List the paths of all volumes of a connector; without a selector, of all connectors of this compute host';
  printsPaths(selectable(add(group, 'list-paths', all, (context, command) => printPaths(context, command, undefined))));
  const where = 'Print where paths are found: a directory on a host, a URI on an HMC';
  selectable(add(group, 'search-path', where, printSearchPaths));
}

function selectable(command: Command): Command {
  return command
    .addOption(
      new Option('--server <server>', 'only paths of this server, by name or UUID')
        .argParser(nameOrId)
        .conflicts(['partition', 'host']),
    )
    .addOption(
      new Option(
        '--partition <name>',
        'only paths of this partition: of its server, or of volumes attached without Nova',
      )
        .argParser(nameOrId)
        .conflicts('host'),
    )
    .option('--host', 'only paths of this Linux host; contacts no HMC');
}

function printsPaths(command: Command): Command {
  return command
    .option('--long', 'print every field of each path, in one table')
    .option('--svg <file>', 'also write a picture of the paths to this file, whose name ends in .svg');
}

async function printPaths(context: CommandContext, command: Command, volume: string | undefined): Promise<void> {
  context.checkList(pathColumns);
  const { svg, long = false } = command.opts<{ svg?: string; long?: boolean }>();
  const picture = svg === undefined ? undefined : pictureFile(context, svg);
  const rows = await gather<PathRecord>(context, command, {
    partitions: (manager, of, request) => manager.volumePaths({ ...of, volume }, request),
    host: (host, w) => host.paths(volume, w),
  });
  if (picture !== undefined) await writePicture(picture, rows);
  await printPathList(context, rows, { long });
}

async function printSearchPaths(context: CommandContext, command: Command): Promise<void> {
  context.checkList(searchColumns);
  const rows = await gather<SearchPath>(context, command, {
    partitions: (manager, of, request) => manager.searchPath(of, request),
    host: async (host) =>
      (await host.searchPaths()).map((path) => ({
        ...{ connector: host.host, kind: 'host', server: null, search_path: path },
      })),
  });
  const isTable = formatOf(context.globals, context.io.stdout) === 'table' && context.globals.column.length === 0;
  if (!isTable) {
    context.print({ kind: 'list', rows, columns: searchColumns });
    return;
  }
  const { server, partition } = command.opts<Selectors>();
  const isSelected = server !== undefined || partition !== undefined;
  const { connectorLabel } = await import('../../volume/paths/index.ts');
  const named = rows.map((row) => {
    const ofAll = row.kind === 'partition' && !isSelected;
    const connector = ofAll ? `all partitions of ${row.connector}` : connectorLabel(row);
    return { connector, search_path: row.search_path };
  });
  context.print({ kind: 'list', rows: named, columns: ['connector', 'search_path'] });
}

interface Sources<Row> {
  readonly partitions: (
    manager: Manager,
    of: Pick<PathFilter, 'server' | 'partition'>,
    request: RequestContext,
  ) => Promise<readonly Row[]>;
  readonly host: (host: HostAccess, w: CommandContext['waiting']) => Promise<readonly Row[]>;
}

/**
 * Returns the rows of the partitions and of this host, or of the one that the options select. Skips a host that has
 * neither Fibre Channel ports nor host connectors.
 */
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
