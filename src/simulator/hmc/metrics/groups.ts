/** Types of metric values, as Create Metrics Context names them. */
export type MetricType = 'boolean-metric' | 'double-metric' | 'integer-metric' | 'long-metric' | 'string-metric';

/** The groups that the simulator serves. */
export type MetricGroupName =
  | 'dpm-system-usage-overview'
  | 'partition-usage'
  | 'adapter-usage'
  | 'network-physical-adapter-port'
  | 'partition-attached-network-interface'
  | 'zcpc-environmentals-and-power';

/** A metric of a group. */
interface MetricDefinition {
  readonly name: string;
  readonly type: MetricType;
  /** First generation of the HMC that has it; all if absent. */
  readonly since?: number;
}

const integers = (...names: readonly string[]): MetricDefinition[] =>
  names.map((name) => ({ name, type: 'integer-metric' }));
const longs = (...names: readonly string[]): MetricDefinition[] => names.map((name) => ({ name, type: 'long-metric' }));
const since = (first: number, metrics: readonly MetricDefinition[]) =>
  metrics.map((metric) => ({ ...metric, since: first }));

const partitionUsage = integers(
  'processor-usage',
  'network-usage',
  'storage-usage',
  'accelerator-usage',
  'crypto-usage',
);

const traffic = longs(
  'bytes-sent',
  'bytes-received',
  'packets-sent',
  'packets-received',
  'packets-sent-dropped',
  'packets-received-dropped',
  'packets-sent-discarded',
  'packets-received-discarded',
  'multicast-packets-sent',
  'multicast-packets-received',
  'broadcast-packets-sent',
  'broadcast-packets-received',
  'interval-bytes-sent',
  'interval-bytes-received',
  'bytes-per-second-sent',
  'bytes-per-second-received',
);

/**
 * The metrics of each group, in the order in which they are sent.
 *
 * Source: python-zhmcclient mock/_hmc.py; IBM WS API, Network adapter port metric group, Z16M-A01. The shares of each kind
 * of processor beside `processor-usage` that newer levels have: zhmc-prometheus-exporter data/metrics.yaml; from which level
 * on, and at which place, is inferred.
 */
export const metricGroups: Readonly<Record<MetricGroupName, readonly MetricDefinition[]>> = {
  'dpm-system-usage-overview': [
    ...partitionUsage,
    { name: 'power-consumption-watts', type: 'integer-metric' },
    { name: 'temperature-celsius', type: 'double-metric' },
    ...integers(
      'cp-shared-processor-usage',
      'cp-dedicated-processor-usage',
      'ifl-shared-processor-usage',
      'ifl-dedicated-processor-usage',
    ),
    ...since(15, integers('all-shared-processor-usage', 'cp-all-processor-usage', 'ifl-all-processor-usage')),
  ],
  'partition-usage': partitionUsage,
  'adapter-usage': integers('adapter-usage'),
  'network-physical-adapter-port': [
    ...integers('network-port-id'),
    ...traffic,
    { name: 'utilization', type: 'long-metric' },
    { name: 'mac-address', type: 'string-metric' },
    { name: 'flags', type: 'long-metric' },
  ],
  'partition-attached-network-interface': [
    { name: 'partition-id', type: 'string-metric' },
    ...traffic,
    { name: 'flags', type: 'long-metric' },
  ],
  'zcpc-environmentals-and-power': [
    { name: 'temperature-celsius', type: 'double-metric' },
    ...integers('humidity'),
    { name: 'dew-point-celsius', type: 'double-metric' },
    ...integers('power-consumption-watts', 'heat-load', 'heat-load-forced-air', 'heat-load-water'),
    { name: 'exhaust-temperature-celsius', type: 'double-metric' },
  ],
};

/** The metrics of a group on an HMC of this generation. */
export function metricsAt(group: MetricGroupName, level: number): readonly MetricDefinition[] {
  return metricGroups[group].filter((metric) => (metric.since ?? 0) <= level);
}

/** Whether there is a group of this name. */
export function isMetricGroup(name: string): name is MetricGroupName {
  return Object.hasOwn(metricGroups, name);
}
