import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { printFitted } from '../fitted-list.ts';
import type { FittedColumns } from '../fitted-list.ts';

const shown: FittedColumns = {
  columns: ['name', 'object_id', 'status', 'dpm', 'machine', 'se_version'],
  long: ['processors_ifl', 'memory_mb', 'storage_groups'],
  optional: ['se_version', 'machine'],
};

export function addCpcCommands(program: Command, add: AddCommand): void {
  const group = program.command('cpc').description('The CPCs (machines) that the HMC manages');
  add(group, 'list', 'List the CPCs that the HMC user sees', async (context) => {
    context.checkList([...shown.columns, ...(shown.long ?? [])]);
    const rows = await context.withInventory((inventory, w) => inventory.cpcs(w));
    printFitted(context, rows, shown);
  }).option('--long', 'also show processors, memory and whether the CPC has storage groups');
}
