import { CleanupStack, silentLogger } from '../base/index.ts';
import type { Failpoint, Logger, StepEvent } from '../base/index.ts';
import { openCinder, volumeConnections } from '../cinder-client/index.ts';
import type { CinderClient, CinderOptions, VolumeConnections } from '../cinder-client/index.ts';
import type { Settings } from '../config/index.ts';
import { watchOutages } from './journal/index.ts';
import type { FlowServices, Journal } from './journal/index.ts';
import { LocalVolumes, LocalVolumeStore, ownerOfHost } from './local/index.ts';
import type { LocalHost } from './local/index.ts';
import { defaultDpmPolicies, loadDriver } from '../virt/index.ts';
import type { ComputeDriver, DpmPolicies, RequestContext } from '../virt/index.ts';
import { openDatabase } from './database.ts';
import { toDpmSettings } from './dpm-settings.ts';
import { InstanceStore } from './instances.ts';
import { ComputeManager } from './manager.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { SqlitePartitionRecords } from './sqlite-partition-records.ts';
import { Ownership } from './ownership.ts';
import { TakeUpLoop } from './take-up-loop.ts';
import { VolumeKeeper } from './volumes.ts';

const TAKE_UP_EVERY_MS = 60_000;

/** @public */
export interface OpenManagerOptions {
  readonly context: RequestContext;
  /** Readers own nothing and resume nothing. Default `write`. */
  readonly access?: 'read' | 'write';
  /** What this process does, for the message of another one that waits for it. */
  readonly purpose?: string;
  /** For the process's number in that message. */
  readonly pid?: number;
  /** Told when another process works on what this one wants to work on. */
  readonly onWait?: ((other: string) => void) | undefined;
  readonly onStep?: ((event: StepEvent) => void) | undefined;
  readonly log?: Logger;
  /** Where modules of third parties are looked for. */
  readonly baseDir: string;
  readonly policies?: Partial<DpmPolicies> | undefined;
  /** Deadlines and repeats of the Cinder client. */
  readonly cinder?: Pick<CinderOptions, 'policies' | 'timeouts'> | undefined;
  readonly failpoint?: ((point: Failpoint) => Promise<void>) | undefined;
  /** The host on which this runs, for volumes that are attached to it without Nova; undefined for none. */
  readonly localHost?: LocalHost | undefined;
  /**
   * How often a writer looks for flows that wait for a peer, or were left by a dead process, to take them up; in
   * milliseconds, 0 for never. Default: once a minute, and less often while it goes on in vain.
   */
  readonly takeUpEveryMs?: number | undefined;
  /** In the place of the time between two such looks: for tests. */
  readonly takeUpPause?: ((ms: number, signal: AbortSignal) => Promise<unknown>) | undefined;
  /** Wraps the driver: for tests that watch or disturb its verbs. */
  readonly wrapDriver?: ((driver: ComputeDriver) => ComputeDriver) | undefined;
  /** Wraps the journal: for tests that watch it, fail it, or kill the process between two of its records. */
  readonly wrapJournal?: ((journal: Journal) => Journal) | undefined;
}

/**
 * Puts a compute manager together: state directory, journal, Cinder, driver. A writer begins by finishing or undoing what
 * dead processes left unfinished. Several processes may work on one state directory at the same time.
 *
 * @throws JournalError, ConfigError, or what HMC and CPC say
 * @public
 */
export async function openManager(settings: Settings, options: OpenManagerOptions): Promise<ComputeManager> {
  await using stack = new CleanupStack();
  const { flows, shared, policies, isWriter, outages } = await openBase(settings, options, stack);
  const late: { driver?: ComputeDriver } = {};
  const volumes = new VolumeKeeper(shared, () => requireDriver(late.driver));
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
  const driver = options.wrapDriver?.(loaded) ?? loaded;
  late.driver = driver; // the driver calls back to the volumes, and they ask the driver for its connector
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
    limits: {
      builds: settings.dpm.maxConcurrentBuilds,
      waitMs: settings.dpm.queueTimeoutMs,
    },
  };
  const disposal = stack.move();
  const manager = new ComputeManager({ ...parts, close: async () => await disposal[Symbol.asyncDispose]() });
  if (!isWriter) return manager;
  await recoverOrClose(manager, options.context);
  const everyMs = options.takeUpEveryMs ?? TAKE_UP_EVERY_MS;
  if (everyMs > 0) disposal.use(takeUpLoop(manager, everyMs, options));
  return manager;
}

/**
 * What can be done on this host without an HMC: volumes attached to it without Nova. State directory and journal are
 * the compute manager's. A writer waits for other processes that work on volumes of this host.
 *
 * @throws JournalError
 * @public
 */
