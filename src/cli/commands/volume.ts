import { writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Argument, Option } from 'commander';
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
import { nameOrId, usageError } from '../usage.ts';

/** The fields of a path, as programs read them. */
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

/** What fits a terminal; `-c` shows any other. */
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

/** `dpm volume …` */
export function addVolumeCommands(program: Command, add: AddCommand): void {
  const group = program.command('volume').description('Paths of volumes: of partitions, and of this Linux host');
  const paths = 'List every path of a volume with its state. Changes nothing';
  selectable(
    add(group, 'paths', paths, async (context, command) => {
      await printPaths(context, command, String(command.processedArgs[0])); // commander has seen to it that it is there
    })
      .addArgument(new Argument('<volume>', 'name or id').argParser(nameOrId))
      .option('--svg <file>', 'write a picture of them too'),
  );
  const all = 'List the paths of all volumes of a connector; without a selector, of every one of this compute host';
  selectable(add(group, 'list-paths', all, async (context, command) => await printPaths(context, command, undefined)));
  selectable(
    add(
      group,
      'search-path',
      'Print where paths live: a directory on a host, a URI on an HMC',
      async (context, command) => {
        context.checkColumns(searchColumns);
        const rows = await gather<SearchPath>(context, command, {
          partitions: (manager, of, request) => manager.searchPath(of, request),
          host: async (host) =>
            (await host.searchPaths()).map((path) => ({ connector: host.host, kind: 'host', search_path: path })),
        });
        context.print({ kind: 'list', rows, columns: searchColumns });
      },
    ),
  );
}

function selectable(command: Command): Command {
  return command
    .addOption(
      new Option('--server <server>', 'of this instance only, by name or UUID')
        .argParser(nameOrId)
        .conflicts(['partition', 'host']),
    )
    .addOption(
      new Option('--partition <name>', 'of this partition only: of its instance, or attached without Nova')
        .argParser(nameOrId)
        .conflicts('host'),
    )
    .addOption(new Option('--host', 'of this Linux host only; asks no HMC'));
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
  // The paths of all volumes mean nothing without whose they are.
  const shown = volume === undefined ? ['volume_id', ...tableColumns] : tableColumns;
  context.print({ kind: 'list', rows, columns: isTable ? shown : pathColumns });
}

/** Looked at first, so that nobody waits for a picture that cannot be kept. */
function writablePlace({ io }: CommandContext, file: string): string {
  const path = resolve(io.cwd, file);
  if (io.files.info(dirname(path))?.directory === true && io.files.info(path)?.directory !== true) return path;
  throw usageError('--svg', file, 'a file that can be written');
}

/** Replaced where it is there, as by other tools; with the mode of any new file: WWPNs and LUNs are no secrets. */
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

/** Of what was selected; of all, where nothing was. A host that takes no volumes has nothing to tell. */
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
