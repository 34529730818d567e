import { ConflictError, NothingChangedError } from '../base/index.ts';
import { isHmcError } from '../hmc-client/errors/index.ts';
import { noEvidence, resourceHoldingStatuses, startRefused } from '../partition/index.ts';
import type { ConnectedVolume, Initiator, PartitionRef, PreparedGroup, PreparedGroups } from '../partition/index.ts';
import { actsOf, unchanged } from './act.ts';
import type { Act } from './act.ts';
import { setBoot, startPartition } from './boot.ts';
import type { BootPlan } from './boot-tries.ts';
import type { BootChoice, Started } from './boot.ts';
import { createPartition, requirePrepared, takeOver } from './partition.ts';
import type { PartitionWithPorts } from './partition.ts';
import type { VolumeInstance } from '../volume/index.ts';
import type { MappedVolume, PartitionRequest, SpawnTools, VerbCall, VolumeMapper } from './types.ts';
import { connectVolumes, evidenceOf, undoPartialWork } from './volumes.ts';

/** The acts of a spawn, as users and tests see them. */
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

/** The acts of {@link prepare}. */
export const prepareActs = [
  'create-storage-group',
  'create-partition',
  'create-ports',
  'log-in-ports',
] as const satisfies readonly (typeof spawnActs)[number][];

/** The result of a spawn. */
export interface Spawned {
  readonly boot: BootChoice;
  readonly started: Started;
}

export interface SpawnRequest extends PartitionRequest {
  /** False leaves the partition stopped. */
  readonly powerOn: boolean;
}

/** The arguments of one run of {@link spawn}, {@link prepare} or {@link spawnPrepared}. */
interface Run {
  readonly request: PartitionRequest;
  readonly tools: SpawnTools;
  readonly act: SpawnAct;
  readonly call: VerbCall;
}

/**
 * Spawns an instance in the deferred order: creates a partition with ports, has Cinder map the volumes to the WWPNs of the
 * ports, then boots the partition.
 *
 * A spawn can be retried after an interruption: it reuses the objects that exist already. A failed spawn does not remove the
 * objects that it created; the caller calls {@link destroy}, as in Nova.
 *
 * @throws NothingChangedError when the prepared storage group cannot be used, or a partition of another owner already has
 *   the name of this partition. The spawn has then removed the objects that it created
 */
export async function spawn(
  request: SpawnRequest,
  mapper: VolumeMapper,
  tools: SpawnTools,
  call: VerbCall,
): Promise<Spawned> {
  const act: SpawnAct = actsOf('spawn', call, tools.watchers);
  const run = { request, tools, act, call };
  const group = await findGroup(run);
  const mapVolumes = async (ports: readonly Initiator[]) =>
    request.volumes.length === 0 ? [] : await act('map-volumes', () => mapper.map(ports, call));

  await createGroup(run);
  const place = await createPartitionWithPorts(run);
  await attachGroup(run, place.partition, group);
  const isLoggedIn = await logInPorts(run, place.partition);

  const mapped = await mapVolumes(place.initiators);
  return await bootFrom(run, { request, place, group, mapped, isLoggedIn });
}

/**
 * Prepares a spawn in Nova's stock order: creates a stopped partition with ports, whose WWPNs Nova needs for the connector
 * that it sends to Cinder. Can be retried after an interruption.
 */
export async function prepare(request: PartitionRequest, tools: SpawnTools, call: VerbCall): Promise<void> {
  const run: Run = { request, tools, act: actsOf('prepare-for-spawn', call, tools.watchers), call };
  await createGroup(run);
  const { partition } = await createPartitionWithPorts(run);
  await logInPorts(run, partition);
}

/**
 * Spawns an instance in Nova's stock order, after Cinder has mapped the volumes. They are mapped to the ports that
 * {@link prepare} created. In a rebuild, they are mapped to the ports of the partition that a destroy has parked.
 */
export async function spawnPrepared(
  request: SpawnRequest,
  mapped: readonly MappedVolume[],
  tools: SpawnTools,
  call: VerbCall,
): Promise<Spawned> {
  const act: SpawnAct = actsOf('spawn', call, tools.watchers);
  const run = { request, tools, act, call };
  const place = await unchanged(call, () => requirePrepared(request.owner, evidenceOf(mapped), tools, call));
  const group = await findGroup(run);
  const { isParked } = place;
  if (isParked) {
    await createGroup(run); // the group exists already, perhaps with the volumes of an earlier spawn
    await act('create-partition', async () => {
      if (needsPorts(run)) await tools.storage.addPorts(request.owner, call);
      await takeOver({ ...place.partition, isParked }, request, tools, call);
    });
  }
  await attachGroup(run, place.partition, group);
  const isLoggedIn = tools.boot.loginBeforeZoning && needsPorts(run);
  return await bootFrom(run, { request, place, group, mapped, isLoggedIn });
}

