import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  startHmc,
  type Clock,
  type HmcOptions,
  type HmcSnapshot,
  type MadeStorageGroup,
  type PreparedPartition,
  type PreparedStorageGroup,
  type SimulatedHmc,
} from './hmc/index.ts';
import {
  startOpenstack,
  type CinderOptions,
  type CinderSnapshot,
  type ImageOptions,
  type InitialVolume,
  type KeystoneOptions,
  type Openstack,
  type UserOptions,
  type VolumeOptions,
} from './openstack/index.ts';
import { openManagerWith, type ComputeManager, type OpenManagerOptions } from './manager/index.ts';
import { createSan, type SanOptions, type SanSnapshot, type SimulatedSan } from './san/index.ts';
import {
  CertificateAuthority,
  FaultEngine,
  RequestLog,
  type CertificateFlaw,
  type FaultRule,
  type Latency,
  type TlsMaterial,
} from './server/index.ts';
import { Keeper, KeptStateError, type Basis, type KeptState } from './keep.ts';
import { addLatency, scaledTiming } from './timing.ts';
import { composeSettings, type SimulatorSettings } from './settings.ts';

/**
 * What to simulate. The defaults are a z13 with two FCP adapters, plain HTTP, no faults and no delays.
 * @public
 */
export interface SimulatorOptions extends Omit<HmcOptions, 'users'> {
  /** Whether to serve HTTPS, with certificates of a new certificate authority; default false. */
  readonly tls?: boolean;
  /** Makes the HMC's certificate invalid in this way. */
  readonly hmcCertificate?: CertificateFlaw;
  readonly host?: string;
  readonly hmcPort?: number;
  /** Port of the HMC's message broker; default: a free port. */
  readonly stompPort?: number;
  readonly cinderPort?: number;
  readonly keystonePort?: number;
  /** Delay of every response in milliseconds; or an object with a delay for each operation, and `*` for all others. */
  readonly latencyMs?: Latency;
  readonly faults?: readonly FaultRule[];
  /** Seed of the random numbers: equal seeds give equal ids, WWPNs and random faults. Default 1. */
  readonly seed?: number;
  /** The clock that all servers use. */
  readonly clock?: Clock;
  readonly san?: SanOptions;
  readonly cinder?: CinderOptions;
  readonly keystone?: KeystoneOptions;
  readonly hmcUsers?: HmcOptions['users'];
  /** Users of Keystone. */
  readonly users?: readonly UserOptions[];
  readonly volumes?: readonly VolumeOptions[];
  /** Images of Glance; default: two. With an empty list there is no Glance. */
  readonly images?: readonly ImageOptions[];
  /** Partitions of other owners that exist from the start. */
  readonly partitions?: readonly PreparedPartition[];
  /**
   * Scales all durations. With 1 they are realistic: for example, a partition starts in 90 seconds. With 0, the default,
   * everything is instant. `timing` and `cinder.timing` override single durations.
   */
  readonly timingFactor?: number;
  /**
   * A directory in which the simulator saves its state, its certificates and its ports. The next start with this directory
   * continues from there. It ignores the options `volumes`, `partitions` and `storageGroups`.
   */
  readonly keep?: string;
  /** Storage groups that exist from the start. For groups of type fcp, the SAN gets volumes. Not possible on a z13. */
  readonly storageGroups?: readonly PreparedStorageGroup[];
}

/**
 * The whole state of a simulator as plain JSON, without timestamps. If an operation is rolled back, the snapshots before and
 * after it are equal.
 * @public
 */
export interface SimulatorSnapshot {
  readonly hmc: HmcSnapshot;
  readonly san: SanSnapshot;
  readonly cinder: CinderSnapshot;
}

/**
 * A running simulator of HMC, SAN, Keystone and Cinder.
 * @public
 */
export interface Simulator extends AsyncDisposable {
  readonly hmc: SimulatedHmc;
  readonly san: SimulatedSan;
  readonly cinder: Openstack['cinder'];
  readonly keystone: Openstack['keystone'];
  readonly glance: Openstack['glance'];
  readonly log: RequestLog;
  readonly faults: FaultEngine;
  /** The certificate authority that clients must trust; undefined without TLS. Without `keep`, `close` removes the file. */
  readonly ca: { readonly pem: string; readonly file: string } | undefined;
  readonly images: Openstack['images'];
  readonly volumes: readonly InitialVolume[];
  /** The storage groups of the options, in their order. */
  readonly storageGroups: readonly MadeStorageGroup[];
  /** Returns settings, including passwords, with which nova-dpm uses this simulator. */
  settings(): SimulatorSettings;
  /**
   * Opens a compute manager that uses this simulator. All managers of one simulator share a state directory, which is in the
   * directory `keep`. Without `keep`, it is a temporary directory, which `close` removes. Close the managers before the
   * simulator.
   */
  openManager(options?: OpenManagerOptions): Promise<ComputeManager>;
  snapshot(): SimulatorSnapshot;
  close(): Promise<void>;
}

