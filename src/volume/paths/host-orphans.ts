import type { HostDevice, HostInventory, HostMap, Leftover } from '../host/index.ts';
import type { Ownership, Owners } from './ownership.ts';

/** Something on a host that belongs to no volume that Cinder has attached there. */
export interface HostFinding {
  readonly host: string;
  readonly kind: 'device-path' | 'zfcp-unit' | 'multipath-map' | 'mount';
  readonly name: string;
  readonly detail: string;
  /** What `--repair` does about it; null where a person has to decide. */
  readonly repair: string | null;
  /** What the repair works on; null where there is none. */
  readonly leftover: Leftover | null;
}

const REMOVE = 'remove it, which nobody uses';

/**
 * Names what is left on a host. Safe to remove is only what nobody uses, is known to be of a volume of Cinder, and of one
 * that Cinder does not have attached here: a disk of which nothing is known may be anybody's. A pure function.
 */
export function findHostOrphans(host: string, inventory: HostInventory, owners: Owners): readonly HostFinding[] {
  const { devices, units, maps } = inventory;
  return [
    ...devices.flatMap((device) => findDevice(host, device, inventory, owners)),
    ...units.flatMap((unit): readonly HostFinding[] => {
      const owner = owners.ofUnit(unit);
      if (owner.kind === 'here') return []; // a path that has not come, not one that has been left
      const isSafe = owner.kind === 'elsewhere';
      const detail = `unit of ${unit.port} to ${unit.targetWwpn} LUN ${unit.lun} without a SCSI device${whose(owner)}`;
      const leftover = isSafe ? { ways: [unit.way], wwid: undefined } : null;
      return [{ host, kind: 'zfcp-unit', name: unit.way, detail, repair: isSafe ? REMOVE : null, leftover }];
    }),
    ...maps.filter(({ paths }) => paths.length === 0).flatMap((map) => findMap(host, map, owners)),
    ...findMounts(host, inventory, owners),
  ];
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
  if (owner.kind === 'stranger' && trouble === undefined) return []; // somebody's disk, and a healthy one
  const isSafe = owner.kind === 'elsewhere' && mayGo(device, inventory);
  const name = device.device ?? device.way;
  const use = usersOf(device.users);
  const detail = `${device.way}, ${trouble ?? device.state}${whose(owner)}${use}`;
  const leftover = isSafe ? { ways: waysOf(device, inventory), wwid: device.wwid } : null;
  return [{ host, kind: 'device-path', name, detail, repair: isSafe ? REMOVE : null, leftover }];
}

/** Nobody uses it, its identity stands, and its map has no path of anything else. */
function mayGo(device: HostDevice, { devices, maps }: HostInventory): boolean {
  const family = devices.filter(({ wwid }) => wwid !== undefined && wwid === device.wwid);
  const nodes = family.flatMap(({ device: node }) => node ?? []);
  const map = maps.find(({ device: node }) => node === device.map);
  const isAlone = map === undefined || map.paths.every((path) => nodes.includes(path));
  const isFree = [device, ...family, ...(map === undefined ? [] : [map])].every(({ users }) => users?.length === 0);
  return device.wwid !== undefined && device.answer !== 'another' && isAlone && isFree;
}

/** All paths of a volume go together: its map holds them. */
function waysOf({ wwid, way }: HostDevice, { devices }: HostInventory): readonly string[] {
  return [...new Set([way, ...devices.filter((device) => device.wwid === wwid).map((device) => device.way)])];
}

function findMap(host: string, map: HostMap, owners: Owners): readonly HostFinding[] {
  const owner = owners.of(map, []);
  if (owner.kind === 'here') return [];
  const isSafe = owner.kind === 'elsewhere' && map.users?.length === 0;
  const detail = `multipath map of ${map.wwid} without paths${whose(owner)}${usersOf(map.users)}`;
  const leftover = isSafe ? { ways: [], wwid: map.wwid } : null;
  return [{ host, kind: 'multipath-map', name: map.name, detail, repair: isSafe ? REMOVE : null, leftover }];
}

/** A mount of a volume that Cinder counts no more: writing to it may hit whoever got the volume since. */
function findMounts(host: string, { devices, maps }: HostInventory, owners: Owners): readonly HostFinding[] {
  const used = new Map<string, HostFinding>();
  for (const { users, wwid, way } of [...devices, ...maps.map((map) => ({ ...map, way: map.name }))]) {
    const ways = devices.filter((device) => device.way === way);
    const owner = owners.of({ wwid }, ways);
    if (owner.kind !== 'elsewhere') continue;
    for (const place of (users ?? []).filter((user) => user.startsWith('mounted on '))) {
      const detail = `${place}: ${wwid ?? way}${whose(owner)}; unmount it first`;
      used.set(place, {
        host,
        kind: 'mount',
        name: place.slice('mounted on '.length),
        detail,
        repair: null,
        leftover: null,
      });
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
  if (owner.kind === 'stranger') return ', of which nothing tells whose it is';
  if (owner.kind === 'here') return `, of volume ${owner.volumeId}`;
  return `, of volume ${owner.volumeId} (by ${owner.evidence}), which Cinder does not have attached here`;
}

function usersOf(users: readonly string[] | undefined): string {
  if (users === undefined) return '; who uses it cannot be told';
  return users.length === 0 ? '' : `; ${users.join(', ')}`;
}
