import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, describeError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import type { ComputeManager, FlowListFilter, OpenManagerOptions } from '../compute/index.ts';
import type { LocalHost, MultipathChoice } from '../compute/local/index.ts';
import type { HmcSettings, HostConnectorSetting, Settings } from '../config/index.ts';
import type { Listen } from '../serve/index.ts';
import type { Simulator, SimulatorOptions } from '../simulator/index.ts';
import type { InitOptions } from './config-init/init.ts';
import type { DoctorOptions } from './doctor/checks.ts';
import type { VolumeAccessOptions } from './volume-access.ts';
import type { HostFacts, HostOptions } from './open-host.ts';
import { packageVersion } from './package-version.ts';

/*
 * The only place where the commands use the rest of the program. Modules are imported on demand, so that help, completion
 * and usage errors need not wait for clients and databases.
 */

/** What the rest of the program needs to know about the process. */
interface ProcessFacts {
  readonly pid: number;
  /** Directory against which modules of third parties are resolved. */
  readonly baseDir: string;
  /** Overrides of deadlines and pauses. */
  readonly policies?: OpenManagerOptions['policies'];
  /** Replaces the real host in demonstrations and tests. */
  readonly host?: HostFacts;
  /** Whether this is root; only root may change the devices of this host. */
  readonly isRoot: boolean;
}

/** The public part of the compute manager. A command always passes its context. */
export type Manager = {
  readonly [Name in keyof ComputeManager]: (
    ...given: Required<Parameters<ComputeManager[Name]>>
  ) => ReturnType<ComputeManager[Name]>;
};

/** Attaches volumes to the host on which the command runs, without an HMC. */
export type LocalManager = Pick<Manager, 'localAttach' | 'localDetach' | typeof Symbol.asyncDispose>;

export type ManagerOptions = {
  readonly [
    Key in 'context' | 'access' | 'purpose' | 'onWait' | 'onNote' | 'onResume' | 'onStep' | 'log'
  ]-?: NonNullable<OpenManagerOptions[Key]>;
};

export type Backend = ReturnType<typeof backend>;

export function backend(facts: ProcessFacts) {
  return {
    openManager: async (settings: Settings, options: ManagerOptions): Promise<Manager> => {
      const { openManager } = await import('../compute/index.ts');
      return await openManager(settings, await managerOptions(options, facts));
    },
    openHost: async (settings: Settings, options: HostOptions) => await openHostOf(settings, options, facts),
    /** Starts `dpm serve`. */
    openService: async (
      settings: Settings,
      { listens, ...options }: HostOptions & { readonly listens: readonly Listen[] },
    ) => {
      const { openService } = await import('./open-service.ts');
      const { pid, baseDir, policies } = facts;
      const { log, requestId, purpose } = options;
      return await openService(settings, {
        ...{ listens, log, requestId, purpose, pid, baseDir, policies },
        localHost: await localHost(facts),
        release: packageVersion(),
        openHost: async (of) => await openHostOf(of, options, facts),
      });
    },
    /** @param settings - may be without an HMC */
    openLocal: async (settings: Settings, options: ManagerOptions): Promise<LocalManager> => {
      const { openLocalVolumes } = await import('../compute/index.ts');
      const volumes = await openLocalVolumes(settings, await managerOptions(options, facts));
      return {
        localAttach: (request, context) => volumes.attach(request, context),
        localDetach: (request, context) => volumes.detach(request, context),
        [Symbol.asyncDispose]: async () => await volumes[Symbol.asyncDispose](),
      };
    },
    /** Returns the connector of this host. Needs no other settings. */
    hostConnector: async (request: HostConnectorRequest, log: Logger, w: Waiting): Promise<object> => {
      const { hostConnectors: connectors, ...choice } = request;
      const { HostPlace } = await import('../compute/local/index.ts');
      const host = { ...(await localHost(facts)), connectors };
      return await new HostPlace(host, log).connector(choice, w);
    },
    /** Reads only the journal. @param settings - may be without an HMC */
    listFlows: async ({ statePath }: Settings, filter: FlowListFilter = {}) => {
      const { readFlows } = await import('../compute/index.ts');
      return await readFlows(statePath, filter);
    },
    /** Names of servers in the state directory; none if there is no state directory yet. */
    serverNames: async ({ statePath, host }: Settings) => {
      if (!existsSync(join(statePath, 'state.db'))) return [];
      const { readAttachedNames } = await import('../compute/index.ts');
      return [...readAttachedNames(statePath, host).servers.values()];
    },
    listServerEvents: async ({ statePath }: Settings, server: string, limit?: number) => {
      const { readServerEvents } = await import('../compute/index.ts');
      return await readServerEvents(statePath, server, limit);
    },
    /** Opens what tells when servers change. */
    openServiceEvents: async ({ statePath, host }: Settings) => {
      const [{ findServiceSocket }, { ServiceEvents }] = await Promise.all([
        import('../compute/index.ts'),
        import('./service-events.ts'),
      ]);
      return new ServiceEvents(() => findServiceSocket(statePath, host));
    },
    /** Waits by the records of the state directory. @param settings - may be without an HMC */
    waitForServer: async ({ statePath, host }: Settings, server: string, options: ServerWaiting) => {
      const { waitForServer } = await import('../compute/index.ts');
      return await waitForServer(server, { statePath, host, pid: facts.pid, ...options });
    },
    showFlow: async ({ statePath }: Settings, id: string) => {
      const { readFlow } = await import('../compute/index.ts');
      return await readFlow(statePath, id);
    },
    /** Asks for the settings and writes them. */
    initConfig: async (options: InitOptions, w: Waiting) => {
      const { initConfig } = await import('./config-init/init.ts');
      return await initConfig(options, w);
    },
    /** Opens the view of what an HMC manages. */
    openInventory: async (settings: HmcSettings, log: Logger) => {
      const { openInventory } = await import('./inventory/open.ts');
      return openInventory(settings, log);
    },
    /** Opens the volumes of Cinder. @param settings - may be without an HMC */
    openVolumes: async (settings: Settings, options: VolumeAccessOptions) => {
      const { openVolumes } = await import('./volume-access.ts');
      return openVolumes(settings, options);
    },
    /** Checks HMC, CPC, adapter ports and Cinder. Returns failed checks instead of throwing. */
    diagnose: async (settings: Settings, options: DoctorOptions, w: Waiting) => {
      const { diagnose } = await import('./doctor/diagnose.ts');
      return await diagnose(settings, { ...options, baseDir: facts.baseDir }, w);
    },
  };
}

