import { describeError, formatWwpn0x, parseLun, parseWwpn } from '../../../base/index.ts';
import type { Lun, Waiting, Wwpn } from '../../../base/index.ts';
import type { ConnectionInfo } from '../../../cinder-client/index.ts';
import { parseFcConnection } from '../../index.ts';
import type { FcConnection } from '../../index.ts';
import { askIdentity } from '../block-device.ts';
import type { HostConnectorContext, HostPath } from '../connector.ts';
import { deviceNode } from '../context.ts';
import { readDesignators } from '../designators.ts';
import { findUsers } from '../in-use.ts';
import { findMapAbove, listMaps } from '../multipath.ts';
import { defaultHostPolicies } from '../policies.ts';
import { errnoOf } from '../system.ts';
import type { HostSystem } from '../system.ts';
import type { FcContext } from './transport.ts';
import { listFcPorts, listRemotePorts } from './fc-ports.ts';
import type { FcPort, RemotePort } from './fc-ports.ts';
import { hasIdentity } from './identity.ts';
import { GenericTransport } from './generic-transport.ts';
import { toHostPaths } from './host-paths.ts';
import { removeVolume } from './removal.ts';
import { addressKey, listDisks } from './scsi-disks.ts';
import type { LunAddress, ScsiDisk } from './scsi-disks.ts';
import { zfcpDriver } from './zfcp-device.ts';
import { ZfcpTransport } from './zfcp-transport.ts';

export type InventoryOptions = Pick<HostConnectorContext, 'system' | 'log' | 'policies'>;

/** A SCSI device and its current answer. */
export interface HostDevice extends HostPath {
  /** Port, target and LUN. */
  readonly way: string;
  /** Every identity of the volume in the notation of multipath tools: the kernel's, and other designators of page 0x83. */
  readonly identities: readonly string[];
  /** Whether the device still leads to its original volume; `unknown` if this process may not open the device. */
  readonly answer: 'same' | 'another' | 'silent' | 'unknown';
  /** One line for each user of the device or of its map; undefined if this process may not check that. */
  readonly users: readonly string[] | undefined;
}

/** A Fibre Channel port of the host. */
export interface HostPort {
  readonly initiatorWwpn: Wwpn;
  /** `ccw-0.0.8001`, `pci-0000:04:00.0` */
  readonly port: string;
  /** `Online`, `Linkdown`, … */
  readonly state: string;
  /** The array ports that this port knows, including ports that are absent now. */
  readonly targets: readonly Pick<RemotePort, 'targetWwpn' | 'portState'>[];
}

/** A unit of the zfcp driver. */
export interface HostUnit {
  readonly way: string;
  readonly port: string;
  readonly initiatorWwpn: Wwpn | undefined;
  readonly targetWwpn: Wwpn;
  readonly lun: Lun;
}

/** A multipath map, with or without paths. */
export interface HostMap {
  readonly name: string;
  /** `/dev/dm-0` */
  readonly device: string;
  readonly wwid: string;
  /** `/dev/sda`, … */
  readonly paths: readonly string[];
  readonly users: readonly string[] | undefined;
}

/** Everything on a host that belongs to Fibre Channel volumes, attached by this program or by another. */
export interface HostInventory {
  readonly ports: readonly HostPort[];
  readonly devices: readonly HostDevice[];
  /** Units without a SCSI device. */
  readonly units: readonly HostUnit[];
  readonly maps: readonly HostMap[];
}

/** Lists all Fibre Channel ports, devices, units and maps of a host. Changes nothing. */
export async function takeInventory(options: InventoryOptions, waiting: Waiting): Promise<HostInventory> {
  const context = contextOf(options);
  const ports = await listFcPorts(options.system);
  const disks = await listDisks(options.system, ports);
  const paths = await toHostPaths(context, disks);
  const devices: HostDevice[] = [];
  for (const [index, path] of paths.entries()) {
    const disk = disks[index];
    if (disk !== undefined) devices.push({ ...path, ...(await examine(context, disk, waiting)) });
  }
  return {
    ports: await Promise.all(ports.map(async (port) => await toHostPort(options.system, port))),
    devices,
    units: (await listUnits(options.system, ports)).filter(({ way }) => !devices.some((device) => device.way === way)),
    maps: await readMaps(context),
  };
}

async function toHostPort(system: HostSystem, port: FcPort): Promise<HostPort> {
  const { initiatorWwpn, pathPrefix, portState } = port;
  return { initiatorWwpn, port: pathPrefix, state: portState, targets: await listRemotePorts(system, port) };
}

/** Parses a connection_info, with the interpretation of the LUN on this platform. @throws ConnectionInfoError */
export function readHostConnection(info: ConnectionInfo, { system, log }: InventoryOptions): FcConnection {
  const { transport } = contextOf({ system, log });
  return parseFcConnection(info, (value, mode) => transport.lunOf(value, mode));
}

/** Objects to remove: devices and units by address, a map by the identity of its volume. */
export interface Leftover {
  readonly ways: readonly string[];
  readonly wwid: string | undefined;
}

/**
 * Removes unused devices in the order of a detach. Keeps devices whose identity has changed since the inventory.
 *
 * @throws Error when their map has other paths, VolumeInUseError when they are in use, both with nothing changed;
 * HostDetachError that names the devices left behind
 */
