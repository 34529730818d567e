import { ConflictError, FairQueue, findError } from '../base/index.ts';
import type { DpmError } from '../base/index.ts';
import { ownerOf } from './local/index.ts';
import type { DetachedVolume, LocalAttachment, LocalAttachRequest, LocalDetachRequest } from './local/index.ts';
import type { FlowSummary } from './journal/index.ts';
import type { PathRecord, RequestContext } from '../virt/index.ts';
import { settleAfterCrash } from './after-crash.ts';
import type { SettlingVerbs } from './after-crash.ts';
import { claim } from './claims.ts';
import { buildFlow, buildStockFlow } from './flows/build.ts';
import { deleteFlow } from './flows/delete.ts';
import { addVolumeFlow, removeVolumeFlow } from './flows/volume.ts';
import { InstanceQueues } from './instance-queue.ts';
import type { BlockDevice, InstanceRecord, TaskState } from './instances.ts';
import { keepFault } from './keep-fault.ts';
import type { OnFailure } from './keep-fault.ts';
import { ManagerFlows } from './manager-flows.ts';
import { repairOrphans } from './repair.ts';
import type { Repaired } from './repair.ts';
import {
  chooseVolumes,
  deviceNameAfter,
  extraSpecsOf,
  newInstance,
  requireNotBoot,
  requireSettled,
  requireVolume,
} from './requests.ts';
import type { CreateServer } from './requests.ts';
import { showFlow } from './read-state.ts';
import type { FlowWithEvents } from './read-state.ts';
import { toBlockDeviceInfo, toDriverInstance } from './services.ts';
import type { ManagerParts } from './manager-parts.ts';
import { ServerViews } from './views.ts';
import type { HypervisorView, PartitionView, ServerDetail, ServerSummary } from './views.ts';
import { findOrphans } from './verify.ts';
import { findStray } from './stray.ts';
import { findSearchPath, listVolumePaths } from './volume-paths.ts';
import type { PathFilter, SearchPath } from './volume-paths.ts';
import type { Finding } from './verify/views.ts';

/** A dozen builds for each of a machine's 85 partitions; more are refused before any request is sent. */
const MAX_WAITING_BUILDS = 1_000;

/**
 * A small compute manager with Nova's states and order of driver calls. It does not know which hypervisor the driver serves.
 *
 * @public
 */
export class ComputeManager implements AsyncDisposable {
  readonly #parts: ManagerParts;
  readonly #flows: ManagerFlows;
  readonly #views: ServerViews;
  readonly #turns: InstanceQueues;
  readonly #builds: FairQueue;

  /** @internal Use `openManager`. */
  constructor(parts: ManagerParts) {
    this.#parts = parts;
    this.#flows = new ManagerFlows(parts);
    this.#views = new ServerViews(parts);
    const { builds, waitMs } = parts.limits;
    this.#turns = new InstanceQueues(waitMs);
    this.#builds = new FairQueue('builds', { concurrent: builds, waiting: MAX_WAITING_BUILDS, waitMs });
  }