/**
 * Whether the instance needs its own ports now. An instance that uses only a prepared storage group gets its ports with
 * its first Cinder volume. If ports must log in to the fabric before zones are created, it gets them in the spawn.
 */
function needsPorts({ request: { storageGroup, volumes }, tools: { storage, boot } }: Run): boolean {
  if (storage.preparedGroups === undefined || storageGroup === null || volumes.length > 0) return true;
  return boot.loginBeforeZoning && storage.hasAdapterPorts;
}

/**
 * Finds the prepared storage group of the request, and checks that it can be used unchanged.
 *
 * @throws NothingChangedError, whose cause is a NotFoundError or ConflictError that says why the group cannot be used
 */
async function findGroup({ request, tools, act, call }: Run): Promise<PreparedGroup | null> {
  const { storageGroup, volumes, partition } = request;
  if (storageGroup === null) return null;
  const { name, bootVolume } = storageGroup;
  const isBootSource = !volumes.some(({ isBoot }) => isBoot);
  const wanted = { name, isBootSource, bootVolume: bootVolume ?? undefined };
  return await unchanged(call, () =>
    act('find-storage-group', async () => await preparedGroups(tools, name).find(wanted, partition.name, call)),
  );
}

async function attachGroup(run: Run, partition: PartitionRef, group: PreparedGroup | null): Promise<void> {
  const { tools, act, call } = run;
  if (group === null) return;
  await act('attach-storage-group', () => preparedGroups(tools, group.name).attach(partition, group, call));
}

/** @throws ConflictError when the machine has no storage groups */
function preparedGroups({ storage }: SpawnTools, name: string): PreparedGroups {
  if (storage.preparedGroups !== undefined) return storage.preparedGroups;
  throw new ConflictError(`storage group "${name}": this CPC has vHBAs and no storage groups`, { storageGroup: name });
}

/**
 * Creates the storage group of the instance, or reuses the storage group that an interrupted spawn has created. With
 * vHBAs, only checks that adapter ports are configured. Writes the record of the instance before anything is created.
 *
 * @throws ConflictError when a storage group of this name exists and cannot be used. It is not changed, and a later destroy
 *   does not delete it either
 */
async function createGroup(run: Run): Promise<void> {
  const { act, call } = run;
  const { owner, volumes } = run.request;
  const { partitions, storage } = run.tools;
  partitions.begin(owner);
  if (!needsPorts(run)) return;
  const create = async () => {
    const obstacle = await storage.allocate(owner, volumes, call);
    if (obstacle !== null) throw new ConflictError(`${obstacle}; it was left unchanged`);
  };
  await (storage.outlivesPartition ? act('create-storage-group', create) : create());
}

async function createPartitionWithPorts(run: Run): Promise<PartitionWithPorts> {
  const { request, tools, act, call } = run;
  const { owner } = request;
  const { partition, known } = await act('create-partition', () => createPartitionAndPorts(run)).catch(
    async (error: unknown) => {
      if (error instanceof NothingChangedError) await removeUnusedGroup(run, error);
      throw error;
    },
  );
  if (!needsPorts(run)) return { partition, initiators: [] };
  tools.partitions.hasPorts(owner, known);
  const initiators = await act('create-ports', () => tools.storage.bind(owner, partition, known, call));
  tools.partitions.hasPorts(owner, initiators);
  return { partition, initiators };
}

/**
 * Creates the partition, and at the same time adds the ports to its storage group. If one of the two fails, still waits for
 * the other, so that no request is in progress when the caller cleans up.
 *
 * @returns the partition, and the ports whose WWPNs are known before the partition has them; none with vHBAs
 */
async function createPartitionAndPorts(
  run: Run,
): Promise<{ readonly partition: PartitionRef; readonly known: readonly Initiator[] }> {
  const { request, tools, call } = run;
  const [created, added] = await Promise.allSettled([
    createPartition(request, tools, call),
    needsPorts(run) ? tools.storage.addPorts(request.owner, call) : [],
  ]);
  if (created.status === 'rejected') throw created.reason;
  if (added.status === 'rejected') throw added.reason;
  return { partition: created.value, known: added.value };
}

/**
 * Removes the storage group that this spawn created before it found that another partition already has the name.
 *
 * @throws the cause of the NothingChangedError if the compute manager unmaps volumes itself, as stock Nova does. The
 *   storage group then stays, because masks for its WWPNs may exist, until the compute manager destroys the instance
 */
