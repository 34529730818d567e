import { FairQueue } from '../base/index.ts';
import type { PathRecord, RequestContext } from '../virt/index.ts';
import { recoverSubject } from './after-crash.ts';
import { checkCreateServer, newContext } from './arguments.ts';
import { checkServers, planServer, recordServer } from './create-server.ts';
import { deleteServer, deleteUnknownServer, findUnknownServer } from './delete-server.ts';
import { recordFault, serverFails } from './faults.ts';
import { InstanceQueues } from './instance-queue.ts';
import type { InstanceRecord } from './instances.ts';
import type { FlowSummary } from './journal/index.ts';
import { ownerOf } from './local/index.ts';
import type { DetachedVolume, LocalAttachment, LocalAttachRequest, LocalDetachRequest } from './local/index.ts';
import {
  adoptGuests,
  getOpenFlow,
  logDamagedFlows,
  ownerOfFlow,
  ownersOfUnfinished,
  resumeServerFlow,
  runServerFlow,
} from './manager-flows.ts';
import type { ManagerParts } from './manager-parts.ts';
import { showFlow } from './read-state-directory.ts';
import type { FlowWithEvents } from './read-state-directory.ts';
import { repairOrphans } from './repair.ts';
import type { Repaired } from './repair.ts';
import { requireIdle } from './requests.ts';
import type { CreateServer } from './requests.ts';
import { rebootServer, startServer, stopServer } from './server-power.ts';
import { addVolume, removeVolume } from './server-volumes.ts';
import { toDriverInstance } from './services.ts';
import { findOrphans } from './verify.ts';
import type { Finding } from './verify/views.ts';
import { ServerViews } from './views.ts';
import type { HypervisorView, PartitionView, ServerDetail, ServerSummary } from './views.ts';
import { findSearchPath, listVolumePaths } from './volume-paths.ts';
import type { PathFilter, SearchPath } from './volume-paths.ts';

/** A dozen builds for each of a machine's 85 partitions; more are refused before any request is sent. */
const MAX_WAITING_BUILDS = 1_000;

/**
 * A small compute manager with Nova's states and order of driver calls. It does not know which hypervisor the driver serves.
 *
 * Every method takes a request context as its last argument: a request ID that errors show, and a signal that cancels the
 * operation and rolls it back. Without one, the operation gets a new request ID and cannot be cancelled.
 *
 * @example
 * ```ts
 * import { openManager } from 'nova-dpm';
 *
 * await using manager = await openManager({ configFile: 'nova-dpm.conf' });
 * const context = { requestId: 'req-1', signal: AbortSignal.timeout(600_000) };
 * const volumes = [{ volumeId: 'boot-1' }, { volumeId: 'data-1' }].map((volume, bootIndex) => ({ ...volume, bootIndex }));
 * await manager.create({ name: 'web1', vcpus: 2, memoryMib: 4096, volumes }, context);
 * await manager.stop('web1', { soft: true }, context);
 * await manager.delete('web1', context);
 * ```
 * @public
 */
export class ComputeManager implements AsyncDisposable {
  readonly #parts: ManagerParts;
  readonly #views: ServerViews;
  readonly #turns: InstanceQueues;
  readonly #builds: FairQueue;

  /** @internal Use `openManager`. */
  constructor(parts: ManagerParts) {
    this.#parts = parts;
    this.#views = new ServerViews(parts);
    const { builds, waitMs } = parts.limits;
    this.#turns = new InstanceQueues(waitMs);
    this.#builds = new FairQueue('builds', { concurrent: builds, waiting: MAX_WAITING_BUILDS, waitMs });
  }

