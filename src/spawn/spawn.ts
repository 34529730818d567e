import { ConflictError, NothingChangedError } from '../base/index.ts';
import { isHmcError } from '../hmc-client/errors/index.ts';
import { noEvidence, parkedDescription, resourceHoldingStatuses, startRefused } from '../partition/index.ts';
import type {
  ConnectedVolume,
  Initiator,
  NicInGuest,
  PartitionRef,
  PlannedNic,
  PreparedGroup,
  PreparedGroups,
} from '../partition/index.ts';
import { actsOf, beforeChanges } from './act.ts';
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
  'find-networks',
  'create-storage-group',
  'create-partition',
  'create-ports',
  'attach-storage-group',
  'create-nics',
  'log-in-ports',
  'map-volumes',
  'connect-volumes',
  'wait-for-luns',
  'prepare-boot-source',
  'set-boot',
  'start-partition',
] as const;
type SpawnAct = Act<(typeof spawnActs)[number]>;

export const prepareActs = [
  'create-storage-group',
  'create-partition',
  'create-ports',
  'log-in-ports',
] as const satisfies readonly (typeof spawnActs)[number][];

export interface Spawned {
  readonly boot: BootChoice;
  readonly started: Started;
}

export interface SpawnRequest extends PartitionRequest {
  /** False leaves the partition stopped. */
  readonly powerOn: boolean;
}

/** The arguments of one run of {@link spawn}, {@link prepare} or {@link spawnInStockOrder}. */
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
 * A spawn can be retried after an interruption: it reuses the objects that exist already. If it fails, the caller calls {@link
 * destroy}, as in Nova, which removes the objects that the spawn created.
 *
 * @throws NothingChangedError when a network or the prepared storage group cannot be used, or a partition of another owner
 *   already has the name of this partition. Only in these cases, the spawn itself has removed the objects that it created
 */
export async function spawn(
  request: SpawnRequest,
  mapper: VolumeMapper,
  tools: SpawnTools,
  call: VerbCall,
): Promise<Spawned> {
  const act: SpawnAct = actsOf('spawn', call, tools.watchers);
  const run = { request, tools, act, call };
  const preparedGroup = await findPreparedGroup(run);
  const plannedNics = await planNics(run);
  const mapVolumes = async (ports: readonly Initiator[]) =>
    request.volumes.length === 0 ? [] : await act('map-volumes', () => mapper.map(ports, call));

  await createOwnGroup(run);
  const ours = await createPartitionWithPorts(run);
  await attachPreparedGroup(run, ours.partition, preparedGroup);
  const nics = await createNics(run, ours.partition, plannedNics);
  const isStartedForLogin = await logInPorts(run, ours.partition);

  const mapped = await mapVolumes(ours.initiators);
  return await bootFrom(run, { request, ours, preparedGroup, nics, mapped, isStartedForLogin });
}

/**
 * Prepares a spawn in Nova's stock order: creates a stopped partition with ports, whose WWPNs Nova needs for the connector that
 * it sends to Cinder. Can be retried after an interruption.
 */
export async function prepare(request: PartitionRequest, tools: SpawnTools, call: VerbCall): Promise<void> {
  const run: Run = { request, tools, act: actsOf('prepare-for-spawn', call, tools.watchers), call };
  await createOwnGroup(run);
  const { partition } = await createPartitionWithPorts(run);
  await logInPorts(run, partition);
}

/**
 * Prepares as {@link prepare}, for a spawn that may never come: the partition is parked, so that it is deleted if Cinder has no
 * attachment of the instance. {@link spawnInStockOrder} takes it over.
 */
export async function prepareParked(request: PartitionRequest, tools: SpawnTools, call: VerbCall): Promise<void> {
  const { owner, partition } = request;
  await prepare({ ...request, partition: { ...partition, description: parkedDescription(owner.host) } }, tools, call);
  tools.partitions.recordParking(owner);
}

/**
 * Spawns an instance in Nova's stock order, after Cinder has mapped the volumes. They are mapped to the ports that {@link
 * prepare} created. In a rebuild, they are mapped to the ports of the partition that a destroy has parked.
 */
export async function spawnInStockOrder(
  request: SpawnRequest,
  mapped: readonly MappedVolume[],
  tools: SpawnTools,
  call: VerbCall,
): Promise<Spawned> {
  const act: SpawnAct = actsOf('spawn', call, tools.watchers);
  const run = { request, tools, act, call };
  const ours = await beforeChanges(call, () => requirePrepared(request.owner, evidenceOf(mapped), tools, call));
  const preparedGroup = await findPreparedGroup(run);
  const plannedNics = await planNics(run);
  const { isParked } = ours;
  if (isParked) {
    // Reuses the instance's own storage group, which may still contain the volumes of an earlier spawn.
    await createOwnGroup(run);
    await act('create-partition', async () => {
      if (needsPorts(run)) await tools.storage.addPorts(request.owner, call);
      await tools.assign?.(await takeOver({ ...ours.partition, isParked }, request, tools, call), call);
    });
  }
  await attachPreparedGroup(run, ours.partition, preparedGroup);
  const nics = await createNics(run, ours.partition, plannedNics);
  // With login before zoning, `prepare` has started the partition, which may still be running.
  const isStartedForLogin = tools.boot.loginBeforeZoning && needsPorts(run);
  return await bootFrom(run, { request, ours, preparedGroup, nics, mapped, isStartedForLogin });
}

