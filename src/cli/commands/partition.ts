import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { isPlainTable } from '../fitted-list.ts';
import { addLongListOptions } from '../list-options.ts';
import { argument, nameOrId } from '../usage.ts';
import { cpcOption } from './adapter.ts';

export const partitionColumns = ['name', 'status', 'instance', 'server', 'processors', 'memory_mb', 'uri'] as const;

/** The columns that a person needs, which fit a terminal of 80 columns. */
const shownColumns = ['server', 'name', 'status'] as const;

export const partitionDetailColumns = [
  ...['name', 'object_id', 'server', 'cpc', 'description', 'status', 'type', 'os'],
  ...['processors', 'processor_mode', 'memory_mb', 'maximum_memory_mb', 'boot_device', 'boot_wwpn', 'boot_lun'],
  ...['storage_groups', 'vhbas', 'nics'],
];

/** Only where a partition is parked. */
const parkedColumn = 'parked_for';

export function addPartitionCommands(program: Command, add: AddCommand): void {
  const group = program.command('partition').description('Partitions on the CPC');
  const list = add(group, 'list', 'List the partitions of this CPC subset', async (context, command) => {
    context.checkList([...partitionColumns, parkedColumn]);
    const { all = false } = command.opts<{ all?: boolean }>();
    const rows = await context.withManager('read', (manager, request) => manager.listPartitions({ all }, request));
    const { column, sort } = context.globals;
    const parked = rows.some((row) => parkedColumn in row) ? [parkedColumn] : [];
    const isAsked = column.length > 0 || sort.columns.length > 0;
    const columns = [...partitionColumns, ...(isAsked ? [parkedColumn] : parked)];
    context.print({ kind: 'list', rows, columns, shown: [...shownColumns, ...parked] });
  }).option('--all', 'include partitions of other owners');
  addLongListOptions(list);
  add(group, 'show', 'Show a partition of any owner', async (context, command) => {
    context.checkColumns(partitionDetailColumns);
    const { cpc } = command.opts<{ cpc?: string }>();
    const found = await context.withInventory((inventory, w) => inventory.partition(cpc, argument(command, 0), w));
    const vhbas = found.vhbas.map((vhba) => `${vhba.device_number ?? '-'} ${vhba.wwpn ?? '-'} ${vhba.name}`);
    const object = isPlainTable(context) ? { ...found, vhbas } : found;
    context.print({ kind: 'object', object, columns: partitionDetailColumns });
  })
    .argument('<partition>', 'name or object id', nameOrId)
    .addOption(cpcOption());
}