  /** Finishes or undoes what dead processes left unfinished. Skips what another living process owns. */
  async recover(context: RequestContext): Promise<void> {
    await this.#flows.logDamaged();
    await this.#flows.adoptGuests(context);
    const busy = this.#parts.store.list().filter(({ taskState }) => taskState !== null);
    const owners = [...(await this.#flows.unfinished()), ...busy.map(({ uuid }) => uuid)];
    await this.#resumeAll(owners, context);
  }

  /**
   * Resumes flows that wait, or that a dead process left, on subjects without a running command.
   *
   * @returns whether something still waits
   * @internal
   */
  async takeUpWaiting(context: RequestContext): Promise<boolean> {
    const owners = (await this.#flows.unfinished()).filter((owner) => !this.#turns.has(owner));
    await this.#resumeAll(owners, context, context.signal);
    return (await this.#flows.unfinished()).some((owner) => !this.#turns.has(owner));
  }

  async create(request: CreateServer, context: RequestContext): Promise<ServerDetail> {
    const { store, ownership, onWait, spawnOrder, share, host, driver } = this.#parts;
    const { signal } = context;
    this.#builds.requireRoom();
    const extraSpecs = extraSpecsOf(request);
    driver.checkExtraSpecs?.(extraSpecs);
    const volumes = await chooseVolumes(this.#parts.cinder, request, context);
    const given = (memoryMib: number) => driver.memoryGiven?.(memoryMib) ?? memoryMib;
    const record = newInstance({ ...request, memoryMib: given(request.memoryMib) }, host, extraSpecs);
    const devices = volumes.map((volume): BlockDevice => ({ ...volume, instanceUuid: record.uuid }));
    const flow = spawnOrder === 'stock' ? buildStockFlow : buildFlow;
    const volumeIds = devices.map(({ volumeId }) => volumeId);
    const input = { ...subject(record), powerOn: request.start ?? true, volumeIds };
    using _turn = await this.#turns.enter(record.uuid, signal);
    using _owned = await ownership.acquire(record.uuid, { signal, onWait });
    store.create(record, devices, (others) => {
      // Older records hold the memory that was requested, not rounded.
      const taken = others.map((other) => ({ ...other, memoryMib: given(other.memoryMib) }));
      claim(record, taken, share);
    });
    try {
      using _place = await this.#builds.enter(signal);
      await this.#flows.run(flow, input, 'build', context);
    } catch (error) {
      throw keepFault(error, store, record, context, () => failed);
    }
    return await this.#views.showDone(store.get(record.uuid), context);
  }

  /**
   * Deletes a server; succeeds if another command deletes it meanwhile. Given a UUID, also deletes what the platform has of a
   * server that is not in the state directory.
   *
   * @throws NotFoundError when there is no such server
   */
  async delete(nameOrUuid: string, context: RequestContext): Promise<void> {
    const { store } = this.#parts;
    if (store.find(nameOrUuid) === undefined && (await this.#deleteStray(nameOrUuid, context))) return;
    const { uuid } = store.get(nameOrUuid);
    await this.#inTurn(uuid, context, async () => {
      const instance = store.find(uuid);
      if (instance !== undefined) await this.#delete(instance, context);
    });
  }

  async start(nameOrUuid: string, context: RequestContext): Promise<void> {
    await this.#power(nameOrUuid, 'powering-on', context, this.#powerOn(context));
  }

  /** @param options.soft - ask the guest to stop first, for up to 60 seconds */
  async stop(nameOrUuid: string, options: { readonly soft?: boolean }, context: RequestContext): Promise<void> {
    await this.#power(nameOrUuid, 'powering-off', context, this.#powerOff(options, context));
  }

  async reboot(nameOrUuid: string, options: { readonly hard?: boolean }, context: RequestContext): Promise<void> {
    const [task, type] =
      options.hard === true ? (['rebooting_hard', 'HARD'] as const) : (['rebooting', 'SOFT'] as const);
    await this.#power(nameOrUuid, task, context, async (instance, devices) => {
      await this.#parts.driver.reboot(context, toDriverInstance(instance), null, type, toBlockDeviceInfo(devices));
      return 'active';
    });
  }

  async addVolume(
    server: string,
    volume: string,
    options: { readonly mode?: 'rw' | 'ro' },
    context: RequestContext,
  ): Promise<ServerDetail> {
    const { store, cinder } = this.#parts;
    return await this.#exclusively(server, context, async (instance) => {
      requireSettled(instance, 'attach a volume to');
      const found = await requireVolume(cinder, volume, context);
      const devices = store.devices(instance.uuid);
      if (devices.some(({ volumeId }) => volumeId === found.id)) {
        throw new ConflictError(`volume "${volume}" is attached to server "${instance.name}" already`, { volume });
      }
      await this.#requireNoDoubt(instance, context);
      const device = {
        volumeId: found.id,
        sizeGib: found.sizeGib,
        deviceName: deviceNameAfter(devices),
        mode: options.mode ?? 'rw',
      };
      await this.#attempt(instance, context, () =>
        this.#flows.run(addVolumeFlow, { ...subject(instance), ...device }, 'attach volume to', context),
      );
      return await this.#views.showDone(store.get(instance.uuid), context);
    });
  }

