import { retry } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { deviceNode } from './context.ts';
import type { HostContext } from './context.ts';
import { follow, readAttribute, unescapeOctal, unlessGone } from './system.ts';
import type { HostSystem } from './system.ts';

/** The disks to remove, and the map that uses them. */
interface Candidates {
  /** `sda`, … */
  readonly disks: readonly string[];
  /** `dm-0` */
  readonly map: string | undefined;
}

/** System services that open disks without using the volume. */
const watchers: readonly (string | undefined)[] = ['multipathd', 'systemd-udevd', '(udev-worker)'];

/**
 * Returns one line for each user of these devices: mounts, swap, other device-mapper devices (LVM, encryption, a foreign
 * map), exclusive claims and open files. Changes nothing.
 *
 * @remarks Finds claims in every mount namespace, but open files only of processes that this process may inspect.
 */
export async function findUsers(system: HostSystem, candidates: Candidates): Promise<readonly string[]> {
  return (await look(system, candidates)).users;
}

/**
 * Returns the users that remain. Checks again while a device is only open or claimed, because udev and lvm open devices
 * briefly after each change.
 */
export async function findLastingUsers(
  { system, policies, log }: HostContext,
  candidates: Candidates,
  { signal }: Waiting,
): Promise<readonly string[]> {
  let last: Use | undefined;
  const work = async (): Promise<void> => {
    last = await look(system, candidates);
    if (last.users.length > 0) throw new Error(last.users.join('; '));
  };
  const isRetryable = (): boolean => last?.mayPass === true;
  try {
    await retry(work, { what: 'wait for other users', policy: policies.holders, signal, isRetryable, log });
  } catch (error) {
    signal.throwIfAborted();
    if (last === undefined) throw error;
  }
  return last?.users ?? [];
}

interface Use {
  readonly users: readonly string[];
  /** Whether the use may end by itself: the device is not mounted, used as swap, or used by another device. */
  readonly mayPass: boolean;
}

async function look(system: HostSystem, candidates: Candidates): Promise<Use> {
  const tops = candidates.map === undefined ? candidates.disks : [candidates.map];
  const family = await withPartitions(system, candidates, tops);
  const named = [
    ...(await mounts(system, family)),
    ...(await swaps(system, family)),
    ...(await holders(system, family)),
  ];
  if (named.length > 0) return { users: named, mayPass: false };
  const users = [...(await claims(system, family, tops)), ...(await openers(system, family, tops))];
  return { users, mayPass: true };
}

interface Family {
  /** Disks, map, and their partitions. */
  readonly blocks: ReadonlySet<string>;
  /** Partition maps, which multipath creates and removes with the map. */
  readonly partitionMaps: readonly string[];
}

async function withPartitions(
  system: HostSystem,
  { disks, map }: Candidates,
  tops: readonly string[],
): Promise<Family> {
  const partitions: string[] = [];
  for (const disk of disks) {
    const names = await system.list(`/sys/block/${disk}`);
    partitions.push(...names.filter((name) => name.startsWith(disk)));
  }
  const partitionMaps: string[] = [];
  for (const holder of map === undefined ? [] : await system.list(`/sys/block/${map}/holders`)) {
    const uuid = await readAttribute(system, `/sys/block/${holder}/dm/uuid`);
    if (/^part\d+-mpath-/.test(uuid ?? '')) partitionMaps.push(holder);
  }
  return { blocks: new Set([...disks, ...tops, ...partitions, ...partitionMaps]), partitionMaps };
}

async function mounts(system: HostSystem, { blocks }: Family): Promise<readonly string[]> {
  const numbers = new Set<string>();
  for (const block of blocks) {
    const number = await readAttribute(system, `/sys/class/block/${block}/dev`);
    if (number !== undefined) numbers.add(number);
  }
  const found: string[] = [];
  for (const line of ((await readAttribute(system, '/proc/self/mountinfo')) ?? '').split('\n')) {
    const [left, right] = line.split(' - ');
    const [, , number, , place] = (left ?? '').split(' ');
    // A btrfs mount has its own device number, but its source names the disk.
    const source = unescapeOctal(right?.split(' ')[1] ?? '');
    const isOurs = numbers.has(number ?? '') || (await leadsTo(system, source, blocks)) !== undefined;
    if (isOurs) found.push(`mounted on ${unescapeOctal(place ?? '')}`);
  }
  return found;
}

async function leadsTo(system: HostSystem, path: string, blocks: ReadonlySet<string>): Promise<string | undefined> {
  if (!path.startsWith('/dev/')) return undefined;
  const target = ((await follow(system, path)) ?? path).slice('/dev/'.length).replaceAll('/', '!');
  return blocks.has(target) ? target : undefined;
}

async function swaps(system: HostSystem, { blocks }: Family): Promise<readonly string[]> {
  const lines = ((await readAttribute(system, '/proc/swaps')) ?? '').split('\n').slice(1);
  const found: string[] = [];
  for (const line of lines) {
    const block = await leadsTo(system, unescapeOctal(line.split(/\s/)[0] ?? ''), blocks);
    if (block !== undefined) found.push(`swap on ${deviceNode(block)}`);
  }
  return found;
}

async function holders(system: HostSystem, { blocks }: Family): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const block of blocks) {
    for (const holder of await system.list(`/sys/class/block/${block}/holders`)) {
      if (blocks.has(holder)) continue;
      const name = (await readAttribute(system, `/sys/block/${holder}/dm/name`)) ?? holder;
      found.add(`held by ${deviceNode(holder)} (${name})`);
    }
  }
  return [...found];
}

/**
 * Finds exclusive claims. Checks only the uppermost devices, because each map claims the devices below it. Also finds a claim
 * on a disk that is not online, although such a disk cannot be opened. Source: linux block/bdev.c and drivers/scsi/sd.c.
 */
async function claims(system: HostSystem, family: Family, tops: readonly string[]): Promise<readonly string[]> {
  const uppermost = family.partitionMaps.length > 0 ? family.partitionMaps : tops;
  const found: string[] = [];
  for (const node of uppermost.map(deviceNode)) {
    const isClaimed = (await system.exists(node)) && (await unlessGone(system.isClaimed(node))) === true;
    if (isClaimed) found.push(`${node} is claimed exclusively`);
  }
  return found;
}

async function openers(system: HostSystem, family: Family, tops: readonly string[]): Promise<readonly string[]> {
  const nodes = new Set([...tops, ...family.partitionMaps, ...family.blocks].map(deviceNode));
  const found: string[] = [];
  for (const pid of (await system.list('/proc')).filter((name) => /^\d+$/.test(name))) {
    const open = await openFiles(system, pid);
    const node = open.find((file) => nodes.has(file));
    if (node === undefined) continue;
    const command = await readAttribute(system, `/proc/${pid}/comm`).catch(() => undefined);
    if (!watchers.includes(command)) found.push(`${node} is open in process ${pid} (${command ?? 'unknown'})`);
  }
  return found;
}

/** Returns the open files of a process; none if it has ended or may not be inspected. */
async function openFiles(system: HostSystem, pid: string): Promise<readonly string[]> {
  try {
    const descriptors = await system.list(`/proc/${pid}/fd`);
    return await Promise.all(
      descriptors.map(async (fd) => await system.realpath(`/proc/${pid}/fd/${fd}`).catch(() => '')),
    );
  } catch {
    return [];
  }
}
