import { FairQueue } from '../base/index.ts';
import type { ConsoleConnection, PathRecord, RequestContext } from '../virt/index.ts';
import { recoverSubject } from './after-crash.ts';
import { checkCreateServer, checkServerNetwork, newContext } from './arguments.ts';
import { resizeServer, setServer } from './change-server.ts';
import type { ResizeServer, SetServer } from './change-server.ts';
import { followConsoleLog, openConsole, readConsoleLog } from './console.ts';
import type { ConsoleLine, FollowConsole } from './console.ts';
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
import { removeParkedPartitions } from './remove-parked.ts';
import type { RemovedParked, RemoveParkedOptions } from './remove-parked.ts';
import {
  buildRequested,
  checkRequest,
  claimService,
  deleteRequested,
  isRequested,
  recordRequest,
  requireService,
} from './requested-servers.ts';
import { requireIdle } from './requests.ts';
import type { BootFromRequest, CreateServer, ServerNetworkRequest } from './requests.ts';
import { dumpServer, rebuildServer, rescueServer, unrescueServer } from './server-rescue.ts';
import type { RescueFrom } from './server-rescue.ts';
import { setServerBoot, withBootPassword } from './server-boot.ts';
import { rebootServer, startServer, stopServer } from './server-power.ts';
import { addNetwork, removeNetwork } from './server-networks.ts';
import { addVolume, removeVolume } from './server-volumes.ts';
import { toDriverInstance } from './services.ts';
import { hypervisorStats, serverStats } from './stats.ts';
import type { HypervisorStats, ServerStats } from './stats.ts';
import { findOrphans } from './verify.ts';
import type { Finding } from './verify/views.ts';
import { ServerViews } from './views.ts';
import type { HypervisorView, PartitionView, ServerDetail, ServerSummary } from './views.ts';
import { findSearchPath, listVolumePaths } from './volume-paths.ts';
import type { PathFilter, SearchPath } from './volume-paths.ts';

/**
 * Maximum number of waiting builds (the part of a create that calls the driver): about twelve for each of the 85 partitions
 * of a machine. Further creates are refused before they send a request.
 */
const MAX_WAITING_BUILDS = 1_000;

