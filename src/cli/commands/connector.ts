import { Option } from 'commander';
import type { Command } from 'commander';
import { usageError } from '../usage.ts';
import type { AddCommand } from '../program.ts';
import { nameOrId } from '../usage.ts';

/** `dpm get-connector` */
export function addConnectorCommand(program: Command, add: AddCommand): void {
  add(program, 'get-connector', 'Print the connector of a partition, as Cinder wants it', async (context, command) => {
    const { server, partition } = command.opts<{ server?: string; partition?: string }>();
    const of = server !== undefined ? { server } : partition !== undefined ? { partition } : undefined;
    if (of === undefined) throw usageError('--server', '', 'a server, or a partition with --partition');
    const object = await context.withManager('read', (manager, w) => manager.getConnector(of, w));
    context.print({ kind: 'object', object });
  })
    .addOption(
      new Option('--server <server>', 'of this instance, by name or UUID').argParser(nameOrId).conflicts('partition'),
    )
    .addOption(new Option('--partition <name>', 'of this partition').argParser(nameOrId));
}
