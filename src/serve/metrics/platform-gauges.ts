import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { GuestUsage, HostUsage } from '../../virt/index.ts';
import type { PlatformValues } from './cached-reading.ts';

/** The numbers of zhmc-prometheus-exporter for the status of a partition. Source: its data/metrics.yaml. */
const statusNumbers: Readonly<Record<string, number>> = {
  active: 0,
  degraded: 1,
  paused: 10,
  stopped: 11,
  starting: 12,
  stopping: 13,
  'reservation-error': 20,
  terminated: 21,
  'communications-not-active': 22,
  'status-check': 23,
};
const UNKNOWN_STATUS = 99;

const usages = {
  processor_usage_ratio: ['processorPercent', 'Usage of the processors'],
  network_adapter_usage_ratio: ['networkPercent', 'Usage of the network adapters'],
  storage_adapter_usage_ratio: ['storagePercent', 'Usage of the storage adapters'],
  accelerator_adapter_usage_ratio: ['acceleratorPercent', 'Usage of the accelerator adapters'],
  crypto_adapter_usage_ratio: ['cryptoPercent', 'Usage of the crypto adapters'],
} as const satisfies Readonly<Record<string, readonly [keyof HostUsage & keyof GuestUsage, string]>>;
type UsageName = keyof typeof usages;
const usageNames = Object.keys(usages) as readonly UsageName[];

/** Metrics without labels. */
const totals = {
  nova_dpm_parked_partitions: 'Partitions that are kept for the ports of deleted instances',
  nova_dpm_vcpus: 'Processors that instances of this host may use',
  nova_dpm_vcpus_used: 'Processors that instances of this host use',
  nova_dpm_memory_mib: 'Memory that instances of this host may use, in MiB',
  nova_dpm_memory_used_mib: 'Memory that instances of this host use, in MiB',
} as const;

/** Gauges of what the HMC shows. A value that the HMC does not report is left out. */
export class PlatformGauges {
  readonly #gauges = new Map<string, Gauge>();
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
    for (const name of usageNames) {
      this.#add(`zhmc_cpc_${name}`, `${usages[name][1]} of the CPC, by partitions of every owner (0 to 1)`, ['cpc']);
      this.#add(`zhmc_partition_${name}`, `${usages[name][1]} of the partition (0 to 1)`, ['cpc', 'partition']);
    }
    this.#add('zhmc_cpc_ifl_shared_processor_usage_ratio', 'Usage of the shared IFL processors (0 to 1)', ['cpc']);
    this.#add('zhmc_cpc_power_watt', 'Power consumption of the CPC', ['cpc']);
    this.#add('zhmc_cpc_ambient_temperature_celsius', 'Ambient temperature of the CPC', ['cpc']);
    const status = Object.entries(statusNumbers).map(([name, number]) => `${number}=${name}`);
    const help = `Status of the partition (${status.join(', ')}, ${UNKNOWN_STATUS}=another one)`;
    this.#add('zhmc_partition_status_int', help, ['cpc', 'partition', 'value']);
    this.#add('zhmc_partition_ifl_processor_count', 'IFL processors of the partition', ['cpc', 'partition']);
    this.#add('zhmc_partition_initial_memory_mib', 'Memory of the partition, in MiB', ['cpc', 'partition']);
    this.#add('nova_dpm_partition_info', 'The instance of each partition', ['cpc', 'partition', 'instance']);
    for (const [name, text] of Object.entries(totals)) this.#add(name, text);
    this.set(undefined);
  }

  /** Replaces all values. @param values - undefined if there are none */
  set(values: PlatformValues | undefined): void {
    for (const gauge of this.#gauges.values()) gauge.reset();
    if (values === undefined) {
      for (const name of Object.keys(totals)) this.#gauges.get(name)?.remove(); // they would be 0
      return;
    }
    const { resource, guests } = values;
    const cpc = typeof resource.stats.cpc === 'string' ? resource.stats.cpc : '';
    this.#setOfHost(values, cpc);
    for (const { name: partition, instanceUuid, parkedFor, status, iflProcessors, memoryMib } of guests) {
      const labels = { cpc, partition };
      this.#put('zhmc_partition_status_int', statusNumbers[status] ?? UNKNOWN_STATUS, { ...labels, value: status });
      this.#put('zhmc_partition_ifl_processor_count', iflProcessors, labels);
      this.#put('zhmc_partition_initial_memory_mib', memoryMib, labels);
      const instance = instanceUuid ?? parkedFor;
      if (instance !== undefined) this.#put('nova_dpm_partition_info', 1, { ...labels, instance });
      this.#setUsage('partition', values.guestUsage.get(instanceUuid ?? ''), labels);
    }
  }

  #setOfHost({ resource, guests, hostUsage }: PlatformValues, cpc: string): void {
    this.#setUsage('cpc', hostUsage, { cpc });
    this.#put('zhmc_cpc_ifl_shared_processor_usage_ratio', ratio(hostUsage?.iflSharedPercent), { cpc });
    this.#put('zhmc_cpc_power_watt', hostUsage?.powerWatts, { cpc });
    this.#put('zhmc_cpc_ambient_temperature_celsius', hostUsage?.temperatureCelsius, { cpc });
    this.#put('nova_dpm_parked_partitions', guests.filter(({ parkedFor }) => parkedFor !== undefined).length);
    this.#put('nova_dpm_vcpus', resource.vcpus);
    this.#put('nova_dpm_vcpus_used', resource.vcpusUsed);
    this.#put('nova_dpm_memory_mib', resource.memoryMb);
    this.#put('nova_dpm_memory_used_mib', resource.memoryMbUsed);
  }

  #setUsage(of: 'cpc' | 'partition', usage: HostUsage | GuestUsage | undefined, labels: Record<string, string>): void {
    for (const name of usageNames) this.#put(`zhmc_${of}_${name}`, ratio(usage?.[usages[name][0]]), labels);
  }

  #put(name: string, value: number | null | undefined, labels: Record<string, string> = {}): void {
    if (value !== null && value !== undefined) this.#gauges.get(name)?.set(labels, value);
  }

  #add(name: string, help: string, labelNames: readonly string[] = []): void {
    this.#gauges.set(name, new Gauge({ name, help, labelNames, registers: [this.#registry] }));
  }
}

/** Returns a percentage as a share of 1. */
function ratio(percent: number | null | undefined): number | null {
  return percent === null || percent === undefined ? null : percent / 100;
}
