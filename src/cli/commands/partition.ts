import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';

const partitionColumns = ['name', 'status', 'instance', 'processors', 'memory_mb', 'uri'] as const;

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
}
