import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import { ConflictError, describeError, findError, InterruptedError, NotFoundError, toError } from '../base/index.ts';
import type { DpmError } from '../base/index.ts';
import { resumeFlow, runFlow } from '../saga/index.ts';
import type { FlowSummary, JournalEvent, Saga } from '../saga/index.ts';
import type { PowerState, RequestContext } from '../virt/index.ts';
import { claim } from './claims.ts';
import type { Share } from './claims.ts';
import { buildFlow, buildStockFlow } from './flows/build.ts';
import type { FlowManagerDeps } from './flows/common.ts';
import { deleteFlow } from './flows/delete.ts';
import { addVolumeFlow, removeVolumeFlow } from './flows/volume.ts';
import { InstanceQueues } from './instance-queue.ts';
import type { BlockDevice, InstanceRecord, TaskState } from './instances.ts';
import { repairOrphans } from './repair.ts';
import type { Repaired } from './repair.ts';
import { chooseVolumes, deviceNameAfter, extraSpecsOf } from './requests.ts';
import type { CreateServer } from './requests.ts';
import { toBlockDeviceInfo, toDriverInstance } from './services.ts';
import type { ManagerServices } from './services.ts';
import { detailServer, hypervisorView, partitionView, summarizeServer } from './views.ts';
import type { HypervisorView, PartitionView, ServerDetail, ServerSummary } from './views.ts';
import { findOrphans } from './verify.ts';
import type { Finding } from './verify.ts';
import type { VolumeKeeper } from './volumes.ts';

/** What a manager is made of; {@link openManager} puts it together from settings. */
export interface ManagerParts extends ManagerServices {
  readonly volumes: VolumeKeeper;
  readonly share: Share;
  readonly spawnOrder: 'deferred' | 'stock';
  readonly maxConcurrentBuilds: number;
  readonly close: () => Promise<void>;
}

const managerFlows = [
  buildFlow,
  buildStockFlow,
  deleteFlow,
  addVolumeFlow,
  removeVolumeFlow,
] as unknown as readonly Saga<never, never, FlowManagerDeps>[]; // flows of differing types in one list; resume reads inputs by schema

/**
 * A small compute manager in Nova's manner: its states, and its order of calls around a driver. It does not know which
 * hypervisor the driver serves.
 *
 * @public
 */
export class ComputeManager implements AsyncDisposable {
  readonly #parts: ManagerParts;
  readonly #queues = new InstanceQueues();
  /** Further builds wait: a machine's service element does not get faster by being asked more. */
  readonly #builds: ReturnType<typeof pLimit>;

  /** @internal Use `openManager`. */
  constructor(parts: ManagerParts) {
    this.#parts = parts;
    this.#builds = pLimit(parts.maxConcurrentBuilds);
  }

