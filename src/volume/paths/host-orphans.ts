import type { HostDevice, HostInventory, HostMap, Leftover } from '../host/index.ts';
import type { Ownership, Owners } from './ownership.ts';

/** An object on a host that does not belong to a volume attached there. */
export interface HostFinding {
  readonly host: string;
  readonly kind: 'device-path' | 'zfcp-unit' | 'multipath-map' | 'mount';
  readonly name: string;
  readonly detail: string;
  /** What `--repair` does; null if the administrator has to decide. */
  readonly repair: string | null;
  /** What the repair removes; null without a repair. */
  readonly leftover: Leftover | null;
}

/**
 * Returns the orphaned objects of a host. Only unused devices of a known Cinder volume that is not attached here are safe to
 * remove, because a disk with an unknown owner may belong to other software. A pure function.
 */
export function findHostOrphans(host: string, inventory: HostInventory, owners: Owners): readonly HostFinding[] {
  const { devices, units, maps } = inventory;
  return [
    ...devices.flatMap((device) => findDevice(host, device, inventory, owners)),
    ...units.flatMap((unit): readonly HostFinding[] => {
      const owner = owners.of({ wwid: undefined }, [unit]);
      if (owner.kind === 'here') return []; // a path that has not appeared yet
      const detail = `unit of ${unit.port} to ${unit.targetWwpn} LUN ${unit.lun} without a SCSI device${whose(owner)}`;
      const leftover = owner.kind === 'elsewhere' ? { ways: [unit.way], wwid: undefined } : null;
      return [toFinding(host, 'zfcp-unit', unit.way, detail, leftover)];
    }),
    ...maps.filter(({ paths }) => paths.length === 0).flatMap((map) => findMap(host, map, owners)),
    ...findMounts(host, inventory, owners),
  ];
}

function toFinding(
  host: string,
  kind: HostFinding['kind'],
  name: string,
  detail: string,
  leftover: Leftover | null,
): HostFinding {
  return { host, kind, name, detail, repair: leftover === null ? null : 'remove it (it is not in use)', leftover };
}

function findDevice(
  host: string,
  device: HostDevice,
  inventory: HostInventory,
  owners: Owners,
): readonly HostFinding[] {
  const owner = owners.of(device, [device]);
  const trouble = troubleOf(device);
  if (owner.kind === 'here' && device.answer !== 'another') return [];
  if (owner.kind === 'stranger' && trouble === undefined) return []; // a healthy disk of other software
  const isSafe = owner.kind === 'elsewhere' && isRemovable(device, inventory);
  const detail = `${device.way}, ${trouble ?? device.state}${whose(owner)}${usersOf(device.users)}`;
  const leftover = isSafe ? { ways: waysOf(device, inventory), wwid: device.wwid } : null;
  return [toFinding(host, 'device-path', device.device ?? device.way, detail, leftover)];
}

/** Whether the device is not in use, its identity is confirmed, and its map has no other paths. */
function isRemovable(device: HostDevice, { devices, maps }: HostInventory): boolean {
  const family = devices.filter(({ wwid }) => wwid !== undefined && wwid === device.wwid);
  const nodes = family.flatMap(({ device: node }) => node ?? []);
  const map = maps.find(({ device: node }) => node === device.map);
  const isAlone = map === undefined || map.paths.every((path) => nodes.includes(path));
  const isFree = [device, ...family, ...(map === undefined ? [] : [map])].every(({ users }) => users?.length === 0);
  return device.wwid !== undefined && device.answer !== 'another' && isAlone && isFree;
}

/** Returns all paths of the volume, because they have to be removed together with their map. */
function waysOf({ wwid, way }: HostDevice, { devices }: HostInventory): readonly string[] {
  return [...new Set([way, ...devices.filter((device) => device.wwid === wwid).map((device) => device.way)])];
}

function findMap(host: string, map: HostMap, owners: Owners): readonly HostFinding[] {
  const owner = owners.of(map, []);
  if (owner.kind === 'here') return [];
  const isSafe = owner.kind === 'elsewhere' && map.users?.length === 0;
  const detail = `multipath map of ${map.wwid} without paths${whose(owner)}${usersOf(map.users)}`;
  const leftover = isSafe ? { ways: [], wwid: map.wwid } : null;
  return [toFinding(host, 'multipath-map', map.name, detail, leftover)];
}

/** Finds mounts of volumes that are no longer attached here. Another host may use such a volume now. */
function findMounts(host: string, { devices, maps }: HostInventory, owners: Owners): readonly HostFinding[] {
  const used = new Map<string, HostFinding>();
  for (const { users, wwid, way } of [...devices, ...maps.map((map) => ({ ...map, way: map.name }))]) {
    const ways = devices.filter((device) => device.way === way);
    const owner = owners.of({ wwid }, ways);
    if (owner.kind !== 'elsewhere') continue;
    for (const place of (users ?? []).filter((user) => user.startsWith('mounted on '))) {
      const detail = `${place}: ${wwid ?? way}${whose(owner)}; unmount it first`;
      used.set(place, toFinding(host, 'mount', place.slice('mounted on '.length), detail, null));
    }
  }
  return [...used.values()];
}

function troubleOf({ portState, state, answer }: HostDevice): string | undefined {
  if (portState !== undefined && portState !== 'Online') return `dead: target port is ${portState}`;
  if (state !== 'running') return `dead: SCSI device is ${state}`;
  if (answer === 'silent') return 'dead: running, but does not answer';
  if (answer === 'another') return 'stale: another volume answers in its place';
  return undefined;
}

function whose(owner: Ownership): string {
  if (owner.kind === 'stranger') return ', owner unknown';
  if (owner.kind === 'here') return `, of volume ${owner.volumeId}`;
  return `, of volume ${owner.volumeId} (by ${owner.evidence}), which Cinder does not have attached here`;
}

function usersOf(users: readonly string[] | undefined): string {
  if (users === undefined) return '; cannot determine who uses it';
  return users.length === 0 ? '' : `; ${users.join(', ')}`;
}
