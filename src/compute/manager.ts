import { ConflictError, FairQueue, findError, NotFoundError } from '../base/index.ts';
import type { DpmError } from '../base/index.ts';
import { ownerOf } from './local/index.ts';
import type { DetachedVolume, LocalAttachment, LocalAttachRequest, LocalDetachRequest } from './local/index.ts';
import type { FlowSummary, JournalEvent } from './journal/index.ts';
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
} from './requests.ts';
import type { CreateServer } from './requests.ts';
import { ServerViews } from './server-views.ts';
import { toBlockDeviceInfo, toDriverInstance } from './services.ts';
import type { ManagerParts } from './manager-parts.ts';
import { hypervisorStats } from './views.ts';
import type { HypervisorView, PartitionView, ServerDetail, ServerSummary } from './views.ts';
import { findOrphans } from './verify.ts';
import { findStray } from './stray.ts';
import { findSearchPath, listVolumePaths } from './volume-paths.ts';
import type { PathFilter, SearchPath } from './volume-paths.ts';
import type { Finding } from './verify.ts';

/** A machine has at most 85 partitions, so this is a dozen builds for each; one more is refused before anything is asked. */
const MAX_WAITING_BUILDS = 1_000;

/**
 * A small compute manager in Nova's manner: its states, and its order of calls around a driver. It does not know which
 * hypervisor the driver serves.
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

  /** Finishes or undoes what dead processes left unfinished. What a living process works on is left to it. */
  async recover(context: RequestContext): Promise<void> {
    await this.#flows.tellDamaged();
    await this.#flows.adoptGuests(context);
    const busy = this.#parts.store.list().filter(({ taskState }) => taskState !== null);
    const owners = [...(await this.#flows.unfinished()), ...busy.map(({ uuid }) => uuid)];
    await this.#takeUpAll(owners, context);
  }

  /**
   * Takes up what waits, or was left by a dead process, where no command works: for a process that lives for long.
   *
   * @returns whether something still waits
   * @internal
   */
  async takeUpWaiting(context: RequestContext): Promise<boolean> {
    const owners = (await this.#flows.unfinished()).filter((owner) => !this.#turns.has(owner));
    await this.#takeUpAll(owners, context, context.signal);
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
      // Records of before the rounding have what was asked for.
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
   * Deletes a server; one that another command deletes meanwhile counts as deleted. Given the UUID, also deletes what the
   * platform has of a server that the state directory does not know.
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

  /** @param options.soft - ask the guest first, for up to a minute */
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
      const found = await cinder.findVolume(volume, context);
      if (found === undefined) throw new NotFoundError(`volume "${volume}" does not exist`, { volume });
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

  /** Detaching what is not attached succeeds: it is how it is wanted. */
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

  /** Paths of volumes with their state, of one server or of all. Changes nothing. @throws NotFoundError */
  async volumePaths(filter: PathFilter, context: RequestContext): Promise<readonly PathRecord[]> {
    return await listVolumePaths(this.#parts, filter, context);
  }

  /** Where paths of partitions live: of one, or of all. @throws NotFoundError */
  async searchPath(
    of: Pick<PathFilter, 'server' | 'partition'>,
    context: RequestContext,
  ): Promise<readonly SearchPath[]> {
    return await findSearchPath(this.#parts, of, context);
  }

  async hypervisorShow(context: RequestContext): Promise<HypervisorView> {
    return await this.#views.hypervisor(context);
  }

  /** Sums over the hypervisors of this host, of which DPM has one: Nova's `hypervisor stats`. */
  async hypervisorStats(context: RequestContext) {
    return hypervisorStats(await this.#views.hypervisor(context));
  }

  async listPartitions(options: { readonly all: boolean }, context: RequestContext): Promise<readonly PartitionView[]> {
    return await this.#views.partitions(options, context);
  }

  async getConnector(nameOrUuid: string, context: RequestContext) {
    const instance = this.#parts.store.get(nameOrUuid);
    return await this.#parts.driver.getVolumeConnector(toDriverInstance(instance), context);
  }

  /** The connector of a partition that an operator names, whoever's it is. Changes nothing. */
  async getPartitionConnector(partition: string, context: RequestContext) {
    return await this.#parts.local.partitionConnector(partition, context);
  }

  /** Attaches a volume without Nova. Attaching what is attached changes nothing, and tells the same again. */
  async localAttach(request: LocalAttachRequest, context: RequestContext): Promise<LocalAttachment> {
    const attach = async () => await this.#parts.local.attach(request, context);
    return await this.#inTurn(ownerOf(request), context, attach);
  }

  /** Detaches a volume that was attached without Nova. Detaching what is not attached succeeds. */
  async localDetach(request: LocalDetachRequest, context: RequestContext): Promise<DetachedVolume> {
    const detach = async () => await this.#parts.local.detach(request, context);
    return await this.#inTurn(ownerOf(request), context, detach);
  }

  /** What belongs to nobody, on HMC, Cinder and in the journal. Changes nothing. */
  async verify(context: RequestContext): Promise<readonly Finding[]> {
    return await findOrphans(this.#parts, context);
  }

  /** Puts right what is safe to put right of what {@link ComputeManager.verify} found. */
  async repair(findings: readonly Finding[], context: RequestContext): Promise<readonly Repaired[]> {
    const resumeFlow = async (id: string) => await this.resumeFlow(id, context);
    return await repairOrphans(findings, { services: this.#parts, resumeFlow }, context);
  }

  async listFlows(filter: { open?: boolean } = {}): Promise<readonly FlowSummary[]> {
    return await this.#flows.list(filter);
  }

  async showFlow(id: string): Promise<FlowSummary & { readonly events: readonly JournalEvent[] }> {
    return await this.#flows.show(id);
  }

  /** Resumes a flow that is running, stuck or waiting. @returns how it ended */
  async resumeFlow(id: string, context: RequestContext): Promise<'completed' | 'rolled-back'> {
    const flow = await this.#flows.getOpen(id);
    const owner = await this.#flows.ownerOf(flow);
    return await this.#inTurn(owner, context, async () => {
      // The turn may have begun with it: a flow whose process is dead is finished or undone first.
      const { state } = await this.#flows.show(id);
      if (state === 'completed' || state === 'rolled-back') return state;
      return await this.#flows.resume(await this.#flows.getOpen(id), context);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.close();
  }

  /** @returns false when the platform has nothing of such an instance */
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
      // Nothing was begun: whose the partition is, is all that a person has to read.
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

  async #runPower(
    instance: InstanceRecord,
    taskState: TaskState,
    context: RequestContext,
    work: PowerWork,
  ): Promise<void> {
    const { store, driver } = this.#parts;
    store.update(instance.uuid, { taskState });
    await this.#attempt(
      instance,
      context,
      async () => {
        const vmState = await work(instance, store.devices(instance.uuid));
        const { state } = await driver.getInfo(toDriverInstance(instance), true, context);
        store.update(instance.uuid, { vmState, taskState: null, powerState: state, fault: null });
      },
      () => settled,
    );
  }

  async #exclusively<T>(
    nameOrUuid: string,
    context: RequestContext,
    work: (instance: InstanceRecord) => Promise<T>,
  ): Promise<T> {
    const { uuid } = this.#parts.store.get(nameOrUuid);
    // Read again inside: what it waited for may have changed it, or removed it.
    return await this.#inTurn(uuid, context, async () => await work(this.#parts.store.get(uuid)));
  }

  /**
   * Waits for operations of this process on the same instance, then for those of other processes, and takes up what dead
   * ones left unfinished.
   */
  async #inTurn<T>(owner: string, context: RequestContext, work: () => Promise<T>): Promise<T> {
    const { ownership, onWait } = this.#parts;
    const { signal } = context;
    using _turn = await this.#turns.enter(owner, signal);
    using _owned = await ownership.acquire(owner, { signal, onWait });
    await this.#takeUp(owner, context);
    return await work();
  }

  /**
   * At the same time: each may have to wait until a partition has started. Commands of this process on such an instance
   * come after it; what another process owns is left to that one.
   */
  async #takeUpAll(owners: readonly string[], context: RequestContext, abandon?: AbortSignal): Promise<void> {
    const takeUp = async (owner: string) => {
      using _turn = await this.#turns.enter(owner, context.signal);
      using owned = this.#parts.ownership.tryAcquire(owner);
      if (owned !== undefined) await this.#takeUp(owner, context, abandon);
    };
    for (const end of await Promise.allSettled([...new Set(owners)].map(takeUp)))
      if (end.status === 'rejected') throw end.reason;
  }

  /** Finishes or undoes what a dead process left unfinished. The caller owns it. */
  async #takeUp(owner: string, context: RequestContext, abandon?: AbortSignal): Promise<void> {
    await this.#flows.recover(owner, context, abandon);
    const instance = this.#parts.store.find(owner);
    if (instance?.uuid !== owner || instance.taskState === null) return;
    await settleAfterCrash(instance, this.#parts, this.#ownedVerbs(instance), context);
  }

  /** The verbs for an instance that is owned already. */
  #ownedVerbs(instance: InstanceRecord): SettlingVerbs {
    return {
      start: async (context) => {
        await this.#runPower(instance, 'powering-on', context, this.#powerOn(context));
      },
      stop: async (context) => {
        await this.#runPower(instance, 'powering-off', context, this.#powerOff({}, context));
      },
      delete: async (context) => {
        await this.#delete(instance, context);
      },
    };
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

  async #findDevice(
    instance: InstanceRecord,
    volume: string,
    context: RequestContext,
  ): Promise<BlockDevice | undefined> {
    const devices = this.#parts.store.devices(instance.uuid);
    const byId = devices.find(({ volumeId }) => volumeId === volume);
    if (byId !== undefined) return byId;
    const found = await this.#parts.cinder.findVolume(volume, context);
    if (found === undefined) throw new NotFoundError(`volume "${volume}" does not exist`, { volume });
    return devices.find(({ volumeId }) => volumeId === found.id);
  }
}

type PowerWork = (instance: InstanceRecord, devices: readonly BlockDevice[]) => Promise<'active' | 'stopped'>;

const settled: OnFailure = { taskState: null };
const failed: OnFailure = { vmState: 'error', taskState: null };

function subject(instance: InstanceRecord) {
  return { instanceUuid: instance.uuid, name: instance.name };
}
