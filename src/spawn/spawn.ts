import { NothingChangedError } from '../base/index.ts';
import { noEvidence, resourceHoldingStatuses, startRefused } from '../partition/index.ts';
import type { ConnectedVolume, Initiator, PartitionRef, PreparedGroup } from '../partition/index.ts';
import { actsOf, unchanged } from './act.ts';
import type { Act } from './act.ts';
import { setBoot, startPartition } from './boot.ts';
import type { BootChoice, Started } from './boot.ts';
import { createPartition, requirePrepared, takeOver } from './partition.ts';
import type { PartitionWithPorts } from './partition.ts';
import { createStorageGroup, findStorageGroup, needsPorts, preparedGroups } from './storage-group.ts';
import type { VolumeInstance } from '../volume/index.ts';
import type { MappedVolume, PartitionRequest, SpawnTools, VerbCall, VolumeMapper } from './types.ts';
import { connectVolumes, evidenceOf, undoPartialWork } from './volumes.ts';

/** What a spawn does, by the names under which people and tests see it. */
export const spawnActs = [
  'find-storage-group',
  'create-storage-group',
  'create-partition',
  'create-ports',
  'attach-storage-group',
  'log-in-ports',
  'map-volumes',
  'connect-volumes',
  'wait-for-luns',
  'set-boot',
  'start-partition',
] as const;
type SpawnAct = Act<(typeof spawnActs)[number]>;

/** What {@link prepare} does. */
export const prepareActs = [
  'create-storage-group',
  'create-partition',
  'create-ports',
  'log-in-ports',
] as const satisfies readonly (typeof spawnActs)[number][];

/** A spawn that has ended: where it boots from, and how it was started. */
export interface Spawned {
  readonly boot: BootChoice;
  readonly started: Started;
}

export interface SpawnRequest extends PartitionRequest {
  /** False leaves the partition stopped. */
  readonly powerOn: boolean;
}

/**
 * Spawns an instance in the deferred order: first a partition with ports, then Cinder maps the volumes to their WWPNs,
 * then the partition boots.
 *
 * Safe to run again after an interruption: what is there already is used. A spawn that fails leaves what it has made;
 * {@link destroy} removes it, as in Nova.
 *
 * @throws NothingChangedError when a partition that is not ours is in the way, and nothing is left of what was made
 */
export async function spawn(
  request: SpawnRequest,
  mapper: VolumeMapper,
  tools: SpawnTools,
  call: VerbCall,
): Promise<Spawned> {
  const act: SpawnAct = actsOf('spawn', call, tools.watchers);
  const group = await findGroup(request, tools, act, call);
  const map = async (ports: readonly Initiator[]) =>
    request.volumes.length === 0 ? [] : await act('map-volumes', () => mapper.map(ports, call));

  // The WWPNs of a storage group exist before the partition: mapped now, DPM finds the LUNs as soon as it attaches the group.
  const known = await createGroup(request, tools, act, call);
  const mappedAhead = known.length > 0 && !tools.boot.loginBeforeZoning ? await map(known) : undefined;

  const place = await createPartitionWithPorts(request, known, mapper, tools, act, call);
  await attachGroup(place.partition, group, tools, act, call);
  const isLoggedIn = await logInPorts(request, place.partition, tools, act, call);

  const mapped = mappedAhead ?? (await map(place.initiators));
  return await bootFrom({ request, place, group, mapped, isLoggedIn }, tools, act, call);
}

/**
 * Prepares for a spawn in Nova's stock order: a stopped partition with ports, so that there is a connector to give to
 * Cinder. Safe to run again after an interruption.
 */
export async function prepare(request: PartitionRequest, tools: SpawnTools, call: VerbCall): Promise<void> {
  const act: SpawnAct = actsOf('prepare-for-spawn', call, tools.watchers);
  const known = await createGroup(request, tools, act, call);
  const { partition } = await createPartitionWithPorts(request, known, undefined, tools, act, call);
  await logInPorts(request, partition, tools, act, call);
}

/**
 * Spawns an instance in Nova's stock order, once Cinder has mapped the volumes: after {@link prepare}, or to the ports of
 * the partition that a destroy has parked, as in a rebuild.
 */
export async function spawnPrepared(
  request: SpawnRequest,
  mapped: readonly MappedVolume[],
  tools: SpawnTools,
  call: VerbCall,
): Promise<Spawned> {
  const act: SpawnAct = actsOf('spawn', call, tools.watchers);
  const place = await unchanged(call, () => requirePrepared(request.owner, evidenceOf(mapped), tools, call));
  const group = await findGroup(request, tools, act, call);
  const { isParked } = place;
  if (isParked) {
    await createGroup(request, tools, act, call); // it is there, perhaps with the volumes of another time
    await act('create-partition', () => takeOver({ ...place.partition, isParked }, request, tools, call));
  }
  await attachGroup(place.partition, group, tools, act, call);
  const isLoggedIn = tools.boot.loginBeforeZoning && needsPorts(request, tools);
  return await bootFrom({ request, place, group, mapped, isLoggedIn }, tools, act, call);
}

/** Finds the prepared storage group that is asked for, and checks that it can be used as it is. */
async function findGroup(request: PartitionRequest, tools: SpawnTools, act: SpawnAct, call: VerbCall) {
  const { storageGroup } = request;
  if (storageGroup === null) return null;
  return await unchanged(call, () =>
    act('find-storage-group', () => findStorageGroup(request, storageGroup, tools, call)),
  );
}

