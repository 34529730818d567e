import { SimServer, type Route } from '../server/index.ts';
import { Broker, type SimulatedBroker } from './broker/broker.ts';
import type { HmcRoute } from './call.ts';
import { acceptConsole } from './console-socket.ts';
import { HmcContext } from './context.ts';
import { errorBody } from './error-body.ts';
import { guarded, refuseUnknown } from './guard.ts';
import { preparePartition, type PreparedPartition } from './inventory/prepared-partition.ts';
import { buildMachine, hmcLevelOf, profileOf } from './inventory/machine.ts';
import { readDefinition } from './loaders/definition.ts';
import { loadExport } from './loaders/load-export.ts';
import { loadMock } from './loaders/load-mock.ts';
import { keepHmc, restoreHmc } from './keep.ts';
import type { KeptHmc } from './model/kept.ts';
import type { HmcModel, Resource } from './model/model.ts';
import { textOf } from './model/json.ts';
import { say } from './os-console.ts';
import type { HmcOptions, HmcSurroundings } from './options.ts';
import { linkHipersockets } from './links/partition-link.ts';
import { endFromInside } from './power/power.ts';
import { adapterRoutes } from './routes/adapters.ts';
import { capacityGroupRoutes } from './routes/capacity-groups.ts';
import { cryptoRoutes } from './routes/crypto.ts';
import { consoleRoutes } from './routes/console.ts';
import { cpcRoutes } from './routes/cpcs.ts';
import { hbaRoutes } from './routes/hbas.ts';
import { jobRoutes } from './routes/jobs.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { nicRoutes } from './routes/nics.ts';
import { otherRoutes } from './routes/other-resources.ts';
import { partitionOperationRoutes } from './routes/partition-operations.ts';
import { partitionLinkRoutes } from './routes/partition-links.ts';
import { partitionRoutes } from './routes/partitions.ts';
import { serviceRoutes } from './routes/services.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { storageAttachmentRoutes } from './routes/storage-attachment.ts';
import { storageElementRoutes } from './routes/storage-elements.ts';
import { storageGroupOperationRoutes } from './routes/storage-group-operations.ts';
import { storageGroupRoutes } from './routes/storage-groups.ts';
import { virtualSwitchRoutes } from './routes/virtual-switches.ts';
import { discoverNow, prepareGroup, type MadeStorageGroup, type PreparedStorageGroup } from './storage/prepare.ts';
import { takeSnapshot, type HmcSnapshot } from './snapshot.ts';

/** Every operation that the HMC serves. */
export const hmcRoutes: readonly HmcRoute[] = [
  ...sessionRoutes,
  ...jobRoutes,
  ...consoleRoutes,
  ...cpcRoutes,
  ...adapterRoutes,
  ...virtualSwitchRoutes,
  ...partitionRoutes,
  ...partitionOperationRoutes,
  ...hbaRoutes,
  ...nicRoutes,
  ...partitionLinkRoutes,
  ...storageGroupRoutes,
  ...storageGroupOperationRoutes,
  ...storageElementRoutes,
  ...storageAttachmentRoutes,
  ...capacityGroupRoutes,
  ...cryptoRoutes,
  ...otherRoutes,
  ...serviceRoutes,
  ...metricsRoutes,
];

/** Names of all operations that the HMC knows, for fault rules and counts. */
export const hmcOperations: readonly string[] = hmcRoutes.map(({ operation }) => operation);

/**
 * An HMC that runs, with what a test wants to know of it and to do to it.
 * @public
 */
export interface SimulatedHmc extends AsyncDisposable {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Name and object-id of the first CPC in DPM mode. */
  readonly cpcName: string;
  readonly cpcObjectId: string;
  readonly server: SimServer;
  /** The message broker; undefined if it is switched off. */
  readonly broker: SimulatedBroker | undefined;
  /** The resources, to be looked at; changing `props` is what an operator at the console does. */
  readonly model: HmcModel;
  /** Sessions logged on and jobs not deleted: what a client should have cleaned up. */
  readonly sessionCount: number;
  readonly jobCount: number;
  snapshot(): HmcSnapshot;
  /** Returns what a restarted simulator continues with. */
  keep(): KeptHmc;
  /** Lets all happen that is due, as a request would. */
  settle(): void;
  /** Forgets all sessions, as a restart does; jobs go on. */
  restart(): void;
  /** An operating system ends (`paused`) or crashes (`terminated`) its own partition. */
  endFromInside(partitionUri: string, status: 'paused' | 'terminated'): void;
  /** The operating system of a partition prints messages on its line-mode console. */
  say(partitionUri: string, texts: readonly string[]): void;
  /** Who has the ASCII console of a partition open. */
  consoleHolder(partitionUri: string): 'this HMC' | 'another HMC' | undefined;
  /** Another HMC opens the ASCII console of a partition, and takes it over if it is open here. */
  openConsoleElsewhere(partitionUri: string): void;
  /** What loader and operating system of a partition have said since its start; works on every level. */
  osMessages(partitionUri: string): readonly string[];
  /** Makes a storage group as an administrator would have, without a request. */
  addStorageGroup(wanted: PreparedStorageGroup): MadeStorageGroup;
  /** Makes a partition of another owner, without a request. */
  addPartition(wanted: PreparedPartition): void;
  /** Discovers the LUNs of an FCP storage group now. */
  discover(storageGroupUri: string): void;
  close(): Promise<void>;
}