/**
 * Starts HMC, SAN, Keystone and Cinder on loopback ports.
 *
 * @throws Error when a port is in use, or the file in `definition` cannot be read. The servers that had started are then
 *   closed
 * @example
 * ```ts
 * import { startSimulator } from 'nova-dpm/simulator';
 *
 * await using simulator = await startSimulator({ machine: 'z16', tls: true });
 * await using manager = await simulator.openManager();
 * console.log(await manager.hypervisorShow());
 * ```
 * @public
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const closers: Closer[] = [];
  try {
    return await startAll(options, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

type Closer = () => PromiseLike<void>;

/** Closes in reverse order. Node.js 22 has no AsyncDisposableStack. */
async function closeAll(closers: Closer[]): Promise<void> {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
}

async function startAll(given: SimulatorOptions, closers: Closer[]): Promise<Simulator> {
  const keeper = given.keep === undefined ? undefined : new Keeper(given.keep);
  const kept = keeper?.load();
  const options = withTiming(kept === undefined ? given : withKeptBasis(given, kept));
  const log = new RequestLog();
  const faults = new FaultEngine(options.faults ?? [], options.seed ?? 1);
  const tls = options.tls === true ? (kept?.tls ?? newCertificates(options)) : undefined;
  const ca = tls === undefined ? undefined : await writeAuthority(tls.hmc.ca, keeper, closers);
  const san = createSan(options.san, kept?.san);
  const save: { now?: () => void } = {};
  const shared = { san, faults, log, onServed: () => save.now?.() };
  const openstack = await startOpenstack(openstackOptions(options, shared, tls?.openstack, kept));
  closers.push(() => openstack.close());
  const hmc = await startHmc(hmcOptions(options), hmcSurroundings(options, shared, tls?.hmc, kept));
  closers.push(() => hmc[Symbol.asyncDispose]());
  if (kept === undefined) for (const partition of options.partitions ?? []) hmc.addPartition(partition);
  const groups = kept === undefined ? (options.storageGroups ?? []) : [];
  const storageGroups = groups.map((wanted) => prepareStorageGroup(hmc, san, wanted));
  if (keeper !== undefined) {
    const { definition, adapters, storageManagement } = options;
    const machine = options.machine ?? (definition === undefined ? 'z13' : undefined);
    const basis = { machine, definition, adapters, storageManagement, san: options.san, seed: given.seed } as Basis;
    const ports = {
      hmc: hmc.server.port,
      ...(hmc.broker === undefined ? {} : { stomp: hmc.broker.port }),
      keystone: openstack.keystone.server.port,
      cinder: openstack.cinder.server.port,
      ...(openstack.glance === undefined ? {} : { glance: openstack.glance.server.port }),
    };
    const starts = (kept?.starts ?? 0) + 1;
    save.now = () => {
      keeper.save({ basis, starts, ports, tls, hmc: hmc.keep(), san: san.keep(), cinder: openstack.keep() });
    };
    save.now();
    closers.push(() => Promise.resolve(save.now?.()));
  }
  const stateDirectory = once(async () =>
    keeper === undefined ? await temporaryDirectory('state', closers) : join(keeper.directory, 'state'),
  );
  return simulatorOf({ hmc, openstack, san, log, faults, ca, storageGroups, stateDirectory }, () => closeAll(closers));
}

/** Added to the seed at every start with a kept state, so that new ids differ from those of earlier starts. */
const SEED_STEP = 1_000;

/** Replaces the machine and the SAN in the options by those of the kept state. @throws KeptStateError for another machine */
function withKeptBasis(given: SimulatorOptions, { basis, starts }: KeptState): SimulatorOptions {
  for (const name of ['machine', 'definition'] as const) {
    const [wanted, known] = [given[name], basis[name]];
    if (wanted === undefined || wanted === known) continue;
    throw new KeptStateError(
      `the directory keeps a ${known ?? basis.machine ?? basis.definition}, not a ${wanted}: use another directory`,
    );
  }
  return { ...given, ...basis, seed: (given.seed ?? 1) + starts * SEED_STEP };
}

/** Issues a certificate for the HMC and one for the OpenStack services. */
function newCertificates({ hmcCertificate }: SimulatorOptions): NonNullable<KeptState['tls']> {
  const authority = new CertificateAuthority();
  return { openstack: authority.issue(), hmc: authority.issue(hmcCertificate) };
}

/** Adds the durations that follow from `timingFactor`. Durations that the options set explicitly take precedence. */
function withTiming(options: SimulatorOptions): SimulatorOptions {
  const { timingFactor = 0, timing, cinder, latencyMs } = options;
  if (timingFactor === 0) return options;
  const scaled = scaledTiming(timingFactor);
  return {
    ...options,
    timing: { ...scaled.hmc, ...timing },
    cinder: { ...cinder, timing: { ...scaled.cinder, ...cinder?.timing } },
    latencyMs: addLatency(latencyMs, scaled.services),
  };
}