async function removeUnusedGroup(
  { request: { owner }, tools, call }: Run,
  { cause }: NothingChangedError,
): Promise<void> {
  const { partitions, storage, canUnmap } = tools;
  if (!storage.outlivesPartition) return;
  if (!canUnmap) throw cause;
  await undoPartialWork(cause, tools, call, async (w) => {
    await partitions.requireAtRest(owner, noEvidence, w); // do not take the storage group from a running partition
    await storage.deallocate(owner, w);
  });
}

/**
 * Starts the partition without a boot device where the settings ask for it, so that its ports log in to the fabric: some
 * fabrics zone only initiators that they have seen.
 *
 * Without a boot device a start ends in `paused` (python-zhmcclient issue 228; zhmc-ansible-modules issue 103). Ports are
 * assumed to log in without an operating system (unverified on hardware).
 *
 * @returns whether the partition was started; the caller must then stop it before the boot
 */
async function logInPorts(run: Run, partition: PartitionRef): Promise<boolean> {
  const { tools, act, call } = run;
  if (!tools.boot.loginBeforeZoning || !needsPorts(run)) return false;
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

/** Connects the mapped volumes and boots the partition. The deferred and the stock order share this part. */
async function bootFrom(run: Run, { request, place, group, mapped, isLoggedIn }: BootRequest): Promise<Spawned> {
  const { tools, act, call } = run;
  const { owner } = request;
  const { volumes, isFulfilled } = await connectMapped(run, { ...owner, ...place }, mapped);
  tools.partitions.connected(
    owner,
    volumes.find(({ isBoot }) => isBoot),
  );
  const plan = { ...place, options: request.partition.boot, group, volumes };
  const boot = await act('set-boot', async (progress) =>
    isFulfilled ? await setBootAndCheck(plan, run, progress) : await setBoot(plan, tools, call),
  );
  const started = await act('start-partition', async (progress) => {
    if (isLoggedIn) await tools.lifecycle.ensureStopped(place.partition, call);
    if (!request.powerOn) return { status: 'stopped', path: boot.path, attempts: 0 };
    return await startPartition(plan, tools, { ...call, progress });
  });
  return { boot, started };
}

interface Connected {
  readonly volumes: readonly ConnectedVolume[];
  /** Whether the machine knows the LUNs already. The spawn then only checks that DPM finds them over every port. */
  readonly isFulfilled: boolean;
}

/** Connects the mapped volumes to the partition, and waits until the machine has found each of them. */
async function connectMapped(
  { tools: { storage, ...tools }, act, call }: Run,
  instance: VolumeInstance,
  mapped: readonly MappedVolume[],
): Promise<Connected> {
  if (mapped.length === 0) return { volumes: [], isFulfilled: false };
  const connected = await act('connect-volumes', (progress) =>
    connectVolumes(instance, mapped, { storage, ...tools }, { ...call, progress }),
  );
  // With vHBAs, a LUN is found or missed only when the partition boots.
  if (!storage.outlivesPartition) return { volumes: connected, isFulfilled: false };
  if (await storage.isFulfilled(instance, call)) return { volumes: connected, isFulfilled: true };
  return await act('wait-for-luns', async (progress) => {
    const found = await storage.waitForVolumes(instance, connected, { ...call, progress });
    return { volumes: connected.map((volume, index) => ({ ...volume, ...found[index] })), isFulfilled: false };
  });
}

/** Sets the boot properties, and at the same time checks that DPM finds the volumes. Waits for both. */
async function setBootAndCheck(
  plan: BootPlan,
  { request: { owner }, tools, call }: Run,
  progress: (detail: string) => void,
): Promise<BootChoice> {
  const [checked, boot] = await Promise.allSettled([
    tools.storage.waitForVolumes(owner, plan.volumes, { ...call, progress }),
    setBoot(plan, tools, call),
  ]);
  if (checked.status === 'rejected') throw checked.reason;
  // 409.122: a storage volume was not fulfilled when the boot properties were set. It is now: set them again below.
  if (boot.status === 'rejected' && !isHmcError(boot.reason, 409)) throw boot.reason;
  const volumes = plan.volumes.map((volume, index) => ({ ...volume, ...checked.value[index] }));
  const isSame = volumes.every(({ storageVolumeUri: uri }, index) => uri === plan.volumes[index]?.storageVolumeUri);
  return isSame && boot.status === 'fulfilled' ? boot.value : await setBoot({ ...plan, volumes }, tools, call);
}
