import { describeError } from '../../../base/index.ts';
import type { Waiting } from '../../../base/index.ts';
import { flushBuffers } from '../block-device.ts';
import { deviceNode } from '../context.ts';
import { HostDetachError, VolumeInUseError } from '../errors.ts';
import { findLastingUsers } from '../in-use.ts';
import { addPath, findMap, findMapAbove, removeMap } from '../multipath.ts';
import type { MultipathMap } from '../multipath.ts';
import { readAttribute, writeIfThere } from '../system.ts';
import { attempt, lookUntil } from '../waiting.ts';
import { addressKey, describeAddress, listDisks, unique } from './scsi-disks.ts';
import type { LunAddress, ScsiDisk } from './scsi-disks.ts';
import type { FcContext } from './transport.ts';
import { disksAt } from './volume-on-host.ts';

/** The parts of a volume to remove from this host. */
export interface Removal {
  readonly disks: readonly ScsiDisk[];
  /** Addresses that are registered with the kernel, with or without a disk. */
  readonly addresses: readonly LunAddress[];
  readonly map: MultipathMap | undefined;
  readonly force: boolean;
  /**
   * Flush nothing: the addresses lead to another volume now, which must not receive the old volume's data. Implies force.
   */
  readonly isStale?: boolean;
  /** Whether a path may hold unflushed data, because it was written to directly and not through a map (default: yes). */
  readonly mayHoldData?: (disk: ScsiDisk) => boolean;
}

/**
 * Removes the devices of a volume in the order that loses no data:
 *
 * 1. Refuse if they are in use. Nothing is changed.
 * 2. Flush and remove the map. After this step nothing can write to a path.
 * 3. Flush each path. After this step this host holds no unwritten data.
 * 4. Delete each SCSI device and then its unit (s390x). After this step the kernel has no reference to the LUN.
 * 5. Verify that everything is gone. Only then may the storage unmap the LUN. If another program scans before that, the
 *    devices appear again, and are removed in the same order.
 *
 * A failure in step 2 or 3 leaves the volume usable. Step 4 continues with the other paths, so that fewer are left
 * behind. Source: linux drivers/s390/scsi/zfcp_sysfs.c.
 *
 * @throws VolumeInUseError, with nothing changed; HostDetachError that names the devices left behind
 */
export async function removeVolume(context: FcContext, removal: Removal, waiting: Waiting, round = 1): Promise<void> {
  const { disks, force } = removal;
  await refuseIfUsed(context, removal, round, waiting);
  await emptyCaches(context, removal, waiting);
  const failures: Error[] = [];
  const deleted: ScsiDisk[] = [];
  for (const { address, disk } of wayByWay(removal)) {
    if (disk !== undefined) {
      await attempt(failures, waiting, async () => {
        await deleteDisk(context, disk, removal, waiting);
        deleted.push(disk);
      });
    }
    // Unregister at once: while the unit exists, any event of the port may recreate the disk.
    await attempt(failures, waiting, async () => await context.transport.unregister(address, waiting));
  }
  const { leftBehind, returned } = await awaitGone(context, removal, deleted, waiting);
  if (returned !== undefined && round < context.policies.flushAttempts) {
    const devices = returned.disks.map(({ block, hctl }) => block ?? hctl);
    context.log.warn({ event: 'host.detach', devices }, 'a scan added devices again while the volume was removed');
    const stuck = disks.filter((disk) => !deleted.includes(disk));
    const again = { ...removal, map: returned.map, disks: [...returned.disks, ...stuck], mayHoldData: () => false };
    await removeVolume(context, again, waiting, round + 1);
    return;
  }
  for (const failure of failures) {
    context.log.warn({ event: 'host.detach', error: describeError(failure), force }, 'removing a path failed');
  }
  if (leftBehind.length === 0) return;
  const cause = failures.length === 0 ? undefined : new AggregateError(failures, 'some paths failed');
  throw new HostDetachError(`the volume is still on this host: ${leftBehind.join(', ')}`, leftBehind, { cause });
}

/** @throws VolumeInUseError in the first round, HostDetachError later, when something has already been removed */
async function refuseIfUsed(context: FcContext, removal: Removal, round: number, waiting: Waiting): Promise<void> {
  const { disks, map } = removal;
  const blocks = disks.flatMap(({ block }) => block ?? []);
  const users = await findLastingUsers(context, { disks: blocks, map: map?.block }, waiting);
  if (users.length === 0) return;
  const how = `in use on this host: ${users.join('; ')}`;
  if (round === 1) throw new VolumeInUseError(`the volume is ${how}`, { users });
  const leftBehind = await whatIsLeft(context, removal);
  throw new HostDetachError(`a scan added the volume again during its removal, and it is ${how}`, leftBehind);
}