interface Shared {
  readonly san: SimulatedSan;
  readonly faults: FaultEngine;
  readonly log: RequestLog;
  readonly onServed?: () => void;
}

interface Parts extends Shared {
  readonly hmc: SimulatedHmc;
  readonly openstack: Openstack;
  readonly ca: Simulator['ca'];
  readonly storageGroups: readonly MadeStorageGroup[];
  /** Returns the state directory of the managers. The first call creates it. */
  readonly stateDirectory: () => Promise<string>;
}

function simulatorOf(
  { hmc, openstack, san, log, faults, ca, storageGroups, stateDirectory }: Parts,
  close: () => Promise<void>,
): Simulator {
  const { cinder, keystone, glance, images, volumes } = openstack;
  const settings = () => composeSettings(hmc, openstack, ca?.file);
  return {
    hmc,
    san,
    cinder,
    keystone,
    glance,
    log,
    faults,
    ca,
    images,
    volumes,
    storageGroups,
    settings,
    openManager: async (given = {}) => {
      const { DEFAULT, ...others } = settings();
      const state = { DEFAULT: { ...DEFAULT, state_path: await stateDirectory() } };
      return await openManagerWith({ ...others, ...state }, given);
    },
    snapshot: () => ({ hmc: hmc.snapshot(), san: san.snapshot(), cinder: cinder.snapshot() }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Creates a storage group. For a group of type fcp, also creates volumes on the SAN, maps and zones them, so that the storage
 * volumes are fulfilled. Every storage volume with usage `boot` is bootable.
 */
function prepareStorageGroup(hmc: SimulatedHmc, san: SimulatedSan, wanted: PreparedStorageGroup): MadeStorageGroup {
  const made = hmc.addStorageGroup(wanted);
  if (wanted.type !== 'fcp') return made;
  for (const [index, { sizeGib, usage }] of wanted.volumes.entries()) {
    const volumeId = `${wanted.name}-${index}`;
    san.createVolume({ id: volumeId, sizeGib, bootable: usage === 'boot' });
    const shown = san.mapVolume({ volumeId, host: wanted.name, initiators: made.wwpns, lunForm: 'peripheral' });
    const ports = shown.flatMap((each) => each.ports);
    for (const wwpn of made.wwpns) for (const port of ports) san.zone(wwpn, port);
  }
  hmc.discover(made.uri);
  return made;
}

/** Creates a directory that is removed when the simulator closes. */
async function temporaryDirectory(purpose: string, closers: Closer[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `nova-dpm-simulator-${purpose}-`));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Returns a function that calls `make` the first time, and returns the same value every time. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Writes the certificate of the authority to a file, because the settings of nova-dpm contain a file name, not a certificate. */
async function writeAuthority(pem: string, keeper: Keeper | undefined, closers: Closer[]): Promise<Simulator['ca']> {
  const file = join(keeper?.directory ?? (await temporaryDirectory('ca', closers)), 'ca.pem');
  await writeFile(file, pem);
  return { pem, file };
}

function openstackOptions(
  options: SimulatorOptions,
  shared: Shared,
  tls: TlsMaterial | undefined,
  kept: KeptState | undefined,
): Parameters<typeof startOpenstack>[0] {
  const { host, latencyMs, cinder, keystone, users, volumes, images, seed, clock, keystonePort, cinderPort } = options;
  const now = clock === undefined ? undefined : () => clock.now();
  const ports = { keystone: keystonePort, cinder: cinderPort };
  return {
    ...shared,
    tls,
    kept: kept?.cinder,
    preferredPorts: kept?.ports,
    host,
    latencyMs,
    cinder,
    keystone,
    users,
    volumes,
    images,
    seed,
    now,
    ports,
  };
}

function hmcOptions(options: SimulatorOptions): HmcOptions {
  const { hmcUsers, users: _users, ...rest } = options;
  return { machine: 'z13', adapters: 2, ...rest, ...(hmcUsers === undefined ? {} : { users: hmcUsers }) };
}

function hmcSurroundings(
  options: SimulatorOptions,
  shared: Shared,
  tls: TlsMaterial | undefined,
  kept: KeptState | undefined,
): Parameters<typeof startHmc>[1] {
  const { hmcPort: port, stompPort, host, latencyMs, seed, clock } = options;
  const known = { kept: kept?.hmc, preferredPort: kept?.ports.hmc, preferredStompPort: kept?.ports.stomp };
  return { ...shared, ...known, fabrics: shared.san.fabricIds, tls, port, stompPort, host, latencyMs, seed, clock };
}