/**
 * Starts an HMC.
 * @throws Error when the definition cannot be read, or the port is taken
 */
export async function startHmc(options: HmcOptions, surroundings: HmcSurroundings): Promise<SimulatedHmc> {
  const context = await newContext(options, surroundings);
  const server = await startServer(context, surroundings);
  try {
    const broker = options.broker === false ? undefined : await Broker.start(context, surroundings);
    return describeHmc(context, server, broker);
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** The model of a fresh machine, or of what the definition describes. */
async function newContext(options: HmcOptions, surroundings: HmcSurroundings): Promise<HmcContext> {
  const { fabrics, kept } = surroundings;
  if (kept !== undefined) {
    const known = new HmcContext(options, surroundings, kept.level);
    restoreHmc(known, kept);
    return known;
  }
  if (options.definition === undefined) {
    const fresh = new HmcContext(options, surroundings, hmcLevelOf(profileOf(options)));
    buildMachine(fresh, fabrics);
    linkAll(fresh);
    return fresh;
  }
  const definition = await readDefinition(options.definition);
  const context = new HmcContext(options, surroundings, definition.hmc);
  if (definition.kind === 'mock') loadMock(context, definition.mock, fabrics);
  else loadExport(context, definition.export, fabrics);
  linkAll(context);
  return context;
}

function linkAll(context: HmcContext): void {
  for (const cpc of context.model.all('cpc')) linkHipersockets(context, cpc);
}

function startServer(context: HmcContext, surroundings: HmcSurroundings): Promise<SimServer> {
  const guardedRoutes: Route[] = guarded(context, hmcRoutes);
  const { tls, port, preferredPort, onServed, host, latencyMs, faults, log } = surroundings;
  return SimServer.start({
    name: 'hmc',
    routes: guardedRoutes,
    noRoute: refuseUnknown(context, guardedRoutes),
    shapeError: (status, reason, message, req) => errorBody(status, reason, message, req),
    restart: () => context.sessions.endAll(),
    upgrade: acceptConsole(context),
    tls,
    port,
    preferredPort,
    onServed,
    host,
    latencyMs,
    faults,
    log,
  });
}

function describeHmc(context: HmcContext, server: SimServer, broker: Broker | undefined): SimulatedHmc {
  const cpc = mainCpc(context);
  const user = context.users[0];
  const close = async () => {
    await broker?.close();
    await server.close();
  };
  return {
    url: server.url,
    username: user?.userid ?? '',
    password: user?.password ?? '',
    cpcName: textOf(cpc.props, 'name'),
    cpcObjectId: textOf(cpc.props, 'object-id'),
    server,
    broker,
    model: context.model,
    get sessionCount() {
      return context.sessions.count();
    },
    get jobCount() {
      return context.jobs.count;
    },
    snapshot: () => {
      context.agenda.settle();
      return takeSnapshot(context);
    },
    keep: () => {
      context.agenda.settle();
      return keepHmc(context);
    },
    settle: () => context.agenda.settle(),
    restart: () => context.sessions.endAll(),
    endFromInside: (uri, status) => {
      context.agenda.settle();
      const partition = context.model.find('partition', uri);
      if (partition === undefined) throw new Error(`there is no partition at ${uri}`);
      endFromInside(context, partition, status);
    },
    say: (uri, texts) => {
      const partition = context.model.find('partition', uri);
      if (partition !== undefined) say(context, partition, texts);
    },
    consoleHolder: (uri) => context.asciiConsoles.holderOf(uri),
    openConsoleElsewhere: (uri) => context.asciiConsoles.takeElsewhere(uri),
    osMessages: (uri) => (context.consoles.get(uri)?.messages ?? []).map(({ text }) => text),
    addStorageGroup: (wanted) => prepareGroup(context, cpc, wanted),
    addPartition: (wanted) => preparePartition(context, cpc, wanted),
    discover: (uri) => {
      const group = context.model.find('storage-group', uri);
      if (group !== undefined) discoverNow(context, group);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function mainCpc({ model }: HmcContext): Resource {
  const cpcs = model.all('cpc');
  const cpc = cpcs.find(({ props }) => props['dpm-enabled'] === true) ?? cpcs[0];
  if (cpc === undefined) throw new Error('the definition has no CPC');
  return cpc;
}
