import type { Command } from 'commander';
import type { AddCommand } from '../../add-command.ts';
import type { CommandContext } from '../../context.ts';
import { pathColumns, printPathDrawing } from '../../path-output.ts';
import { argument } from '../../usage.ts';
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

/** Draws the paths where a table is asked for; other formats print the records of `dpm volume list-paths --server`. */
async function printPaths(context: CommandContext, server: string): Promise<void> {
  context.checkList(pathColumns);
  const rows = await context.withManager('read', (manager, request) => manager.volumePaths({ server }, request));
  await printPathDrawing(context, rows);
}
