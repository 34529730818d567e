import { CleanupStack, silentLogger } from '../base/index.ts';
import type { Failpoint, Logger, StepEvent } from '../base/index.ts';
import { openCinder, volumeConnections } from '../cinder-client/index.ts';
import type { CinderClient, CinderOptions, VolumeConnections } from '../cinder-client/index.ts';
import { thisProcess } from '../config/index.ts';
import type { LoadOptions, OptionKinds, Settings } from '../config/index.ts';
import { newContext, readArguments } from './arguments.ts';
import { watchOutages } from './journal/index.ts';
import type { FlowServices, Journal, ResumedOperation } from './journal/index.ts';
import { LocalVolumes, LocalVolumeStore, ownerOfHost } from './local/index.ts';
import type { LocalHost } from './local/index.ts';
import { defaultDpmPolicies, loadDriver } from '../virt/index.ts';
import type { ComputeDriver, DpmPolicies, RequestContext } from '../virt/index.ts';
import { openDatabase } from './database.ts';
import { InstanceStore } from './instances.ts';
import { toDpmSettings } from './load-driver.ts';
import { ComputeManager } from './manager.ts';
import { ServedInstances } from './served-instances.ts';
import { ServerActions } from './server-actions.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { SqlitePartitionRecords } from './sqlite-partition-records.ts';
import { Ownership } from './ownership.ts';
import { startResumeLoop } from './resume-loop.ts';
import { VolumeKeeper } from './volumes.ts';
import { WaitingRequests } from './waiting-requests.ts';

const RESUME_EVERY_MS = 60_000;

/** Options of {@link openManager} and {@link openLocalVolumes}. Every option has a default. @public */
export interface OpenManagerOptions {
  /** Under which request flows are resumed while opening. Default: a new request ID, and no way to abort. */
  readonly context?: RequestContext | undefined;
  /** A reader owns nothing and resumes nothing. Default `write`. */
  readonly access?: 'read' | 'write' | undefined;
  /** What this process does, for the message of a process that waits for it. Default `compute manager`. */
  readonly purpose?: string | undefined;
  /** The process ID in that message. Default: that of this process. */
  readonly pid?: number | undefined;
  /** Called when this process has to wait for another process. */
  readonly onWait?: ((other: string) => void) | undefined;
  /** Called with what the manager chose for the user: the boot volume, or memory that is rounded up. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** Called when this process begins to finish or to undo what an earlier process left. */
  readonly onResume?: ((operation: ResumedOperation) => void) | undefined;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
  /** Default: no log. */
  readonly log?: Logger | undefined;
  /** Directory from which third-party modules are loaded. Default: the current directory. */
  readonly baseDir?: string | undefined;
  readonly policies?: Partial<DpmPolicies> | undefined;
  /** Deadlines and retries of the Cinder client. */
  readonly cinder?: Pick<CinderOptions, 'policies' | 'timeouts'> | undefined;
  readonly failpoint?: ((point: Failpoint) => Promise<void>) | undefined;
  /** This host, if volumes may be attached to it without Nova. */
  readonly localHost?: LocalHost | undefined;
  /**
   * Milliseconds between two attempts of a writer to resume flows that wait for a peer, or that a dead process left; 0 for
   * never. Default: one minute, and longer while attempts fail.
   */
  readonly resumeEveryMs?: number | undefined;
  /** Replaces the pause between two attempts, for tests. */
  readonly resumePause?: ((ms: number, signal: AbortSignal) => Promise<unknown>) | undefined;
  /** Wraps the driver, for tests that watch or disturb its verbs. */
  readonly wrapDriver?: ((driver: ComputeDriver) => ComputeDriver) | undefined;
  /** Wraps the journal, for tests that watch it, make it fail, or kill the process between two events. */
  readonly wrapJournal?: ((journal: Journal) => Journal) | undefined;
}

const optionKinds: OptionKinds<OpenManagerOptions> = {
  context: 'object',
  access: ['read', 'write'],
  purpose: 'string',
  pid: 'number',
  onWait: 'function',
  onNote: 'function',
  onResume: 'function',
  onStep: 'function',
  log: 'object',
  baseDir: 'string',
  policies: 'object',
  cinder: 'object',
  failpoint: 'function',
  localHost: 'object',
  resumeEveryMs: 'number',
  resumePause: 'function',
  wrapDriver: 'function',
  wrapJournal: 'function',
};

