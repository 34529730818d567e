import { describeError, toError } from '../../../base/index.ts';
import type { Waiting } from '../../../base/index.ts';
import { flushBuffers } from '../block-device.ts';
import { deviceNode } from '../context.ts';
import { HostDetachError, VolumeInUseError } from '../errors.ts';
import { findUsers } from '../in-use.ts';
import { addPath, findMap, findMapAbove, removeMap } from '../multipath.ts';
import type { MultipathMap } from '../multipath.ts';
import { writeIfThere } from '../system.ts';
import { lookUntil } from '../waiting.ts';
import { addressKey, describeAddress, listDisks } from './scsi-disks.ts';
import type { LunAddress, ScsiDisk } from './scsi-disks.ts';
import type { FcContext } from './fc-context.ts';

/** What of a volume goes from this host. */
export interface Removal {
  readonly disks: readonly ScsiDisk[];
  /** Ways that are registered with the kernel, with or without a disk; the registration goes too. */
  readonly addresses: readonly LunAddress[];
  readonly map: MultipathMap | undefined;
  readonly force: boolean;
  /**
   * Write nothing out: the addresses lead to another volume by now, and what is left of the old one's data must not go
   * there. Implies force.
   */
  readonly isStale?: boolean;
}

/**
 * Removes the devices of a volume, in the one order that loses nothing:
 *
 * 1. refuse if anybody uses them: nothing has been touched yet;
 * 2. write out the map, then remove it: afterwards nothing can write through any path;
 * 3. write out each path: afterwards no data is left in this host;
 * 4. delete each SCSI device, and right after it its unit (s390x): the kernel holds no more reference to the LUN;
 * 5. look whether everything is gone. Only now may the storage unmap the LUN.
 *
 * A step of 2 or 3 that fails ends it with the volume still usable. In step 4 the other paths go on: the fewer stay,
 * the fewer are left behind. Source: linux drivers/s390/scsi/zfcp_sysfs.c.
 *
 * @throws VolumeInUseError, with nothing changed; HostDetachError naming what is left
 */
export async function removeVolume(context: FcContext, removal: Removal, waiting: Waiting): Promise<void> {
  const { disks, map, force } = removal;
  const blocks = disks.flatMap(({ block }) => block ?? []);
  await refuseIfUsed(context, blocks, map);
  await emptyCaches(context, removal, waiting);
  const failures: Error[] = [];
  for (const { address, disk } of wayByWay(removal)) {
    if (disk !== undefined) {
      await attempt(failures, waiting, async () => await deleteDisk(context, disk, waiting));
    }
    // At once: as long as the unit is there, any event of the port may bring the disk back.
    await attempt(failures, waiting, async () => await context.transport.unregister(address, waiting));
  }
  const leftBehind = await awaitGone(context, removal, waiting);
  for (const failure of failures) {
    context.log.warn({ event: 'host.detach', error: describeError(failure), force }, 'a path did not go as it should');
  }
  if (leftBehind.length === 0) return;
  const cause = failures.length === 0 ? undefined : new AggregateError(failures, 'of the paths');
  throw new HostDetachError(`the volume is still on this host: ${leftBehind.join(', ')}`, leftBehind, { cause });
}

async function refuseIfUsed(
  context: FcContext,
  disks: readonly string[],
  map: MultipathMap | undefined,
): Promise<void> {
  const users = await findUsers(context.system, { disks, map: map?.block });
  if (users.length === 0) return;
  throw new VolumeInUseError(`the volume is in use on this host: ${users.join('; ')}`, { users });
}

/** @throws HostDetachError naming everything: no path has been touched, and the map is there again if it can be */
async function emptyCaches(context: FcContext, removal: Removal, waiting: Waiting): Promise<void> {
  try {
    await removeMaps(context, removal, waiting);
    for (const disk of removal.disks) await flushPath(context, disk, removal, waiting);
  } catch (error) {
    waiting.signal.throwIfAborted();
    await rebuildMap(context, removal, waiting);
    const leftBehind = await whatIsLeft(context, removal);
    const text = `the volume could not be written out and released, so no path was removed (${leftBehind.join(', ')})`;
    throw new HostDetachError(text, leftBehind, { cause: error });
  }
}