  /** Finishes or undoes what an earlier process left in the middle, before anything new is begun. */
  async recover(context: RequestContext): Promise<void> {
    const { driver, store, journal, log } = this.#parts;
    await driver.processInstancesAtStartup(context, store.list().map(toDriverInstance));
    const open = await journal.list({ open: true });
    for (const flow of open.filter(({ state }) => state === 'running').toReversed()) {
      if (!isManagerFlow(flow)) continue;
      await this.#resume(flow, context).catch((error: unknown) => {
        log.error({ event: 'flow.resume', flowId: flow.id, error: describeError(error) }, 'flow not finished');
      });
    }
    await this.#closeSuperseded(undefined);
    for (const instance of store.list()) this.#settleAfterCrash(instance);
  }

  async create(request: CreateServer, context: RequestContext): Promise<ServerDetail> {
    const { store, spawnOrder, share } = this.#parts;
    const extraSpecs = extraSpecsOf(request);
    this.#parts.driver.checkExtraSpecs?.(extraSpecs);
    const volumes = await chooseVolumes(this.#parts.cinder, request, context);
    const record: InstanceRecord = {
      uuid: randomUUID(),
      name: request.name,
      host: this.#parts.host,
      createdAt: new Date().toISOString(),
      vcpus: request.vcpus,
      memoryMib: request.memoryMib,
      vmState: 'building',
      taskState: 'scheduling',
      powerState: 'nostate',
      fault: null,
      extraSpecs,
    };
    const devices = volumes.map((volume): BlockDevice => ({ ...volume, instanceUuid: record.uuid }));
    store.create(record, devices, (others) => claim(record, others, share));
    const flow = spawnOrder === 'stock' ? buildStockFlow : buildFlow;
    const input = {
      ...subject(record),
      powerOn: request.start ?? true,
      volumeIds: devices.map(({ volumeId }) => volumeId),
    };
    return await this.#queues.run(record.uuid, context.signal, async () => {
      const build = async () => await this.#builds(async () => await this.#run(flow, input, 'build', context));
      await this.#attempt(record, context, build, { vmState: 'error', taskState: null });
      return await this.#showDone(store.get(record.uuid), context);
    });
  }

  async delete(nameOrUuid: string, context: RequestContext): Promise<void> {
    const { store } = this.#parts;
    await this.#exclusively(nameOrUuid, context, async (instance) => {
      store.update(instance.uuid, { taskState: 'deleting' });
      const devices = store.devices(instance.uuid);
      const input = {
        ...subject(instance),
        volumeIds: devices.filter(({ reservation }) => reservation !== null).map(({ volumeId }) => volumeId),
        doomedVolumeIds: devices.filter((device) => device.deleteOnTermination).map(({ volumeId }) => volumeId),
      };
      await this.#attempt(instance, context, () => this.#run(deleteFlow, input, 'delete', context), {
        vmState: 'error',
        taskState: null,
      });
      await this.#closeOpenFlows(instance.uuid);
    });
  }

  async start(nameOrUuid: string, context: RequestContext): Promise<void> {
    await this.#power(nameOrUuid, 'powering-on', context, async (instance, devices) => {
      await this.#parts.driver.powerOn(context, toDriverInstance(instance), null, toBlockDeviceInfo(devices));
      return 'active';
    });
  }

  /** @param options.soft - ask the guest first, for up to a minute */
  async stop(nameOrUuid: string, options: { readonly soft?: boolean }, context: RequestContext): Promise<void> {
    await this.#power(nameOrUuid, 'powering-off', context, async (instance) => {
      const [timeout, interval] = options.soft === true ? [60, 1] : [0, 0];
      await this.#parts.driver.powerOff(toDriverInstance(instance), timeout, interval, context);
      return 'stopped';
    });
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
      const device = {
        volumeId: found.id,
        sizeGib: found.sizeGib,
        deviceName: deviceNameAfter(devices),
        mode: options.mode ?? 'rw',
      };
      await this.#attempt(instance, context, () =>
        this.#run(addVolumeFlow, { ...subject(instance), ...device }, 'attach volume to', context),
      );
      return await this.#showDone(store.get(instance.uuid), context);
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
        const { volumeId, sizeGib, deviceName, mode } = device;
        const input = { ...subject(instance), volumeId, sizeGib, deviceName, mode };
        await this.#attempt(instance, context, () => this.#run(removeVolumeFlow, input, 'detach volume from', context));
      }
      return await this.#showDone(store.get(instance.uuid), context);
    });
  }

  async list(context: RequestContext): Promise<readonly ServerSummary[]> {
    const powerStates = await this.#parts.driver.listPowerStates(context);
    return this.#parts.store.list().map((instance) => this.#summarize(instance, powerStates.get(instance.uuid)));
  }

  async show(nameOrUuid: string, context: RequestContext): Promise<ServerDetail> {
    return await this.#show(this.#parts.store.get(nameOrUuid), context);
  }

  async hypervisorShow(context: RequestContext): Promise<HypervisorView> {
    return hypervisorView(await this.#parts.driver.getAvailableResource(this.#parts.host, context));
  }

  /** Sums over the hypervisors of this host, of which DPM has one: Nova's `hypervisor stats`. */
  async hypervisorStats(context: RequestContext) {
    const view = await this.hypervisorShow(context);
    return {
      count: 1,
      vcpus: view.vcpus,
      vcpus_used: view.vcpus_used,
      memory_mb: view.memory_mb,
      memory_mb_used: view.memory_mb_used,
      free_ram_mb: view.memory_mb - view.memory_mb_used,
      running_vms: view.running_vms,
    };
  }

  async listPartitions(options: { readonly all: boolean }, context: RequestContext): Promise<readonly PartitionView[]> {
    return (await this.#parts.driver.listGuests(context, options)).map(partitionView);
  }

  async getConnector(nameOrUuid: string, context: RequestContext) {
    const instance = this.#parts.store.get(nameOrUuid);
    return await this.#parts.driver.getVolumeConnector(toDriverInstance(instance), context);
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
    return await this.#parts.journal.list(filter);
  }

  async showFlow(id: string): Promise<FlowSummary & { readonly events: readonly JournalEvent[] }> {
    const flow = await this.#findFlow(id);
    return { ...flow, events: await this.#parts.journal.read(flow.id) };
  }

  /** Takes up a running or stuck flow. @returns how it ended */
  async resumeFlow(id: string, context: RequestContext): Promise<'completed' | 'rolled-back'> {
    const flow = await this.#findFlow(id);
    if (flow.state !== 'running' && flow.state !== 'stuck') {
      throw new ConflictError(`flow ${flow.id} has ended (${flow.state}): there is nothing to resume`, {
        flowId: flow.id,
      });
    }
    return await this.#queues.run(flow.subject ?? flow.id, context.signal, () => this.#resume(flow, context));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.close();
  }

  async #resume(flow: FlowSummary, context: RequestContext): Promise<'completed' | 'rolled-back'> {
    if (!isManagerFlow(flow)) return await this.#parts.driver.resumeFlow(context, flow.id);
    const outcome = await resumeFlow(managerFlows, flow, this.#deps(context), context.signal, this.#parts.flows);
    await this.#closeSuperseded(flow.subject);
    if (outcome === 'rolled-back' && flow.subject !== undefined) this.#markUnfinished(flow.subject, context);
    return outcome;
  }

  /** A server whose build was undone is in ERROR until it is deleted, as in Nova. */
  #markUnfinished(instanceUuid: string, context: RequestContext): void {
    const instance = this.#parts.store.find(instanceUuid);
    if (instance?.vmState !== 'building') return;
    const message = 'the process ended in the middle of the build; everything was put back';
    const fault = { code: 'FLOW_ROLLED_BACK', message, at: new Date().toISOString(), requestId: context.requestId };
    this.#parts.store.update(instanceUuid, { vmState: 'error', taskState: null, fault });
  }

  /** Task states of a process that is gone mean nothing; the power state is asked for whenever it is shown. */
  #settleAfterCrash(instance: InstanceRecord): void {
    if (instance.taskState === null) return;
    const isUnfinished = instance.vmState === 'building' || instance.taskState === 'deleting';
    this.#parts.store.update(instance.uuid, { taskState: null, ...(isUnfinished ? { vmState: 'error' } : {}) });
  }

  /** Whatever the instance's older flows had left is gone with it. */
  async #closeOpenFlows(instanceUuid: string): Promise<void> {
    for (const flow of await this.#parts.journal.list({ open: true, subject: instanceUuid })) {
      await this.#closeFlow(flow, 'superseded: the server was deleted');
    }
  }

  /** A driver's flow that was stuck has nothing left to do once the manager's flow that it served has ended well. */
  async #closeSuperseded(instanceUuid: string | undefined): Promise<void> {
    const open = await this.#parts.journal.list({ open: true, ...(instanceUuid && { subject: instanceUuid }) });
    const ids = new Set(open.map(({ id }) => id));
    for (const flow of open) {
      if (flow.parent === undefined || ids.has(flow.parent)) continue;
      await this.#closeFlow(flow, 'superseded: the flow that it was part of has ended, and left nothing behind');
    }
  }

  /** Only tidiness: an end that cannot be written is written another time. */
  async #closeFlow({ id }: FlowSummary, error: string): Promise<void> {
    try {
      await this.#parts.journal.append(id, { kind: 'flow-ended', outcome: 'rolled-back', error });
    } catch (thrown) {
      this.#parts.log.warn({ event: 'journal.write', flowId: id, error: describeError(thrown) }, 'flow not closed');
    }
  }

  async #power(
    nameOrUuid: string,
    taskState: TaskState,
    context: RequestContext,
    work: (instance: InstanceRecord, devices: readonly BlockDevice[]) => Promise<'active' | 'stopped'>,
  ): Promise<void> {
    const { store, driver } = this.#parts;
    await this.#exclusively(nameOrUuid, context, async (instance) => {
      requireSettled(instance, `${taskState} of`);
      store.update(instance.uuid, { taskState });
      await this.#attempt(
        instance,
        context,
        async () => {
          const vmState = await work(instance, store.devices(instance.uuid));
          const { state } = await driver.getInfo(toDriverInstance(instance), true, context);
          store.update(instance.uuid, { vmState, taskState: null, powerState: state, fault: null });
        },
        { taskState: null },
      );
    });
  }

  async #exclusively<T>(
    nameOrUuid: string,
    context: RequestContext,
    work: (instance: InstanceRecord) => Promise<T>,
  ): Promise<T> {
    const { uuid } = this.#parts.store.get(nameOrUuid);
    // Read again inside: what it waited for may have changed it, or removed it.
    return await this.#queues.run(uuid, context.signal, async () => await work(this.#parts.store.get(uuid)));
  }

  /** Keeps the reason of a failure with the instance: Nova's fault. */
  async #attempt(
    instance: InstanceRecord,
    context: RequestContext,
    work: () => Promise<unknown>,
    onFailure: { vmState?: 'error'; taskState?: null } = {},
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      const fault = {
        code: codeOf(error),
        message: describeError(error),
        at: new Date().toISOString(),
        requestId: context.requestId,
      };
      if (this.#parts.store.find(instance.uuid) !== undefined)
        this.#parts.store.update(instance.uuid, { ...onFailure, fault });
      throw context.signal.aborted ? interrupted(context.signal, error) : error;
    }
  }

  async #run<Input, State>(
    flow: Saga<Input, State, FlowManagerDeps>,
    input: Input & { instanceUuid: string; name: string },
    verb: string,
    context: RequestContext,
  ): Promise<State> {
    const run = { what: `${verb} server "${input.name}"`, subject: input.instanceUuid, signal: context.signal };
    try {
      return await runFlow(flow, input, this.#deps(context), run, this.#parts.flows);
    } finally {
      await this.#closeSuperseded(input.instanceUuid);
    }
  }

  #deps(context: RequestContext): FlowManagerDeps {
    return { ...this.#parts, context };
  }

  async #show(instance: InstanceRecord, context: RequestContext): Promise<ServerDetail> {
    const { store, driver } = this.#parts;
    const devices = store.devices(instance.uuid);
    const guest = toDriverInstance(instance);
    const seen = await driver.getInstanceDiagnostics(context, guest, toBlockDeviceInfo(devices));
    return detailServer(instance, devices, seen, this.#summarize(instance, seen?.powerState));
  }

  /** After an operation that is done: a picture with holes, rather than an error that would say it is not. */
  async #showDone(instance: InstanceRecord, context: RequestContext): Promise<ServerDetail> {
    try {
      return await this.#show(instance, context);
    } catch (error) {
      this.#parts.log.warn(
        { event: 'server.show', server: instance.uuid, error: describeError(error) },
        'details not known',
      );
      const devices = this.#parts.store.devices(instance.uuid);
      return detailServer(instance, devices, undefined, this.#summarize(instance, instance.powerState));
    }
  }

  #summarize(instance: InstanceRecord, powerState: PowerState | undefined): ServerSummary {
    return summarizeServer(instance, this.#parts.driver.guestName(instance), powerState);
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

  async #findFlow(id: string): Promise<FlowSummary> {
    const found = (await this.#parts.journal.list()).find((flow) => flow.id === id);
    if (found === undefined) throw new NotFoundError(`flow "${id}" does not exist`, { flowId: id });
    return found;
  }
}

