import { InternalError } from '../base/index.ts';
import type {
  ConnectedVolume,
  Initiator,
  NicInGuest,
  PartitionRef,
  PartitionStorage,
  PreparedGroup,
} from '../partition/index.ts';
import type { BootOptions, BootTry } from './types.ts';

/** What is known before a load. */
export interface BootPlan {
  readonly partition: PartitionRef;
  readonly initiators: readonly Initiator[];
  readonly options: BootOptions;
  /** A prepared storage group to boot from, or null. */
  readonly group: PreparedGroup | null;
  readonly volumes: readonly ConnectedVolume[];
  readonly nics: readonly NicInGuest[];
  /** The way to load another source than a volume; null to boot from a volume. */
  readonly source: BootTry | null;
}

/**
 * Returns the distinct ways to load, in order: with vHBAs one for each path; with storage groups one for the volume, because
 * DPM chooses the path. A pure function.
 */
export function bootTries(
  { volumes, group, initiators, source }: BootPlan,
  storage: Pick<PartitionStorage, 'bootProperties'>,
): readonly BootTry[] {
  if (source !== null) return [source];
  const volume = volumes.find(({ isBoot }) => isBoot);
  if (volume !== undefined) return bootTriesOf(volume, initiators, storage);
  if (group?.bootVolumeUri === null || group === null) throw new InternalError('there is nothing to boot from');
  const properties = { bootDevice: 'storage-volume', bootStorageVolume: group.bootVolumeUri } as const;
  const reason = `boot volume of storage group "${group.name}"`;
  return [{ volumeId: null, path: null, reason, hint: undefined, properties }];
}

/** Returns the distinct ways to load this volume, in the order of its paths. */
export function bootTriesOf(
  volume: ConnectedVolume,
  initiators: readonly Initiator[],
  storage: Pick<PartitionStorage, 'bootProperties'>,
): readonly BootTry[] {
  const tries = volume.paths.map((path): BootTry => {
    const properties = storage.bootProperties(volume, path, initiators);
    return { volumeId: volume.volumeId, path, reason: volume.pathReason ?? '', hint: volume.hint, properties };
  });
  const texts = tries.map(({ properties }) => JSON.stringify(properties));
  return tries.filter((_, index) => texts.indexOf(texts[index] ?? '') === index);
}

/** @throws InternalError when a volume was connected without a path */
export function requireBootTry([first]: readonly BootTry[]): BootTry {
  if (first === undefined) throw new InternalError('the boot volume was connected without a path');
  return first;
}
