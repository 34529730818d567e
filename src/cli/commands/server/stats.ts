import type { Command } from 'commander';
import type { AddCommand } from '../../add-command.ts';
import { addLongListOptions } from '../../list-options.ts';
import { namesOrIds } from '../../usage.ts';

export const serverStatsColumns = [
  'id',
  'name',
  'status',
  'power_state',
  'vcpus',
  'processor_usage_percent',
  'processors_used',
  'memory_mb',
  'network_usage_percent',
  'storage_usage_percent',
  'accelerator_usage_percent',
  'crypto_usage_percent',
  'bytes_sent',
  'bytes_received',
  'bytes_per_second_sent',
  'bytes_per_second_received',
  'collected_at',
  'interfaces',
] as const;

const shown = [
  'name',
  'status',
  'vcpus',
  'processor_usage_percent',
  'memory_mb',
  'network_usage_percent',
  'storage_usage_percent',
];

export function addStats(group: Command, add: AddCommand): void {
  const stats = add(
    group,
    'stats',
    'Show how much processor, network and storage instances use, as the HMC measures it',
    async (context, command) => {
      const names = [...new Set(command.processedArgs[0] as readonly string[] | undefined)]; // from namesOrIds
      const rows = async () =>
        await context.withManager('read', (manager, request) => manager.serverStats(names, request));
      await context.printList(serverStatsColumns, rows, { shown });
    },
  );
  addLongListOptions(stats.argument('[server...]', 'names or UUIDs (default: all)', namesOrIds));
}
