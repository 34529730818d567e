import type { LunForm } from './types.ts';

// SAM-5, 4.7: the first two bits of a level choose the addressing method; 01 is flat space.
const FLAT_SPACE = 0x4000;
// Where peripheral addressing ends and an array that knows SAM-2 goes over to flat space.
const FIRST_FLAT = 256;

/**
 * The 64-bit FCP LUN, 16 lower-case hex digits, of a number as the array's interface shows it.
 *
 * `peripheral` puts the number in the first level (SVC, Storwize, XIV even above 255); `sam2` goes over to flat space at
 * 256 (Pure); `sam3-flat` uses flat space always; `ds8k` numbers are two levels already, 0x40XX40YY.
 */
export function toFcpLun(lun: number, form: LunForm): string {
  if (form === 'ds8k') return hex(lun, 8).padEnd(16, '0');
  const flat = form === 'sam3-flat' || (form === 'sam2' && lun >= FIRST_FLAT);
  return hex(flat ? lun + FLAT_SPACE : lun, 4).padEnd(16, '0');
}

/**
 * The number a DS8000 shows for its nth volume to a host of type zLinux: 0x40XX40YY with XX the logical subsystem and
 * YY the volume in it. It belongs to the volume and is the same for every host.
 */
export function ds8kLun(ordinal: number): number {
  // Subsystems from 0x10 up: in 0x40104018 XX is unlike YY, so a missing word swap shows.
  const subsystem = 0x10 + Math.floor(ordinal / 256);
  return 0x40004000 + subsystem * 0x10000 + (ordinal % 256);
}

/** The text as 16 lower-case hex digits, or undefined when it is no 64-bit LUN. */
export function parseFcpLun(text: string): string | undefined {
  const bare = text.trim().toLowerCase().replace(/^0x/, '');
  return /^[0-9a-f]{16}$/.test(bare) ? bare : undefined;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
