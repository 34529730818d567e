import { NotFoundError } from '../base/index.ts';
import type { PathRecord, RequestContext } from '../virt/index.ts';
import type { InstanceRecord } from './instances.ts';
import { toBlockDeviceInfo, toDriverInstance } from './services.ts';
import type { ManagerServices } from './services.ts';

/** Which paths are wanted; without either, all of this compute host. @public */
export interface PathFilter {
  readonly server?: string | undefined;
  /** Name or id. */
  readonly volume?: string | undefined;
}

/** Where the paths of one connector live. @public */
export interface SearchPath {
  readonly connector: string;
  readonly kind: 'partition' | 'host';
  readonly search_path: string;
}

/**
 * The paths of the volumes of servers, as the driver sees them. Changes nothing.
 *
 * @throws NotFoundError when there is no such server, or no such volume
 */
export async function listVolumePaths(
  services: ManagerServices,
  { server, volume }: PathFilter,
  context: RequestContext,
): Promise<readonly PathRecord[]> {
  const { store, driver } = services;
  const instances = server === undefined ? store.list() : [store.get(server)];
  const volumeId = volume === undefined ? undefined : await idOf(services, instances, volume, context);
  const found: PathRecord[] = [];
  for (const instance of instances) {
    const devices = store.devices(instance.uuid);
    const paths = await driver.listVolumePaths?.(context, toDriverInstance(instance), toBlockDeviceInfo(devices));
    found.push(...(paths ?? []).filter(({ volume_id: id }) => volumeId === undefined || id === volumeId));
  }
  return found;
}

/** A volume that a server has need not be there any more for Cinder; its paths are asked for all the more. */
async function idOf(
  { store, cinder }: ManagerServices,
  instances: readonly InstanceRecord[],
  volume: string,
  context: RequestContext,
): Promise<string> {
  if (instances.some(({ uuid }) => store.devices(uuid).some(({ volumeId }) => volumeId === volume))) return volume;
  const found = await cinder.findVolume(volume, context);
  if (found !== undefined) return found.id;
  throw new NotFoundError(`volume "${volume}" does not exist`, { volume });
}

/** Where the paths of a server's partition live, or those of all partitions. None where the driver has no such place. */
export async function findSearchPath(
  { store, driver, host }: ManagerServices,
  server: string | undefined,
  context: RequestContext,
): Promise<readonly SearchPath[]> {
  const instance = server === undefined ? undefined : toDriverInstance(store.get(server));
  const path = await driver.getSearchPath?.(instance, context);
  const connector = instance === undefined ? host : driver.guestName(instance);
  return path === undefined ? [] : [{ connector, kind: 'partition', search_path: path }];
}
