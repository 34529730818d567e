import type { HmcContext } from '../context.ts';
import { numberOf, textOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { adapterUse } from '../views/adapter-view.ts';
import { holdsResources } from '../rules/statuses.ts';
import { cryptoConflict, cryptoOf } from './crypto.ts';

const kinds = [
  { processors: 'ifl-processors', installed: 'processor-count-ifl' },
  { processors: 'cp-processors', installed: 'processor-count-general-purpose' },
];

/** Memory in MiB that partitions of the CPC hold. */
export function memoryInUse(context: HmcContext, cpc: Resource): number {
  return sum(holders(context, cpc), 'initial-memory');
}

/**
 * What a partition lacks to be started: a sentence for each; empty when it can be.
 *
 * @param wanted - its properties, if they are about to change
 *
 * Which of these an HMC reports how is not public; that the partition ends in `reservation-error` is (zhmc-ansible-modules issue 474).
 */
export function missingCapacity(context: HmcContext, partition: Resource, wanted = partition.props): string[] {
  const cpc = context.cpcOf(partition);
  const others = holders(context, cpc).filter((other) => other !== partition);
  return [
    ...missingPartitions(cpc, others),
    ...missingMemory(cpc, others, wanted),
    ...missingProcessors(cpc, others, wanted),
    ...missingAdapters(context, partition),
    ...missingDomains(context, partition),
  ];
}

function holders({ model }: HmcContext, cpc: Resource): Resource[] {
  return model.childrenOf(cpc, 'partition').filter((partition) => holdsResources(partition));
}

function sum(partitions: readonly Resource[], property: string): number {
  return partitions.reduce((total, { props }) => total + numberOf(props, property), 0);
}

function missingPartitions(cpc: Resource, others: readonly Resource[]): string[] {
  const maximum = partitionLimit(cpc);
  return others.length < maximum ? [] : [`the maximum number of active partitions, ${maximum}, is reached`];
}

/** z13 does not show its limit but has one. */
function partitionLimit({ props }: Resource): number {
  const shown = props['maximum-partitions'];
  if (typeof shown === 'number') return shown;
  return textOf(props, 'machine-type') === '2965' ? 40 : 85;
}

function missingMemory(cpc: Resource, others: readonly Resource[], props: Readonly<Props>): string[] {
  const available = numberOf(cpc.props, 'storage-customer') - sum(others, 'initial-memory');
  const wanted = numberOf(props, 'initial-memory');
  return wanted <= available ? [] : [`${wanted} MiB of memory are wanted and ${available} MiB are available`];
}

/** Dedicated processors are those of one partition; shared ones of as many as want them. */
function missingProcessors(cpc: Resource, others: readonly Resource[], props: Readonly<Props>): string[] {
  const dedicated = others.filter(({ props }) => props['processor-mode'] === 'dedicated');
  return kinds.flatMap(({ processors, installed }) => {
    const wanted = numberOf(props, processors);
    const available = numberOf(cpc.props, installed) - sum(dedicated, processors);
    return wanted <= available ? [] : [`${wanted} ${processors} are wanted and ${available} are available`];
  });
}

function missingDomains(context: HmcContext, partition: Resource): string[] {
  const conflict = cryptoConflict(context, partition, cryptoOf(partition));
  return conflict === undefined ? [] : [conflict];
}

/** An adapter that went over its limit, because the limit was lowered after vHBAs were made. */
function missingAdapters(context: HmcContext, partition: Resource): string[] {
  const { model } = context;
  const resources = model
    .all('virtual-storage-resource')
    .filter(({ props }) => props['partition-uri'] === partition.uri && textOf(props, 'adapter-port-uri') !== '');
  const users = [...model.childrenOf(partition, 'hba'), ...resources];
  const ports = users.map(({ props }) => textOf(props, 'adapter-port-uri'));
  const adapters = new Set(ports.map((uri) => model.find('adapter', uri.split('/storage-ports/')[0] ?? '')));
  return [...adapters].flatMap((adapter) => {
    if (adapter === undefined) return ['a storage adapter is missing'];
    const allowed = numberOf(adapter.props, 'allowed-capacity');
    const { used } = adapterUse(context, adapter);
    const own = ports.filter((uri) => uri.startsWith(`${adapter.uri}/`)).length;
    const isHeld = holdsResources(partition);
    return used + (isHeld ? 0 : own) <= allowed
      ? []
      : [`adapter ${textOf(adapter.props, 'name')} has no capacity left`];
  });
}
