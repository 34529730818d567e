import type { HmcContext } from '../context.ts';
import { numberOf, textOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { isActivated, statusOf } from '../rules/statuses.ts';
import { networkPortOf, usersOf } from '../views/adapter-view.ts';
import type { MetricGroupName } from './groups.ts';

/** A value of a metric; the metric's type tells how it is written. */
export type MetricValue = boolean | number | string;
/** Values by the name of the metric. */
type Row = Readonly<Record<string, MetricValue>>;

/** The values of one object. */
export interface ObjectValues {
  readonly object: Resource;
  readonly rows: readonly Row[];
}

/** What an HMC reports for a value that it does not have. */
const notAvailable = -1;

/** Between two collections of values, in milliseconds (IBM WS API, metric groups: 15 seconds for most). */
const intervalMs = 15_000;

/** When the values were collected: the HMC keeps them until the next collection. */
export function collectedAt({ clock }: HmcContext): number {
  return Math.floor(clock.now() / intervalMs) * intervalMs;
}

/**
 * The values of a group, of every object that has some.
 *
 * There is no workload: every number follows from the URI of its object, so that it is the same whenever it is read, and
 * counters grow with the time. That only activated partitions have values is inferred.
 */
export function valuesOf(context: HmcContext, group: MetricGroupName): readonly ObjectValues[] {
  const { model } = context;
  const cpcs = model.all('cpc').filter(({ props }) => props['dpm-enabled'] === true);
  const of = (objects: readonly Resource[], rows: (object: Resource) => readonly Row[]) =>
    objects.map((object) => ({ object, rows: rows(object) })).filter((values) => values.rows.length > 0);
  switch (group) {
    case 'dpm-system-usage-overview':
      return of(cpcs, (cpc) => [systemUsage(context, cpc)]);
    case 'partition-usage':
      return of(model.all('partition').filter(isActivated), (partition) => [partitionUsage(context, partition)]);
    case 'adapter-usage':
      return of(model.all('adapter'), (adapter) => [{ 'adapter-usage': adapterUsage(context, adapter) }]);
    case 'network-physical-adapter-port':
      return of(model.all('adapter').filter(hasTraffic), (adapter) => portRows(context, adapter));
    case 'partition-attached-network-interface':
      return of(model.all('nic'), (nic) => nicRows(context, nic));
    case 'zcpc-environmentals-and-power':
      return of(cpcs, (cpc) => [environment(cpc)]);
  }
}

function systemUsage(context: HmcContext, cpc: Resource): Row {
  const { model } = context;
  const partitions = model.childrenOf(cpc, 'partition').filter(isActivated);
  const adapters = model.childrenOf(cpc, 'adapter');
  const average = (family: (adapter: Resource) => boolean) =>
    averageOf(adapters.filter(family).map((adapter) => adapterUsage(context, adapter)));
  const shares = {
    ifl: processorShare(cpc, partitions, 'ifl-processors', 'processor-count-ifl'),
    cp: processorShare(cpc, partitions, 'cp-processors', 'processor-count-general-purpose'),
  };
  const { 'power-consumption-watts': watts = 0, 'temperature-celsius': celsius = 0 } = environment(cpc);
  return {
    'processor-usage': Math.max(shares.ifl.all, shares.cp.all),
    'network-usage': average(isNetwork),
    'storage-usage': average(isStorage),
    'accelerator-usage': notAvailable,
    'crypto-usage': average(isCrypto),
    'power-consumption-watts': watts,
    'temperature-celsius': celsius,
    'cp-shared-processor-usage': shares.cp.shared,
    'cp-dedicated-processor-usage': shares.cp.dedicated,
    'ifl-shared-processor-usage': shares.ifl.shared,
    'ifl-dedicated-processor-usage': shares.ifl.dedicated,
    'all-shared-processor-usage': Math.max(shares.ifl.shared, shares.cp.shared),
    'cp-all-processor-usage': shares.cp.all,
    'ifl-all-processor-usage': shares.ifl.all,
  };
}

/** How much of the installed processors of a type the partitions use, in percent. */
function processorShare(cpc: Resource, partitions: readonly Resource[], property: string, installed: string) {
  const total = numberOf(cpc.props, installed);
  const used = (mode: string) =>
    partitions
      .filter(({ props }) => props['processor-mode'] === mode)
      .reduce((sum, partition) => sum + numberOf(partition.props, property) * processorUsage(partition), 0);
  const percent = (sum: number) => (total === 0 ? notAvailable : Math.min(100, Math.round(sum / total)));
  const [shared, dedicated] = [used('shared'), used('dedicated')];
  return { shared: percent(shared), dedicated: percent(dedicated), all: percent(shared + dedicated) };
}

function partitionUsage(context: HmcContext, partition: Resource): Row {
  const adapters = context.model.all('adapter').filter((adapter) => usersOf(context, adapter).includes(partition));
  const average = (family: (adapter: Resource) => boolean) =>
    averageOf(adapters.filter(family).map((adapter) => adapterUsage(context, adapter)));
  return {
    'processor-usage': processorUsage(partition),
    'network-usage': average(isNetwork),
    'storage-usage': average(isStorage),
    'accelerator-usage': notAvailable,
    'crypto-usage':
      (partition.props['crypto-configuration'] ?? null) === null ? notAvailable : percentOf(partition, 'crypto'),
  };
}

/** A partition whose operating system does not run uses no processor. */
function processorUsage(partition: Resource): number {
  return ['active', 'degraded'].includes(statusOf(partition)) ? percentOf(partition, 'processor') : 0;
}

function adapterUsage(context: HmcContext, adapter: Resource): number {
  return usersOf(context, adapter).some(isActivated) ? percentOf(adapter, 'adapter') : 0;
}

function portRows(context: HmcContext, adapter: Resource): readonly Row[] {
  return context.model.childrenOf(adapter, 'network-port').map((port) => ({
    'network-port-id': numberOf(port.props, 'index') || Number(textOf(port.props, 'element-id')) || 0,
    ...trafficOf(context, port),
    utilization: percentOf(port, 'port'),
    'mac-address': macOf(port),
    flags: 0,
  }));
}

function nicRows(context: HmcContext, nic: Resource): readonly Row[] {
  const partition = context.model.parentOf(nic);
  if (partition === undefined || !isActivated(partition) || networkPortOf(context, nic.props) === '') return [];
  return [{ 'partition-id': textOf(partition.props, 'partition-id'), ...trafficOf(context, nic), flags: 0 }];
}

/** Total counts since the start of 2026, and those of the last interval. */
function trafficOf(context: HmcContext, object: Resource): Row {
  const seconds = Math.max(0, (collectedAt(context) - Date.UTC(2026, 0, 1)) / 1000);
  const sent = numberFrom(object.uri, 'sent') % 100_000;
  const received = numberFrom(object.uri, 'received') % 100_000;
  const counted = (perSecond: number) => Math.round(perSecond * seconds);
  return {
    'bytes-sent': counted(sent),
    'bytes-received': counted(received),
    'packets-sent': counted(sent / 500),
    'packets-received': counted(received / 500),
    'packets-sent-dropped': 0,
    'packets-received-dropped': numberFrom(object.uri, 'dropped') % 10,
    'packets-sent-discarded': 0,
    'packets-received-discarded': 0,
    'multicast-packets-sent': 0,
    'multicast-packets-received': counted(received / 5_000),
    'broadcast-packets-sent': 0,
    'broadcast-packets-received': counted(received / 10_000),
    'interval-bytes-sent': sent * 30,
    'interval-bytes-received': received * 30,
    'bytes-per-second-sent': sent,
    'bytes-per-second-received': received,
  };
}

function environment(cpc: Resource): Row {
  const watts = 4_000 + (numberFrom(cpc.uri, 'watts') % 3_000);
  return {
    'temperature-celsius': 20 + (numberFrom(cpc.uri, 'celsius') % 80) / 10,
    humidity: 40,
    'dew-point-celsius': 9.5,
    'power-consumption-watts': watts,
    'heat-load': Math.round(watts * 3.4),
    'heat-load-forced-air': Math.round(watts * 3.4),
    'heat-load-water': 0,
    'exhaust-temperature-celsius': 31.5,
  };
}

const isNetwork = ({ props }: Resource) => ['osa', 'roce', 'hipersockets', 'networking'].includes(familyOf(props));
const isStorage = ({ props }: Resource) => ['ficon', 'nvme'].includes(familyOf(props));
const isCrypto = ({ props }: Resource) => familyOf(props) === 'crypto';
/** HiperSockets have no physical port. */
const hasTraffic = (adapter: Resource) => isNetwork(adapter) && familyOf(adapter.props) !== 'hipersockets';

function familyOf(props: Resource['props']): string {
  return textOf(props, 'adapter-family');
}

function averageOf(numbers: readonly number[]): number {
  return numbers.length === 0
    ? notAvailable
    : Math.round(numbers.reduce((sum, value) => sum + value, 0) / numbers.length);
}

function percentOf({ uri }: Resource, what: string): number {
  return 5 + (numberFrom(uri, what) % 70);
}

function macOf({ uri }: Resource): string {
  const digits = numberFrom(uri, 'mac').toString(16).padStart(8, '0');
  return `02:00:${(digits.match(/../gu) ?? []).join(':')}`;
}

/** A number of 32 bits that follows from a text (FNV-1a). */
function numberFrom(uri: string, what: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${uri}#${what}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