  /** Finishes or undoes what dead processes left unfinished. Skips what another living process owns. */
  async recover(context: RequestContext = newContext()): Promise<void> {
    await logDamagedFlows(this.#parts);
    await adoptGuests(this.#parts, context);
    const busy = this.#parts.store.list().filter(({ taskState }) => taskState !== null);
    const owners = [...(await ownersOfUnfinished(this.#parts)), ...busy.map(({ uuid }) => uuid)];
    await this.#resumeAll(owners, context);
  }

  /**
   * Resumes flows that wait, or that a dead process left, on subjects without a running command.
   *
   * @returns whether something still waits
   * @internal
   */
  async resumeWaiting(context: RequestContext = newContext()): Promise<boolean> {
    const findIdle = async () => (await ownersOfUnfinished(this.#parts)).filter((owner) => !this.#turns.has(owner));
    await this.#resumeAll(await findIdle(), context, context.signal);
    return (await findIdle()).length > 0;
  }

  /** Checks that several servers can be created together. Changes nothing. */
  async checkCreate(requests: readonly CreateServer[], context: RequestContext = newContext()): Promise<void> {
    await checkServers(this.#parts, requests, context);
  }

  /**
   * Creates a server and starts it.
   *
   * @throws ConfigError for a wrong argument, ConflictError or NotFoundError for a volume that cannot be used; nothing was
   * changed then
   */
  async create(request: CreateServer, context: RequestContext = newContext()): Promise<ServerDetail> {
    const { store, ownership, onWait } = this.#parts;
    const { signal } = context;
    checkCreateServer(request);
    this.#builds.requireRoom();
    const plan = await planServer(this.#parts, request, context);
    const { record } = plan;
    using _turn = await this.#turns.enter(record.uuid, signal);
    using _owned = await ownership.acquire(record.uuid, { signal, onWait });
    recordServer(this.#parts, plan);
    try {
      using _place = await this.#builds.enter(signal);
      await runServerFlow(this.#parts, plan.flow, plan.input, 'create', context);
    } catch (error) {
      throw recordFault(error, store, record, context, () => serverFails);
    }
    return await this.#views.showDone(store.get(record.uuid), context);
  }

  /**
   * Deletes a server; succeeds if another command deletes it meanwhile. Given a UUID, also deletes what the platform has of a
   * server that is not in the state directory.
   *
   * @throws NotFoundError when there is no such server
   */
  async delete(nameOrUuid: string, context: RequestContext = newContext()): Promise<void> {
    const { store } = this.#parts;
    const unknown =
      store.find(nameOrUuid) === undefined ? await findUnknownServer(this.#parts, nameOrUuid, context) : undefined;
    if (unknown !== undefined) {
      await this.#inTurn(nameOrUuid, context, () => deleteUnknownServer(this.#parts, unknown, context));
      return;
    }
    const { uuid } = store.get(nameOrUuid);
    await this.#inTurn(uuid, context, async () => {
      const instance = store.find(uuid);
      if (instance !== undefined) await deleteServer(this.#parts, instance, context);
    });
  }

  async start(nameOrUuid: string, context: RequestContext = newContext()): Promise<void> {
    await this.#whenIdle(nameOrUuid, 'powering-on of', context, async (instance) => {
      await startServer(this.#parts, instance, context);
    });
  }

  /** @param options.soft - ask the guest to stop first, for up to 60 seconds */
  async stop(
    nameOrUuid: string,
    options: { readonly soft?: boolean },
    context: RequestContext = newContext(),
  ): Promise<void> {
    await this.#whenIdle(nameOrUuid, 'powering-off of', context, async (instance) => {
      await stopServer(this.#parts, instance, options, context);
    });
  }

  async reboot(
    nameOrUuid: string,
    options: { readonly hard?: boolean },
    context: RequestContext = newContext(),
  ): Promise<void> {
    const [verb, type] =
      options.hard === true ? (['rebooting_hard of', 'HARD'] as const) : (['rebooting of', 'SOFT'] as const);
    await this.#whenIdle(nameOrUuid, verb, context, async (instance) => {
      await rebootServer(this.#parts, instance, type, context);
    });
  }

  async addVolume(
    server: string,
    volume: string,
    options: { readonly mode?: 'rw' | 'ro' },
    context: RequestContext = newContext(),
  ): Promise<ServerDetail> {
    const { mode = 'rw' } = options;
    return await this.#exclusively(server, context, async (instance) => {
      await addVolume(this.#parts, instance, { volume, mode }, context);
      return await this.#views.showDone(this.#parts.store.get(instance.uuid), context);
    });
  }

  /**
   * Detaches a volume. Detaching a volume that is not attached succeeds, unless `mustBeAttached` is set.
   *
   * @throws NotFoundError
   */
  async removeVolume(
    server: string,
    volume: string,
    context: RequestContext = newContext(),
    options: { readonly mustBeAttached?: boolean } = {},
  ): Promise<ServerDetail> {
    const { store } = this.#parts;
    const before = store.devices(store.get(server).uuid).map(({ volumeId }) => volumeId);
    const attached = options.mustBeAttached === true ? before : undefined;
    return await this.#exclusively(server, context, async (instance) => {
      await removeVolume(this.#parts, instance, { volume, attached }, context);
      return await this.#views.showDone(this.#parts.store.get(instance.uuid), context);
    });
  }

  async list(context: RequestContext = newContext()): Promise<readonly ServerSummary[]> {
    return await this.#views.list(context);
  }

  async show(nameOrUuid: string, context: RequestContext = newContext()): Promise<ServerDetail> {
    return await this.#views.show(this.#parts.store.get(nameOrUuid), context);
  }

  /** Returns the paths of volumes with their state. Changes nothing. @throws NotFoundError */
  async volumePaths(filter: PathFilter, context: RequestContext = newContext()): Promise<readonly PathRecord[]> {
    return await listVolumePaths(this.#parts, filter, context);
  }

  /** Returns where the paths of one partition, or of all, live. @throws NotFoundError */
  async searchPath(
    of: Pick<PathFilter, 'server' | 'partition'>,
    context: RequestContext = newContext(),
  ): Promise<readonly SearchPath[]> {
    return await findSearchPath(this.#parts, of, context);
  }

  async hypervisorShow(context: RequestContext = newContext()): Promise<HypervisorView> {
    return await this.#views.hypervisor(context);
  }

  /** Returns the sums over the hypervisors of this host (DPM has one): Nova's `hypervisor stats`. */
  async hypervisorStats(context: RequestContext = newContext()) {
    return await this.#views.hypervisorStats(context);
  }

  async listPartitions(
    options: { readonly all: boolean },
    context: RequestContext = newContext(),
  ): Promise<readonly PartitionView[]> {
    return await this.#views.partitions(options, context);
  }

  async getConnector(nameOrUuid: string, context: RequestContext = newContext()) {
    const instance = this.#parts.store.get(nameOrUuid);
    return await this.#parts.driver.getVolumeConnector(toDriverInstance(instance), context);
  }

  /** Returns the connector of any partition, including one of another owner. Changes nothing. */
  async getPartitionConnector(partition: string, context: RequestContext = newContext()) {
    return await this.#parts.local.partitionConnector(partition, context);
  }

  /** Attaches a volume without Nova. Attaching is idempotent. */
  async localAttach(request: LocalAttachRequest, context: RequestContext = newContext()): Promise<LocalAttachment> {
    const attach = async () => await this.#parts.local.attach(request, context);
    return await this.#inTurn(ownerOf(request), context, attach);
  }

  /** Detaches a volume that was attached without Nova. Detaching a volume that is not attached succeeds. */
  async localDetach(request: LocalDetachRequest, context: RequestContext = newContext()): Promise<DetachedVolume> {
    const detach = async () => await this.#parts.local.detach(request, context);
    return await this.#inTurn(ownerOf(request), context, detach);
  }

  /** Returns orphans on the HMC, in Cinder and in the journal. Changes nothing. */
  async verify(context: RequestContext = newContext()): Promise<readonly Finding[]> {
    return await findOrphans(this.#parts, context);
  }

  /** Repairs those findings of {@link ComputeManager.verify} that are safe to repair. */
  async repair(findings: readonly Finding[], context: RequestContext = newContext()): Promise<readonly Repaired[]> {
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
  async resumeFlow(id: string, context: RequestContext = newContext()): Promise<'completed' | 'rolled-back'> {
    const owner = await ownerOfFlow(this.#parts, await getOpenFlow(this.#parts, id));
    return await this.#inTurn(owner, context, async () => {
      // The start of the turn may have resumed the flow already.
      const { state } = await this.showFlow(id);
      if (state === 'completed' || state === 'rolled-back') return state;
      return await resumeServerFlow(this.#parts, await getOpenFlow(this.#parts, id), context);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.close();
  }

  async #whenIdle(
    server: string,
    verb: string,
    context: RequestContext,
    work: (instance: InstanceRecord) => Promise<void>,
  ): Promise<void> {
    await this.#exclusively(server, context, async (instance) => {
      requireIdle(instance, verb);
      await work(instance);
    });
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
    await recoverSubject(this.#parts, owner, context);
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
      if (owned !== undefined) await recoverSubject(this.#parts, owner, context, abandon);
    };
    for (const end of await Promise.allSettled([...new Set(owners)].map(resume)))
      if (end.status === 'rejected') throw end.reason;
  }
}