export async function removeLeftover(options: InventoryOptions, leftover: Leftover, waiting: Waiting): Promise<void> {
  const context = contextOf(options);
  const ports = await listFcPorts(options.system);
  const ways = new Set(leftover.ways);
  const disks = (await listDisks(options.system, ports)).filter(
    (disk) => ways.has(addressKey(disk)) && disk.wwid === leftover.wwid,
  );
  const units = (await listUnits(options.system, ports)).filter(({ way }) => ways.has(way));
  const blocks = disks.flatMap(({ block }) => block ?? []);
  const maps = await listMaps(options.system);
  const above = (await findMapAbove(options.system, blocks)) ?? maps.find(({ wwid }) => wwid === leftover.wwid);
  const isWhole = above === undefined || above.slaves.every((slave) => blocks.includes(slave));
  if (!isWhole) throw new Error(`multipath map ${above.name} has other paths too: it was left unchanged`);
  const addresses = units.flatMap(toAddress(ports));
  // The disks hold no unflushed data: they are not in use, and the kernel flushes a device when its last user closes it
  // (linux block/bdev.c).
  const removal = { disks, addresses, map: above, force: false, mayHoldData: () => false };
  await removeVolume(context, removal, waiting);
}

function contextOf({ system, log, policies }: InventoryOptions): FcContext {
  const base = { system, log, policies: { ...defaultHostPolicies, ...policies } };
  const isZfcp = system.platform === 's390x' || system.platform === 's390';
  const transport = isZfcp ? new ZfcpTransport({ ...base, fcpDevices: [] }) : new GenericTransport(system);
  return { ...base, transport, useMultipath: true, enforceMultipath: false };
}

async function examine(
  context: FcContext,
  disk: ScsiDisk,
  waiting: Waiting,
): Promise<Pick<HostDevice, 'way' | 'identities' | 'answer' | 'users'>> {
  const map = disk.block === undefined ? undefined : await findMapAbove(context.system, [disk.block]);
  const users = await usersOf(context, disk.block === undefined ? [] : [disk.block], map?.block);
  const designators = await readDesignators(context, disk.sysfs, waiting);
  const identities = [...new Set([...(disk.wwid === undefined ? [] : [disk.wwid]), ...designators])];
  return { way: addressKey(disk), identities, answer: await answerOf(context, disk, waiting), users };
}

/** Skips a device that is not running, because it would fail only after a long timeout. */
async function answerOf(context: FcContext, disk: ScsiDisk, waiting: Waiting): Promise<HostDevice['answer']> {
  if (disk.block === undefined || disk.state !== 'running') return 'unknown';
  if (!(await mayOpen(context.system, deviceNode(disk.block)))) return 'unknown';
  const answer = await askIdentity(context, disk.block, waiting);
  if (answer === undefined) return 'unknown';
  if (answer.kind === 'unanswered') return 'silent';
  // A device has identities of several kinds, which cannot be compared.
  if (disk.wwid?.[0] !== answer.wwid[0]) return 'unknown';
  return (await hasIdentity(context, disk, answer.wwid, waiting)) ? 'same' : 'another';
}

/** Whether this process may open the device. Without permission the device would look dead. */
async function mayOpen(system: HostSystem, node: string): Promise<boolean> {
  try {
    await system.isClaimed(node);
    return true;
  } catch (error) {
    return !['EACCES', 'EPERM', 'ENOENT'].includes(errnoOf(error) ?? '');
  }
}

async function usersOf(
  { system, log }: FcContext,
  disks: readonly string[],
  map: string | undefined,
): Promise<readonly string[] | undefined> {
  try {
    return await findUsers(system, { disks, map });
  } catch (error) {
    log.warn(
      { event: 'host.users', disks, map, error: describeError(error) },
      'cannot determine the users of a device',
    );
    return undefined;
  }
}

async function readMaps(context: FcContext): Promise<readonly HostMap[]> {
  const maps: HostMap[] = [];
  for (const { name, block, wwid, slaves } of await listMaps(context.system)) {
    const users = await usersOf(context, slaves, block);
    maps.push({ name, device: deviceNode(block), wwid, paths: slaves.map(deviceNode), users });
  }
  return maps;
}

/** Lists `/sys/bus/ccw/drivers/zfcp/0.0.8001/0x<target>/0x<lun>`. Source: linux drivers/s390/scsi/zfcp_sysfs.c. */
async function listUnits(system: HostSystem, ports: readonly FcPort[]): Promise<readonly HostUnit[]> {
  const units: HostUnit[] = [];
  for (const port of ports) {
    for (const target of await system.list(`${zfcpDriver}/${port.busId}`)) {
      const targetWwpn = /^0x[0-9a-f]{16}$/.test(target) ? parseWwpn(target) : undefined;
      if (targetWwpn === undefined) continue;
      for (const name of await system.list(`${zfcpDriver}/${port.busId}/${formatWwpn0x(targetWwpn)}`)) {
        const lun = /^0x[0-9a-f]{16}$/.test(name) ? parseLun(name.slice('0x'.length)) : undefined;
        if (lun === undefined) continue;
        const { initiatorWwpn, pathPrefix } = port;
        units.push({ way: addressKey({ port, targetWwpn, lun }), port: pathPrefix, initiatorWwpn, targetWwpn, lun });
      }
    }
  }
  return units;
}

function toAddress(ports: readonly FcPort[]): (unit: HostUnit) => readonly LunAddress[] {
  return ({ port: prefix, targetWwpn, lun }) => {
    const port = ports.find(({ pathPrefix }) => pathPrefix === prefix);
    return port === undefined ? [] : [{ port, targetWwpn, lun }];
  };
}
