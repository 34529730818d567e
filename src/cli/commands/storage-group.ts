import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { isPlainTable, printFitted } from '../fitted-list.ts';
import type { FittedColumns } from '../fitted-list.ts';
import { argument, nameOrId } from '../usage.ts';
import { cpcOption } from './adapter.ts';

const shown: FittedColumns = { columns: ['name', 'object_id', 'type', 'state'], optional: ['type'] };

const detailColumns = [
  ...['name', 'object_id', 'description', 'type', 'state', 'shared', 'connectivity', 'max_partitions'],
  ...['partitions', 'volumes', 'wwpns'],
];

interface Choice {
  readonly cpc?: string;
}

export function addStorageGroupCommands(program: Command, add: AddCommand): void {
  const group = program.command('storage-group').description('The storage groups of a CPC, since z14');
  add(group, 'list', 'List the storage groups of the CPC, of every owner', async (context, command) => {
    context.checkList(shown.columns);
    const { cpc } = command.opts<Choice>();
    printFitted(context, await context.withInventory((inventory, w) => inventory.storageGroups(cpc, w)), shown);
  }).addOption(cpcOption());
  add(group, 'show', 'Show a storage group with its volumes, partitions and WWPNs', async (context, command) => {
    context.checkColumns(detailColumns);
    const { cpc } = command.opts<Choice>();
    const found = await context.withInventory((inventory, w) => inventory.storageGroup(cpc, argument(command, 0), w));
    const volumes = found.volumes.map(
      ({ name, size, usage, state }) => `${name} ${size === null ? '' : `${size} GiB`} ${usage ?? ''} ${state ?? ''}`,
    );
    const object = isPlainTable(context) ? { ...found, volumes } : found;
    context.print({ kind: 'object', object, columns: detailColumns });
  })
    .argument('<group>', 'name or object id', nameOrId)
    .addOption(cpcOption());
}
