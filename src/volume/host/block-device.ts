import type { Waiting } from '../../base/index.ts';
import { deviceNode, runCommand } from './context.ts';
import type { HostContext } from './context.ts';

/** Writes out what the kernel still holds for a device. */
export async function flushBuffers(context: HostContext, block: string, waiting: Waiting): Promise<void> {
  const args = ['--flushbufs', deviceNode(block)];
  await runCommand(context, 'blockdev', args, waiting, context.policies.flushTimeoutMs);
}

/** Makes a device read-only and asks whether it is. @throws Error when it is still writable */
export async function setReadOnly(context: HostContext, block: string, waiting: Waiting): Promise<void> {
  await runCommand(context, 'blockdev', ['--setro', deviceNode(block)], waiting);
  const answer = await runCommand(context, 'blockdev', ['--getro', deviceNode(block)], waiting);
  if (answer.trim() !== '1') throw new Error(`${deviceNode(block)} is still writable after --setro`);
}

export async function setWritable(context: HostContext, block: string, waiting: Waiting): Promise<void> {
  await runCommand(context, 'blockdev', ['--setrw', deviceNode(block)], waiting);
}

/** Reads the first block past all caches. 4096 bytes: disks of 512 and of 4096 bytes a sector both take it. */
export async function readFirstBlock(context: HostContext, block: string, waiting: Waiting): Promise<void> {
  const args = [`if=${deviceNode(block)}`, 'of=/dev/null', 'bs=4096', 'count=1', 'iflag=direct'];
  await runCommand(context, 'dd', args, waiting);
}

/** Where udev keeps it: the first is the merged layout of RHEL and SLES, the second Debian's and Ubuntu's of old. */
const scsiIdPlaces = ['/usr/lib/udev/scsi_id', '/lib/udev/scsi_id'] as const;

/**
 * The identity that the device itself tells now (SCSI page 0x83), as multipath tools write it; the kernel's own answer
 * in sysfs is as old as the device.
 *
 * @returns `unanswered` when the device does not tell it, undefined when this host cannot ask
 */
export async function askIdentity(
  context: HostContext,
  block: string,
  waiting: Waiting,
): Promise<{ readonly kind: 'unanswered' } | { readonly kind: 'told'; readonly wwid: string } | undefined> {
  const seen = await Promise.all(scsiIdPlaces.map(async (place) => await context.system.exists(place)));
  const scsiId = scsiIdPlaces.find((_place, index) => seen[index]);
  if (scsiId === undefined) return undefined;
  const args = ['--page', '0x83', '--whitelisted', `--device=${deviceNode(block)}`];
  try {
    const wwid = (await runCommand(context, scsiId, args, waiting)).trim();
    return wwid === '' ? { kind: 'unanswered' } : { kind: 'told', wwid };
  } catch {
    waiting.signal.throwIfAborted();
    return { kind: 'unanswered' };
  }
}
