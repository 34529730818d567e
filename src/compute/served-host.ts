import { CleanupStack, silentLogger } from '../base/index.ts';
import { openCinder, volumeConnections } from '../cinder-client/index.ts';
import type { CinderClient, VolumeConnections } from '../cinder-client/index.ts';
import type { Settings } from '../config/index.ts';
import type { ComputeDriver, PartitionRecords, RequestContext, VirtApi } from '../virt/index.ts';
import { openDatabase } from './database.ts';
import { loadComputeDriver, unmappedVolumes } from './load-driver.ts';
import type { OpenManagerOptions } from './open.ts';
import { Ownership } from './ownership.ts';
import { ServedInstances } from './served-instances.ts';
import { SqlitePartitionRecords } from './sqlite-partition-records.ts';

/** The compute host as a compute manager outside this process sees it: Nova, which maps and unmaps volumes by itself. */
export interface ServedHost extends AsyncDisposable {
  readonly settings: Settings;
  /** Its virtapi can neither map nor unmap: a destroy parks the partition. */
  readonly driver: ComputeDriver;
  readonly cinder: CinderClient;
  readonly connections: (w: { readonly signal: AbortSignal }) => Promise<VolumeConnections>;
  /** Which process works on which instance. */
  readonly ownership: Ownership;
  readonly instances: ServedInstances;
  readonly partitionRecords: Pick<PartitionRecords, 'find' | 'list'>;
}

interface ServedHostOptions extends Pick<
  OpenManagerOptions,
  'log' | 'onStep' | 'policies' | 'baseDir' | 'cinder' | 'wrapDriver'
> {
  readonly context: RequestContext;
  readonly purpose: string;
  readonly pid: number;
  /** The request that the process works for now, for Cinder. */
  readonly requestId: () => string;
}

/**
 * Opens the driver for a compute manager in another process, with the records of the state directory, and initialises it.
 *
 * @throws ConfigError, JournalError, or the errors of the driver's `initHost`
 */
export async function openServedHost(settings: Settings, options: ServedHostOptions): Promise<ServedHost> {
  const { log = silentLogger, onStep, policies, baseDir, context, purpose, pid } = options;
  await using stack = new CleanupStack();
  const database = openDatabase(settings.statePath);
  stack.defer(() => database.close());
  const ownership = stack.use(new Ownership(settings.statePath, { pid, purpose, since: new Date().toISOString() }));
  const partitionRecords = new SqlitePartitionRecords(database, { access: 'write' });
  const cinder = stack.use(openCinder({ ...settings.cinder, ...options.cinder, log, requestId: options.requestId }));
  const virtapi: VirtApi = {
    ...unmappedVolumes,
    volumeSize: async (w, volumeId) => (await cinder.getVolume(volumeId, w)).sizeGib,
  };
  const loaded = await loadComputeDriver(settings, { virtapi, partitionRecords, log, onStep, policies, baseDir });
  const driver = options.wrapDriver?.(loaded) ?? loaded;
  stack.defer(async () => await driver.cleanupHost(settings.host));
  await driver.initHost(settings.host, context);
  let known: VolumeConnections | undefined;
  const disposal = stack.move();
  return {
    settings,
    driver,
    cinder,
    connections: async (w) => (known ??= await volumeConnections(cinder, w)),
    ownership,
    instances: new ServedInstances(database),
    partitionRecords,
    [Symbol.asyncDispose]: async () => await disposal[Symbol.asyncDispose](),
  };
}
