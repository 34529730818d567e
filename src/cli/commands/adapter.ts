import { Option } from 'commander';
import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { printFitted } from '../fitted-list.ts';
import type { FittedColumns } from '../fitted-list.ts';
import { nameOrId } from '../usage.ts';

/** Families and types of adapters. Source: IBM WS API, Adapter object, adapter-family and type. */
const families = [
  ...['fcp', 'fc', 'ficon', 'osa', 'osd', 'osm', 'roce', 'hipersockets', 'ism', 'crypto', 'nvme', 'accelerator'],
  ...['network-express', 'cna', 'coupling', 'zhyperlink', 'not-configured'],
];

const shown: FittedColumns = {
  columns: ['name', 'object_id', 'type', 'mapped', 'status', 'ports', 'location'],
  long: ['family', 'adapter_id', 'card_type', 'channel_status', 'fabrics', 'used', 'allowed'],
  optional: ['location', 'ports', 'status', 'type'],
};

export function addAdapterCommands(program: Command, add: AddCommand): void {
  const group = program.command('adapter').description('The adapters of a CPC');
  const description = 'List the adapters of the CPC; "mapped" shows the ports in dpm.physical_storage_adapter_mappings';
  add(group, 'list', description, async (context, command) => {
    context.checkList([...shown.columns, ...(shown.long ?? [])]);
    const { family, cpc } = command.opts<{ family?: string; cpc?: string }>();
    const rows = await context.withInventory((inventory, w) => inventory.adapters(cpc, family, w));
    printFitted(context, rows, shown);
  })
    .addOption(new Option('--family <family>', 'only adapters of this family or type').choices(families))
    .addOption(cpcOption())
    .option('--long', 'also show card, channel, fabrics and used connections');
}

/** Returns the option that names another CPC than the settings. */
export function cpcOption(): Option {
  return new Option('--cpc <cpc>', 'name or object id of the CPC (default: the CPC in the settings)').argParser(
    nameOrId,
  );
}