async function rebuildMap(context: FcContext, { disks, map }: Removal, waiting: Waiting): Promise<void> {
  if (map === undefined || (await findMap(context.system, map.wwid)) !== undefined) return;
  for (const { block } of disks) {
    if (block === undefined) continue;
    await tolerate(context, true, waiting, async () => await addPath(context, block, waiting));
  }
}

/** A change of a path, as udev sees it, makes multipathd build the map anew; a path below a map is never deleted. */
async function removeMaps(context: FcContext, removal: Removal, waiting: Waiting): Promise<void> {
  const { disks, map } = removal;
  const blocks = disks.flatMap(({ block }) => block ?? []);
  let above = map;
  for (let round = 1; above !== undefined; round += 1) {
    if (round > context.policies.flushAttempts) throw new Error(`multipath map ${above.name} comes back every time`);
    await flushAndRemoveMap(context, above, removal, waiting);
    above = await findMapAbove(context.system, blocks);
  }
}

/** One that has nothing to write answers at once, dead or not; so a failure means that there is data to lose. */
async function flushPath(context: FcContext, disk: ScsiDisk, removal: Removal, waiting: Waiting): Promise<void> {
  const { block, state } = disk;
  const isHopeless = removal.force && state !== 'running'; // its I/O would wait until the time limit
  if (block === undefined || isHopeless || removal.isStale === true) return;
  await tolerate(context, removal.force, waiting, async () => await flushBuffers(context, block, waiting));
}

async function flushAndRemoveMap(
  context: FcContext,
  map: MultipathMap,
  { force, isStale = false }: Removal,
  waiting: Waiting,
): Promise<void> {
  // A map without paths can write nothing, and one that queues would wait for ever.
  const isEmpty = map.slaves.length === 0;
  if (!isEmpty && !isStale) {
    await tolerate(context, force, waiting, async () => await flushBuffers(context, map.block, waiting));
  }
  await removeMap(context, map, force || isEmpty || isStale, waiting);
}

async function tolerate(
  { log }: FcContext,
  isTolerated: boolean,
  waiting: Waiting,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    waiting.signal.throwIfAborted();
    if (!isTolerated) throw error;
    log.warn({ event: 'host.detach', error: describeError(error) }, 'went on all the same');
  }
}

/** Each way once, with its disk if it has one. */
function wayByWay({ disks, addresses }: Removal): readonly { address: LunAddress; disk: ScsiDisk | undefined }[] {
  const ways = new Map([...disks, ...addresses].map((address) => [addressKey(address), address]));
  return [...ways].map(([key, address]) => ({ address, disk: disks.find((disk) => addressKey(disk) === key) }));
}

async function attempt(failures: Error[], waiting: Waiting, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    waiting.signal.throwIfAborted();
    failures.push(toError(error));
  }
}

/** The address may have been given to another device since it was read, so it is looked at once more. */
async function deleteDisk({ system }: FcContext, disk: ScsiDisk, waiting: Waiting): Promise<void> {
  const now = (await listDisks(system, [disk.port])).find(({ hctl }) => hctl === disk.hctl);
  if (now === undefined || addressKey(now) !== addressKey(disk)) return;
  await writeIfThere(system, `${disk.sysfs}/delete`, '1', waiting);
}

/** @returns what is still there when time is up */
async function awaitGone(context: FcContext, removal: Removal, waiting: Waiting): Promise<readonly string[]> {
  const look = async (): Promise<readonly string[]> => await whatIsLeft(context, removal);
  return await lookUntil(context.policies.removal, waiting, look, (left) => left.length === 0);
}

async function whatIsLeft(context: FcContext, { disks, addresses, map }: Removal): Promise<readonly string[]> {
  const gone = new Set([...disks, ...addresses].map(addressKey));
  const ports = [...new Map([...disks, ...addresses].map(({ port }) => [port.scsiHost, port])).values()];
  const left = (await listDisks(context.system, ports))
    .filter((disk) => gone.has(addressKey(disk)))
    .map((disk) => `${deviceNode(disk.block ?? disk.hctl)} (${describeAddress(disk)})`);
  for (const address of addresses) {
    if (await context.transport.isRegistered(address)) left.push(`unit of ${describeAddress(address)}`);
  }
  const stillMapped = map === undefined ? undefined : await findMap(context.system, map.wwid);
  if (stillMapped !== undefined) left.push(`multipath map ${stillMapped.name}`);
  return left;
}
