import type { FcConnection } from '../../index.ts';
import { NoUsableTargetError, selectPaths } from '../../index.ts';
import { HostConnectorError } from '../errors.ts';
import { findMap, findMapAbove } from '../multipath.ts';
import type { MultipathMap } from '../multipath.ts';
import type { FcContext } from './transport.ts';
import type { FcPort } from './fc-ports.ts';
import { addressKey, listDisks, unique, without } from './scsi-disks.ts';
import type { LunAddress, ScsiDisk } from './scsi-disks.ts';

/** The objects of a volume that are now on this host. */
export interface Presence {
  readonly disks: readonly ScsiDisk[];
  readonly map: MultipathMap | undefined;
  /** Disks of other volumes. */
  readonly others: readonly ScsiDisk[];
  /** Addresses registered with the kernel, with or without a disk. */
  readonly registered: readonly LunAddress[];
}

/**
 * Returns the addresses at which a volume can appear, in order of preference: online ports with the targets that
 * initiator_target_map gives them.
 *
 * @throws HostConnectorError when no port is online, NoUsableTargetError when no target is usable
 */
export async function wantedAddresses(context: FcContext, connection: FcConnection): Promise<readonly LunAddress[]> {
  return addressesOf(connection, await onlinePorts(context));
}

function addressesOf(connection: FcConnection, ports: readonly FcPort[]): readonly LunAddress[] {
  const rules = { initiators: ports.map(({ initiatorWwpn }) => initiatorWwpn), ignoredTargets: new Set<never>() };
  return selectPaths(connection, rules).paths.flatMap(({ initiatorWwpn, targetWwpn, lun }) => {
    const port = ports.find((each) => each.initiatorWwpn === initiatorWwpn);
    return port === undefined ? [] : [{ port, targetWwpn, lun }];
  });
}

/** @throws HostConnectorError with the state of each port, when none is online */
export async function onlinePorts(context: FcContext): Promise<readonly FcPort[]> {
  const ports = await context.transport.listPorts();
  const online = ports.filter(({ portState }) => portState === 'Online');
  if (online.length > 0) return online;
  const states = ports.map((port) => `${port.busId} is ${port.portState}`).join(', ');
  const text = `this host has no Fibre Channel port that is online (${states || 'it has no port'})`;
  throw new HostConnectorError(text, { ports: ports.map(({ busId, portState }) => ({ busId, portState })) });
}

/**
 * Returns every address at which the volume may be, for ports in any state. Ignores a map that names no port of this host, for
 * example after an unmap.
 */
export async function possibleAddresses(context: FcContext, connection: FcConnection): Promise<readonly LunAddress[]> {
  const ports = await context.transport.listPorts();
  try {
    return addressesOf(connection, ports);
  } catch (error) {
    if (!(error instanceof NoUsableTargetError)) throw error;
    return ports.flatMap((port) => connection.targets.map((target) => ({ port, ...target })));
  }
}

/** Returns the disks at these addresses, in the same order. */
export async function disksAt(context: FcContext, addresses: readonly LunAddress[]): Promise<readonly ScsiDisk[]> {
  const ports = [...new Map(addresses.map(({ port }) => [port.scsiHost, port])).values()];
  const found = await listDisks(context.system, ports);
  return addresses.flatMap((address) => found.filter((disk) => addressKey(disk) === addressKey(address)));
}

/**
 * Returns the disks, the map and the registered addresses of a volume on this host. Changes nothing.
 *
 * @param wwid - the identity of the volume, to find its paths at other addresses too
 * @param mapWwid - the identity of its map, if that is another designator
 */
export async function survey(
  context: FcContext,
  addresses: readonly LunAddress[],
  wwid?: string,
  mapWwid?: string,
): Promise<Presence> {
  const everyDisk = await listDisks(context.system, await context.transport.listPorts());
  const keys = new Set(addresses.map(addressKey));
  const disks = everyDisk.filter((disk) => keys.has(addressKey(disk)) || (wwid !== undefined && disk.wwid === wwid));
  const registered: LunAddress[] = [];
  for (const address of unique([...addresses, ...disks])) {
    if (await context.transport.isRegistered(address)) registered.push(address);
  }
  const above = await findMapAbove(
    context.system,
    disks.flatMap(({ block }) => block ?? []),
  );
  const byWwid = above ?? (wwid === undefined ? undefined : await findMap(context.system, wwid));
  const byMapWwid = byWwid ?? (mapWwid === undefined ? undefined : await findMap(context.system, mapWwid));
  // A map with paths would have been found above the disks, so the paths of this map belong to another volume.
  const map = byWwid ?? (byMapWwid?.slaves.length === 0 ? byMapWwid : undefined);
  return { disks, map, others: without(everyDisk, disks), registered };
}
