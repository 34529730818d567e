import { InvalidArgumentError } from 'commander';
import { checkAddresses } from '../compute/check-addresses.ts';
import type { CreateServer, ServerNetworkRequest, ServerVolumeRequest } from '../compute/index.ts';
import { nameOrId, usageError, wholeNumber } from './usage.ts';

const BOOT_VOLUME = 'boot-volume=';

/** Parses `--storage-group NAME[,boot-volume=VOLUME]`. */
export function storageGroup(text: string): NonNullable<CreateServer['storageGroup']> {
  const [name = '', ...words] = text.split(',');
  const [word, ...others] = words;
  if (others.length > 0 || name.trim() === '' || word?.startsWith(BOOT_VOLUME) === false) {
    throw new InvalidArgumentError('Expected NAME[,boot-volume=VOLUME].');
  }
  if (word === undefined) return { name: nameOrId(name) };
  return { name: nameOrId(name), bootVolume: nameOrId(word.slice(BOOT_VOLUME.length)) };
}

type Properties = Readonly<Record<string, string>>;

/** Parses one more `--property KEY=VALUE`. The last value of a key wins, as in OpenStackClient. */
export function property(text: string, before: Properties = {}): Properties {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected KEY=VALUE.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** How a network is written on the command line. */
export const NETWORK_FORM = 'NAME[,address=CIDR][,gateway=IP][,dns=IP][,mac=MAC]';

/** Parses a network with its addresses; `dns` can be repeated. */
export function network(text: string): ServerNetworkRequest {
  const [name = '', ...words] = text.split(',');
  const dns: string[] = [];
  const once = new Map<string, string>();
  for (const word of words) {
    const [, key = '', value = ''] = /^(address|gateway|dns|mac)=(.+)$/.exec(word) ?? [];
    if (key === '' || once.has(key) || name.trim() === '') throw new InvalidArgumentError(`Expected ${NETWORK_FORM}.`);
    if (key === 'dns') dns.push(value);
    else once.set(key, value);
  }
  const addresses = Object.fromEntries(once) as Pick<ServerNetworkRequest, 'address' | 'gateway' | 'mac'>; // the keys of the form
  const request = { network: nameOrId(name), ...addresses, ...(dns.length === 0 ? {} : { dns }) };
  checkAddresses(request);
  return request;
}

/** Parses one more `--network`. */
export function collectNetwork(
  text: string,
  before: readonly ServerNetworkRequest[] = [],
): readonly ServerNetworkRequest[] {
  const one = network(text);
  if (before.some((each) => each.network === one.network))
    throw new InvalidArgumentError(`Expected each network once, found ${one.network} twice.`);
  return [...before, one];
}

const FORM = 'ID[,boot-index=N][,delete-on-termination]';
const MAX_BOOT_INDEX = 255; // far above the vHBAs and volumes of a partition

/** Parses one more `--volume`. */
export function collectVolume(
  text: string,
  before: readonly ServerVolumeRequest[] = [],
): readonly ServerVolumeRequest[] {
  const [id = '', ...words] = text.split(',');
  const bootIndexes = words.filter((word) => word.startsWith('boot-index='));
  const deletes = words.filter((word) => word === 'delete-on-termination');
  const isClean = bootIndexes.length + deletes.length === words.length && bootIndexes.length < 2 && deletes.length < 2;
  if (!isClean || id.trim() === '') throw new InvalidArgumentError(`Expected ${FORM}.`);
  const index = bootIndexes[0]?.slice('boot-index='.length);
  const volume: ServerVolumeRequest = {
    volumeId: nameOrId(id),
    deleteOnTermination: deletes.length > 0,
    ...(index === undefined ? {} : { bootIndex: wholeNumber(0, MAX_BOOT_INDEX)(index) }),
  };
  return [...before, volume];
}

/**
 * Checks the volumes of an instance: no duplicates, and at most one with each boot index. A single volume gets boot index 0
 * by default. Among several volumes without a boot index, the manager chooses the boot volume, since only Cinder knows which
 * of them are bootable. With another source to boot from there may be no volume, and none gets boot index 0 by default.
 *
 * @throws ConfigError
 */
export function completeVolumes(
  options: readonly ServerVolumeRequest[] = [],
  hasOtherSource = false,
): readonly ServerVolumeRequest[] {
  const all = options.map(written).join(' ');
  if (new Set(options.map((option) => option.volumeId)).size < options.length) {
    throw usageError('--volume', all, 'each volume once');
  }
  const [only] = options;
  const given = options.flatMap((option) => option.bootIndex ?? []);
  if (hasOtherSource && new Set(given).size === given.length) return options;
  if (options.length === 1 && only !== undefined && given.length === 0) return [{ ...only, bootIndex: 0 }];
  if (new Set(given).size < given.length) throw usageError('--volume', all, 'each boot index once');
  if (options.length === 0) throw usageError('--volume', all, 'at least one volume, --storage-group or --boot-from');
  if (given.length > 0 && !given.includes(0)) throw usageError('--volume', all, 'exactly one volume with boot-index=0');
  return options;
}

/** Stands for the number of the server in a name, when several are created. */
const NUMBER = '{}';

/**
 * Returns the requests for several servers, named `NAME-1` to `NAME-N` as Nova names them. Each server needs volumes of its
 * own, so the names of volumes and of the storage group contain `{}`, which becomes the number of the server.
 *
 * @throws ConfigError for a name without `{}`
 */
export function numbered(server: CreateServer, count: number): readonly CreateServer[] {
  if (count === 1) return [server];
  const { volumes, networks = [], storageGroup: group } = server;
  for (const { network: name, address, mac } of networks) {
    if (address === undefined && mac === undefined) continue;
    throw usageError('--network', name, `no address and no MAC address: each of ${count} servers needs its own`);
  }
  for (const each of volumes) requireNumber('--volume', each.volumeId, count);
  if (group !== undefined) requireNumber('--storage-group', group.name, count);
  return Array.from({ length: count }, (_, index) => {
    const fill = (name: string) => name.replaceAll(NUMBER, String(index + 1));
    return {
      ...server,
      name: `${server.name}-${index + 1}`,
      volumes: volumes.map((each) => ({ ...each, volumeId: fill(each.volumeId) })),
      ...(group === undefined ? {} : { storageGroup: { ...group, name: fill(group.name) } }),
    };
  });
}

function requireNumber(option: string, name: string, count: number): void {
  if (!name.includes(NUMBER)) {
    const example = `${name}-${NUMBER}`;
    throw usageError(
      option,
      name,
      `a name that contains {}, such as ${example}: each of ${count} servers needs its own`,
    );
  }
}

function written({ volumeId, bootIndex, deleteOnTermination }: ServerVolumeRequest): string {
  const index = bootIndex === undefined ? [] : [`boot-index=${bootIndex}`];
  return [volumeId, ...index, ...(deleteOnTermination === true ? ['delete-on-termination'] : [])].join(',');
}
