import type { HostDevice, HostInventory, HostPort } from '../host/index.ts';
import { betweenFabrics, isBetweenFabrics } from '../index.ts';
import type { PathRecord, PathState, PortPair } from '../index.ts';
import { isWay } from './ownership.ts';
import type { MissingPath, Owners } from './ownership.ts';

/** State of a working port in the transport class. Source: linux drivers/scsi/scsi_transport_fc.c. */
const ONLINE = 'Online';

/** Returns every Fibre Channel path of a host, including expected paths that are missing. A pure function. */
export function hostRecords(host: string, inventory: HostInventory, owners: Owners): readonly PathRecord[] {
  const present = inventory.devices.map((device) => deviceRecord(host, device, inventory, owners));
  return [...present, ...owners.missing(inventory).map((path) => missingRecord(host, path, inventory))];
}

function deviceRecord(host: string, device: HostDevice, inventory: HostInventory, owners: Owners): PathRecord {
  const owner = owners.of(device, [device]);
  const [state, detail] = judge(device, inventory);
  return {
    ...emptyRecord(host),
    volume_id: owner.kind === 'stranger' ? null : owner.volumeId,
    initiator_wwpn: device.initiatorWwpn ?? null,
    adapter_port: device.port,
    target_wwpn: device.targetWwpn,
    lun: device.lun,
    device_number: deviceNumberOf(device.port),
    device: device.device ?? null,
    map: device.map ?? null,
    state,
    detail: owner.kind === 'elsewhere' ? `${detail}; Cinder does not have it attached here` : detail,
  };
}

function missingRecord(host: string, path: MissingPath, inventory: HostInventory): PathRecord {
  const { volumeId, initiatorWwpn, targetWwpn, lun } = path;
  const port = inventory.ports.find((each) => each.initiatorWwpn === initiatorWwpn);
  const [state, detail] = judgeMissing(path, port, inventory);
  return {
    ...emptyRecord(host),
    volume_id: volumeId,
    initiator_wwpn: initiatorWwpn,
    adapter_port: port?.port ?? null,
    target_wwpn: targetWwpn,
    lun,
    device_number: deviceNumberOf(port?.port ?? ''),
    state,
    detail,
  };
}

/** Returns why there is no device: the first fault between this host and the LUN, seen from the host. */
function judgeMissing(
  path: MissingPath,
  port: HostPort | undefined,
  { ports, units }: HostInventory,
): readonly [PathState, string] {
  if (port !== undefined && port.state !== ONLINE) return ['adapter-down', `port is ${port.state}`];
  const seen = ports.flatMap(({ initiatorWwpn, targets }) => targets.map((target) => ({ initiatorWwpn, ...target })));
  const target = seen.find((pair) => isPair(pair, path));
  if (target !== undefined && target.portState !== ONLINE) return targetDown(target.portState);
  if (target === undefined && isBetweenFabrics(path, seen)) return ['target-unreachable', betweenFabrics];
  return [
    'missing',
    units.some((unit) => isWay(unit, path)) ? 'the unit exists, but it has no SCSI device' : 'no SCSI device',
  ];
}

function targetDown(portState: string): readonly [PathState, string] {
  return ['target-unreachable', `target port is ${portState}`];
}

function isPair(one: PortPair, other: PortPair): boolean {
  return one.initiatorWwpn === other.initiatorWwpn && one.targetWwpn === other.targetWwpn;
}

function emptyRecord(host: string) {
  const unknown = { server: null, volume_name: null, fabric: null, device: null, map: null };
  return { connector: host, kind: 'host', ...unknown } as const;
}

/** Returns `8001` of `ccw-0.0.8001`. */
function deviceNumberOf(port: string): string | null {
  return /^ccw-[0-9a-f]+\.[0-9a-f]\.([0-9a-f]{4})$/.exec(port)?.[1] ?? null;
}

/** Returns the first fault between this host and the LUN, or a healthy state. */
function judge(device: HostDevice, { ports }: HostInventory): readonly [PathState, string] {
  const { initiatorWwpn, portState, state, answer } = device;
  const port = ports.find((each) => each.initiatorWwpn === initiatorWwpn);
  if (port !== undefined && port.state !== ONLINE) return ['adapter-down', `port is ${port.state}`];
  if (portState !== undefined && portState !== ONLINE) return targetDown(portState);
  if (state !== 'running') return ['offline', `SCSI device is ${state}`];
  if (answer === 'another') return ['other-volume', 'the identity of the device has changed since the kernel found it'];
  if (answer === 'silent') return ['lun-unreachable', 'SCSI device is running, but does not answer'];
  if (answer === 'same') return ['active', 'SCSI device is running and answers'];
  return ['configured', 'SCSI device is running; this process could not ask it'];
}
