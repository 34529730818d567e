import { ConflictError, InternalError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { ConnectionInfo } from '../../cinder-client/index.ts';
import type { HmcSession } from '../../hmc-client/index.ts';
import type { Initiator, InstanceVolume, PartitionOwner } from '../../partition/index.ts';
import { partitionName, serverDescription } from '../../partition/index.ts';
import type { MappedVolume, PartitionRequest, VolumeMapper } from '../../spawn/index.ts';
import type { VirtApi } from '../compute-driver.ts';
import type { BlockDeviceInfo, DriverBlockDevice, Instance, RequestContext } from '../driver-types.ts';
import { bootFromOf, bootSourceFrom } from './boot-source.ts';
import { bootOptionsOf, readExtraSpecs, storageGroupOf } from './extra-specs.ts';
import { resourcesOf } from './resources.ts';
import type { DpmDriverSettings } from './settings.ts';

export function ownerOf(instance: Pick<Instance, 'uuid'>, host: string): PartitionOwner {
  return { host, instanceUuid: instance.uuid };
}

function toInstanceVolume(device: DriverBlockDevice): InstanceVolume {
  return { volumeId: device.volumeId, sizeGib: device.sizeGib, isBoot: device.bootIndex === 0 };
}

/** Returns the volumes that Cinder has mapped; omits those without connection_info, as Nova does on delete. */
export function mappedVolumes(info: BlockDeviceInfo | null | undefined): MappedVolume[] {
  return (info?.blockDeviceMapping ?? []).flatMap((device) =>
    device.connectionInfo === undefined ? [] : [{ ...toInstanceVolume(device), connectionInfo: device.connectionInfo }],
  );
}

/** @throws InternalError when the callback left a volume unmapped */
export function requireMapped(info: BlockDeviceInfo): MappedVolume[] {
  const missing = info.blockDeviceMapping.find((device) => device.connectionInfo === undefined);
  if (missing !== undefined) throw new InternalError(`volume ${missing.volumeId} came back without connection_info`);
  return mappedVolumes(info);
}

/** Whether this is Nova's stock order, in which Cinder maps the volumes before the spawn. */
export function isMapped(info: BlockDeviceInfo): boolean {
  return info.blockDeviceMapping.every((device) => device.connectionInfo !== undefined);
}

export function partitionRequest(
  instance: Instance,
  info: BlockDeviceInfo | null,
  settings: DpmDriverSettings,
): PartitionRequest {
  const owner = ownerOf(instance, settings.host);
  const specs = readExtraSpecs(instance.flavor.extraSpecs);
  const resources = resourcesOf(instance.flavor, specs, settings.memoryIncrementMib);
  const boot = bootOptionsOf(specs, settings.bootTimeoutSeconds);
  const description = serverDescription(settings.host, instance.name);
  return {
    owner,
    partition: { name: partitionName(owner), description, resources, boot },
    storageGroup: storageGroupOf(specs),
    bootSource: null,
    volumes: (info?.blockDeviceMapping ?? []).map(toInstanceVolume),
    nics: [],
  };
}

/**
 * @param hmc - makes sources other than volumes available
 * @throws ConflictError when there is nothing to boot from
 */
export function bootableRequest(
  hmc: HmcSession,
  context: RequestContext,
  instance: Instance,
  info: BlockDeviceInfo | null,
  settings: DpmDriverSettings,
): PartitionRequest {
  const request = partitionRequest(instance, info, settings);
  const from = bootFromOf(readExtraSpecs(instance.flavor.extraSpecs), context);
  if (from !== undefined) return { ...request, bootSource: bootSourceFrom(hmc, from) };
  if (request.storageGroup !== null || request.volumes.some(({ isBoot }) => isBoot)) return request;
  throw new ConflictError(
    `instance ${instance.name} has no volume with boot index 0, no storage group and no other source to boot from`,
  );
}

/**
 * Returns the mapper of the deferred order, which calls the compute manager back once the ports exist.
 *
 * @param onPorts - called with the ports before the callback, which asks for their connector
 */
export function mapperOf(
  virtapi: VirtApi,
  context: RequestContext,
  instance: Instance,
  info: BlockDeviceInfo,
  onPorts: (initiators: readonly Initiator[]) => void,
): VolumeMapper {
  return {
    ...unmapperOf(virtapi, context, instance),
    map: async (initiators, { signal }) => {
      onPorts(initiators);
      return requireMapped(await virtapi.prepBlockDevice({ ...context, signal }, instance, info));
    },
  };
}

export function unmapperOf(virtapi: VirtApi, context: RequestContext, { uuid }: Instance): Pick<VolumeMapper, 'unmap'> {
  return { unmap: async ({ signal }: Waiting) => await virtapi.unprepBlockDevice?.({ ...context, signal }, uuid) };
}

/** Returns the volume of an attach or a detach, which get only its connection_info. */
export function volumeOf(connectionInfo: ConnectionInfo): MappedVolume {
  const named = [connectionInfo.data.volume_id, connectionInfo.volume_id, connectionInfo.serial];
  const volumeId = named.find((value) => typeof value === 'string') ?? '';
  const { size, boot } = connectionInfo; // size in GiB; only our own manager adds them
  return { volumeId, sizeGib: typeof size === 'number' ? size : 0, isBoot: boot === true, connectionInfo };
}

/** Adds the size that connection_info does not have, if the compute manager can say it. */
export async function withSize(virtapi: VirtApi, context: RequestContext, volume: MappedVolume): Promise<MappedVolume> {
  if (volume.sizeGib > 0 || virtapi.volumeSize === undefined) return volume;
  return { ...volume, sizeGib: await virtapi.volumeSize(context, volume.volumeId) };
}
