import type { Waiting } from '../../base/index.ts';
import type { BootVolume, Initiator, PartitionOwner, PartitionRef, VolumePath } from '../../partition/index.ts';
import { bootTriesOf } from '../../spawn/index.ts';
import type { BootTries, MappedVolume } from '../../spawn/index.ts';
import type { DpmRuntime } from './runtime.ts';
import { volumePaths } from './path-report.ts';

type Volume = MappedVolume & { readonly paths: readonly VolumePath[] };

/** The boot properties of a partition, and its volumes. */
export interface BootRecord {
  readonly device: string;
  /** The path in the boot properties of a machine with vHBAs; undefined if they name none. */
  readonly path: VolumePath | undefined;
  readonly parameters: string;
  readonly initiators: readonly Initiator[];
  readonly volumes: readonly Volume[];
}

/** Reads the boot properties of a partition, and the paths of its mapped volumes. */
export async function readBoot(
  runtime: DpmRuntime,
  owner: PartitionOwner,
  partition: PartitionRef,
  mapped: readonly MappedVolume[],
  w: Waiting,
): Promise<BootRecord> {
  const { hmc, storage } = runtime;
  const [found, initiators] = await Promise.all([
    hmc.partitions.get(partition.uri, w, [
      'boot-device',
      'boot-storage-device',
      'boot-world-wide-port-name',
      'boot-logical-unit-number',
      'boot-os-specific-parameters',
    ]),
    storage.initiators(owner, { uri: partition.uri, name: partition.name }, w), // a person may have changed the device numbers
  ]);
  const instance = { ...owner, partition, initiators };
  const volumes = await Promise.all(
    mapped.map(async (volume) => ({ ...volume, paths: await volumePaths(runtime, instance, volume, w) })),
  );
  const { bootDevice: device, bootWorldWidePortName: targetWwpn, bootLogicalUnitNumber: lun } = found;
  const hba = initiators.find(({ elementUri }) => elementUri !== null && elementUri === found.bootStorageDevice);
  const path =
    hba === undefined || targetWwpn === undefined || lun === undefined
      ? undefined
      : { initiatorWwpn: hba.wwpn, targetWwpn, lun, deviceNumber: hba.deviceNumber };
  return { device, path, parameters: found.bootOsSpecificParameters ?? '', initiators, volumes };
}

/** The value of `boot-device` for a load over the path in the boot properties; only with vHBAs. */
const OVER_A_PATH = 'storage-adapter';

/**
 * Returns the boot tries for the next start of a partition: the path in its boot properties, and the other paths of its boot volume, from
 * the mapping of Cinder, or from the record of the spawn.
 */
export function readBootTries(
  { partitions, storage }: DpmRuntime,
  owner: PartitionOwner,
  { device, path, initiators, volumes }: BootRecord,
): BootTries {
  if (device !== OVER_A_PATH) return { current: undefined, others: [], initiators };
  // A server in rescue boots from another volume than its own.
  const recorded = volumes.find(({ paths }) => paths.some((each) => isSame(each, path)));
  const mapped = recorded ?? volumes.find(({ isBoot }) => isBoot);
  const volume = mapped ?? recordedVolume(partitions.bootVolume(owner), path);
  const isThere = ({ initiatorWwpn }: VolumePath) => initiators.some(({ wwpn }) => wwpn === initiatorWwpn);
  const paths = (volume?.paths ?? []).filter((each) => isThere(each) && !isSame(each, path));
  const triesOf = (all: readonly VolumePath[]) =>
    bootTriesOf({ ...unknown, volumeId: volume?.volumeId ?? '', paths: [...all] }, initiators, storage);
  return { current: path && triesOf([path])[0], others: triesOf(paths), initiators };
}

const unknown = { isBoot: true, sizeGib: 0, naa: null, storageVolumeUri: null, pathReason: '' };

function isSame(a: VolumePath, b: VolumePath | undefined): boolean {
  return a.initiatorWwpn === b?.initiatorWwpn && a.targetWwpn === b.targetWwpn && a.lun === b.lun;
}

/** Returns the boot volume that the last spawn recorded, if the boot properties still name one of its paths. */
function recordedVolume(volume: BootVolume | undefined, path: VolumePath | undefined): BootVolume | undefined {
  return volume?.paths.some((each) => isSame(each, path)) === true ? volume : undefined;
}