/** @throws HostDetachError that names all devices: no path was changed, and the map was rebuilt if possible */
async function emptyCaches(context: FcContext, removal: Removal, waiting: Waiting): Promise<void> {
  try {
    await removeMaps(context, removal, waiting);
    for (const disk of removal.disks) await flushPath(context, disk, removal, waiting);
  } catch (error) {
    waiting.signal.throwIfAborted();
    await rebuildMap(context, removal, waiting);
    const leftBehind = await whatIsLeft(context, removal);
    const text = `the volume could not be flushed and released, so no path was removed (${leftBehind.join(', ')})`;
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

/** Removes a map that multipathd built from the remaining paths after a scan, because a path below a map is never deleted. */
async function removeNewMap(context: FcContext, removal: Removal, waiting: Waiting): Promise<void> {
  const blocks = removal.disks.flatMap(({ block }) => block ?? []);
  const map = await findMapAbove(context.system, blocks);
  if (map !== undefined && isOurs(map, removal, blocks)) await removeMaps(context, { ...removal, map }, waiting);
}

function isOurs(map: MultipathMap, { map: own }: Removal, blocks: readonly string[]): boolean {
  return map.wwid === own?.wwid || map.slaves.every((slave) => blocks.includes(slave));
}

/** Repeats, because a udev event can make multipathd rebuild the map, and a path below a map is never deleted. */
async function removeMaps(context: FcContext, removal: Removal, waiting: Waiting): Promise<void> {
  const { disks, map } = removal;
  const blocks = disks.flatMap(({ block }) => block ?? []);
  let above = map;
  for (let round = 1; above !== undefined; round += 1) {
    if (round > context.policies.flushAttempts)
      throw new Error(`multipathd creates multipath map ${above.name} again after each removal`);
    await flushAndRemoveMap(context, above, removal, waiting);
    above = await findMapAbove(context.system, blocks);
  }
}

/**
 * Flushes a path. A failure means that data may be lost, and stops the removal. The exception is a path that is down: it
 * cannot be opened (ENXIO), but it holds no data if a map or another path was used. Source: linux drivers/scsi/sd.c; os-brick initiator/linuxscsi.py.
 */
async function flushPath(context: FcContext, disk: ScsiDisk, removal: Removal, waiting: Waiting): Promise<void> {
  const { block, sysfs, state } = disk;
  const { force, isStale, mayHoldData = () => true } = removal;
  const isHopeless = force && state !== 'running'; // its I/O would hang until the time limit
  if (block === undefined || isHopeless || isStale === true) return;
  const isDown = async (): Promise<boolean> => (await readAttribute(context.system, `${sysfs}/state`)) !== 'running';
  if (!mayHoldData(disk) && (await isDown())) return;
  try {
    await flushBuffers(context, block, waiting);
  } catch (error) {
    waiting.signal.throwIfAborted();
    const isHarmless = force || (!mayHoldData(disk) && (await isDown()));
    if (!isHarmless) throw error;
    context.log.warn({ event: 'host.detach', device: block, error: describeError(error) }, 'a path was not flushed');
  }
}

async function flushAndRemoveMap(
  context: FcContext,
  map: MultipathMap,
  { force, isStale = false }: Removal,
  waiting: Waiting,
): Promise<void> {
  // A map without paths cannot write; with queueing it would wait forever.
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
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    waiting.signal.throwIfAborted();
    if (!isTolerated) throw error;
    log.warn({ event: 'host.detach', error: describeError(error) }, 'continued after a failure');
  }
}

/** Returns each address once, with its disk if there is one. */
function wayByWay({ disks, addresses }: Removal): readonly { address: LunAddress; disk: ScsiDisk | undefined }[] {
  return unique([...disks, ...addresses]).map((address) => {
    const key = addressKey(address);
    return { address, disk: disks.find((disk) => addressKey(disk) === key) };
  });
}

/** Checks the address again, because it may belong to another device now. */
async function deleteDisk(context: FcContext, disk: ScsiDisk, removal: Removal, waiting: Waiting): Promise<void> {
  const { system } = context;
  const now = (await listDisks(system, [disk.port])).find(({ hctl }) => hctl === disk.hctl);
  if (now === undefined || addressKey(now) !== addressKey(disk)) return;
  await removeNewMap(context, removal, waiting);
  await writeIfThere(system, `${disk.sysfs}/delete`, '1', waiting);
}

interface Rest {
  readonly leftBehind: readonly string[];
  /** Deleted devices that a scan has added again, with the map above them. */
  readonly returned: Pick<Removal, 'disks' | 'map'> | undefined;
}

async function awaitGone(
  context: FcContext,
  removal: Removal,
  deleted: readonly ScsiDisk[],
  waiting: Waiting,
): Promise<Rest> {
  const look = async (): Promise<Rest> => ({
    leftBehind: await whatIsLeft(context, removal),
    returned: await whatReturned(context, removal, deleted),
  });
  const isEnd = ({ leftBehind, returned }: Rest): boolean => leftBehind.length === 0 || returned !== undefined;
  return await lookUntil(context.policies.removal, waiting, look, isEnd);
}

/**
 * Returns deleted devices that a scan has added again. The kernel deletes a device before the write returns (linux
 * drivers/scsi/scsi_sysfs.c), so a device in state `running` is a new one.
 */
async function whatReturned(
  context: FcContext,
  removal: Removal,
  deleted: readonly ScsiDisk[],
): Promise<Rest['returned']> {
  const disks = (await disksAt(context, deleted)).filter(
    (disk) => disk.state === 'running' && deleted.some(({ wwid }) => wwid === disk.wwid),
  );
  const blocks = disks.flatMap(({ block }) => block ?? []);
  const map = await findMapAbove(context.system, blocks);
  return disks.length > 0 && (map === undefined || isOurs(map, removal, blocks)) ? { disks, map } : undefined;
}

async function whatIsLeft(context: FcContext, { disks, addresses, map }: Removal): Promise<readonly string[]> {
  const left = (await disksAt(context, unique([...disks, ...addresses]))).map(
    (disk) => `${deviceNode(disk.block ?? disk.hctl)} (${describeAddress(disk)})`,
  );
  for (const address of addresses) {
    if (await context.transport.isRegistered(address)) left.push(`unit of ${describeAddress(address)}`);
  }
  const stillMapped = map === undefined ? undefined : await findMap(context.system, map.wwid);
  if (stillMapped !== undefined) left.push(`multipath map ${stillMapped.name}`);
  return left;
}
