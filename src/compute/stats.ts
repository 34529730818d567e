import { describeError } from '../base/index.ts';
import type { GuestUsage, HostUsage, RequestContext } from '../virt/index.ts';
import type { ManagerServices } from './services.ts';
import { toDriverInstance } from './services.ts';
import type { HypervisorView, ServerSummary } from './views.ts';

/** Capacity and use of this compute host, and the use of its whole CPC. Null: the HMC does not report the value. @public */
export interface HypervisorStats {
  readonly count: number;
  readonly vcpus: number;
  readonly vcpus_used: number;
  readonly memory_mb: number;
  readonly memory_mb_used: number;
  readonly vcpus_reserved: number;
  readonly memory_mb_reserved: number;
  /** Neither used nor reserved. */
  readonly free_ram_mb: number;
  readonly running_vms: number;
  /** Of all processors of the CPC, by partitions of every owner; likewise the next ones. */
  readonly cpc_processor_usage_percent: number | null;
  readonly cpc_ifl_shared_usage_percent: number | null;
  readonly cpc_ifl_dedicated_usage_percent: number | null;
  /** Average share of the time in which the network adapters of the CPC were busy; likewise the next ones. */
  readonly cpc_network_usage_percent: number | null;
  readonly cpc_storage_usage_percent: number | null;
  readonly cpc_accelerator_usage_percent: number | null;
  readonly cpc_crypto_usage_percent: number | null;
  readonly cpc_power_watts: number | null;
  readonly cpc_temperature_celsius: number | null;
  /** When the HMC collected the values of the CPC. */
  readonly cpc_usage_at: string | null;
}

/** The traffic of a network interface since its partition was started. @public */
export interface InterfaceStats {
  readonly uri: string;
  readonly bytes_sent: number | null;
  readonly bytes_received: number | null;
  readonly packets_sent: number | null;
  readonly packets_received: number | null;
  /** Dropped for lack of resources, in both directions. */
  readonly packets_dropped: number | null;
  /** Discarded because they were malformed, in both directions. */
  readonly packets_discarded: number | null;
  readonly bytes_per_second_sent: number | null;
  readonly bytes_per_second_received: number | null;
}

/** How much a server uses. Null: the HMC does not report the value, for example while the server is stopped. @public */
export interface ServerStats {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly power_state: string;
  readonly vcpus: number;
  /** Of the server's processors. */
  readonly processor_usage_percent: number | null;
  /** The same as a number of processors. */
  readonly processors_used: number | null;
  /** The memory of the partition. The HMC does not know how much of it the guest uses. */
  readonly memory_mb: number;
  /** Average share of the time in which the network adapters of the server were busy; likewise the next ones. */
  readonly network_usage_percent: number | null;
  readonly storage_usage_percent: number | null;
  readonly accelerator_usage_percent: number | null;
  readonly crypto_usage_percent: number | null;
  /** Of all network interfaces; likewise the next ones. */
  readonly bytes_sent: number | null;
  readonly bytes_received: number | null;
  readonly bytes_per_second_sent: number | null;
  readonly bytes_per_second_received: number | null;
  readonly collected_at: string | null;
  readonly interfaces: readonly InterfaceStats[];
}

