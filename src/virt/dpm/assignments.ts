import { ConfigError, NotFoundError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { noCrypto } from '../../hmc-client/index.ts';
import type { CryptoConfiguration } from '../../hmc-client/index.ts';
import type { PartitionRef } from '../../partition/index.ts';
import { keyOf } from './extra-specs.ts';
import type { ExtraSpecs } from './extra-specs.ts';
import type { DpmRuntime } from './runtime.ts';

/** What a partition has that is no property of it: each part changes by operations of its own. */
export interface Assignments {
  readonly crypto?: CryptoConfiguration;
  /** URI of the capacity group; null for none. */
  readonly capacityGroup?: string | null;
}

type Machine = Pick<DpmRuntime, 'hmc' | 'cpc'>;

/**
 * Finds what the extra specs name. Omits parts of which they say nothing. Changes nothing.
 *
 * @throws NotFoundError naming the adapter or group, and those that there are; ConfigError for an adapter without crypto
 */
export async function findAssignments(machine: Machine, specs: ExtraSpecs, w: Waiting): Promise<Assignments> {
  return {
    ...(specs.crypto_adapters === undefined ? {} : { crypto: await findCrypto(machine, specs, w) }),
    ...(specs.capacity_group === undefined
      ? {}
      : { capacityGroup: await findCapacityGroup(machine, specs.capacity_group, w) }),
  };
}

/** Returns the crypto configuration that the extra specs ask for; an empty one if they name no adapter. */
export async function findCrypto({ hmc, cpc }: Machine, specs: ExtraSpecs, w: Waiting): Promise<CryptoConfiguration> {
  const { crypto_adapters: wanted = [], crypto_usage_domains: usageDomains = [] } = specs;
  if (wanted.length === 0) return noCrypto;
  const adapters = await hmc.adapters.list(cpc.uri, { family: 'crypto' }, w);
  const adapterUris = wanted.map((nameOrId) => {
    const found = adapters.find(({ uri, name }) => name === nameOrId || uri === `/api/adapters/${nameOrId}`);
    if (found !== undefined) return found.uri;
    const text = `CPC "${cpc.name}" has no crypto adapter "${nameOrId}" (${keyOf('crypto_adapters')})`;
    throw new NotFoundError(`${text}; it has: ${namesOf(adapters)}`, { adapter: nameOrId });
  });
  const twice = adapterUris.find((uri, index) => adapterUris.indexOf(uri) !== index);
  if (twice !== undefined) {
    throw new ConfigError(`property "${keyOf('crypto_adapters')}" names adapter ${twice} twice`, { adapter: twice });
  }
  return { adapterUris, usageDomains, controlDomains: specs.crypto_control_domains ?? [] };
}

/** Returns the URI of a capacity group. @throws NotFoundError that lists those of the CPC */
export async function findCapacityGroup({ hmc, cpc }: Machine, name: string, w: Waiting): Promise<string> {
  const groups = await hmc.capacityGroups.list(cpc.uri, {}, w);
  const found = groups.find((group) => group.name === name);
  if (found !== undefined) return found.uri;
  const text = `CPC "${cpc.name}" has no capacity group "${name}" (${keyOf('capacity_group')})`;
  throw new NotFoundError(`${text}; it has: ${namesOf(groups)}`, { capacityGroup: name });
}

function namesOf(all: readonly { readonly name: string }[]): string {
  return all.map(({ name }) => name).join(', ') || 'none';
}

/** Returns the URI of the capacity group that a partition is in; null if it is in none. */
export async function readCapacityGroup(
  { hmc, cpc }: Machine,
  partition: Pick<PartitionRef, 'uri'>,
  w: Waiting,
): Promise<string | null> {
  const groups = await hmc.capacityGroups.list(cpc.uri, {}, w);
  const details = await Promise.all(groups.map(async ({ uri }) => await hmc.capacityGroups.get(uri, w)));
  return details.find(({ partitionUris }) => partitionUris.includes(partition.uri))?.uri ?? null;
}

/** Takes a partition out of its capacity group, unless it is in the wanted one. */
export async function leaveCapacityGroup(
  machine: Machine,
  partition: Pick<PartitionRef, 'uri'>,
  wanted: string | null,
  w: Waiting,
): Promise<void> {
  const now = await readCapacityGroup(machine, partition, w);
  if (now !== null && now !== wanted) await machine.hmc.capacityGroups.removePartition(now, partition.uri, w);
}

/** Gives a stopped partition its assignments. Idempotent. */
export async function assign(
  machine: Machine,
  partition: PartitionRef,
  { crypto, capacityGroup }: Assignments,
  w: Waiting,
): Promise<void> {
  const { hmc } = machine;
  if (crypto !== undefined) await hmc.partitions.setCryptoConfiguration(partition.uri, crypto, w);
  if (capacityGroup !== undefined && capacityGroup !== null) {
    await hmc.capacityGroups.addPartition(capacityGroup, partition.uri, w);
  }
}
