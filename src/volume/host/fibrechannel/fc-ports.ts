import { lunToLinux, parseWwpn } from '../../../base/index.ts';
import type { Lun, Waiting, Wwpn } from '../../../base/index.ts';
import { follow, readAttribute } from '../system.ts';
import type { HostSystem } from '../system.ts';

/** A Fibre Channel port of this host that has been online at least once. */
export interface FcPort {
  /** `host0`. The number changes each time the port goes online. */
  readonly scsiHost: string;
  readonly initiatorWwpn: Wwpn;
  readonly wwnn: Wwpn | undefined;
  /** `Online`, `Linkdown`, `Error`, `Unknown`. */
  readonly portState: string;
  /** `NPIV VPORT`, `NPort (fabric via point-to-point)`, … */
  readonly portType: string;
  /** `0.0.8001` or `0000:04:00.0`. */
  readonly busId: string;
  /** Prefix of udev's by-path names: `ccw-0.0.8001`, `pci-0000:04:00.0`. */
  readonly pathPrefix: string;
}

/** A port of an array that a port of this host sees. */
export interface RemotePort {
  readonly targetWwpn: Wwpn;
  readonly channel: string;
  /** SCSI target number; undefined while the port has none. */
  readonly targetId: string | undefined;
  readonly portState: string;
}

const fcHosts = '/sys/class/fc_host';
const remotePorts = '/sys/class/fc_remote_ports';
export const ccwBusId = /^[0-9a-f]{1,2}\.[0-3]\.[0-9a-f]{4}$/;

/**
 * Parses a WWPN of the transport class, which has no leading zeros (`0x%llx`). Source: linux
 * drivers/scsi/scsi_transport_fc.c.
 */
export function wwpnFromSysfs(text: string | undefined): Wwpn | undefined {
  const digits = text?.replace(/^0x/, '');
  return digits === undefined || digits === '' ? undefined : parseWwpn(digits.padStart(16, '0'));
}

/** Lists all ports in any state, in the order of their SCSI host numbers. */
export async function listFcPorts(system: HostSystem): Promise<readonly FcPort[]> {
  const ports: FcPort[] = [];
  const names = (await system.list(fcHosts)).filter((name) => /^host\d+$/.test(name));
  for (const scsiHost of names.toSorted((a, b) => hostNumber(a) - hostNumber(b))) {
    const port = await readPort(system, scsiHost);
    if (port !== undefined) ports.push(port);
  }
  return ports;
}

export function hostNumber(scsiHost: string): number {
  return Number(scsiHost.slice('host'.length));
}

async function readPort(system: HostSystem, scsiHost: string): Promise<FcPort | undefined> {
  const base = `${fcHosts}/${scsiHost}`;
  const place = await follow(system, base);
  const initiatorWwpn = wwpnFromSysfs(await readAttribute(system, `${base}/port_name`));
  if (place === undefined || initiatorWwpn === undefined) return undefined;
  return {
    scsiHost,
    initiatorWwpn,
    wwnn: wwpnFromSysfs(await readAttribute(system, `${base}/node_name`)),
    portState: (await readAttribute(system, `${base}/port_state`)) ?? 'Unknown',
    portType: (await readAttribute(system, `${base}/port_type`)) ?? 'Unknown',
    ...placeOnBus(place),
  };
}

/**
 * Finds the device on its bus: the path element before `hostN` (`netN` for FCoE). If the PCI root is below a platform
 * device, the udev name contains that device's name. Source: os-brick's linuxfc; systemd's path_id.
 */
function placeOnBus(place: string): Pick<FcPort, 'busId' | 'pathPrefix'> {
  const elements = place.split('/').filter((element) => element !== '');
  const end = elements.findIndex((element) => /^(?:host|net)\d*$/.test(element));
  const busId = elements[end - 1] ?? '';
  if (ccwBusId.test(busId)) return { busId, pathPrefix: `ccw-${busId}` };
  const platform = elements.indexOf('platform');
  const device = platform >= 0 && elements[platform + 2]?.startsWith('pci') ? elements[platform + 1] : undefined;
  return { busId, pathPrefix: `${device === undefined ? '' : `platform-${device}-`}pci-${busId}` };
}

/** Lists the array ports that a port of this host knows, including absent ones. */
export async function listRemotePorts(system: HostSystem, port: FcPort): Promise<readonly RemotePort[]> {
  const found: RemotePort[] = [];
  for (const name of await system.list(remotePorts)) {
    const match = /^rport-(\d+):(\d+)-\d+$/.exec(name);
    if (match?.[1] !== String(hostNumber(port.scsiHost))) continue;
    const targetWwpn = wwpnFromSysfs(await readAttribute(system, `${remotePorts}/${name}/port_name`));
    if (targetWwpn === undefined) continue;
    const id = await readAttribute(system, `${remotePorts}/${name}/scsi_target_id`);
    const portState = (await readAttribute(system, `${remotePorts}/${name}/port_state`)) ?? 'Unknown';
    const targetId = id !== undefined && /^\d+$/.test(id) ? id : undefined; // -1 means none
    found.push({ targetWwpn, channel: match[2] ?? '0', targetId, portState });
  }
  return found;
}

/**
 * Returns why the kernel cannot find any LUN behind a target port that it knows. Does not check the mask. Source: linux
 * drivers/scsi/scsi_transport_fc.c (fc_port_states, fc_user_scan_tgt).
 */
export function troubleOf({ portState }: RemotePort): string | undefined {
  if (portState === 'Online') return undefined;
  return `the target port is ${portState} (check the link, the switch and the port of the array)`;
}

/**
 * Makes a SCSI host scan for one LUN. Writes Linux's LUN number; os-brick writes Cinder's (os-brick
 * initiator/linuxfc.py).
 */
export async function scanLun(
  system: HostSystem,
  { port, lun }: { readonly port: FcPort; readonly lun: Lun },
  place: { readonly channel: string; readonly targetId: string },
  waiting: Waiting,
): Promise<void> {
  const line = `${place.channel} ${place.targetId} ${lunToLinux(lun)}`;
  await system.write(`/sys/class/scsi_host/${port.scsiHost}/scan`, line, waiting);
}
