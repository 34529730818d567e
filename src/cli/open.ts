import { ConfigError, describeError, NotFoundError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { ComputeManager, Finding, OpenManagerOptions, Repaired } from '../compute/index.ts';
import type { Settings } from '../config/index.ts';
import type { LocalHost } from '../compute/local/index.ts';
import type { RequestContext } from '../virt/index.ts';
import { flowDetail, flowSummary } from './flow-views.ts';
import type { HostFacts } from './open-host.ts';
import type {
  Backend,
  JsonObject,
  LocalManager,
  Manager,
  ManagerOptions,
  PathsOf,
  RunningSimulator,
  SimulatorOptions,
  SimulatorStarter,
} from './seams.ts';

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

/** The compute manager and the checks, behind the interfaces of the commands. */
export function backend(facts: ProcessFacts): Backend {
  return {
    openManager: (settings, options) => openManager(settings, options, facts),
    openHost: async (settings, options) => {
      const { openHost } = await import('./open-host.ts');
      return openHost(settings, options, { ...facts.host, baseDir: facts.baseDir, pid: facts.pid });
    },
    openLocal: (settings, options) => openLocal(settings, options, facts),
    hostConnector: async ({ hostConnectors: connectors, ...choice }, log, w) => {
      const { HostPlace } = await import('../compute/local/index.ts');
      const host = { ...(await localHost(facts)), connectors };
      return plain(await new HostPlace(host, log).ownConnector(choice, w));
    },
    listFlows: async ({ statePath }) => {
      const { readFlows } = await import('../compute/index.ts');
      return (await readFlows(statePath)).map(flowSummary);
    },
    showFlow: async ({ statePath }, id) => {
      const { readFlow } = await import('../compute/index.ts');
      return flowDetail(await readFlow(statePath, id));
    },
    diagnose: async (settings, options, w) => {
      const { diagnose } = await import('./doctor/diagnose.ts');
      return await diagnose(settings, { ...options, baseDir: facts.baseDir }, w);
    },
  };
}

async function openManager(settings: Settings, options: ManagerOptions, facts: ProcessFacts): Promise<Manager> {
  const compute = await import('../compute/index.ts');
  const { signal, requestId, ...rest } = options;
  const manager = await compute.openManager(settings, await managerFacts(rest, facts, { requestId, signal }));
  return adapt(manager, requestId);
}

async function openLocal(settings: Settings, options: ManagerOptions, facts: ProcessFacts): Promise<LocalManager> {
  const compute = await import('../compute/index.ts');
  const { signal, requestId, ...rest } = options;
  const volumes = await compute.openLocalVolumes(settings, await managerFacts(rest, facts, { requestId, signal }));
  return {
    localAttach: async (request, w) => plain(await volumes.attach(request, w)),
    localDetach: async (request, w) => plain(await volumes.detach(request, w)),
    [Symbol.asyncDispose]: () => volumes[Symbol.asyncDispose](),
  };
}

/** The host that volumes are attached to without Nova. */
async function localHost({ host, isRoot, baseDir }: ProcessFacts): Promise<LocalHost> {
  const { openLocalSystem } = await import('../volume/host/index.ts');
  return { system: host?.system ?? openLocalSystem(), isRoot, policies: host?.policies, baseDir };
}

async function managerFacts(
  options: Omit<ManagerOptions, 'signal' | 'requestId'>,
  facts: ProcessFacts,
  context: RequestContext,
): Promise<OpenManagerOptions> {
  const { pid, baseDir, policies } = facts;
  return { ...options, pid, baseDir, policies, context, localHost: await localHost(facts) };
}

/** Plain copies: the commands print JSON, and the types of views have no index signature. */
function plain(view: object): JsonObject {
  return { ...view };
}

function adapt(manager: ComputeManager, requestId: string): Manager {
  const context = ({ signal }: Waiting): RequestContext => ({ requestId, signal });
  const show = async (server: string, w: Waiting) => plain(await manager.show(server, context(w)));
  return {
    list: async (w) => (await manager.list(context(w))).map(plain),
    show,
    create: async (request, w) => plain(await manager.create(request, context(w))),
    delete: (server, w) => manager.delete(server, context(w)),
    start: async (server, w) => {
      await manager.start(server, context(w));
      return await show(server, w);
    },
    stop: async (server, options, w) => {
      await manager.stop(server, options, context(w));
      return await show(server, w);
    },
    reboot: async (server, options, w) => {
      await manager.reboot(server, options, context(w));
      return await show(server, w);
    },
    addVolume: async (server, volume, options, w) =>
      plain(await manager.addVolume(server, volume, options, context(w))),
    removeVolume: async (server, volume, w) => plain(await manager.removeVolume(server, volume, context(w))),
    hypervisorShow: async (w) => plain(await manager.hypervisorShow(context(w))),
    hypervisorStats: async (w) => plain(await manager.hypervisorStats(context(w))),
    listPartitions: async (options, w) => (await manager.listPartitions(options, context(w))).map(plain),
    getConnector: async (of, w) => {
      if ('server' in of) return plain(await manager.getConnector(of.server, context(w)));
      return plain(await manager.getPartitionConnector(of.partition, context(w)));
    },
    volumePaths: async ({ volume, ...of }, w) => {
      const selected = await selectedPaths(manager, of, context(w));
      return (await manager.volumePaths({ ...selected, volume }, context(w))).map(plain);
    },
    searchPath: async (of, w) => {
      const { server, partition } = of;
      if (partition === undefined) return (await manager.searchPath(server, context(w))).map(plain);
      const { name, uri } = await requirePartition(manager, partition, context(w));
      return [{ connector: name, kind: 'partition', search_path: uri }];
    },
    localAttach: async (request, w) => plain(await manager.localAttach(request, context(w))),
    localDetach: async (request, w) => plain(await manager.localDetach(request, context(w))),
    verify: async ({ repair }, w) => {
      const findings = await manager.verify(context(w));
      return repair ? (await manager.repair(findings, context(w))).map(repaired) : findings.map(finding);
    },
    resumeFlow: async (id, w) => {
      await manager.resumeFlow(id, context(w));
      return flowDetail(await manager.showFlow(id));
    },
    [Symbol.asyncDispose]: () => manager[Symbol.asyncDispose](),
  };
}

function finding({ kind, name, detail, repair }: Finding): JsonObject {
  return { kind, name, detail, repair };
}

function repaired(result: Repaired): JsonObject {
  return { ...finding(result), outcome: result.outcome, error: result.error };
}

/** A partition is that of the instance that it realises, or one to which volumes are attached without Nova. */
async function selectedPaths(
  manager: ComputeManager,
  { server, partition }: PathsOf,
  context: RequestContext,
): Promise<PathsOf> {
  if (partition === undefined) return { server };
  const { instance } = await requirePartition(manager, partition, context);
  return instance === null ? { partition } : { server: instance };
}

async function requirePartition(manager: ComputeManager, partition: string, context: RequestContext) {
  const found = (await manager.listPartitions({ all: true }, context)).find(({ name }) => name === partition);
  if (found !== undefined) return found;
  throw new NotFoundError(`partition "${partition}" does not exist`, { partition });
}

/** Starts the simulators of the package. */
export const startSimulator: SimulatorStarter = async (options) => {
  const { startSimulator: start } = await import('../simulator/index.ts');
  const simulator = await start(await toStartOptions(options));
  const { hmc, cinder, keystone, ca, volumes } = simulator;
  return {
    hmcUrl: hmc.url,
    cinderUrl: cinder.url,
    keystoneUrl: cinder.auth === 'keystone' ? keystone.url : undefined,
    cpcName: hmc.cpcName,
    caFile: ca?.file,
    volumes: volumes.map(({ id, name, size, bootable }) => ({ id, name, size, bootable })),
    settings: simulator.settings(),
    close: () => simulator.close(),
  } satisfies RunningSimulator;
};

async function toStartOptions(options: SimulatorOptions) {
  const { connectionShapes, parseFaultRules } = await import('../simulator/index.ts');
  const { faults, machine, cinder, ...rest } = options;
  const { connectionShape, ...others } = cinder;
  const shape =
    connectionShape === undefined ? {} : { connectionShape: requireShape(connectionShape, connectionShapes) };
  return {
    ...rest,
    ...(machine === undefined ? {} : { machine }),
    faults: readRules(() => parseFaultRules(faults)),
    cinder: { ...others, ...shape },
  };
}

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
