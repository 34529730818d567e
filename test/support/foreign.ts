import { randomUUID } from 'node:crypto';
import { openCinder, volumeConnections } from '../../src/cinder-client/index.ts';
import type { SimulatorSnapshot } from '../../src/simulator/index.ts';
import { cpcUriOf, openSession, w } from './hmc-session.ts';
import type { World } from './world.ts';

/** The volume that somebody else's server uses. */
export const foreignVolume = 'foreign-1';

/** Somebody else's storage group, on machines that have them. */
export const foreignGroup = 'OpenStack-compute10-group';

/** Names and descriptions that are nearly ours. */
const foreignPartitions = [
  { name: `OpenStack-compute10-${randomUUID()}`, description: 'OpenStack CPCSubset=compute10' },
  { name: `OpenStack-compute1-${randomUUID()}`, description: 'OpenStack CPCSubset=compute2' },
  { name: 'OpenStack-compute1-not.a.uuid', description: 'OpenStack CPCSubset=compute1' },
] as const;

/** Other people's things on the same machine, SAN and Cinder: partitions, a masked volume, its attachment. */
export async function addForeignThings(world: World): Promise<void> {
  const { sim } = world;
  await using hmc = openSession(sim);
  for (const { name, description } of foreignPartitions) {
    const partition = { name, description, type: 'linux', iflProcessors: 1, processorMode: 'shared' } as const;
    await hmc.partitions.create(cpcUriOf(sim), { ...partition, initialMemory: 1024, maximumMemory: 1024 }, w);
  }
  using cinder = openCinder(world.settings.cinder);
  const volumeId = sim.volumes.find(({ name }) => name === foreignVolume)?.id ?? '';
  const instanceUuid = randomUUID();
  const connections = await volumeConnections(cinder, w);
  const reservation = await connections.reserve({ volumeId, instanceUuid, mode: 'rw' }, w);
  const connector = { host: instanceUuid, wwpns: ['c05076b0ffff0001', 'c05076b0ffff0005'], mountpoint: '/dev/vda' };
  await connections.connect(reservation, connector, w);
  await connections.complete(reservation, { mountpoint: '/dev/vda', mode: 'rw', hostName: 'other-host' }, w);
}

/** What of a snapshot nobody but its owner may change. */
export function foreignThings({ hmc, san, cinder }: SimulatorSnapshot, volumeId: string): string {
  const names = new Set<unknown>(foreignPartitions.map(({ name }) => name));
  const partitions = hmc.partition.filter(({ name }) => names.has(name));
  const uris = new Set(partitions.map((partition) => partition['object-uri']));
  const group = hmc['storage-group'].filter(({ name }) => name === foreignGroup);
  const groupUris = new Set(group.map((each) => each['object-uri']));
  const isTheirs = (each: { readonly volumeId: string }): boolean => each.volumeId === volumeId;
  return JSON.stringify({
    partitions,
    group,
    elements: [...hmc.hba, ...hmc['storage-volume'], ...hmc['virtual-storage-resource']].filter(
      ({ parent }) => uris.has(parent) || groupUris.has(parent),
    ),
    volume: cinder.volumes.filter(({ id }) => id === volumeId),
    attachments: cinder.attachments.filter(isTheirs),
    masks: san.arrays.flatMap(({ masks }) => masks).filter(isTheirs),
  });
}

export function isForeign(name: unknown): boolean {
  return name === foreignGroup || foreignPartitions.some((partition) => partition.name === name);
}