/** Checks the networks before anything is created. @throws NothingChangedError when a network cannot be used */
async function planNics({ request, tools, act, call }: Run): Promise<readonly PlannedNic[]> {
  const { nics, partition } = request;
  if (nics.length === 0) return [];
  const otherText = partition.boot.bootOsSpecificParameters ?? ''; // shares the boot parameters with the addresses of the NICs
  return await beforeChanges(call, () => act('find-networks', () => tools.network.plan(nics, otherText, call)));
}

async function createNics(
  { tools, act, call }: Run,
  partition: PartitionRef,
  plan: readonly PlannedNic[],
): Promise<readonly NicInGuest[]> {
  if (plan.length === 0) return [];
  return await act('create-nics', () => tools.network.create(partition, plan, true, call));
}

/**
 * Whether the instance needs its own ports now. An instance that uses only a prepared storage group usually gets its ports with
 * its first Cinder volume. If ports must log in to the fabric before zones are created, the instance gets its ports in the
 * spawn.
 */
function needsPorts({ request: { storageGroup, volumes }, tools: { storage, boot } }: Run): boolean {
  if (storage.preparedGroups === undefined || storageGroup === null || volumes.length > 0) return true;
  return boot.loginBeforeZoning && storage.hasAdapterPorts;
}

/**
 * Finds the prepared storage group that the request names, and checks that it can be used unchanged.
 *
 * @throws NothingChangedError, whose cause is a NotFoundError or ConflictError that says why the group cannot be used
 */
async function findPreparedGroup({ request, tools, act, call }: Run): Promise<PreparedGroup | null> {
  const { storageGroup, volumes, partition, bootSource } = request;
  if (storageGroup === null) return null;
  const { name, bootVolume } = storageGroup;
  const isBootSource = bootSource === null && !volumes.some(({ isBoot }) => isBoot);
  const wanted = { name, isBootSource, bootVolume: bootVolume ?? undefined };
  return await beforeChanges(call, () =>
    act('find-storage-group', async () => await preparedGroups(tools, name).find(wanted, partition.name, call)),
  );
}

