import type { HmcContext } from './context.ts';
import { numberOf, textOf } from './model/json.ts';
import { firstDeviceNumber, freeDeviceNumber, isFreeRange } from './model/identifiers.ts';
import type { Resource } from './model/model.ts';
import { refuse } from './model/refusal.ts';

/**
 * Device numbers of a partition are unique in two namespaces: channel-based (vHBAs, virtual storage resources, volumes of FICON groups, NICs
 * of type osd and iqd) and PCI-based (NICs of type roce and cna, virtual functions, NVMe volumes). An osd NIC takes three in a row, a cna
 * NIC `function-range`. Source: topic "Device number constraints" of the WS API book.
 */
export type Namespace = 'channel' | 'pci';

const osdNumbers = 3;
const pciTypes: readonly unknown[] = ['roce', 'cna', 'neth', 'netd'];

/** How many device numbers a NIC takes. */
export function nicDeviceCount(nic: Readonly<Resource['props']>): number {
  if (nic.type === 'osd' || nic.type === 'osh') return osdNumbers;
  return nic.type === 'cna' ? Math.max(1, numberOf(nic, 'function-range')) : 1;
}

/** Namespace of a NIC by its type. */
export function nicNamespace(nic: Readonly<Resource['props']>): Namespace {
  return pciTypes.includes(nic.type) ? 'pci' : 'channel';
}

/** What a device number is wanted for. */
export interface WantedNumber {
  /** Four hex digits; empty or absent for any. */
  readonly number?: string;
  readonly use: 'storage' | 'network';
  readonly namespace: Namespace;
  /** Numbers in a row, default 1. */
  readonly count?: number;
  /** The element that is changed: its own number is free for it. */
  readonly self?: Resource;
}

/**
 * The device number for a new or changed element of a partition: the one wanted, or the first free.
 * @throws Refusal 400.8 when the wanted one is taken
 */
export function assignDeviceNumber(context: HmcContext, partition: Resource, wanted: WantedNumber): string {
  const used = usedNumbers(context, partition, wanted.namespace, wanted.self);
  const count = wanted.count ?? 1;
  if (wanted.number === undefined || wanted.number === '') {
    return freeDeviceNumber(used, firstDeviceNumber[wanted.use], count);
  }
  if (!isFreeRange(used, Number.parseInt(wanted.number, 16), count)) {
    refuse('notUnique', `the device number '${wanted.number}' is in use in the partition`);
  }
  return wanted.number.toLowerCase();
}

function usedNumbers(context: HmcContext, partition: Resource, namespace: Namespace, self?: Resource): Set<number> {
  const elements = elementsOf(context, partition).filter(
    (element) => element.namespace === namespace && element.of !== self,
  );
  return new Set(
    elements.flatMap(({ of, count }) => {
      const first = Number.parseInt(textOf(of.props, 'device-number'), 16);
      return Number.isNaN(first) ? [] : Array.from({ length: count }, (_, index) => first + index);
    }),
  );
}

function elementsOf(
  { model }: HmcContext,
  partition: Resource,
): { of: Resource; namespace: Namespace; count: number }[] {
  const hbas = model.childrenOf(partition, 'hba').map((of) => ({ of, namespace: 'channel' as const, count: 1 }));
  const functions = model
    .childrenOf(partition, 'virtual-function')
    .map((of) => ({ of, namespace: 'pci' as const, count: 1 }));
  const nics = model
    .childrenOf(partition, 'nic')
    .map((of) => ({ of, namespace: nicNamespace(of.props), count: nicDeviceCount(of.props) }));
  const resources = model
    .all('virtual-storage-resource')
    .filter(({ props }) => props['partition-uri'] === partition.uri)
    .map((of) => ({ of, namespace: 'channel' as const, count: 1 }));
  const endpoints = model
    .all('partition-link-endpoint')
    .filter(({ props }) => props['partition-uri'] === partition.uri)
    .map((of) => ({ of, namespace: 'pci' as const, count: 1 }));
  return [...hbas, ...functions, ...nics, ...resources, ...endpoints, ...volumesOf(model, partition)];
}

/** FICON and NVMe volumes have device numbers of their own in each partition that their group is attached to. */
function volumesOf(
  model: HmcContext['model'],
  partition: Resource,
): { of: Resource; namespace: Namespace; count: number }[] {
  const uris = partition.props['storage-group-uris'];
  const groups = model.all('storage-group').filter(({ uri }) => Array.isArray(uris) && uris.includes(uri));
  return groups.flatMap((group) =>
    model.childrenOf(group, 'storage-volume').map((of) => ({
      of,
      namespace: group.props.type === 'nvme' ? ('pci' as const) : ('channel' as const),
      count: 1,
    })),
  );
}