/**
 * A small compute manager with Nova's states and order of driver calls. It does not know which hypervisor the driver serves.
 *
 * Every method that uses the HMC or OpenStack accepts a request context: a request ID that errors show, and a signal that
 * cancels the operation and rolls it back. Without a context, the operation gets a new request ID and cannot be cancelled.
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
  readonly #queues: InstanceQueues;
  readonly #builds: FairQueue;

  /** @internal Use `openManager`. */
  constructor(parts: ManagerParts) {
    this.#parts = parts;
    this.#views = new ServerViews(parts);
    const { builds, waitMs } = parts.limits;
    this.#queues = new InstanceQueues(waitMs);
    this.#builds = new FairQueue('builds', { concurrent: builds, waiting: MAX_WAITING_BUILDS, waitMs });
  }

  /**
   * Completes or rolls back the operations that dead processes left unfinished. Before that, records the partitions of servers
   * whose partition is not recorded. Skips instances on which another process is working.
   */
  async recover(context: RequestContext = newContext()): Promise<void> {
    await logDamagedFlows(this.#parts);
    await adoptGuests(this.#parts, context);
    // A server with a task state may have no flow: the state is written before the flow begins, and power operations have none.
    const busy = this.#parts.store.list().filter(({ taskState }) => taskState !== null);
    const subjects = [...(await ownersOfUnfinished(this.#parts)), ...busy.map(({ uuid }) => uuid)];
    await this.#resumeAll(subjects, context, { onAbort: 'roll-back' });
  }

  /**
   * Resumes waiting flows and flows of dead processes. Skips instances on which a command of this process is running. If the
   * context is aborted, the flows stay unfinished until the next command.
   *
   * @returns whether flows are still waiting
   * @internal
   */
  async resumeWaiting(context: RequestContext = newContext()): Promise<boolean> {
    const findResumable = async () =>
      (await ownersOfUnfinished(this.#parts)).filter((subject) => !this.#queues.has(subject));
    const interrupted = this.#parts.store.list().filter((instance) => {
      return instance.taskState !== null && !isRequested(this.#parts, instance) && !this.#queues.has(instance.uuid);
    });
    const subjects = [...(await findResumable()), ...interrupted.map(({ uuid }) => uuid)];
    await this.#resumeAll(subjects, context, { onAbort: 'leave-unfinished' });
    return (await findResumable()).length > 0;
  }

  /**
   * Makes this process the running service of its host, until the result is disposed of.
   *
   * @throws ConflictError when another process is it
   * @internal
   */
  claimService(): Disposable {
    return claimService(this.#parts);
  }

  /** Returns the UUIDs of the servers that {@link ComputeManager.request} has recorded, oldest first. @internal */
  waitingRequests(): readonly string[] {
    return this.#parts.requests.list().map(({ instanceUuid }) => instanceUuid);
  }

  /**
   * Builds a server that {@link ComputeManager.request} has recorded. Leaves it alone if another operation on it is running. A
   * failed build becomes the fault of the server. If the context is aborted, the build waits for the next service.
   *
   * @internal
   */
  async buildRequested(uuid: string, context: RequestContext = newContext()): Promise<void> {
    using _slot = await this.#builds.enter(context.signal);
    if (this.#queues.has(uuid)) return;
    using _turn = await this.#queues.enter(uuid, context.signal);
    using owned = this.#parts.ownership.tryAcquire(uuid);
    if (owned === undefined) return;
    await recoverSubject(this.#parts, uuid, context, context.signal);
    context.signal.throwIfAborted();
    await buildRequested(this.#parts, uuid, context);
  }

  /**
   * Deletes parked partitions for which Cinder has no attachment. Leaves partitions alone whose attachments this user cannot
   * see, and instances on which another operation is running.
   *
   * @param options.scope - `recorded` asks the HMC only if the records of this host name a parked partition
   * @internal
   */
  async removeParked(options: RemoveParkedOptions, context: RequestContext = newContext()): Promise<RemovedParked> {
    return await removeParkedPartitions(this.#parts, options, context);
  }

  /** Removes the ended flows and actions that are older than the settings allow. @internal */
  pruneHistory(): void {
    this.#parts.pruneHistory();
  }

  /** Checks that several servers can be created together. Changes nothing. */
  async checkCreate(requests: readonly CreateServer[], context: RequestContext = newContext()): Promise<void> {
    await checkServers(this.#parts, requests, withBootPassword(requests[0]?.bootFrom, context));
  }

  /**
   * Creates a server and starts it.
   *
   * @throws ConfigError for a wrong argument, ConflictError or NotFoundError for a volume that cannot be used. If
   * one of these errors is thrown, nothing was changed
   */
  async create(request: CreateServer, given: RequestContext = newContext()): Promise<ServerDetail> {
    const { store, ownership, onWait } = this.#parts;
    const { signal } = given;
    checkCreateServer(request);
    const context = withBootPassword(request.bootFrom, given);
    this.#builds.requireRoom();
    const newServer = await planServer(this.#parts, request, context);
    const { record } = newServer;
    using _turn = await this.#queues.enter(record.uuid, signal);
    using _owned = await ownership.acquire(record.uuid, { signal, onWait });
    recordServer(this.#parts, newServer);
    try {
      using _slot = await this.#builds.enter(signal);
      await runServerFlow(this.#parts, newServer.flow, newServer.input, 'create', context);
    } catch (error) {
      throw recordFault(error, store, record, context, () => serverFails);
    }
    return await this.#views.showDone(store.get(record.uuid), context);
  }

  /**
   * Records a server that the running service (`dpm serve`) creates. Checks the request as {@link ComputeManager.create} does.
   *
   * @throws ConflictError when no service runs for this host; the errors of `create`. Nothing was changed then
   */
  async request(request: CreateServer, context: RequestContext = newContext()): Promise<ServerDetail> {
    checkCreateServer(request);
    checkRequest(this.#parts, request);
    const plan = await planServer(this.#parts, request, context);
    requireService(this.#parts);
    recordRequest(this.#parts, plan, context);
    return await this.#views.showDone(this.#parts.store.get(plan.record.uuid), context);
  }

  /**
   * Deletes a server. Succeeds if another command deletes it at the same time. Given the UUID of a server that is not in the
   * state directory, deletes its partition and storage objects.
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
      if (instance === undefined || (await deleteRequested(this.#parts, instance))) return;
      await deleteServer(this.#parts, instance, context);
    });
  }

  async start(nameOrUuid: string, context: RequestContext = newContext()): Promise<void> {
    await this.#whenIdle(nameOrUuid, 'start', context, async (instance) => {
      await startServer(this.#parts, instance, context);
    });
  }

  /** @param options.soft - ask the guest to stop first, for up to 60 seconds */
  async stop(
    nameOrUuid: string,
    options: { readonly soft?: boolean },
    context: RequestContext = newContext(),
  ): Promise<void> {
    await this.#whenIdle(nameOrUuid, 'stop', context, async (instance) => {
      await stopServer(this.#parts, instance, options, context);
    });
  }

  async reboot(
    nameOrUuid: string,
    options: { readonly hard?: boolean },
    context: RequestContext = newContext(),
  ): Promise<void> {
    const [verb, type] = options.hard === true ? (['hard-reboot', 'HARD'] as const) : (['reboot', 'SOFT'] as const);
    await this.#whenIdle(nameOrUuid, verb, context, async (instance) => {
      await rebootServer(this.#parts, instance, type, context);
    });
  }

  /**
   * Gives a server other processors or memory: at once if the machine can do that while the server runs.
   *
   * @param options.restart - stop the server and start it again if the change needs that
   * @throws ConflictError when the change needs a stop and `restart` is not set. Nothing was changed then
   */
  async resize(server: string, options: ResizeServer, context: RequestContext = newContext()): Promise<ServerDetail> {
    return await this.#changed(server, context, async (instance) => {
      await resizeServer(this.#parts, instance, options, context);
    });
  }

  /** Changes the name, the description or properties of a server. @throws ConfigError before anything is changed */
  async set(server: string, change: SetServer, context: RequestContext = newContext()): Promise<ServerDetail> {
    return await this.#changed(server, context, async (instance) => {
      await setServer(this.#parts, instance, change, context);
    });
  }

  /**
   * Changes what a server boots from, from its next start on. A running server keeps running.
   *
   * @throws ConfigError, ConflictError when the server cannot boot from the source; nothing was changed then
   */
  async setBoot(server: string, from: BootFromRequest, context: RequestContext = newContext()): Promise<ServerDetail> {
    return await this.#exclusively(server, context, async (instance) => {
      requireIdle(instance, 'set the boot source of');
      await setServerBoot(this.#parts, instance, from, context);
      return await this.#views.showDone(this.#parts.store.get(instance.uuid), context);
    });
  }

  /**
   * Boots a server from another volume or an ISO image, for a repair. {@link ComputeManager.unrescue} ends the rescue.
   *
   * @throws ConflictError when the server is not active or stopped
   */
  async rescue(server: string, from: RescueFrom, context: RequestContext = newContext()): Promise<ServerDetail> {
    return await this.#changed(server, context, async (instance) => {
      requireIdle(instance, 'rescue');
      await rescueServer(this.#parts, instance, from, context);
    });
  }

  /** Boots a rescued server from its own volume again. @throws ConflictError when the server is not rescued */
  async unrescue(server: string, context: RequestContext = newContext()): Promise<ServerDetail> {
    return await this.#changed(server, context, async (instance) => {
      requireIdle(instance, 'unrescue');
      await unrescueServer(this.#parts, instance, context);
    });
  }

  /** Gives a server a new boot volume, starts it from there, and detaches the old one. @param volume - name or ID */
  async rebuild(server: string, volume: string, context: RequestContext = newContext()): Promise<ServerDetail> {
    return await this.#changed(server, context, async (instance) => {
      requireIdle(instance, 'rebuild');
      await rebuildServer(this.#parts, instance, volume, context);
    });
  }

  /**
   * Takes a dump of a server: with the dump program on an attached volume, else by a PSW restart, which makes the guest run its own dump, after which the guest does
   * what it was configured to do.
   *
   * @throws ConflictError when the server does not run
   */
  async dump(
    server: string,
    options: { readonly volume?: string | undefined },
    context: RequestContext = newContext(),
  ): Promise<ServerDetail> {
    return await this.#changed(server, context, async (instance) => {
      requireIdle(instance, 'dump');
      await dumpServer(this.#parts, instance, options.volume, context);
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
    // Read before waiting for the turn: if a resumed flow detaches the volume meanwhile, that is no error.
    const attachedBefore = store.devices(store.get(server).uuid).map(({ volumeId }) => volumeId);
    const attached = options.mustBeAttached === true ? attachedBefore : undefined;
    return await this.#exclusively(server, context, async (instance) => {
      await removeVolume(this.#parts, instance, { volume, attached }, context);
      return await this.#views.showDone(this.#parts.store.get(instance.uuid), context);
    });
  }

  /** Attaches a network of the settings to a server, running or not. @throws ConflictError when the server has it */
  async addNetwork(
    server: string,
    request: ServerNetworkRequest,
    context: RequestContext = newContext(),
  ): Promise<ServerDetail> {
    checkServerNetwork('addNetwork', request);
    return await this.#exclusively(server, context, async (instance) => {
      await addNetwork(this.#parts, instance, request, context);
      return await this.#views.showDone(this.#parts.store.get(instance.uuid), context);
    });
  }

  /**
   * Detaches a network. Detaching a network that is not attached succeeds, unless `mustBeAttached` is set.
   *
   * @throws NotFoundError
   */
  async removeNetwork(
    server: string,
    network: string,
    context: RequestContext = newContext(),
    options: { readonly mustBeAttached?: boolean } = {},
  ): Promise<ServerDetail> {
    const { store } = this.#parts;
    // Read before waiting for the turn, as in removeVolume.
    const attachedBefore = store.networks(store.get(server).uuid).map((each) => each.network);
    const attached = options.mustBeAttached === true ? attachedBefore : undefined;
    return await this.#exclusively(server, context, async (instance) => {
      await removeNetwork(this.#parts, instance, { network, attached }, context);
      return await this.#views.showDone(this.#parts.store.get(instance.uuid), context);
    });
  }

  async list(context: RequestContext = newContext()): Promise<readonly ServerSummary[]> {
    return await this.#views.list(context);
  }

  async show(nameOrUuid: string, context: RequestContext = newContext()): Promise<ServerDetail> {
    return await this.#views.show(this.#parts.store.get(nameOrUuid), context);
  }

  /** Returns the last lines of the console log of a server. @throws ConflictError when it has none at this time */
  async consoleLog(
    server: string,
    options: { readonly lines?: number | undefined },
    context: RequestContext = newContext(),
  ): Promise<readonly ConsoleLine[]> {
    return await readConsoleLog(this.#parts, this.#parts.store.get(server), options.lines, context);
  }

  /** Yields the last lines of the console log, then new ones as they appear, until the signal of the context aborts. */
  followConsoleLog(
    server: string,
    options: FollowConsole,
    context: RequestContext = newContext(),
  ): AsyncIterable<ConsoleLine> {
    return followConsoleLog(this.#parts, this.#parts.store.get(server), options, context);
  }

  /**
   * Opens the serial console of a server, for one client at a time.
   *
   * @param options.force - take it over from another client, where the platform can do that
   * @throws ConflictError when the server does not run, or its console is open elsewhere
   */
  async openConsole(
    server: string,
    options: { readonly force?: boolean },
    context: RequestContext = newContext(),
  ): Promise<ConsoleConnection> {
    return await openConsole(this.#parts, this.#parts.store.get(server), options, context);
  }

  /** Returns the paths of volumes and the state of each path. Changes nothing. @throws NotFoundError */
  async volumePaths(filter: PathFilter, context: RequestContext = newContext()): Promise<readonly PathRecord[]> {
    return await listVolumePaths(this.#parts, filter, context);
  }

  /** Returns the URI of the HMC object that lists the Fibre Channel paths, for one partition or for each. @throws NotFoundError */
  async searchPath(
    of: Pick<PathFilter, 'server' | 'partition'>,
    context: RequestContext = newContext(),
  ): Promise<readonly SearchPath[]> {
    return await findSearchPath(this.#parts, of, context);
  }

  async hypervisorShow(context: RequestContext = newContext()): Promise<HypervisorView> {
    return await this.#views.hypervisor(context);
  }

  /** Returns the totals of all hypervisors of this host, as Nova's `hypervisor stats`. With DPM there is one hypervisor. */
  async hypervisorStats(context: RequestContext = newContext()): Promise<HypervisorStats> {
    return await hypervisorStats(this.#parts, this.#views.hypervisor(context), context);
  }

  /** Returns how much each of these servers uses, by name or UUID; of all servers if no name is given. @throws NotFoundError */
  async serverStats(
    servers: readonly string[] = [],
    context: RequestContext = newContext(),
  ): Promise<readonly ServerStats[]> {
    return await serverStats(this.#parts, servers, async () => await this.#views.list(context), context);
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

  /** Attaches a volume directly to a partition or to this host, without a server. Attaching is idempotent. */
  async localAttach(request: LocalAttachRequest, context: RequestContext = newContext()): Promise<LocalAttachment> {
    const attach = async () => await this.#parts.local.attach(request, context);
    return await this.#inTurn(ownerOf(request), context, attach);
  }

  /** Detaches a volume that {@link ComputeManager.localAttach} attached. Detaching a volume that is not attached succeeds. */
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

  /** Resumes a flow that is interrupted, stuck or waiting. @returns its final state */
  async resumeFlow(id: string, context: RequestContext = newContext()): Promise<'completed' | 'rolled-back'> {
    const subject = await ownerOfFlow(this.#parts, await getOpenFlow(this.#parts, id));
    return await this.#inTurn(subject, context, async () => {
      // `#inTurn` resumes the flows of dead processes first, so this flow may have ended already.
      const { state } = await this.showFlow(id);
      if (state === 'completed' || state === 'rolled-back') return state;
      return await resumeServerFlow(this.#parts, await getOpenFlow(this.#parts, id), context);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.close();
  }

  async #changed(server: string, context: RequestContext, work: (instance: InstanceRecord) => Promise<void>) {
    return await this.#exclusively(server, context, async (instance) => {
      await work(instance);
      return await this.#views.showDone(this.#parts.store.get(instance.uuid), context);
    });
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
    // Read the instance again: the operation that ran before may have changed or removed it.
    return await this.#inTurn(uuid, context, async () => await work(this.#parts.store.get(uuid)));
  }

  /**
   * Runs an operation when no other operation on the same subject runs. A subject is either an instance, or one local
   * attachment: a pair of a volume and a partition or host. Waits for operations of this process, then for those of other
   * processes. Before the operation, resumes the flows that dead processes left unfinished.
   */
  async #inTurn<T>(subject: string, context: RequestContext, work: () => Promise<T>): Promise<T> {
    const { ownership, onWait } = this.#parts;
    const { signal } = context;
    using _turn = await this.#queues.enter(subject, signal);
    using _owned = await ownership.acquire(subject, { signal, onWait });
    await recoverSubject(this.#parts, subject, context);
    return await work();
  }

  /**
   * Resumes the unfinished operations on these subjects (see `#inTurn`). Resumes them concurrently, because each may have to
   * wait until a partition has started. Meanwhile, commands of this process on these subjects wait. Skips subjects on which
   * another process is working.
   *
   * @param options.onAbort - what happens to the operations if the context is aborted
   */
  async #resumeAll(
    subjects: readonly string[],
    context: RequestContext,
    { onAbort }: { readonly onAbort: 'roll-back' | 'leave-unfinished' },
  ): Promise<void> {
    const abandon = onAbort === 'leave-unfinished' ? context.signal : undefined;
    const resume = async (subject: string) => {
      using _turn = await this.#queues.enter(subject, context.signal);
      using owned = this.#parts.ownership.tryAcquire(subject);
      if (owned !== undefined) await recoverSubject(this.#parts, subject, context, abandon);
    };
    for (const end of await Promise.allSettled([...new Set(subjects)].map(resume)))
      if (end.status === 'rejected') throw end.reason;
  }
}
