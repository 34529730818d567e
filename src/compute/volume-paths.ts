import { NotFoundError } from '../base/index.ts';
import type { ConnectionInfo } from '../cinder-client/index.ts';
import type { LocalVolume } from './local/index.ts';
import type { PathRecord, RequestContext } from '../virt/index.ts';
import type { InstanceRecord } from './instances.ts';
import { requireVolume } from './requests.ts';
import { toBlockDeviceInfo, toDriverInstance } from './services.ts';
import type { ManagerServices } from './services.ts';

/** Selects paths; an empty filter selects all of this compute host. @public */
export interface PathFilter {
  readonly server?: string | undefined;
  /** Name of a partition: a server's, or one with volumes attached without Nova. Excludes `server`. */
  readonly partition?: string | undefined;
  /** Name or id. */
  readonly volume?: string | undefined;
}

/** The directory or URI of the paths of one connector. @public */
export interface SearchPath {
  readonly connector: string;
  readonly kind: 'partition' | 'host';
  /** Name of the server that the partition runs; null for another partition, a host, or all partitions. */
  readonly server: string | null;
  readonly search_path: string;
}

/**
 * Returns the paths of the volumes of servers, and of volumes attached to partitions without Nova. Changes nothing.
 *
 * @throws NotFoundError when the server, partition or volume does not exist
 */
export async function listVolumePaths(
  services: ManagerServices,
  { volume, ...of }: PathFilter,
  context: RequestContext,
): Promise<readonly PathRecord[]> {
  const { store, driver } = services;
  const { server, partition } = await serverOrPartition(services, of, context);
  const instances = server !== undefined ? [store.get(server)] : partition === undefined ? store.list() : [];
  const local = server === undefined ? localVolumes(services, partition) : [];
  const recorded = recordedVolumes(services, instances, local);
  const wanted = volume === undefined ? undefined : await resolve(services, recorded, volume, context);
  const found: PathRecord[] = [];
  for (const instance of instances) {
    const devices = store.devices(instance.uuid);
    const paths = await driver.listVolumePaths?.(context, toDriverInstance(instance), toBlockDeviceInfo(devices));
    found.push(...(paths ?? []));
  }
  found.push(...(await localPaths(services, local, context)));
  const nameOf = new Map([...recorded, ...(wanted === undefined ? [] : [wanted])].map(({ id, name }) => [id, name]));
  return found
    .filter(({ volume_id: id }) => wanted === undefined || id === wanted.id)
    .map((path) => ({ ...path, volume_name: path.volume_name ?? nameOf.get(path.volume_id ?? '') ?? null }));
}

type MappedLocalVolume = LocalVolume & { readonly connectionInfo: ConnectionInfo; readonly place: PartitionPlace };
type PartitionPlace = Extract<LocalVolume['place'], { kind: 'partition' }>;

/** Returns the mapped volumes that `local-attach` attached to one partition, or to all. */
function localVolumes({ localStore }: ManagerServices, partition: string | undefined): readonly MappedLocalVolume[] {
  return localStore.list().flatMap(({ place, connectionInfo, ...volume }) => {
    const isWanted = place.kind === 'partition' && (partition === undefined || place.name === partition);
    return isWanted && connectionInfo !== null ? [{ ...volume, place, connectionInfo }] : [];
  });
}

async function localPaths(
  { driver }: ManagerServices,
  volumes: readonly MappedLocalVolume[],
  context: RequestContext,
): Promise<readonly PathRecord[]> {
  const partitions = driver.partitionVolumes?.();
  const found: PathRecord[] = [];
  for (const uri of new Set(volumes.map(({ place }) => place.uri))) {
    const own = volumes.filter(({ place }) => place.uri === uri);
    const [first] = own;
    if (first !== undefined) found.push(...((await partitions?.report(first.place, own, context)) ?? []));
  }
  return found;
}

interface NamedVolume {
  readonly id: string;
  readonly name: string | null;
}

function recordedVolumes(
  { store }: ManagerServices,
  instances: readonly InstanceRecord[],
  local: readonly MappedLocalVolume[],
): readonly NamedVolume[] {
  const ofServers = instances.flatMap(({ uuid }) =>
    store.devices(uuid).map(({ volumeId, volumeName }) => named(volumeId, volumeName)),
  );
  return [...ofServers, ...local.map(({ volumeId, name }) => named(volumeId, name))];
}

/** Finds a volume by ID in the records, else in Cinder, which may no longer have a volume that is still attached. */
async function resolve(
  { cinder }: ManagerServices,
  recorded: readonly NamedVolume[],
  volume: string,
  context: RequestContext,
): Promise<NamedVolume> {
  const known = recorded.find(({ id }) => id === volume);
  if (known !== undefined) return known;
  const { id, name } = await requireVolume(cinder, volume, context);
  return named(id, name);
}

/** Treats an ID that is recorded in place of a name as no name. */
function named(id: string, name: string | null): NamedVolume {
  return { id, name: name === '' || name === id ? null : name };
}

/** Replaces the partition of a server by the server. */
async function serverOrPartition(
  services: ManagerServices,
  { server, partition }: PathFilter,
  context: RequestContext,
): Promise<PathFilter> {
  if (partition === undefined) return { server };
  const { instanceUuid } = await requirePartition(services, partition, context);
  return instanceUuid === null ? { partition } : { server: instanceUuid };
}

async function requirePartition({ driver }: ManagerServices, partition: string, context: RequestContext) {
  const found = (await driver.listGuests(context, { all: true })).find(({ name }) => name === partition);
  if (found !== undefined) return found;
  throw new NotFoundError(`partition "${partition}" does not exist`, { partition });
}

/**
 * Returns where the paths of a server, of a partition, or of all partitions can be read. Empty if the driver does not
 * say.
 *
 * @throws NotFoundError when the server or partition does not exist
 */
export async function findSearchPath(
  services: ManagerServices,
  { server, partition }: Pick<PathFilter, 'server' | 'partition'>,
  context: RequestContext,
): Promise<readonly SearchPath[]> {
  if (partition !== undefined) {
    const { name, uri, instanceUuid } = await requirePartition(services, partition, context);
    const server = services.store.list().find(({ uuid }) => uuid === instanceUuid)?.name ?? null;
    return [{ connector: name, kind: 'partition', server, search_path: uri }];
  }
  const { store, driver, host } = services;
  const instance = server === undefined ? undefined : toDriverInstance(store.get(server));
  const path = await driver.getSearchPath?.(instance, context);
  const connector = instance === undefined ? host : driver.guestName(instance);
  if (path === undefined) return [];
  return [{ connector, kind: 'partition', server: instance?.name ?? null, search_path: path }];
}
