import { Option } from 'commander';
import type { Command } from 'commander';
import { enforceMultipathOption, multipathOf, multipathOption } from '../local-options.ts';
import type { CommandContext } from '../context.ts';
import type { AddCommand } from '../add-command.ts';
import { nameOrId } from '../usage.ts';

export function addConnectorCommand(program: Command, add: AddCommand): void {
  const description =
    'Print the connector of a partition, as Cinder wants it; without a selector, of the Linux host on which it runs';
  add(program, 'get-connector', description, async (context, command) => {
    const { server, partition } = command.opts<{ server?: string; partition?: string }>();
    const object =
      server !== undefined
        ? await context.withManager('read', (manager, request) => manager.getConnector(server, request))
        : partition !== undefined
          ? await context.withManager('read', (manager, request) => manager.getPartitionConnector(partition, request))
          : await ofThisHost(context, command);
    context.print({ kind: 'object', object });
  })
    .addOption(
      new Option('--server <server>', 'of this instance, by name or UUID').argParser(nameOrId).conflicts('partition'),
    )
    .option('--partition <name>', 'of this partition, whoever made it; it is only looked at', nameOrId)
    .addOption(multipathOption('of this host: say that it uses multipath').conflicts(['server', 'partition']))
    .addOption(enforceMultipathOption('of this host: say that it insists on it').conflicts(['server', 'partition']));
}

async function ofThisHost(context: CommandContext, command: Command): Promise<object> {
  const request = { ...multipathOf(command, false), hostConnectors: context.hostConnectors() };
  return await context.io.backend.hostConnector(request, context.log, context.waiting);
}
