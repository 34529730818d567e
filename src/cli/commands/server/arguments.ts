import type { Command } from 'commander';
import { network as parseNetwork, NETWORK_FORM } from '../../create-options.ts';
import { nameOrId, namesOrIds } from '../../usage.ts';

export const server = ['<server>', 'name or UUID', nameOrId] as const;
export const servers = ['<server...>', 'names or UUIDs', namesOrIds] as const;
export const volume = ['<volume>', 'name or id', nameOrId] as const;
export const network = ['<network>', 'name in the settings', nameOrId] as const;
export const networkWithAddresses = ['<network>', `${NETWORK_FORM}: network of the settings`, parseNetwork] as const;

/** Returns the servers of the command line, each once. */
export function distinct(command: Command): readonly string[] {
  return [...new Set(command.processedArgs[0] as readonly string[])]; // from namesOrIds
}
