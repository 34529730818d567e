import { InvalidArgumentError } from 'commander';
import type { CreateServer } from '../compute/index.ts';
import { nameOrId } from './usage.ts';

type StorageGroupOption = NonNullable<CreateServer['storageGroup']>;

const BOOT_VOLUME = 'boot-volume=';

/** Reads `--storage-group NAME[,boot-volume=VOLUME]`. */
export function storageGroup(text: string): StorageGroupOption {
  const [name = '', ...words] = text.split(',');
  const [word, ...others] = words;
  if (others.length > 0 || name.trim() === '' || word?.startsWith(BOOT_VOLUME) === false) {
    throw new InvalidArgumentError('Expected NAME[,boot-volume=VOLUME].');
  }
  if (word === undefined) return { name: nameOrId(name) };
  return { name: nameOrId(name), bootVolume: nameOrId(word.slice(BOOT_VOLUME.length)) };
}

type Properties = Readonly<Record<string, string>>;

/** Reads one more `--property KEY=VALUE`; of two with one key the last counts, as in OpenStackClient. */
export function property(text: string, before: Properties = {}): Properties {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected KEY=VALUE.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