async function attachPreparedGroup(run: Run, partition: PartitionRef, group: PreparedGroup | null): Promise<void> {
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
 * Creates the instance's own storage group, or reuses the storage group that an interrupted spawn has created. With vHBAs, only
 * checks that adapter ports are configured. Writes the record of the instance before anything is created.
 *
 * @throws ConflictError when a storage group of this name exists and cannot be used. It is not changed, and a later destroy
 *   does not delete it either
 */
async function createOwnGroup(run: Run): Promise<void> {
  const { act, call } = run;
  const { owner, volumes } = run.request;
  const { partitions, storage } = run.tools;
  partitions.begin(owner);
  if (!needsPorts(run)) return;
  const create = async () => {
    const obstacle = await storage.allocate(owner, volumes, call);
    if (obstacle !== null) throw new ConflictError(`${obstacle}; it was left unchanged`);
  };
  await (storage.model === 'storage-group' ? act('create-storage-group', create) : create());
}

async function createPartitionWithPorts(run: Run): Promise<PartitionWithPorts> {
  const { request, tools, act, call } = run;
  const { owner } = request;
  const { partition, groupPorts } = await act('create-partition', () => createPartitionAndGroupPorts(run)).catch(
    async (error: unknown) => {
      if (error instanceof NothingChangedError) await removeUnusedOwnGroup(run, error);
      throw error;
    },
  );
  if (!needsPorts(run)) return { partition, initiators: [] };
  tools.partitions.recordPorts(owner, groupPorts);
  const initiators = await act('create-ports', () => tools.storage.bind(owner, partition, groupPorts, call));
  tools.partitions.recordPorts(owner, initiators);
  return { partition, initiators };
}

/**
 * Creates the partition, and at the same time adds the ports to the instance's own storage group. If one of the two fails,
 * still waits for the other, so that no request is in progress when the caller cleans up.
 *
 * @returns the partition, and the ports of the storage group. These ports have WWPNs before the group is attached to the
 *   partition. With vHBAs, the list of ports is empty
 */
async function createPartitionAndGroupPorts(
  run: Run,
): Promise<{ readonly partition: PartitionRef; readonly groupPorts: readonly Initiator[] }> {
  const { request, tools, call } = run;
  const create = async () => {
    const partition = await createPartition(request, tools, call);
    await tools.assign?.(partition, call);
    return partition;
  };
  const [created, added] = await Promise.allSettled([
    create(),
    needsPorts(run) ? tools.storage.addPorts(request.owner, call) : [],
  ]);
  if (created.status === 'rejected') throw created.reason;
  if (added.status === 'rejected') throw added.reason;
  return { partition: created.value, groupPorts: added.value };
}

/**
 * Removes the storage group of this spawn. Called if the HMC refuses to create the partition because the name of the partition
 * is taken.
 *
 * If stock Nova has mapped volumes to the WWPNs of the group in an earlier attempt, masks for these WWPNs may exist until Nova
 * unmaps the volumes. With stock Nova, the group therefore stays until Nova destroys the instance.
 *
 * @throws the cause of the NothingChangedError if the group stays: the spawn has then changed something
 */
async function removeUnusedOwnGroup(
  { request: { owner }, tools, call }: Run,
  { cause }: NothingChangedError,
): Promise<void> {
  const { partitions, storage, driverUnmaps } = tools;
  if (storage.model === 'hba') return;
  if (!driverUnmaps) throw cause;
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
  readonly ours: PartitionWithPorts;
  readonly preparedGroup: PreparedGroup | null;
  readonly nics: readonly NicInGuest[];
  readonly mapped: readonly MappedVolume[];
  /** Whether the partition was started for the login of its ports, and must be stopped before the boot. */
  readonly isStartedForLogin: boolean;
}

/** Connects the mapped volumes and boots the partition. The deferred and the stock order share this part. */
async function bootFrom(
  run: Run,
  { request, ours, preparedGroup, nics, mapped, isStartedForLogin }: BootRequest,
): Promise<Spawned> {
  const { tools, act, call } = run;
  const { owner } = request;
  const { volumes, mustCheckLuns } = await connectMapped(run, { ...owner, ...ours }, mapped);
  tools.partitions.recordConnected(
    owner,
    volumes.find(({ isBoot }) => isBoot),
  );
  const { bootSource } = request;
  const source =
    bootSource &&
    (await act('prepare-boot-source', (progress) => bootSource.prepare(ours.partition, { ...call, progress })));
  const bootPlan = { ...ours, options: request.partition.boot, group: preparedGroup, volumes, nics, source };
  const boot = await act('set-boot', async (progress) =>
    mustCheckLuns ? await setBootAndCheck(bootPlan, run, progress) : await setBoot(bootPlan, tools, call),
  );
  const started = await act('start-partition', async (progress) => {
    if (isStartedForLogin) await tools.lifecycle.ensureStopped(ours.partition, call);
    if (!request.powerOn) return { status: 'stopped', path: boot.path, attempts: 0 };
    return await startPartition(bootPlan, tools, { ...call, progress });
  });
  return { boot, started };
}

interface Connected {
  readonly volumes: readonly ConnectedVolume[];
  /** True if nova-dpm has told DPM the LUNs and DPM has not tested them: the spawn must check that the ports reach them. */
  readonly mustCheckLuns: boolean;
}

/** Connects the mapped volumes to the partition. If DPM does not know the LUNs yet, waits until it has found each of them. */
async function connectMapped(
  { tools: { storage, ...tools }, act, call }: Run,
  instance: VolumeInstance,
  mapped: readonly MappedVolume[],
): Promise<Connected> {
  if (mapped.length === 0) return { volumes: [], mustCheckLuns: false };
  const connected = await act('connect-volumes', (progress) =>
    connectVolumes(instance, mapped, { storage, ...tools }, { ...call, progress }),
  );
  // With vHBAs, only the boot shows whether the partition finds a LUN.
  if (storage.model === 'hba') return { volumes: connected, mustCheckLuns: false };
  if (await storage.hasJustSentLuns(instance, call)) return { volumes: connected, mustCheckLuns: true };
  return await act('wait-for-luns', async (progress) => {
    const found = await storage.waitForVolumes(instance, connected, { ...call, progress });
    return { volumes: connected.map((volume, index) => ({ ...volume, ...found[index] })), mustCheckLuns: false };
  });
}

/** Sets the boot properties, and at the same time checks that DPM finds the volumes. Waits for both. */
async function setBootAndCheck(
  bootPlan: BootPlan,
  { request: { owner }, tools, call }: Run,
  progress: (detail: string) => void,
): Promise<BootChoice> {
  const [checked, boot] = await Promise.allSettled([
    tools.storage.waitForVolumes(owner, bootPlan.volumes, { ...call, progress }),
    setBoot(bootPlan, tools, call),
  ]);
  if (checked.status === 'rejected') throw checked.reason;
  // HMC status 409 (reason 122): DPM had not found the boot volume yet when the boot properties were set. The check above
  // has waited until DPM found every volume, so the boot properties are set again below.
  if (boot.status === 'rejected' && !isHmcError(boot.reason, 409)) throw boot.reason;
  const volumes = bootPlan.volumes.map((volume, index) => ({ ...volume, ...checked.value[index] }));
  const hasSameStorageVolumes = volumes.every(
    ({ storageVolumeUri: uri }, index) => uri === bootPlan.volumes[index]?.storageVolumeUri,
  );
  return hasSameStorageVolumes && boot.status === 'fulfilled'
    ? boot.value
    : await setBoot({ ...bootPlan, volumes }, tools, call);
}
