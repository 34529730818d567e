import type { FcConnection } from '../../index.ts';
import type { DeviceInfo, DisconnectOptions } from '../connector.ts';
import { deviceNode } from '../context.ts';
import { VolumeInUseError } from '../errors.ts';
import { follow } from '../system.ts';
import type { FcContext } from './transport.ts';
import { removeVolume } from './removal.ts';
import { kernelIdentity } from './identity.ts';
import { describeAddress, without } from './scsi-disks.ts';
import type { ScsiDisk } from './scsi-disks.ts';
import { possibleAddresses, survey } from './volume-on-host.ts';

/**
 * Removes a volume from this host: the paths in connection_info and, if the identity is known, every other path of the volume,
 * because an automatic LUN scan may have found more paths.
 */
export async function detach(
  context: FcContext,
  connection: FcConnection,
  deviceInfo: DeviceInfo | undefined,
  options: DisconnectOptions,
): Promise<void> {
  const { force = false } = options;
  const addresses = await possibleAddresses(context, connection);
  const named = await survey(context, addresses);
  const told = deviceInfo?.scsi_wwn ?? deviceInfo?.multipath_id ?? identityAt(named.disks, connection.naa);
  const wwid = told === undefined ? undefined : await kernelIdentity(context, named.disks, told, options);
  const strangers = named.disks.filter((disk) => disk.wwid !== undefined && disk.wwid !== wwid);
  if (strangers.length > 0 && !force) throw notTheVolume(strangers, wwid);
  const present = await survey(context, without(addresses, strangers), wwid, deviceInfo?.multipath_id);
  const isNothing = present.disks.length === 0 && present.registered.length === 0 && present.map === undefined;
  if (isNothing) return;
  const { disks, map, registered } = present;
  const mayHoldData = await dataOnPaths(context, map !== undefined, deviceInfo);
  await removeVolume(context, { disks, map, addresses: registered, force, mayHoldData }, options);
}

/**
 * Returns which paths may hold unflushed data: none if there is a map, else the path that the caller used, or all paths if
 * that is unknown.
 */
async function dataOnPaths(
  { system }: FcContext,
  hasMap: boolean,
  deviceInfo: DeviceInfo | undefined,
): Promise<(disk: ScsiDisk) => boolean> {
  if (hasMap || deviceInfo?.multipath_id !== undefined) return () => false;
  const used = deviceInfo === undefined ? undefined : await follow(system, deviceInfo.path);
  return ({ block }) => used === undefined || (block !== undefined && deviceNode(block) === used);
}

/** Returns the identity if there is no record of the attach. All paths must have the same identity. */
function identityAt(disks: readonly ScsiDisk[], naa: string | undefined): string | undefined {
  if (naa !== undefined) return `3${naa}`;
  const [wwid, ...others] = new Set(disks.flatMap((disk) => disk.wwid ?? []));
  return others.length === 0 ? wwid : undefined;
}

/** Leaving a device behind is safer than removing a disk of another volume. */
function notTheVolume(strangers: readonly ScsiDisk[], wwid: string | undefined): VolumeInUseError {
  const shown = strangers.map(
    (disk) => `${deviceNode(disk.block ?? disk.hctl)} (${describeAddress(disk)}) is ${disk.wwid}`,
  );
  return new VolumeInUseError(
    `the addresses of the volume lead to another device than ${wwid ?? 'one volume'}: ${shown.join('; ')}`,
    { expected: wwid, found: strangers.flatMap((disk) => disk.wwid ?? []) },
  );
}
