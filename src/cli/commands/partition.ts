import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { isPlainTable } from '../fitted-list.ts';
import { argument, nameOrId } from '../usage.ts';
import { cpcOption } from './adapter.ts';

const partitionColumns = ['name', 'status', 'instance', 'processors', 'memory_mb', 'uri'] as const;

const detailColumns = [
  ...['name', 'object_id', 'server', 'cpc', 'description', 'status', 'type', 'os'],
  ...['processors', 'processor_mode', 'memory_mb', 'maximum_memory_mb', 'boot_device', 'boot_wwpn', 'boot_lun'],
  ...['storage_groups', 'vhbas', 'nics'],
];

/** Only where a partition is parked. */
const parkedColumn = 'parked_for';

export function addPartitionCommands(program: Command, add: AddCommand): void {
  const group = program.command('partition').description('Partitions on the CPC');
  add(group, 'list', 'List the partitions of this CPC subset', async (context, command) => {
    context.checkColumns([...partitionColumns, parkedColumn]);
    const { all = false } = command.opts<{ all?: boolean }>();
    const rows = await context.withManager('read', (manager, request) => manager.listPartitions({ all }, request));
    const isParked = rows.some((row) => parkedColumn in row) || context.globals.column.includes(parkedColumn);
    context.print({ kind: 'list', rows, columns: isParked ? [...partitionColumns, parkedColumn] : partitionColumns });
  }).option('--all', 'include partitions of other owners');
  add(group, 'show', 'Show a partition of any owner', async (context, command) => {
    context.checkColumns(detailColumns);
    const { cpc } = command.opts<{ cpc?: string }>();
    const found = await context.withInventory((inventory, w) => inventory.partition(cpc, argument(command, 0), w));
    const vhbas = found.vhbas.map((vhba) => `${vhba.device_number ?? '-'} ${vhba.wwpn ?? '-'} ${vhba.name}`);
    const object = isPlainTable(context) ? { ...found, vhbas } : found;
    context.print({ kind: 'object', object, columns: detailColumns });
  })
    .argument('<partition>', 'name or object id', nameOrId)
    .addOption(cpcOption());
}
