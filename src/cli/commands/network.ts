import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { printFitted } from '../fitted-list.ts';
import type { FittedColumns } from '../fitted-list.ts';

const shown: FittedColumns = {
  columns: ['name', 'adapter', 'port', 'vlan', 'type', 'status'],
  long: ['object_id', 'adapter_id', 'card_type', 'used', 'allowed'],
  optional: ['type'],
};

export const networkColumns = [...shown.columns, ...(shown.long ?? [])];

export function addNetworkCommands(program: Command, add: AddCommand): void {
  const group = program.command('network').description('The networks of the settings');
  const description =
    'List the networks of the settings (dpm.networks, dpm.physical_network_adapter_mappings) with their adapters';
  add(group, 'list', description, async (context) => {
    context.checkList(networkColumns);
    printFitted(context, await context.withInventory((inventory, w) => inventory.networks(w)), shown);
  }).option('--long', 'also show object ID, card and used connections of the adapter');
}