/** Returns the totals of this host. If the HMC has no metrics, the use of the CPC is null and the log says why. */
export async function hypervisorStats(
  { driver, log }: ManagerServices,
  view: Promise<HypervisorView>,
  context: RequestContext,
): Promise<HypervisorStats> {
  const readUsage = async (): Promise<HostUsage | undefined> => {
    try {
      return await driver.readHostUsage?.(context);
    } catch (error) {
      context.signal.throwIfAborted();
      log.warn({ event: 'hypervisor.stats', error: describeError(error) }, 'cannot read the metrics of the CPC');
      return undefined;
    }
  };
  const [usage, hypervisor] = await Promise.all([readUsage(), view]);
  const { vcpus, vcpus_used, memory_mb, memory_mb_used, running_vms, vcpus_reserved, memory_mb_reserved } = hypervisor;
  const free_ram_mb = Math.max(0, memory_mb - memory_mb_used - memory_mb_reserved);
  return {
    ...{ count: 1, vcpus, vcpus_used, memory_mb, memory_mb_used, free_ram_mb, running_vms },
    vcpus_reserved,
    memory_mb_reserved,
    cpc_processor_usage_percent: usage?.processorPercent ?? null,
    cpc_ifl_shared_usage_percent: usage?.iflSharedPercent ?? null,
    cpc_ifl_dedicated_usage_percent: usage?.iflDedicatedPercent ?? null,
    cpc_network_usage_percent: usage?.networkPercent ?? null,
    cpc_storage_usage_percent: usage?.storagePercent ?? null,
    cpc_accelerator_usage_percent: usage?.acceleratorPercent ?? null,
    cpc_crypto_usage_percent: usage?.cryptoPercent ?? null,
    cpc_power_watts: usage?.powerWatts ?? null,
    cpc_temperature_celsius: usage?.temperatureCelsius ?? null,
    cpc_usage_at: usage?.at?.toISOString() ?? null,
  };
}

/**
 * Returns the use of these servers, in their order.
 *
 * @param names - names or UUIDs; empty for all servers
 * @throws NotFoundError
 */
export async function serverStats(
  { driver, store }: ManagerServices,
  names: readonly string[],
  list: () => Promise<readonly ServerSummary[]>,
  context: RequestContext,
): Promise<readonly ServerStats[]> {
  const wanted = names.map((name) => store.get(name).uuid);
  const all = await list();
  const servers = names.length === 0 ? all : wanted.flatMap((uuid) => all.find(({ id }) => id === uuid) ?? []);
  const instances = servers.map(({ id }) => toDriverInstance(store.get(id)));
  const usage = await driver.readGuestUsage?.(context, instances);
  return servers.map((server) => statsOf(server, usage?.get(server.id)));
}

function statsOf(server: ServerSummary, usage: GuestUsage | undefined): ServerStats {
  const { id, name, status, power_state, vcpus, memory_mb } = server;
  const interfaces = (usage?.interfaces ?? []).map((each) => ({
    uri: each.uri,
    bytes_sent: each.bytesSent,
    bytes_received: each.bytesReceived,
    packets_sent: each.packetsSent,
    packets_received: each.packetsReceived,
    packets_dropped: sum([each.packetsSentDropped, each.packetsReceivedDropped]),
    packets_discarded: sum([each.packetsSentDiscarded, each.packetsReceivedDiscarded]),
    bytes_per_second_sent: each.bytesPerSecondSent,
    bytes_per_second_received: each.bytesPerSecondReceived,
  }));
  const percent = usage?.processorPercent ?? null;
  return {
    ...{ id, name, status, power_state, vcpus },
    processor_usage_percent: percent,
    processors_used: percent === null ? null : Math.round(vcpus * percent) / 100,
    memory_mb,
    network_usage_percent: usage?.networkPercent ?? null,
    storage_usage_percent: usage?.storagePercent ?? null,
    accelerator_usage_percent: usage?.acceleratorPercent ?? null,
    crypto_usage_percent: usage?.cryptoPercent ?? null,
    bytes_sent: sum(interfaces.map((each) => each.bytes_sent)),
    bytes_received: sum(interfaces.map((each) => each.bytes_received)),
    bytes_per_second_sent: sum(interfaces.map((each) => each.bytes_per_second_sent)),
    bytes_per_second_received: sum(interfaces.map((each) => each.bytes_per_second_received)),
    collected_at: usage?.at?.toISOString() ?? null,
    interfaces,
  };
}

/** Returns the sum of the known numbers; null if none is known. */
function sum(numbers: readonly (number | null)[]): number | null {
  const known = numbers.filter((each) => each !== null);
  return known.length === 0 ? null : known.reduce((total, each) => total + each, 0);
}
