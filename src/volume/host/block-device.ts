import type { Waiting } from '../../base/index.ts';
import { deviceNode, runCommand } from './context.ts';
import type { HostContext } from './context.ts';

/** Writes the kernel's buffers for a device. */
export async function flushBuffers(context: HostContext, block: string, waiting: Waiting): Promise<void> {
  const { flushTimeoutMs } = context.policies;
  await runCommand(context, 'blockdev', ['--flushbufs', deviceNode(block)], waiting, flushTimeoutMs);
}

/** Makes a device read-only and verifies it. @throws Error when it is still writable */
export async function setReadOnly(context: HostContext, block: string, waiting: Waiting): Promise<void> {
  await runCommand(context, 'blockdev', ['--setro', deviceNode(block)], waiting);
  const answer = await runCommand(context, 'blockdev', ['--getro', deviceNode(block)], waiting);
  if (answer.trim() !== '1') throw new Error(`${deviceNode(block)} is still writable after --setro`);
}

export async function setWritable(context: HostContext, block: string, waiting: Waiting): Promise<void> {
  await runCommand(context, 'blockdev', ['--setrw', deviceNode(block)], waiting);
}

/** Reads the first 4096 bytes without any cache. This size works with sectors of 512 and of 4096 bytes. */
export async function readFirstBlock(context: HostContext, block: string, waiting: Waiting): Promise<void> {
  const args = [`if=${deviceNode(block)}`, 'of=/dev/null', 'bs=4096', 'count=1', 'iflag=direct'];
  await runCommand(context, 'dd', args, waiting);
}

/** Paths of udev's tool: on RHEL and SLES, and on older Debian and Ubuntu. */
const scsiIdPlaces = ['/usr/lib/udev/scsi_id', '/lib/udev/scsi_id'] as const;

/**
 * Reads the current identity from the device (SCSI page 0x83), in the notation of multipath tools. sysfs only has the identity
 * that the device had when the kernel found it.
 *
 * @returns `unanswered` if the device does not answer, undefined if this host lacks the tool
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
