import { ConfigError, describeError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import type { ComputeManager, OpenManagerOptions } from '../compute/index.ts';
import type { LocalHost, MultipathChoice } from '../compute/local/index.ts';
import type { HostConnectorSetting, Settings } from '../config/index.ts';
import type { Simulator, SimulatorOptions } from '../simulator/index.ts';
import type { DoctorOptions } from './doctor/checks.ts';
import type { HostFacts, HostOptions } from './open-host.ts';

/*
 * The one place where the commands meet the rest of the program. It is loaded when it is needed: help, completion and a
 * wrong use should not wait for clients and databases.
 */

/** What the rest of the program has to know of the process. */
export interface ProcessFacts {
  readonly pid: number;
  /** Where modules of third parties are looked for. */
  readonly baseDir: string;
  /** Deadlines and pauses, where they are not to be the usual ones. */
  readonly policies?: OpenManagerOptions['policies'];
  /** Another host than the real one: for programs that show or test the commands. */
  readonly host?: HostFacts;
  /** Is this root, who alone may change the devices of this host? */
  readonly isRoot: boolean;
}

/** The compute manager as the commands use it: what is public of it. */
export type Manager = Pick<ComputeManager, keyof ComputeManager>;

/** Volumes of the host on which the command runs, for which no HMC is asked. */
export type LocalManager = Pick<Manager, 'localAttach' | 'localDetach' | typeof Symbol.asyncDispose>;

/** What a command tells about itself when it opens the manager. */
export type ManagerOptions = {
  readonly [Key in 'context' | 'access' | 'purpose' | 'onWait' | 'onStep' | 'log']-?: NonNullable<
    OpenManagerOptions[Key]
  >;
};

/** What the commands work with; a test gives them its own. */
export type Backend = ReturnType<typeof backend>;

export function backend(facts: ProcessFacts) {
  return {
    openManager: async (settings: Settings, options: ManagerOptions): Promise<Manager> => {
      const { openManager } = await import('../compute/index.ts');
      return await openManager(settings, await managerOptions(options, facts));
    },
    openHost: async (settings: Settings, options: HostOptions) => {
      const { openHost } = await import('./open-host.ts');
      return openHost(settings, options, { ...facts.host, baseDir: facts.baseDir, pid: facts.pid });
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
    /** The connector of the host on which the command runs. No other settings are needed. */
    hostConnector: async (
      { hostConnectors: connectors, ...choice }: HostConnectorRequest,
      log: Logger,
      w: Waiting,
    ): Promise<object> => {
      const { HostPlace } = await import('../compute/local/index.ts');
      const host = { ...(await localHost(facts)), connectors };
      return await new HostPlace(host, log).ownConnector(choice, w);
    },
    /** The journal alone: nobody else is asked. @param settings - may be without an HMC */
    listFlows: async ({ statePath }: Settings) => {
      const { readFlows } = await import('../compute/index.ts');
      return await readFlows(statePath);
    },
    showFlow: async ({ statePath }: Settings, id: string) => {
      const { readFlow } = await import('../compute/index.ts');
      return await readFlow(statePath, id);
    },
    /** Looks at HMC, CPC, adapter ports and Cinder; a check that fails is a line, never an exception. */
    diagnose: async (settings: Settings, options: DoctorOptions, w: Waiting) => {
      const { diagnose } = await import('./doctor/diagnose.ts');
      return await diagnose(settings, { ...options, baseDir: facts.baseDir }, w);
    },
  };
}

interface HostConnectorRequest extends MultipathChoice {
  readonly hostConnectors: readonly HostConnectorSetting[];
}

/** The host that volumes are attached to without Nova. */
async function localHost({ host, isRoot, baseDir }: ProcessFacts): Promise<LocalHost> {
  const { openLocalSystem } = await import('../volume/host/index.ts');
  return { system: host?.system ?? openLocalSystem(), isRoot, policies: host?.policies, baseDir };
}

async function managerOptions(options: ManagerOptions, facts: ProcessFacts): Promise<OpenManagerOptions> {
  const { pid, baseDir, policies } = facts;
  // A command ends; what others have left waits for the next one.
  const takeUpEveryMs = 0;
  return { ...options, pid, baseDir, policies, takeUpEveryMs, localHost: await localHost(facts) };
}

/** Starts the simulators of the package. */
export async function startSimulator({
  faults,
  shape,
  cinder,
  ...options
}: SimulateRequest): Promise<RunningSimulator> {
  const { connectionShapes, parseFaultRules, startSimulator: start } = await import('../simulator/index.ts');
  const connectionShape = shape === undefined ? {} : { connectionShape: requireShape(shape, connectionShapes) };
  const rules = readRules(() => parseFaultRules(faults));
  return await start({ ...options, faults: rules, cinder: { ...cinder, ...connectionShape } });
}

/** What is simulated; the simulator itself checks the shape of connection_info and the rules, as they are in their file. */
export type SimulateRequest = Omit<SimulatorOptions, 'faults'> & {
  readonly faults: unknown;
  readonly shape?: string | undefined;
};

/** A simulator, as far as the command is concerned. */
export type RunningSimulator = Pick<Simulator, 'hmc' | 'keystone' | 'cinder' | 'ca' | 'volumes' | 'settings' | 'close'>;

function requireShape<T extends object>(name: string, shapes: T): keyof T {
  if (Object.hasOwn(shapes, name)) return name as keyof T; // hasOwn has just said so
  const known = Object.keys(shapes).join(', ');
  throw new ConfigError(`option --shape = ${JSON.stringify(name)}: expected one of ${known}`, {
    option: '--shape',
    value: name,
  });
}

function readRules<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ConfigError(`option --faults: expected a list of fault rules (${describeError(error)})`, {
      option: '--faults',
    });
  }
}
