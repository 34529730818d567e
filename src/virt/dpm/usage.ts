import type { MetricRow } from '../../hmc-client/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { GuestUsage, HostUsage, InterfaceTraffic } from '../driver-types.ts';
import type { DpmRuntime } from './runtime.ts';

const HOST = 'dpm-system-usage-overview';
const PARTITION = 'partition-usage';
const INTERFACE = 'partition-attached-network-interface';

/**
 * Reads how much of the CPC all its partitions use, of this host and of others. Every value is null if the HMC has none.
 *
 * @remarks Meaning of the values: zhmc-prometheus-exporter data/metrics.yaml.
 */
export async function readHostUsage({ hmc, cpc }: DpmRuntime, w: Waiting): Promise<HostUsage> {
  const row = (await hmc.metrics.read([HOST], w)).find(({ uri }) => uri === cpc.uri);
  return {
    ...usageOf(row),
    iflSharedPercent: known(row, 'ifl-shared-processor-usage'),
    iflDedicatedPercent: known(row, 'ifl-dedicated-processor-usage'),
    powerWatts: known(row, 'power-consumption-watts'),
    temperatureCelsius: known(row, 'temperature-celsius'),
  };
}

/**
 * Reads the use of each of these partitions: one read of the metrics for any number of them.
 *
 * @returns URI → use; without a partition for which the HMC has no values, such as a stopped one
 */
export async function readPartitionUsage(
  { hmc }: DpmRuntime,
  uris: readonly string[],
  w: Waiting,
): Promise<ReadonlyMap<string, GuestUsage>> {
  const rows = await hmc.metrics.read([PARTITION, INTERFACE], w);
  return new Map(
    uris.flatMap((uri) => {
      const row = rows.find((each) => each.group === PARTITION && each.uri === uri);
      if (row === undefined) return [];
      const interfaces = rows.filter((each) => each.group === INTERFACE && each.uri.startsWith(`${uri}/`));
      return [[uri, { ...usageOf(row), interfaces: interfaces.map(trafficOf) }] as const];
    }),
  );
}

function usageOf(row: MetricRow | undefined) {
  return {
    at: row?.at ?? null,
    processorPercent: known(row, 'processor-usage'),
    networkPercent: known(row, 'network-usage'),
    storagePercent: known(row, 'storage-usage'),
    acceleratorPercent: known(row, 'accelerator-usage'),
    cryptoPercent: known(row, 'crypto-usage'),
  };
}

function trafficOf(row: MetricRow): InterfaceTraffic {
  return {
    uri: row.uri,
    bytesSent: known(row, 'bytes-sent'),
    bytesReceived: known(row, 'bytes-received'),
    packetsSent: known(row, 'packets-sent'),
    packetsReceived: known(row, 'packets-received'),
    packetsSentDropped: known(row, 'packets-sent-dropped'),
    packetsReceivedDropped: known(row, 'packets-received-dropped'),
    packetsSentDiscarded: known(row, 'packets-sent-discarded'),
    packetsReceivedDiscarded: known(row, 'packets-received-discarded'),
    bytesPerSecondSent: known(row, 'bytes-per-second-sent'),
    bytesPerSecondReceived: known(row, 'bytes-per-second-received'),
  };
}

/** Returns a number; null if the HMC does not have it, which it sends as -1. */
function known(row: MetricRow | undefined, name: string): number | null {
  const value = row?.values[name];
  return typeof value === 'number' && value >= 0 ? value : null;
}
