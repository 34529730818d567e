import type { Waiting } from '../../base/index.ts';
import { runCommand } from './context.ts';
import type { HostContext } from './context.ts';

const PAGE = 0x83;
const HEADER_BYTES = 4;
/** The digit that multipath tools write before a designator, by designator type. */
const kinds: Readonly<Record<number, string>> = { 1: '1', 2: '2', 3: '3' };

/**
 * Returns every identity that the kernel read from a SCSI device when it found the device, in the notation of multipath
 * tools. The kernel's `wwid` is one of them. udev's `scsi_id`, after which multipath maps are named, may use another one. Sources: linux
 * drivers/scsi/scsi_lib.c (scsi_vpd_lun_id) and scsi_sysfs.c (vpd_pg83); systemd src/udev/scsi_id/scsi_serial.c.
 *
 * @returns an empty list when the kernel has no such page
 */
export async function readDesignators(
  context: HostContext,
  sysfs: string,
  waiting: Waiting,
): Promise<readonly string[]> {
  try {
    const dump = await runCommand(context, 'od', ['-An', '-tx1', '-v', `${sysfs}/vpd_pg83`], waiting);
    return parseDesignators(Buffer.from(dump.replaceAll(/\s/g, ''), 'hex'));
  } catch {
    waiting.signal.throwIfAborted();
    return [];
  }
}

/** Returns the designators of the logical unit in page 0x83, without those of its ports. A pure function. Source: SPC-4, 7.8.6. */
export function parseDesignators(page: Uint8Array): readonly string[] {
  if (page[1] !== PAGE) return [];
  const found: string[] = [];
  for (let at = HEADER_BYTES; at + HEADER_BYTES <= page.length;) {
    const [, flags = 0, , length = 0] = page.subarray(at, at + HEADER_BYTES);
    const value = page.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
    const isOfUnit = ((flags >> 4) & 0b11) === 0;
    const digit = kinds[flags & 0b1111];
    if (isOfUnit && digit !== undefined && value.length === length) found.push(`${digit}${textOf(digit, value)}`);
    at += HEADER_BYTES + length;
  }
  return found;
}

/** Formats a text of the vendor with an underscore for each run of blanks, and other designators in hex. */
function textOf(digit: string, value: Uint8Array): string {
  const bytes = Buffer.from(value);
  return digit === '1' ? bytes.toString('latin1').trim().replaceAll(/\s+/g, '_') : bytes.toString('hex');
}