export async function openLocalVolumes(
  settings: Settings,
  options: OpenManagerOptions,
): Promise<LocalVolumes & AsyncDisposable> {
  await using stack = new CleanupStack();
  const { flows, shared, isWriter } = await openBase(settings, options, stack);
  const parts = {
    ...shared,
    store: shared.localStore,
    flows,
    host: localHost(settings, options),
    partitions: undefined,
  };
  const volumes = new LocalVolumes(parts);
  if (isWriter) {
    const { signal } = options.context;
    stack.use(await shared.ownership.acquire(ownerOfHost, { signal, onWait: options.onWait }));
    await volumes.recover(ownerOfHost, options.context);
  }
  const disposal = stack.move();
  return Object.assign(volumes, { [Symbol.asyncDispose]: async () => await disposal[Symbol.asyncDispose]() });
}

/** The host with what the settings name for it; connectors that the program brings itself go before those. */
function localHost({ dpm }: Settings, { localHost: host, baseDir }: OpenManagerOptions): LocalHost | undefined {
  if (host === undefined) return undefined;
  const connectors = [...dpm.hostConnectors, ...(host.connectors ?? [])];
  return { baseDir, ...host, connectors, fcpDevices: [...dpm.hostFcpDevices, ...(host.fcpDevices ?? [])] };
}

/** State directory, journal and Cinder: what every kind of work begins with. */
async function openBase(settings: Settings, options: OpenManagerOptions, stack: CleanupStack) {
  const log = options.log ?? silentLogger;
  const isWriter = options.access !== 'read';
  const database = openDatabase(settings.statePath);
  stack.defer(() => {
    database.close();
  });
  const ownership = stack.use(openOwnership(settings, options));
  const onDisk = new SqliteJournal(database);
  if (isWriter) onDisk.prune(settings.dpm.history);
  const journal = options.wrapJournal?.(onDisk) ?? onDisk;
  const policies = { ...defaultDpmPolicies, ...options.policies };
  const { outages, ...watchers } = watchOutages({ onStep: options.onStep, log });
  const flows: FlowServices = { journal, undo: policies.undo, log, ...watchers, failpoint: options.failpoint };
  const cinder = stack.use(
    openCinder({ ...settings.cinder, ...options.cinder, outages, log, requestId: () => options.context.requestId }),
  );
  const shared = {
    host: settings.host,
    store: new InstanceStore(database),
    localStore: new LocalVolumeStore(database),
    journal,
    cinder,
    connections: rememberConnections(cinder),
    ownership,
    onWait: options.onWait,
    namesInstances: settings.cinder.serviceUser !== undefined,
    partitionRecords: new SqlitePartitionRecords(database, { access: isWriter ? 'write' : 'read' }),
    flows,
    log,
  };
  return { isWriter, flows, policies, shared, outages };
}

/** The first to be closed: it works with all that the manager has. */
function takeUpLoop(
  manager: ComputeManager,
  everyMs: number,
  { context: { requestId }, takeUpPause: pause, log = silentLogger }: OpenManagerOptions,
): TakeUpLoop {
  const look = async (signal: AbortSignal) => await manager.takeUpWaiting({ requestId, signal });
  return new TakeUpLoop({ everyMs, look, pause, log });
}

async function recoverOrClose(manager: ComputeManager, context: RequestContext): Promise<void> {
  try {
    await manager.recover(context);
  } catch (error) {
    await manager[Symbol.asyncDispose]();
    throw error;
  }
}

function openOwnership(
  { statePath }: Settings,
  { pid = 0, purpose = 'compute manager' }: OpenManagerOptions,
): Ownership {
  return new Ownership(statePath, { pid, purpose, since: new Date().toISOString() });
}

/** Which flow a Cinder speaks does not change while we talk to it; asked once, and again after a failure. */
function rememberConnections(cinder: CinderClient): (w: { signal: AbortSignal }) => Promise<VolumeConnections> {
  let known: VolumeConnections | undefined;
  return async (w) => (known ??= await volumeConnections(cinder, w));
}

function requireDriver(driver: ComputeDriver | undefined): ComputeDriver {
  if (driver === undefined) throw new Error('the driver called back before it was loaded'); // a driver's constructor does nothing
  return driver;
}

/** A driver of another kind has no CPC subset: its share is then unbounded here. */
function shareOf({ computeDriver, dpm }: Settings) {
  if (computeDriver !== 'dpm.DPMDriver') return { vcpus: Number.MAX_SAFE_INTEGER, memoryMib: Number.MAX_SAFE_INTEGER };
  return { vcpus: dpm.maxProcessors, memoryMib: dpm.maxMemoryMib };
}
