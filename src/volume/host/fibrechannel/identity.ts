import { describeError } from '../../../base/index.ts';
import type { Waiting } from '../../../base/index.ts';
import { askIdentity } from '../block-device.ts';
import { deviceNode } from '../context.ts';
import type { HostContext } from '../context.ts';
import { readDesignators } from '../designators.ts';
import { HostAttachError, VolumeInUseError } from '../errors.ts';
import { findLastingUsers } from '../in-use.ts';
import { findMapAbove } from '../multipath.ts';
import type { FcContext } from './transport.ts';
import { removeDisks } from './rollback.ts';
import { describeAddress } from './scsi-disks.ts';
import type { LunAddress, ScsiDisk } from './scsi-disks.ts';
import { disksAt } from './volume-on-host.ts';

/**
 * Removes stale devices. A device is stale if the array has reused its LUN number for the wanted volume, or has unmapped its
 * LUN. The kernel keeps such a device in state `running`, and no scan removes it.
 *
 * @throws VolumeInUseError when such a device is in use: writes would reach the wrong volume
 * @remarks Source: os-brick initiator/linuxscsi.py.
 */
export async function removeStale(context: FcContext, wanted: readonly LunAddress[], waiting: Waiting): Promise<void> {
  const stale: ScsiDisk[] = [];
  const silent: ScsiDisk[] = [];
  for (const disk of await disksAt(context, wanted)) {
    const change = await changeOf(context, disk, waiting);
    if (change === undefined) continue;
    const users = await usersOf(context, disk, waiting);
    if (users.length > 0 && change === 'silent') continue; // the path is down, and its map works without it
    if (users.length > 0) throw reused(disk, change, users);
    context.log.warn({ event: 'host.stale', device: disk.block, was: disk.wwid, is: change }, 'removed a stale device');
    (change === 'silent' ? silent : stale).push(disk);
  }
  await removeDisks(context, { disks: stale, addresses: [], isStale: true }, waiting);
  try {
    await removeDisks(context, { disks: silent, addresses: [], isStale: true }, waiting);
  } catch (error) {
    waiting.signal.throwIfAborted();
    const facts = { event: 'host.stale', error: describeError(error) };
    context.log.warn(facts, 'a path that does not answer could not be removed'); // the volume has other paths
  }
}

/** Returns the current identity if it has changed, or `silent`. */
async function changeOf(context: FcContext, disk: ScsiDisk, waiting: Waiting): Promise<string | undefined> {
  const answer = disk.block === undefined ? undefined : await askIdentity(context, disk.block, waiting);
  if (answer === undefined) return undefined;
  if (answer.kind === 'unanswered') return 'silent';
  // A device has identities of several kinds, which cannot be compared. Kernel and udev may use different kinds.
  const isComparable = disk.wwid?.[0] === answer.wwid[0];
  return isComparable && !(await hasIdentity(context, disk, answer.wwid, waiting)) ? answer.wwid : undefined;
}

/** Returns whether an identity is the kernel's `wwid` of this disk, or another designator of the same page 0x83. */
export async function hasIdentity(
  context: HostContext,
  { wwid, sysfs }: Pick<ScsiDisk, 'wwid' | 'sysfs'>,
  told: string,
  waiting: Waiting,
): Promise<boolean> {
  return wwid === told || (await readDesignators(context, sysfs, waiting)).includes(told);
}

/**
 * Translates an identity of a volume to the kernel's `wwid` of that volume. Returns the identity unchanged if none of the
 * disks has it.
 */
export async function kernelIdentity(
  context: HostContext,
  disks: readonly ScsiDisk[],
  told: string,
  waiting: Waiting,
): Promise<string> {
  if (disks.some(({ wwid }) => wwid === told)) return told;
  for (const disk of disks) {
    if (disk.wwid !== undefined && (await hasIdentity(context, disk, told, waiting))) return disk.wwid;
  }
  return told;
}

/** Returns the users of the disk, or of its map. A map that is not in use is stale too. */
async function usersOf(context: FcContext, disk: ScsiDisk, waiting: Waiting): Promise<readonly string[]> {
  const own = disk.block === undefined ? [] : [disk.block];
  const map = await findMapAbove(context.system, own);
  return await findLastingUsers(context, { disks: [...own, ...(map?.slaves ?? [])], map: map?.block }, waiting);
}

function reused(disk: ScsiDisk, now: string, users: readonly string[]): VolumeInUseError {
  return new VolumeInUseError(
    `${deviceNode(disk.block ?? disk.hctl)} (${describeAddress(disk)}) was ${disk.wwid} and is ${now} now, and the old ` +
      `one is in use: ${users.join('; ')}`,
    { device: disk.block, was: disk.wwid, now, users },
  );
}

/**
 * Returns the identity that all paths share.
 *
 * @param naa - the identity that the back end gives, if any
 * @throws HostAttachError when the paths lead to different volumes, or to another volume than intended
 */
export async function identityOf(
  context: HostContext,
  disks: readonly ScsiDisk[],
  naa: string | undefined,
  waiting: Waiting,
): Promise<string> {
  const [wwid, ...others] = new Set(disks.flatMap((disk) => disk.wwid ?? []));
  const shown = disks.map((disk) => `${describeAddress(disk)} is ${disk.wwid}`).join('; ');
  if (wwid === undefined) throw new HostAttachError(`the volume does not report its identity: ${shown}`);
  if (others.length > 0) throw new HostAttachError(`the paths lead to different volumes: ${shown}`);
  if (naa !== undefined && (await kernelIdentity(context, disks, `3${naa}`, waiting)) !== wwid) {
    throw new HostAttachError(`the paths lead to another volume: ${shown}; Cinder expects 3${naa}`);
  }
  return wwid;
}
