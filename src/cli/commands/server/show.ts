import type { Command } from 'commander';
import type { PathRecord } from '../../../volume/index.ts';
import type { AddCommand } from '../../add-command.ts';
import type { CommandContext } from '../../context.ts';
import { formatOf } from '../../global-options.ts';
import { printable } from '../../printable.ts';
import { argument } from '../../usage.ts';
import { pathColumns } from '../volume.ts';
import { server } from './arguments.ts';
import { printDetail } from './detail.ts';

export function addShow(group: Command, add: AddCommand): void {
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
  const { drawText } = await import('../../../volume/paths/index.ts');
  context.progress.end();
  const drawing = drawText(records);
  context.io.stdout.write(drawing.split('\n').map(printable).join('\n'));
}