/** Options with the defaults that every part of a manager needs. */
type CompleteOptions = OpenManagerOptions & { readonly context: RequestContext; readonly baseDir: string };

function completeOptions(options: OpenManagerOptions): CompleteOptions {
  return { ...options, context: options.context ?? newContext(), baseDir: options.baseDir ?? thisProcess().cwd };
}

/**
 * Opens a compute manager: state directory, journal, Cinder, driver. A writer first resumes what dead processes left
 * unfinished. Several processes may use one state directory at the same time.
 *
 * @throws ConfigError for wrong arguments or settings, before anything is opened; JournalError, or the errors of the driver
 * @example
 * ```ts
 * import { openManager } from 'nova-dpm';
 *
 * await using manager = await openManager({ configFile: 'nova-dpm.conf' });
 * for (const { name, status } of await manager.list()) console.log(name, status);
 * ```
 * @public
 */
export async function openManager(options?: LoadOptions & OpenManagerOptions): Promise<ComputeManager>;
/**
 * Opens a compute manager with settings that the caller has loaded.
 * @public
 */
export async function openManager(settings: Settings, options?: OpenManagerOptions): Promise<ComputeManager>;
export async function openManager(
  first?: Settings | (LoadOptions & OpenManagerOptions),
  second?: OpenManagerOptions,
): Promise<ComputeManager> {
  const { settings, options: given } = readArguments('openManager', first, second, optionKinds);
  const options = completeOptions(given);
  await using stack = new CleanupStack();
  const { flows, shared, policies, isWriter, outages } = await openBase(settings, options, stack);
  // The driver calls the volumes back, and they ask the driver for its connector; a driver's constructor does nothing.
  const volumes = new VolumeKeeper(shared, () => driver);
  const services = {
    ...flows,
    virtapi: volumes,
    partitionRecords: shared.partitionRecords,
    outages,
    readsOnly: !isWriter,
    host: settings.host,
    dpm: () => toDpmSettings(settings, policies, options.baseDir),
  };
  const loaded = await loadDriver(settings.computeDriver, services, options.baseDir);
  const driver: ComputeDriver = options.wrapDriver?.(loaded) ?? loaded;
  stack.defer(async () => await driver.cleanupHost(settings.host));
  await driver.initHost(settings.host, options.context);
  const parts = {
    ...shared,
    driver,
    volumes,
    local: new LocalVolumes({
      ...shared,
      store: shared.localStore,
      flows,
      host: localHost(settings, options),
      partitions: driver.partitionVolumes?.(),
    }),
    share: shareOf(settings),
    spawnOrder: settings.dpm.spawnOrder,
    limits: { builds: settings.dpm.maxConcurrentBuilds, waitMs: settings.dpm.queueTimeoutMs },
  };
  const disposal = stack.move();
  const manager = new ComputeManager({ ...parts, close: async () => await disposal[Symbol.asyncDispose]() });
  if (!isWriter) return manager;
  try {
    await manager.recover(options.context);
  } catch (error) {
    await manager[Symbol.asyncDispose]();
    throw error;
  }
  const { context, resumeEveryMs: everyMs = RESUME_EVERY_MS, resumePause: pause, log = silentLogger } = options;
  const look = async (signal: AbortSignal) => {
    return await manager.resumeWaiting({ requestId: context.requestId, signal });
  };
  // Disposed of first, since it uses the manager.
  if (everyMs > 0) disposal.use(startResumeLoop({ everyMs, look, pause, log }));
  return manager;
}

/**
 * Opens the volumes that are attached to this host without Nova; no HMC is needed. Uses the state directory and journal of the
 * compute manager. A writer waits for other processes that work on volumes of this host.
 *
 * @throws ConfigError for wrong arguments or settings, before anything is opened; JournalError
 * @public
 */
export async function openLocalVolumes(
  options?: LoadOptions & OpenManagerOptions,
): Promise<LocalVolumes & AsyncDisposable>;
/**
 * Opens the volumes of this host with settings that the caller has loaded.
 * @public
 */
