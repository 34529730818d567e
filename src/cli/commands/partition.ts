import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { addLongListOptions } from '../list-options.ts';

const partitionColumns = ['name', 'status', 'instance', 'server', 'processors', 'memory_mb', 'uri'] as const;

/** The columns that a person needs, which fit a terminal of 80 columns. */
const shownColumns = ['server', 'name', 'status'] as const;

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
}
