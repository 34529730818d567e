import type { Command } from 'commander';
import type { ServerNetworkRequest } from '../../../compute/index.ts';
import type { AddCommand } from '../../add-command.ts';
import { argument } from '../../usage.ts';
import { network, networkWithAddresses, server } from './arguments.ts';
import { printDetail } from './detail.ts';

/** Adds the commands to the groups `add` and `remove`. */
export function addNetworks(adding: Command, removing: Command, add: AddCommand): void {
  add(adding, 'network', 'Attach a network to an instance, running or not', (context, command) => {
    const request = command.processedArgs[1] as ServerNetworkRequest; // from networkWithAddresses
    return printDetail(context, 'write', (manager, w) => manager.addNetwork(argument(command, 0), request, w));
  })
    .argument(...server)
    .argument(...networkWithAddresses);
  add(removing, 'network', 'Detach a network from an instance, running or not', (context, command) => {
    const mustBeAttached = command.opts<{ ifExists?: boolean }>().ifExists !== true;
    return printDetail(context, 'write', (manager, request) =>
      manager.removeNetwork(argument(command, 0), argument(command, 1), request, { mustBeAttached }),
    );
  })
    .argument(...server)
    .argument(...network)
    .option('--if-exists', 'detaching a network that is not attached succeeds');
}
