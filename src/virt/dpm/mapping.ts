import { InternalError } from '../../base/index.ts';
import type { ConnectionInfo } from '../../cinder-client/index.ts';
import type { InstanceVolume, PartitionOwner } from '../../partition/index.ts';
import { partitionDescription, partitionName, sizePartition } from '../../partition/index.ts';
import type { MappedVolume, PartitionRequest } from '../../spawn/index.ts';
import type { BlockDeviceInfo, DriverBlockDevice, Instance } from '../compute-driver.ts';
import { bootOptionsOf, readExtraSpecs, storageGroupOf } from './extra-specs.ts';
import type { DpmDriverSettings } from './settings.ts';

/** Translates Nova's words into those of the verbs, and nothing else. */

export function ownerOf(instance: Pick<Instance, 'uuid'>, host: string): PartitionOwner {
  return { host, instanceUuid: instance.uuid };
}

function toInstanceVolume(device: DriverBlockDevice): InstanceVolume {
  return { volumeId: device.volumeId, sizeGib: device.sizeGib, isBoot: device.bootIndex === 0 };
}

/** Volumes that Cinder has mapped; those without connection_info are left out, as Nova does on delete. */
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

/** Is this Nova's stock order, in which Cinder has mapped the volumes before spawn? */
export function isMapped(info: BlockDeviceInfo): boolean {
  return info.blockDeviceMapping.every((device) => device.connectionInfo !== undefined);
}

export function partitionRequest(
  instance: Instance,
  info: BlockDeviceInfo | null,
  settings: DpmDriverSettings,
): PartitionRequest {
  const owner = ownerOf(instance, settings.host);
  const flavor = { vcpus: instance.flavor.vcpus, memoryMib: instance.flavor.memoryMb };
  const size = sizePartition(flavor, settings.memoryIncrementMib);
  const specs = readExtraSpecs(instance.flavor.extraSpecs);
  const boot = bootOptionsOf(specs, settings.bootTimeoutSeconds);
  return {
    owner,
    partition: { name: partitionName(owner), description: partitionDescription(settings.host), ...size, boot },
    storageGroup: storageGroupOf(specs),
    volumes: (info?.blockDeviceMapping ?? []).map(toInstanceVolume),
  };
}

/** Attach and detach are told of a volume by its connection_info alone. */
export function volumeOf(connectionInfo: ConnectionInfo): MappedVolume {
  const named = [connectionInfo.data.volume_id, connectionInfo.volume_id, connectionInfo.serial];
  const volumeId = named.find((value) => typeof value === 'string') ?? '';
  const { size } = connectionInfo; // GiB: a word of our own manager's, beside Nova's `serial`
  return { volumeId, sizeGib: typeof size === 'number' ? size : 0, isBoot: false, connectionInfo };
}
