import type { FcConnection } from '../../index.ts';
import { NoUsableTargetError, selectPaths } from '../../index.ts';
import { HostConnectorError } from '../errors.ts';
import { findMap, findMapAbove } from '../multipath.ts';
import type { MultipathMap } from '../multipath.ts';
import type { FcContext } from './fc-context.ts';
import type { FcPort } from './fc-ports.ts';
import { addressKey, listDisks } from './scsi-disks.ts';
import type { LunAddress, ScsiDisk } from './scsi-disks.ts';

export const ONLINE = 'Online';

/** What this host has of a volume now. */
export interface Presence {
  readonly disks: readonly ScsiDisk[];
  readonly map: MultipathMap | undefined;
  /** Ways that are registered with the kernel, with or without a disk. */
  readonly registered: readonly LunAddress[];
}

/**
 * The ways by which a volume can come, in the order of preference: ports that are online, to the targets that
 * initiator_target_map gives them.
 *
 * @throws HostConnectorError when no port is online, NoUsableTargetError when no target is left
 */
export async function wantedAddresses(context: FcContext, connection: FcConnection): Promise<readonly LunAddress[]> {
  const ports = await onlinePorts(context);
  const rules = { initiators: ports.map(({ initiatorWwpn }) => initiatorWwpn), ignoredTargets: new Set<never>() };
  const { paths } = selectPaths(connection, rules);
  return paths.flatMap(({ initiatorWwpn, targetWwpn, lun }) => {
    const port = ports.find((each) => each.initiatorWwpn === initiatorWwpn);
    return port === undefined ? [] : [{ port, targetWwpn, lun }];
  });
}

/** @throws HostConnectorError saying of each port what keeps it from being usable */
export async function onlinePorts(context: FcContext): Promise<readonly FcPort[]> {
  const ports = await context.transport.listPorts();
  const online = ports.filter(({ portState }) => portState === ONLINE);
  if (online.length > 0) return online;
  const states = ports.map((port) => `${port.busId} is ${port.portState}`).join(', ');
  throw new HostConnectorError(
    `this host has no Fibre Channel port that is online (${states || 'it has none at all'})`,
    {
      ports: ports.map(({ busId, portState }) => ({ busId, portState })),
    },
  );
}

/**
 * Every way by which the volume may be there, whatever state the port is in. A map that knows none of our ports any
 * more (as after an unmapping) restricts nothing.
 */
export async function possibleAddresses(context: FcContext, connection: FcConnection): Promise<readonly LunAddress[]> {
  const ports = await context.transport.listPorts();
  return ports.flatMap((port) => {
    try {
      const rules = { initiators: ports.map((each) => each.initiatorWwpn), ignoredTargets: new Set<never>() };
      const paths = selectPaths(connection, rules).paths.filter((path) => path.initiatorWwpn === port.initiatorWwpn);
      return paths.map(({ targetWwpn, lun }) => ({ port, targetWwpn, lun }));
    } catch (error) {
      if (!(error instanceof NoUsableTargetError)) throw error;
      return connection.targets.map((target) => ({ port, ...target }));
    }
  });
}

/** The disks at these addresses, in their order. */
export async function disksAt(context: FcContext, addresses: readonly LunAddress[]): Promise<readonly ScsiDisk[]> {
  const ports = [...new Map(addresses.map(({ port }) => [port.scsiHost, port])).values()];
  const found = await listDisks(context.system, ports);
  return addresses.flatMap((address) => found.filter((disk) => addressKey(disk) === addressKey(address)));
}

/** Looks at what is there. Changes nothing. @param wwid - when known: other paths of the volume count too */
export async function survey(context: FcContext, addresses: readonly LunAddress[], wwid?: string): Promise<Presence> {
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
  const map = above ?? (wwid === undefined ? undefined : await findMap(context.system, wwid));
  return { disks, map, registered };
}

function unique(addresses: readonly LunAddress[]): readonly LunAddress[] {
  return [...new Map(addresses.map((address) => [addressKey(address), address])).values()];
}
