import { InvalidArgumentError } from 'commander';
import type { ServerVolumeRequest } from '../compute/index.ts';
import { nameOrId, usageError, wholeNumber } from './usage.ts';

/** A `--volume` as it was written, understood. */
export interface VolumeOption extends ServerVolumeRequest {
  readonly text: string;
}

const FORM = 'ID[,boot-index=N][,delete-on-termination]';
const MAX_BOOT_INDEX = 255; // far above what a partition has of vHBAs and volumes

/** Reads one more `--volume`. */
export function collectVolume(text: string, before: readonly VolumeOption[] = []): readonly VolumeOption[] {
  const [id = '', ...words] = text.split(',');
  const bootIndexes = words.filter((word) => word.startsWith('boot-index='));
  const deletes = words.filter((word) => word === 'delete-on-termination');
  const isClean = bootIndexes.length + deletes.length === words.length && bootIndexes.length < 2 && deletes.length < 2;
  if (!isClean || id.trim() === '') throw new InvalidArgumentError(`Expected ${FORM}.`);
  const index = bootIndexes[0]?.slice('boot-index='.length);
  const volume: VolumeOption = {
    text,
    volumeId: nameOrId(id),
    deleteOnTermination: deletes.length > 0,
    ...(index === undefined ? {} : { bootIndex: wholeNumber(0, MAX_BOOT_INDEX)(index) }),
  };
  return [...before, volume];
}

/**
 * All volumes of an instance: each once, and exactly one with boot index 0; a single volume gets it. Beside a storage
 * group there may be none, and a volume boots only if it says so.
 *
 * @throws ConfigError
 */
export function completeVolumes(
  options: readonly VolumeOption[] = [],
  hasStorageGroup = false,
): readonly ServerVolumeRequest[] {
  const all = options.map((option) => option.text).join(' ');
  if (new Set(options.map((option) => option.volumeId)).size < options.length) {
    throw usageError('--volume', all, 'each volume once');
  }
  const [only] = options;
  const given = options.flatMap((option) => option.bootIndex ?? []);
  if (hasStorageGroup && new Set(given).size === given.length) return options.map(request);
  if (options.length === 1 && only !== undefined && given.length === 0) return [request({ ...only, bootIndex: 0 })];
  if (new Set(given).size < given.length) throw usageError('--volume', all, 'each boot index once');
  if (options.length === 0) throw usageError('--volume', all, 'at least one volume, or --storage-group');
  if (!given.includes(0)) throw usageError('--volume', all, 'exactly one volume with boot-index=0');
  return options.map(request);
}

function request({ volumeId, bootIndex, deleteOnTermination }: VolumeOption): ServerVolumeRequest {
  return { volumeId, deleteOnTermination, ...(bootIndex === undefined ? {} : { bootIndex }) };
}