function subject(instance: InstanceRecord) {
  return { instanceUuid: instance.uuid, name: instance.name };
}

function isManagerFlow(flow: FlowSummary): boolean {
  return managerFlows.some(({ name }) => name === flow.flow);
}

function requireSettled(instance: InstanceRecord, verb: string): void {
  if (instance.vmState !== 'building' && instance.taskState === null) return;
  const state = instance.taskState ?? instance.vmState;
  throw new ConflictError(`${verb} server "${instance.name}": it is busy (${state})`, { server: instance.uuid, state });
}

function requireNotBoot(instance: InstanceRecord, device: BlockDevice): void {
  if (device.bootIndex !== 0) return;
  throw new ConflictError(
    `volume ${device.volumeId} is the boot volume of server "${instance.name}": it goes only with the server`,
    {
      volumeId: device.volumeId,
      server: instance.uuid,
    },
  );
}

function codeOf(error: unknown): DpmError['code'] {
  return error instanceof Error && 'code' in error ? (error.code as DpmError['code']) : 'INTERNAL'; // every error of ours carries one
}

/** The caller stopped it: that is the reason; how the way back went is its cause. */
function interrupted(signal: AbortSignal, error: unknown): Error {
  if (findError(error, 'FLOW_STUCK') !== undefined) return toError(error);
  const reason = signal.reason as unknown;
  return reason instanceof InterruptedError
    ? new InterruptedError(`${reason.message}; everything was put back`, {}, { cause: error })
    : toError(error);
}
