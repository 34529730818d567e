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
  /** Name of a partition, of an instance or with volumes attached without Nova. Excludes `server`. */
  readonly partition?: string | undefined;
  /** Name or id. */
  readonly volume?: string | undefined;
}

/** The directory or URI of the paths of one connector. @public */
export interface SearchPath {
  readonly connector: string;
  readonly kind: 'partition' | 'host';
  readonly search_path: string;
}

/**
 * Returns the driver's paths of volumes, of servers and of partitions with volumes attached without Nova. Changes nothing.
 *
 * @throws NotFoundError when there is no such server, partition or volume
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
  const volumeId = volume === undefined ? undefined : await idOf(services, instances, local, volume, context);
  const found: PathRecord[] = [];
  for (const instance of instances) {
    const devices = store.devices(instance.uuid);
    const paths = await driver.listVolumePaths?.(context, toDriverInstance(instance), toBlockDeviceInfo(devices));
    found.push(...(paths ?? []));
  }
  found.push(...(await localPaths(services, local, context)));
  return found.filter(({ volume_id: id }) => volumeId === undefined || id === volumeId);
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

/** Returns the volume's ID. Cinder may no longer have a volume that a server or a partition still uses. */
async function idOf(
  { store, cinder }: ManagerServices,
  instances: readonly InstanceRecord[],
  local: readonly MappedLocalVolume[],
  volume: string,
  context: RequestContext,
): Promise<string> {
  if (instances.some(({ uuid }) => store.devices(uuid).some(({ volumeId }) => volumeId === volume))) return volume;
  if (local.some(({ volumeId }) => volumeId === volume)) return volume;
  return (await requireVolume(cinder, volume, context)).id;
}

/** Replaces the partition of an instance by the instance. */
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
 * Returns where the paths of a server's partition, of a partition, or of all live; nothing if the driver has no such place.
 *
 * @throws NotFoundError when there is no such server or partition
 */
export async function findSearchPath(
  services: ManagerServices,
  { server, partition }: Pick<PathFilter, 'server' | 'partition'>,
  context: RequestContext,
): Promise<readonly SearchPath[]> {
  if (partition !== undefined) {
    const { name, uri } = await requirePartition(services, partition, context);
    return [{ connector: name, kind: 'partition', search_path: uri }];
  }
  const { store, driver, host } = services;
  const instance = server === undefined ? undefined : toDriverInstance(store.get(server));
  const path = await driver.getSearchPath?.(instance, context);
  const connector = instance === undefined ? host : driver.guestName(instance);
  return path === undefined ? [] : [{ connector, kind: 'partition', search_path: path }];
}