export async function openLocalVolumes(
  settings: Settings,
  options?: OpenManagerOptions,
): Promise<LocalVolumes & AsyncDisposable>;
export async function openLocalVolumes(
  first?: Settings | (LoadOptions & OpenManagerOptions),
  second?: OpenManagerOptions,
): Promise<LocalVolumes & AsyncDisposable> {
  const read = readArguments('openLocalVolumes', first, second, optionKinds, { withoutHmc: true });
  const { settings } = read;
  const options = completeOptions(read.options);
  await using stack = new CleanupStack();
  const { flows, shared, isWriter } = await openBase(settings, options, stack);
  const host = localHost(settings, options);
  const volumes = new LocalVolumes({ ...shared, store: shared.localStore, flows, host, partitions: undefined });
  if (isWriter) {
    const { signal } = options.context;
    stack.use(await shared.ownership.acquire(ownerOfHost, { signal, onWait: options.onWait }));
    await volumes.recover(ownerOfHost, options.context);
  }
  const disposal = stack.move();
  return Object.assign(volumes, { [Symbol.asyncDispose]: async () => await disposal[Symbol.asyncDispose]() });
}

/** Returns the local host with the connectors and FCP devices from the settings. */
function localHost({ dpm }: Settings, { localHost: host, baseDir }: CompleteOptions): LocalHost | undefined {
  if (host === undefined) return undefined;
  const connectors = [...dpm.hostConnectors, ...(host.connectors ?? [])];
  return { baseDir, ...host, connectors, fcpDevices: [...dpm.hostFcpDevices, ...(host.fcpDevices ?? [])] };
}

/** Opens the state directory, the journal and Cinder. */
async function openBase(settings: Settings, options: CompleteOptions, stack: CleanupStack) {
  const log = options.log ?? silentLogger;
  const isWriter = options.access !== 'read';
  const database = openDatabase(settings.statePath);
  stack.defer(() => {
    database.close();
  });
  const { pid = thisProcess().pid, purpose = 'compute manager' } = options;
  const ownership = stack.use(new Ownership(settings.statePath, { pid, purpose, since: new Date().toISOString() }));
  const onDisk = new SqliteJournal(database);
  const actions = new ServerActions(database);
  const pruneHistory = () => {
    onDisk.prune(settings.dpm.history);
    actions.prune(settings.dpm.history);
  };
  if (isWriter) pruneHistory();
  const journal = options.wrapJournal?.(onDisk) ?? onDisk;
  const policies = { ...defaultDpmPolicies, ...options.policies };
  const { outages, ...watchers } = watchOutages({ onStep: options.onStep, log });
  const { failpoint, onResume } = options;
  const flows: FlowServices = { journal, undo: policies.undo, log, ...watchers, failpoint, onResume };
  const cinder = stack.use(
    openCinder({ ...settings.cinder, ...options.cinder, outages, log, requestId: () => options.context.requestId }),
  );
  const shared = {
    host: settings.host,
    networks: settings.dpm.networks,
    store: new InstanceStore(database),
    localStore: new LocalVolumeStore(database),
    served: new ServedInstances(database),
    actions,
    requests: new WaitingRequests(database),
    pruneHistory,
    journal,
    cinder,
    connections: rememberConnections(cinder),
    ownership,
    onWait: options.onWait,
    onNote: options.onNote,
    namesInstances: settings.cinder.serviceUser !== undefined,
    partitionRecords: new SqlitePartitionRecords(database, { access: isWriter ? 'write' : 'read' }),
    flows,
    log,
  };
  return { isWriter, flows, policies, shared, outages };
}

/** Asks Cinder once for its attachment API, and again only after a failure: the API does not change meanwhile. */
function rememberConnections(cinder: CinderClient): (w: { signal: AbortSignal }) => Promise<VolumeConnections> {
  let known: VolumeConnections | undefined;
  return async (w) => (known ??= await volumeConnections(cinder, w));
}

/** Returns the share of the CPC subset. Other drivers have no such limit. */
function shareOf({ computeDriver, dpm }: Settings) {
  if (computeDriver !== 'dpm.DPMDriver') return { vcpus: Number.MAX_SAFE_INTEGER, memoryMib: Number.MAX_SAFE_INTEGER };
  return { vcpus: dpm.maxProcessors, memoryMib: dpm.maxMemoryMib };
}
