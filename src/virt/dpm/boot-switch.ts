import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { HmcSession, UpdatePartition } from '../../hmc-client/index.ts';
import type { PartitionOwner, PartitionRef, StorageWaiting } from '../../partition/index.ts';
import { bootTriesOf } from '../../spawn/index.ts';
import type { MappedVolume, PartitionRequest } from '../../spawn/index.ts';
import type { BootFrom, BootSettings } from '../driver-types.ts';
import { checkBootFrom, prepareSource } from './boot-source.ts';
import { mount, mountedImage, unmount } from './iso-mount.ts';
import type { DpmRuntime } from './runtime.ts';

/** The acts of a change of the boot source, as users and tests see them. */
export const switchActs = ['switch-boot-source'] as const;
export type SwitchAct = (typeof switchActs)[number];

/** What {@link switchBoot} changes. */
interface Switched {
  readonly owner: PartitionOwner;
  readonly partition: PartitionRef;
  readonly mapped: readonly MappedVolume[];
  /** The prepared storage group of the instance; it is booted unless a volume has boot index 0. */
  readonly storageGroup: PartitionRequest['storageGroup'];
}

/**
 * Changes the boot properties of a partition, from its next start on. A running partition keeps running.
 *
 * @throws ConfigError, ConflictError when the partition cannot boot from the source; its boot properties are then unchanged
 */
export async function switchBoot(
  runtime: DpmRuntime,
  switched: Switched,
  from: BootFrom,
  w: StorageWaiting,
): Promise<void> {
  await checkBootFrom(from);
  const { partition } = switched;
  const properties =
    from.source === 'volume'
      ? await volumeProperties(runtime, switched, from.volumeId, w)
      : (await prepareSource(runtime, partition, from, w)).properties;
  await runtime.hmc.partitions.update(partition.uri, properties, w);
}

async function volumeProperties(
  runtime: DpmRuntime,
  { owner, partition, mapped, storageGroup }: Switched,
  volumeId: string | undefined,
  w: StorageWaiting,
): Promise<UpdatePartition> {
  const volume =
    volumeId === undefined ? mapped.find(({ isBoot }) => isBoot) : requireVolume(mapped, volumeId, partition);
  if (volume !== undefined) return await connectForBoot(runtime, owner, partition, volume, w);
  const group =
    storageGroup &&
    (await runtime.storage.preparedGroups?.find(
      { name: storageGroup.name, isBootSource: true, bootVolume: storageGroup.bootVolume ?? undefined },
      partition.name,
      w,
    ));
  if (group?.bootVolumeUri) return { bootDevice: 'storage-volume', bootStorageVolume: group.bootVolumeUri };
  throw new ConflictError(`partition "${partition.name}" has no volume to boot from: attach one first`, {
    partition: partition.name,
  });
}

/** Returns the volume, to be booted from. @throws ConflictError when it is not mapped to the partition */
export function requireVolume(mapped: readonly MappedVolume[], volumeId: string, { name }: PartitionRef): MappedVolume {
  const volume = mapped.find((each) => each.volumeId === volumeId);
  if (volume !== undefined) return { ...volume, isBoot: true };
  throw new ConflictError(`volume ${volumeId} is not attached to partition "${name}"`, { volumeId });
}

/**
 * Connects a volume again, which is idempotent, and returns the boot properties for its first path. With storage groups, waits
 * until DPM has found the LUN.
 */
export async function connectForBoot(
  { storage, volumeDrivers }: DpmRuntime,
  owner: PartitionOwner,
  partition: PartitionRef,
  volume: MappedVolume,
  w: StorageWaiting,
): Promise<UpdatePartition> {
  const initiators = await storage.initiators(owner, { uri: partition.uri, name: partition.name }, w);
  const { connectionInfo, volumeId, sizeGib, isBoot } = volume;
  const driver = volumeDrivers.get(connectionInfo.driver_volume_type);
  const options = { volumeId, sizeGib, isBoot, signal: w.signal, progress: w.progress };
  const connected = await driver.connectVolume(connectionInfo, { ...owner, partition, initiators }, options);
  const [ready] = await storage.waitForVolumes(owner, [connected], w);
  const [first] = bootTriesOf({ ...connected, ...ready }, initiators, storage);
  if (first !== undefined) return first.properties;
  throw new ConflictError(`volume ${volumeId} has no path from partition "${partition.name}"`, { volumeId });
}

/**
 * Reads what a partition boots from, with the properties that {@link switchBoot} changes. A property without a value is recorded
 * with the value that clears it. Changes nothing.
 */
export async function readBootSettings(
  { hmc, storage }: Pick<DpmRuntime, 'hmc' | 'storage'>,
  { uri }: PartitionRef,
  w: Waiting,
): Promise<BootSettings> {
  const found = await hmc.partitions.get(uri, w);
  const ofVolume =
    storage.model === 'storage-group'
      ? { bootStorageVolume: found.bootStorageVolume ?? null }
      : {
          bootStorageDevice: found.bootStorageDevice ?? null,
          bootWorldWidePortName: found.bootWorldWidePortName ?? '',
          bootLogicalUnitNumber: found.bootLogicalUnitNumber ?? '',
        };
  return {
    bootDevice: found.bootDevice,
    ...ofVolume,
    bootNetworkDevice: found.bootNetworkDevice ?? null,
    bootFtpHost: found.bootFtpHost ?? null,
    bootFtpUsername: found.bootFtpUsername ?? null,
    bootFtpInsfile: found.bootFtpInsfile ?? null,
    // A start from another source renews the list of volumes in it.
    bootOsSpecificParameters: found.bootOsSpecificParameters ?? '',
    bootIsoImageName: found.bootIsoImageName ?? null,
  };
}

/** Mounts the ISO image of a boot source; other sources need no preparation. @throws ConfigError when it cannot be used */
export async function mountBootMedia(
  runtime: DpmRuntime,
  partition: PartitionRef,
  from: BootFrom,
  w: StorageWaiting,
): Promise<void> {
  await checkBootFrom(from);
  if (from.source === 'iso') await mount(runtime, partition, from, w);
}

/**
 * Restores what {@link readBootSettings} has read, and unmounts an image that was not mounted then. An image that was replaced
 * cannot be restored: the partition then boots from nothing rather than from another image.
 */
export async function restoreBootSettings(
  hmc: HmcSession,
  partition: PartitionRef,
  { bootIsoImageName: image = null, ...settings }: BootSettings,
  w: Waiting,
): Promise<void> {
  const mounted = (await mountedImage(hmc, partition, w)) ?? null;
  const isLost = settings.bootDevice === 'iso-image' && mounted !== image;
  const changes = isLost ? { bootDevice: 'none' } : settings;
  await hmc.partitions.update(partition.uri, changes, w); // as readBootSettings made them
  if (mounted !== null && mounted !== image) await hmc.partitions.unmountIso(partition.uri, w);
}

/** Unmounts an ISO image from which the partition no longer boots. */
export async function releaseBootMedia(hmc: HmcSession, partition: PartitionRef, w: Waiting): Promise<void> {
  const { bootDevice } = await hmc.partitions.get(partition.uri, w, ['boot-device']);
  if (bootDevice !== 'iso-image') await unmount(hmc, partition, w);
}
