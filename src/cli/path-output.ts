import { writeFileSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { ConfigError } from '../base/index.ts';
import type { PathRecord } from '../volume/index.ts';
import type { CommandContext } from './context.ts';
import { formatOf } from './global-options.ts';
import { printable } from './printable.ts';
import { usageError } from './usage.ts';

/** Every field of a path, for `-c` and `--long`. */
export const pathColumns = [
  'connector',
  'kind',
  'server',
  'volume_id',
  'volume_name',
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

/** The columns of CSV and of plain values. */
const shortColumns = [
  'volume_name',
  'server',
  'connector',
  'initiator_wwpn',
  'target_wwpn',
  'lun',
  'device_number',
  'device',
  'state',
] as const;

/** The width of every terminal. */
const WIDTH = 80;

/**
 * Prints paths: on a terminal one table for each volume, connector and LUN, which are its heading, so that a line has
 * room for whole WWPNs. Other formats print one list.
 */
export async function printPathList(
  context: CommandContext,
  rows: readonly PathRecord[],
  { long }: { readonly long: boolean },
): Promise<void> {
  const format = formatOf(context.globals, context.io.stdout);
  const isWhole = long || context.globals.column.length > 0;
  if (format === 'table' && !isWhole) {
    await printTables(context, rows);
    return;
  }
  const columns = !isWhole && (format === 'csv' || format === 'value') ? shortColumns : pathColumns;
  context.print({ kind: 'list', rows, columns });
}

async function printTables(context: CommandContext, rows: readonly PathRecord[]): Promise<void> {
  const { deviceLabel, explainStates, groupByLun, wrap } = await import('../volume/paths/index.ts');
  const { stdout } = context.io;
  context.progress.end();
  const write = (lines: readonly string[]) => lines.forEach((line) => stdout.write(`${printable(line)}\n`));
  if (rows.length === 0) write(['no paths']);
  const notes = explainStates(rows, WIDTH);
  for (const [index, { heading, paths }] of groupByLun(rows).entries()) {
    write([...(index === 0 ? [] : ['']), ...wrap(heading, ', ', WIDTH)]);
    const cells = paths.map((path) => ({
      initiator_wwpn: path.initiator_wwpn,
      target_wwpn: path.target_wwpn,
      device: deviceLabel(path),
      state: notes.stateOf(path),
    }));
    context.print({ kind: 'list', rows: cells, columns: ['initiator_wwpn', 'target_wwpn', 'device', 'state'] });
  }
  write(notes.lines);
}

/** Prints paths as a drawing, where a table is asked for; other formats print the records. */
export async function printPathDrawing(context: CommandContext, rows: readonly PathRecord[]): Promise<void> {
  const isDrawn = formatOf(context.globals, context.io.stdout) === 'table' && context.globals.column.length === 0;
  if (!isDrawn) {
    await printPathList(context, rows, { long: false });
    return;
  }
  const { drawText } = await import('../volume/paths/index.ts');
  context.progress.end();
  context.io.stdout.write(drawText(rows).split('\n').map(printable).join('\n'));
}

/**
 * Returns the absolute path of the file for a picture. Checks it before the paths are read, which takes time.
 *
 * @throws ConfigError when the name does not end in `.svg`, or no file can be written there
 */
export function pictureFile({ io }: CommandContext, file: string): string {
  if (extname(file).toLowerCase() !== '.svg') throw usageError('--svg', file, 'a file name that ends in .svg');
  const path = resolve(io.cwd, file);
  if (io.files.info(dirname(path))?.directory === true && io.files.info(path)?.directory !== true) return path;
  throw usageError('--svg', file, 'a file that can be written');
}

/** Overwrites an existing file. File permissions follow the umask, because WWPNs and LUNs are not secret. */
export async function writePicture(path: string, records: readonly PathRecord[]): Promise<void> {
  const { drawSvg } = await import('../volume/paths/index.ts');
  try {
    writeFileSync(path, drawSvg(records));
  } catch (error) {
    throw new ConfigError(`option --svg = ${JSON.stringify(path)}: the file cannot be written`, {}, { cause: error });
  }
}
