import { lunFromLinux, parseLun, parseWwpn } from '../../../base/index.ts';
import type { Lun, Wwpn } from '../../../base/index.ts';
import type { PortPair } from '../../index.ts';
import { readAttribute } from '../system.ts';
import type { HostSystem } from '../system.ts';
import { ccwBusId, hostNumber, wwpnFromSysfs } from './fc-ports.ts';
import type { FcPort } from './fc-ports.ts';

/** A path from a port of this host to a LUN. */
export interface LunAddress {
  readonly port: FcPort;
  readonly targetWwpn: Wwpn;
  readonly lun: Lun;
}

/** A SCSI device at such an address. */
export interface ScsiDisk extends LunAddress {
  /** `0:0:1:2` */
  readonly hctl: string;
  readonly sysfs: string;
  /** `sda`; undefined until the disk driver binds to it. */
  readonly block: string | undefined;
  readonly state: string;
  /** In the notation of multipath tools. */
  readonly wwid: string | undefined;
  readonly sizeBytes: number;
  readonly isReadOnly: boolean;
}

const scsiDevices = '/sys/bus/scsi/devices';
/** Peripheral device type of a disk. */
const DISK = '0';
const SECTOR_BYTES = 512;

/**
 * Returns a key that, unlike SCSI host numbers, does not change when a port is set online again. The key of an FCP device
 * is its bus ID. A PCI function may have several ports (NPIV, FCoE), so their keys are WWPNs.
 */
export function addressKey({ port, targetWwpn, lun }: LunAddress): string {
  return `${ccwBusId.test(port.busId) ? port.busId : port.initiatorWwpn}/${targetWwpn}/${lun}`;
}

export function describeAddress({ port, targetWwpn, lun }: LunAddress): string {
  const { busId, initiatorWwpn } = port;
  return `${busId}${ccwBusId.test(busId) ? '' : ` (${initiatorWwpn})`} to ${targetWwpn} LUN ${lun}`;
}

export function pairOf({ port, targetWwpn }: LunAddress): PortPair {
  return { initiatorWwpn: port.initiatorWwpn, targetWwpn };
}

/** Returns the addresses that are not among the others. */
export function without<Address extends LunAddress>(
  addresses: readonly Address[],
  others: readonly LunAddress[],
): readonly Address[] {
  const keys = new Set(others.map(addressKey));
  return addresses.filter((address) => !keys.has(addressKey(address)));
}

/** Returns each address once. */
export function unique(addresses: readonly LunAddress[]): readonly LunAddress[] {
  return [...new Map(addresses.map((address) => [addressKey(address), address])).values()];
}

/** Lists every disk behind these ports. Omits devices that disappear during the call. */
export async function listDisks(system: HostSystem, ports: readonly FcPort[]): Promise<readonly ScsiDisk[]> {
  const byHost = new Map(ports.map((port) => [String(hostNumber(port.scsiHost)), port]));
  const disks: ScsiDisk[] = [];
  for (const hctl of await system.list(scsiDevices)) {
    const port = byHost.get(/^(\d+):\d+:\d+:\d+$/.exec(hctl)?.[1] ?? '');
    const disk = port === undefined ? undefined : await readDisk(system, hctl, port);
    if (disk !== undefined) disks.push(disk);
  }
  return disks;
}

async function readDisk(system: HostSystem, hctl: string, port: FcPort): Promise<ScsiDisk | undefined> {
  const sysfs = `${scsiDevices}/${hctl}`;
  const address = await readAddress(system, hctl, port);
  const isDisk = (await readAttribute(system, `${sysfs}/type`)) === DISK;
  if (address === undefined || !isDisk) return undefined;
  const [block] = await system.list(`${sysfs}/block`);
  const sectors = block === undefined ? undefined : await readAttribute(system, `/sys/block/${block}/size`);
  return {
    ...address,
    hctl,
    sysfs,
    block,
    state: (await readAttribute(system, `${sysfs}/state`)) ?? 'deleted',
    wwid: toMultipathWwid(await readAttribute(system, `${sysfs}/wwid`)),
    sizeBytes: Number(sectors ?? 0) * SECTOR_BYTES,
    isReadOnly: block !== undefined && (await readAttribute(system, `/sys/block/${block}/ro`)) === '1',
  };
}

/** Reads zfcp's own attributes; other drivers have the target's transport object and Linux's LUN number. */
async function readAddress(system: HostSystem, hctl: string, port: FcPort): Promise<LunAddress | undefined> {
  const own = await readAttribute(system, `${scsiDevices}/${hctl}/wwpn`);
  const fcpLun = await readAttribute(system, `${scsiDevices}/${hctl}/fcp_lun`);
  const [host, channel, target, number] = hctl.split(':');
  const transport = `/sys/class/fc_transport/target${host ?? ''}:${channel ?? ''}:${target ?? ''}/port_name`;
  const targetWwpn = own === undefined ? wwpnFromSysfs(await readAttribute(system, transport)) : parseWwpn(own);
  const lun = fcpLun === undefined ? lunFromLinux(BigInt(number ?? 0)) : parseLun(fcpLun);
  return targetWwpn === undefined || lun === undefined ? undefined : { port, targetWwpn, lun };
}

/** Converts the kernel's `naa.…`, `eui.…`, `t10.…` to multipath's form. Source: os-brick initiator/linuxscsi.py. */
function toMultipathWwid(wwid: string | undefined): string | undefined {
  if (wwid === undefined || wwid === '') return undefined;
  const [, kind, rest] = /^(naa|eui|t10)\.(.*)$/s.exec(wwid) ?? [];
  const digit = { naa: '3', eui: '2', t10: '1' }[kind ?? ''] ?? '8';
  // udev replaces blanks in a vendor's text by one underscore. (inferred)
  return `${digit}${(rest ?? wwid).trim().replaceAll(/\s+/g, '_')}`;
}