  /** Detaches a volume. Detaching a volume that is not attached succeeds. */
  async removeVolume(server: string, volume: string, context: RequestContext): Promise<ServerDetail> {
    const { store } = this.#parts;
    return await this.#exclusively(server, context, async (instance) => {
      const device = await this.#findDevice(instance, volume, context);
      if (device !== undefined) {
        requireSettled(instance, 'detach a volume from');
        requireNotBoot(instance, device);
        await this.#requireNoDoubt(instance, context);
        const { volumeId, sizeGib, deviceName, mode } = device;
        const input = { ...subject(instance), volumeId, sizeGib, deviceName, mode };
        await this.#attempt(instance, context, () =>
          this.#flows.run(removeVolumeFlow, input, 'detach volume from', context),
        );
      }
      return await this.#views.showDone(store.get(instance.uuid), context);
    });
  }

  async list(context: RequestContext): Promise<readonly ServerSummary[]> {
    return await this.#views.list(context);
  }

  async show(nameOrUuid: string, context: RequestContext): Promise<ServerDetail> {
    return await this.#views.show(this.#parts.store.get(nameOrUuid), context);
  }

  /** Returns the paths of volumes with their state. Changes nothing. @throws NotFoundError */
  async volumePaths(filter: PathFilter, context: RequestContext): Promise<readonly PathRecord[]> {
    return await listVolumePaths(this.#parts, filter, context);
  }

  /** Returns where the paths of one partition, or of all, live. @throws NotFoundError */
  async searchPath(
    of: Pick<PathFilter, 'server' | 'partition'>,
    context: RequestContext,
  ): Promise<readonly SearchPath[]> {
    return await findSearchPath(this.#parts, of, context);
  }

  async hypervisorShow(context: RequestContext): Promise<HypervisorView> {
    return await this.#views.hypervisor(context);
  }

  /** Returns the sums over the hypervisors of this host (DPM has one): Nova's `hypervisor stats`. */
  async hypervisorStats(context: RequestContext) {
    return await this.#views.hypervisorStats(context);
  }

  async listPartitions(options: { readonly all: boolean }, context: RequestContext): Promise<readonly PartitionView[]> {
    return await this.#views.partitions(options, context);
  }

  async getConnector(nameOrUuid: string, context: RequestContext) {
    const instance = this.#parts.store.get(nameOrUuid);
    return await this.#parts.driver.getVolumeConnector(toDriverInstance(instance), context);
  }

  /** Returns the connector of any partition, including one of another owner. Changes nothing. */
  async getPartitionConnector(partition: string, context: RequestContext) {
    return await this.#parts.local.partitionConnector(partition, context);
  }

  /** Attaches a volume without Nova. Attaching is idempotent. */
  async localAttach(request: LocalAttachRequest, context: RequestContext): Promise<LocalAttachment> {
    const attach = async () => await this.#parts.local.attach(request, context);
    return await this.#inTurn(ownerOf(request), context, attach);
  }

  /** Detaches a volume that was attached without Nova. Detaching a volume that is not attached succeeds. */
  async localDetach(request: LocalDetachRequest, context: RequestContext): Promise<DetachedVolume> {
    const detach = async () => await this.#parts.local.detach(request, context);
    return await this.#inTurn(ownerOf(request), context, detach);
  }

  /** Returns orphans on the HMC, in Cinder and in the journal. Changes nothing. */
  async verify(context: RequestContext): Promise<readonly Finding[]> {
    return await findOrphans(this.#parts, context);
  }

  /** Repairs those findings of {@link ComputeManager.verify} that are safe to repair. */
  async repair(findings: readonly Finding[], context: RequestContext): Promise<readonly Repaired[]> {
    const resumeFlow = async (id: string) => await this.resumeFlow(id, context);
    return await repairOrphans(findings, { services: this.#parts, resumeFlow }, context);
  }

  async listFlows(filter: { open?: boolean } = {}): Promise<readonly FlowSummary[]> {
    return await this.#parts.journal.list(filter);
  }

  async showFlow(id: string): Promise<FlowWithEvents> {
    return await showFlow(this.#parts.journal, id);
  }

  /** Resumes a flow that is running, stuck or waiting. @returns how it ended */
  async resumeFlow(id: string, context: RequestContext): Promise<'completed' | 'rolled-back'> {
    const flow = await this.#flows.getOpen(id);
    const owner = await this.#flows.ownerOf(flow);
    return await this.#inTurn(owner, context, async () => {
      // The start of the turn may have resumed the flow already.
      const { state } = await this.showFlow(id);
      if (state === 'completed' || state === 'rolled-back') return state;
      return await this.#flows.resume(await this.#flows.getOpen(id), context);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.close();
  }

  /** @returns whether the platform has something of such an instance */
  async #deleteStray(instanceUuid: string, context: RequestContext): Promise<boolean> {
    const name = await findStray(this.#parts, instanceUuid, context);
    if (name === undefined) return false;
    const input = { instanceUuid, name, volumeIds: [], doomedVolumeIds: [] };
    await this.#inTurn(instanceUuid, context, () => this.#flows.run(deleteFlow, input, 'delete', context));
    return true;
  }

  async #delete(instance: InstanceRecord, context: RequestContext): Promise<void> {
    const { store, partitionRecords } = this.#parts;
    store.update(instance.uuid, { taskState: 'deleting' });
    const devices = store.devices(instance.uuid);
    const input = {
      ...subject(instance),
      volumeIds: devices.filter(({ reservation }) => reservation !== null).map(({ volumeId }) => volumeId),
      doomedVolumeIds: devices.filter((device) => device.deleteOnTermination).map(({ volumeId }) => volumeId),
      wwpns: [...(partitionRecords.find(instance.uuid)?.wwpns ?? [])],
    };
    const work = async () => await this.#flows.run(deleteFlow, input, 'delete', context);
    try {
      // A delete that was rolled back leaves the server as it was.
      await this.#attempt(instance, context, work, (code) => (code === 'FLOW_ROLLED_BACK' ? settled : failed));
    } catch (error) {
      // Nothing was begun: report only the conflict about the owner of the partition.
      const doubt = findError(error, 'FLOW_ROLLED_BACK') && findError(error, 'CONFLICT');
      throw doubt ?? error;
    }
  }

  /** @throws PartitionInDoubtError before anything is changed */
  async #requireNoDoubt(instance: InstanceRecord, context: RequestContext): Promise<void> {
    const { driver, store } = this.#parts;
    const info = toBlockDeviceInfo(store.devices(instance.uuid));
    const location = await driver.locateGuest?.(context, toDriverInstance(instance), info);
    if (location?.kind === 'in-doubt') throw location.error;
  }

  async #power(nameOrUuid: string, taskState: TaskState, context: RequestContext, work: PowerWork): Promise<void> {
    await this.#exclusively(nameOrUuid, context, async (instance) => {
      requireSettled(instance, `${taskState} of`);
      await this.#runPower(instance, taskState, context, work);
    });
  }

  #powerOn(context: RequestContext): PowerWork {
    return async (instance, devices) => {
      await this.#parts.driver.powerOn(context, toDriverInstance(instance), null, toBlockDeviceInfo(devices));
      return 'active';
    };
  }

  #powerOff({ soft }: { readonly soft?: boolean }, context: RequestContext): PowerWork {
    return async (instance) => {
      const [timeout, interval] = soft === true ? [60, 1] : [0, 0];
      await this.#parts.driver.powerOff(toDriverInstance(instance), timeout, interval, context);
      return 'stopped';
    };
  }

  async #runPower(instance: InstanceRecord, taskState: TaskState, context: RequestContext, work: PowerWork) {
    const { store, driver } = this.#parts;
    store.update(instance.uuid, { taskState });
    const run = async () => {
      const vmState = await work(instance, store.devices(instance.uuid));
      const { state } = await driver.getInfo(toDriverInstance(instance), true, context);
      store.update(instance.uuid, { vmState, taskState: null, powerState: state, fault: null });
    };
    await this.#attempt(instance, context, run, () => settled);
  }

  async #exclusively<T>(server: string, context: RequestContext, work: (instance: InstanceRecord) => Promise<T>) {
    const { uuid } = this.#parts.store.get(server);
    // Read again in turn: the operation before may have changed or removed the instance.
    return await this.#inTurn(uuid, context, async () => await work(this.#parts.store.get(uuid)));
  }

  /**
   * Waits for operations of this process on the same instance, then for those of other processes, and resumes what dead
   * processes left unfinished.
   */
  async #inTurn<T>(owner: string, context: RequestContext, work: () => Promise<T>): Promise<T> {
    const { ownership, onWait } = this.#parts;
    const { signal } = context;
    using _turn = await this.#turns.enter(owner, signal);
    using _owned = await ownership.acquire(owner, { signal, onWait });
    await this.#resumeOwned(owner, context);
    return await work();
  }

  /**
   * Resumes concurrently, since each may have to wait until a partition has started. Commands of this process on such an
   * instance wait for it. Skips what another process owns.
   */
  async #resumeAll(owners: readonly string[], context: RequestContext, abandon?: AbortSignal): Promise<void> {
    const resume = async (owner: string) => {
      using _turn = await this.#turns.enter(owner, context.signal);
      using owned = this.#parts.ownership.tryAcquire(owner);
      if (owned !== undefined) await this.#resumeOwned(owner, context, abandon);
    };
    for (const end of await Promise.allSettled([...new Set(owners)].map(resume)))
      if (end.status === 'rejected') throw end.reason;
  }

  /** Finishes or undoes what a dead process left unfinished. The caller owns the subject. */
  async #resumeOwned(owner: string, context: RequestContext, abandon?: AbortSignal): Promise<void> {
    await this.#flows.recover(owner, context, abandon);
    const instance = this.#parts.store.find(owner);
    if (instance?.uuid !== owner || instance.taskState === null) return;
    const verbs: SettlingVerbs = {
      start: async (request) => await this.#runPower(instance, 'powering-on', request, this.#powerOn(request)),
      stop: async (request) => await this.#runPower(instance, 'powering-off', request, this.#powerOff({}, request)),
      delete: async (request) => await this.#delete(instance, request),
    };
    await settleAfterCrash(instance, this.#parts, verbs, context);
  }

  async #attempt(
    instance: InstanceRecord,
    context: RequestContext,
    work: () => Promise<unknown>,
    onFailure: (code: DpmError['code']) => OnFailure = () => ({}),
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw keepFault(error, this.#parts.store, instance, context, onFailure);
    }
  }

  async #findDevice(instance: InstanceRecord, volume: string, context: RequestContext) {
    const devices = this.#parts.store.devices(instance.uuid);
    const byId = devices.find(({ volumeId }) => volumeId === volume);
    if (byId !== undefined) return byId;
    const found = await requireVolume(this.#parts.cinder, volume, context);
    return devices.find(({ volumeId }) => volumeId === found.id);
  }
}

type PowerWork = (instance: InstanceRecord, devices: readonly BlockDevice[]) => Promise<'active' | 'stopped'>;

const settled: OnFailure = { taskState: null };
const failed: OnFailure = { vmState: 'error', taskState: null };

function subject(instance: InstanceRecord) {
  return { instanceUuid: instance.uuid, name: instance.name };
}