async function attachGroup(
  partition: PartitionRef,
  group: PreparedGroup | null,
  tools: SpawnTools,
  act: SpawnAct,
  call: VerbCall,
): Promise<void> {
  if (group === null) return;
  await act('attach-storage-group', () => preparedGroups(tools, group.name).attach(partition, group, call));
}

/**
 * Creates the storage group of the instance where the machine has such, and returns its WWPNs. With vHBAs nothing exists
 * before the partition does, and the list is empty. The record of the instance begins before anything is made.
 */
async function createGroup(
  request: PartitionRequest,
  tools: SpawnTools,
  act: SpawnAct,
  call: VerbCall,
): Promise<readonly Initiator[]> {
  tools.partitions.begin(request.owner);
  if (!needsPorts(request, tools)) return [];
  const create = () => createStorageGroup(request, tools, call);
  const initiators = tools.storage.outlivesPartition ? await act('create-storage-group', create) : await create();
  tools.partitions.hasPorts(request.owner, initiators);
  return initiators;
}

async function createPartitionWithPorts(
  request: PartitionRequest,
  known: readonly Initiator[],
  mapper: VolumeMapper | undefined,
  tools: SpawnTools,
  act: SpawnAct,
  call: VerbCall,
): Promise<PartitionWithPorts> {
  const { partitions, storage } = tools;
  const { owner } = request;
  const partition = await act('create-partition', () => createPartition(request, tools, call)).catch(
    async (error: unknown) => {
      if (error instanceof NothingChangedError) await removeAhead(error, request, mapper, tools, call);
      throw error;
    },
  );
  if (!needsPorts(request, tools)) return { partition, initiators: [] };
  const initiators = await act('create-ports', () => storage.bind(owner, partition, known, call));
  partitions.hasPorts(owner, initiators);
  return { partition, initiators };
}

/**
 * Removes what was made before it turned out that another partition is in the way.
 *
 * @throws what was in the way where the compute manager unmaps by itself, and asks for a {@link destroy} first
 */
async function removeAhead(
  { cause }: NothingChangedError,
  { owner }: PartitionRequest,
  mapper: VolumeMapper | undefined,
  tools: SpawnTools,
  call: VerbCall,
): Promise<void> {
  const { partitions, storage, canUnmap } = tools;
  if (!storage.outlivesPartition) return;
  if (!canUnmap) throw cause;
  await undoPartialWork(cause, tools, call, async (w) => {
    await partitions.requireAtRest(owner, noEvidence, w); // what runs keeps its volumes
    await mapper?.unmap(w);
    await storage.deallocate(owner, w);
  });
}

/**
 * Starts the partition without a boot device, so that its ports log in to the fabric, where the settings ask for it: some
 * fabrics zone only initiators that they have seen.
 *
 * With no boot device a start ends in `paused` (python-zhmcclient issue 228; zhmc-ansible-modules issue 103). That its
 * ports log in without an operating system is how the machine is understood (unverified on hardware).
 *
 * @returns whether the partition was started, and has to be stopped before it is loaded
 */
async function logInPorts(
  request: PartitionRequest,
  partition: PartitionRef,
  tools: SpawnTools,
  act: SpawnAct,
  call: VerbCall,
): Promise<boolean> {
  if (!tools.boot.loginBeforeZoning || !needsPorts(request, tools)) return false;
  await act('log-in-ports', async (progress) => {
    progress('starting without a boot device, so that the ports log in');
    const result = await tools.lifecycle.start(partition, call);
    if (result.kind === 'failed' && !resourceHoldingStatuses.has(result.status)) throw startRefused(partition, result);
  });
  return true;
}

interface BootRequest {
  readonly request: SpawnRequest;
  readonly place: PartitionWithPorts;
  readonly group: PreparedGroup | null;
  readonly mapped: readonly MappedVolume[];
  readonly isLoggedIn: boolean;
}

/** The part that both orders share: the volumes are mapped, and the partition boots from one of them. */
async function bootFrom(
  { request, place, group, mapped, isLoggedIn }: BootRequest,
  tools: SpawnTools,
  act: SpawnAct,
  call: VerbCall,
): Promise<Spawned> {
  const { owner } = request;
  const volumes = await giveVolumes({ ...owner, ...place }, mapped, tools, act, call);
  const bootVolume = volumes.find(({ isBoot }) => isBoot);
  tools.partitions.connected(owner, bootVolume);
  const plan = { ...place, options: request.partition.boot, group, volumes };
  const boot = await act('set-boot', () => setBoot(plan, tools, call));
  const started = await act('start-partition', async (progress) => {
    if (isLoggedIn) await tools.lifecycle.ensureStopped(place.partition, call);
    if (!request.powerOn) return { status: 'stopped', path: boot.path, attempts: 0 };
    return await startPartition(plan, tools, { ...call, progress });
  });
  return { boot, started };
}

/** Makes the mapped volumes the partition's, and waits until the machine has found each of them. */
async function giveVolumes(
  instance: VolumeInstance,
  mapped: readonly MappedVolume[],
  tools: SpawnTools,
  act: SpawnAct,
  call: VerbCall,
): Promise<readonly ConnectedVolume[]> {
  if (mapped.length === 0) return [];
  const connected = await act('connect-volumes', (progress) =>
    connectVolumes(instance, mapped, tools, { ...call, progress }),
  );
  if (!tools.storage.outlivesPartition) return connected; // a load finds out what is there
  return await act('wait-for-luns', async (progress) => {
    const found = await tools.storage.settle(instance, connected, { ...call, progress });
    return connected.map((volume, index) => ({ ...volume, ...found[index] }));
  });
}
