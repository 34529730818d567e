import { Option } from 'commander';
import type { Command } from 'commander';
import { enforceMultipathOption, multipathOf, multipathOption } from '../local-options.ts';
import type { CommandContext } from '../context.ts';
import type { AddCommand } from '../add-command.ts';
import { nameOrId } from '../usage.ts';

export function addConnectorCommand(program: Command, add: AddCommand): void {
  const description = 'Print the connector of a partition, as Cinder wants it; without a selector, of this Linux host';
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
      new Option('--server <server>', 'the partition of this instance, by name or UUID')
        .argParser(nameOrId)
        .conflicts('partition'),
    )
    .option('--partition <name>', 'any partition of the CPC, by name', nameOrId)
    .addOption(multipathOption('value of multipath in the connector of this host').conflicts(['server', 'partition']))
    .addOption(
      enforceMultipathOption('value of enforce_multipath in the connector of this host').conflicts([
        'server',
        'partition',
      ]),
    );
}

async function ofThisHost(context: CommandContext, command: Command): Promise<object> {
  const request = { ...multipathOf(command, false), hostConnectors: context.hostConnectors() };
  return await context.io.backend.hostConnector(request, context.log, context.waiting);
}