async function openHostOf(settings: Settings, options: HostOptions, { host, baseDir, pid }: ProcessFacts) {
  const { openHost } = await import('./open-host.ts');
  return openHost(settings, options, { ...host, baseDir, pid });
}

interface ServerWaiting extends Waiting {
  readonly onNote: (text: string) => void;
}

interface HostConnectorRequest extends MultipathChoice {
  readonly hostConnectors: readonly HostConnectorSetting[];
}

async function localHost({ host, isRoot, baseDir }: ProcessFacts): Promise<LocalHost> {
  const { openLocalSystem } = await import('../volume/host/index.ts');
  return { system: host?.system ?? openLocalSystem(), isRoot, policies: host?.policies, baseDir };
}

async function managerOptions(options: ManagerOptions, facts: ProcessFacts): Promise<OpenManagerOptions> {
  const { pid, baseDir, policies } = facts;
  // A command ends; what others have left waits for the next one.
  const resumeEveryMs = 0;
  return { ...options, pid, baseDir, policies, resumeEveryMs, localHost: await localHost(facts) };
}

/** Starts the simulators of the package. */
export async function startSimulator({
  faults,
  inventory,
  shape,
  cinder,
  installerFile,
  ...options
}: SimulateRequest): Promise<RunningSimulator> {
  const simulator = await import('../simulator/index.ts');
  const { brokerOperations, connectionShapes, hmcOperations, makeInstallerImage, parseFaultRules, parseInventory } =
    simulator;
  if (installerFile !== undefined) writeInstaller(installerFile, makeInstallerImage());
  const connectionShape = shape === undefined ? {} : { connectionShape: requireShape(shape, connectionShapes) };
  const operations = { hmc: hmcOperations, broker: brokerOperations };
  const rules = readRules('--faults', 'a list of fault rules', () => parseFaultRules(faults, operations));
  const content =
    inventory === undefined ? {} : readRules('--inventory', 'an inventory', () => parseInventory(inventory));
  try {
    return await simulator.startSimulator({
      ...content,
      ...options,
      faults: rules,
      cinder: { ...cinder, ...connectionShape },
    });
  } catch (error) {
    if (error instanceof simulator.KeptStateError) {
      throw new ConfigError(`option --keep: ${error.message}`, { option: '--keep' }, { cause: error.cause });
    }
    throw portTaken(error) ?? error;
  }
}

/** Writes the image, unless the file has it already. @throws ConfigError when another file would be overwritten */
function writeInstaller(file: string, image: Buffer): void {
  try {
    if (existsSync(file) && readFileSync(file).equals(image)) return;
    writeFileSync(file, image, { flag: 'wx' });
  } catch (error) {
    const why = `expected a file that can be written and does not exist (${describeError(error)})`;
    throw new ConfigError(`option --write-iso = ${JSON.stringify(file)}: ${why}`, { option: '--write-iso' });
  }
}

/** Returns the error for an address on which another program listens; undefined for another failure. */
function portTaken(error: unknown): ConfigError | undefined {
  const { code, port } = error as { readonly code?: unknown; readonly port?: unknown }; // of Node's errors
  if (code !== 'EADDRINUSE') return undefined;
  return new ConfigError(`port ${String(port)} is in use: choose another one, or stop the program that listens on it`, {
    port: Number(port),
  });
}

/** What to simulate. The shape and the rules are checked when the simulators start. */
export type SimulateRequest = Omit<SimulatorOptions, 'faults'> & {
  readonly faults: unknown;
  readonly inventory?: unknown;
  readonly shape?: string | undefined;
  /** Where to write an ISO image that installs in the simulator. */
  readonly installerFile?: string | undefined;
};

/** The parts of a simulator that the command uses. */
export type RunningSimulator = Pick<Simulator, 'hmc' | 'keystone' | 'cinder' | 'ca' | 'volumes' | 'settings' | 'close'>;

function requireShape<T extends object>(name: string, shapes: T): keyof T {
  if (Object.hasOwn(shapes, name)) return name as keyof T;
  const known = Object.keys(shapes).join(', ');
  const text = `option --shape = ${JSON.stringify(name)}: expected one of ${known}`;
  throw new ConfigError(text, { option: '--shape', value: name });
}

function readRules<T>(option: string, expected: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ConfigError(`option ${option}: expected ${expected} (${describeError(error)})`, { option });
  }
}
