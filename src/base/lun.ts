import { z } from 'zod';

/**
 * A 64-bit FCP LUN, left-justified: 16 lower-case hex digits, no prefix, as in SCSI IPL, the HMC and zfcp. Cinder's
 * `target_lun` and Linux's SCSI LUN number are different: see {@link lunFromCinder} and {@link lunToLinux}.
 *
 * @public
 */
export type Lun = string & z.core.$brand<'Lun'>;

/** How to interpret Cinder's number: `addressing_mode` of connection_info, with os-brick's values. */
export type AddressingMode = 'SAM' | 'SAM2' | 'SAM3-flat';

const hex16 = /^(?:0x)?([0-9a-f]{16})$/;
const MAX_CINDER_LUN = 0xffff_ffffn;
/** Flat addressing has 14 bits. Source: SCSI Architecture Model, SAM-5, LUN structures. */
const MAX_FLAT_LUN = 0x3fffn;
const FLAT = 0x4000n;
/** Only the first four bytes can be non-zero: zfcp's `max_lun`. Source: linux drivers/s390/scsi/zfcp_scsi.c. */
const FIRST_FOUR_BYTES = /^[0-9a-f]{8}0{8}$/;

/** Parses an FCP LUN of 16 hex digits, with or without `0x`; undefined for any other text. */
export function parseLun(text: string): Lun | undefined {
  const match = hex16.exec(text.trim().toLowerCase());
  return match?.[1] as Lun | undefined; // branded here and in lunFromNumber only
}

/** Schema for {@link parseLun}. */
export const lunSchema = z.string().transform((text, context): Lun => {
  const lun = parseLun(text);
  if (lun !== undefined) return lun;
  const message = `"${text.slice(0, 40)}" is not a LUN (expected 16 hex digits)`;
  context.issues.push({ code: 'custom', input: text, message });
  return z.NEVER;
});

/**
 * Returns the FCP LUN for Cinder's `target_lun`: an integer, up to 10 decimal digits, `0x` and up to 15 hex digits, or
 * 16 hex digits, which already are an FCP LUN. A number up to 0xffff is the first level (`n << 48`), a larger one is
 * the first four bytes (`n << 32`, as the DS8000 gives it). Source: linux drivers/scsi/scsi_common.c; systemd
 * udev-builtin-path_id.c; os-brick initiator/linuxscsi.py; cinder ibm_storage/ds8k_helper.py.
 *
 * @throws RangeError that names the value, when it is not the LUN of a volume
 */
export function lunFromCinder(value: number | string, mode?: string | null): Lun {
  const given = typeof value === 'string' ? parseLun(value) : undefined;
  const lun = given ?? lunFromNumber(applyAddressing(cinderNumber(value), mode), value);
  if (isWellKnownLun(lun)) throw new RangeError(`LUN ${value} is a well-known logical unit, not a volume`);
  if (!FIRST_FOUR_BYTES.test(lun)) {
    throw new RangeError(`LUN ${value} has more than two levels, which the FCP channel's Linux driver cannot address`);
  }
  return lun;
}

function cinderNumber(value: number | string): bigint {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`LUN ${value} is not a whole number from 0`);
    return BigInt(value);
  }
  const text = value.trim().toLowerCase();
  if (/^0x[0-9a-f]{1,15}$/.test(text) || /^[0-9]{1,10}$/.test(text)) return BigInt(text);
  throw new RangeError(
    `LUN "${text.slice(0, 40)}" is not understood (expected a whole number, 0x and hex digits, or 16 hex digits)`,
  );
}

/** Source: os-brick's `lun_for_addressing`. */
function applyAddressing(n: bigint, mode: string | null | undefined): bigint {
  switch (mode ?? 'SAM') {
    case 'SAM':
    case 'transparent':
      return n;
    case 'SAM2':
      return n >= 256n ? toFlat(n) : n;
    case 'SAM3-flat':
      return toFlat(n);
    default:
      throw new RangeError(`addressing_mode "${mode}" is not known (expected SAM, SAM2 or SAM3-flat)`);
  }
}

function toFlat(n: bigint): bigint {
  if (n > MAX_FLAT_LUN) throw new RangeError(`LUN ${n} does not fit flat addressing (at most ${MAX_FLAT_LUN})`);
  return n + FLAT;
}

function lunFromNumber(n: bigint, shown: number | string): Lun {
  if (n > MAX_CINDER_LUN) throw new RangeError(`LUN ${shown} is too large (at most 0xffffffff)`);
  const shift = n <= 0xffffn ? 48n : 32n;
  return (n << shift).toString(16).padStart(16, '0') as Lun;
}

/** Returns whether a LUN is 0xc1xx…, such as REPORT LUNS. Source: SCSI Architecture Model, SAM-5, LUN structures. */
export function isWellKnownLun(lun: Lun): boolean {
  return lun.startsWith('c1');
}

/** Returns Cinder's number for an FCP LUN; undefined if none exists in this mode. Inverse of {@link lunFromCinder}. */
export function lunToCinder(lun: Lun, mode: AddressingMode = 'SAM'): number | undefined {
  const value = BigInt(`0x${lun}`);
  if ((value & 0xffff_ffff_ffffn) === 0n) return fromFirstLevel(value >> 48n, mode);
  const firstFourBytes = Number(value >> 32n);
  const isTwoLevels = (value & 0xffff_ffffn) === 0n && firstFourBytes > 0xffff; // a smaller number is a first level
  return isTwoLevels && mode === 'SAM' ? firstFourBytes : undefined;
}

function fromFirstLevel(n: bigint, mode: AddressingMode): number | undefined {
  const isUnchanged = mode === 'SAM' || (mode === 'SAM2' && n < 256n);
  if (isUnchanged) return Number(n);
  const smallest = mode === 'SAM2' ? FLAT + 256n : FLAT;
  return n >= smallest && n <= FLAT + MAX_FLAT_LUN ? Number(n - FLAT) : undefined;
}

/** Reverses the four 16-bit words: FCP LUN to Linux's SCSI LUN, and back. Source: linux drivers/scsi/scsi_common.c. */
function swapWords(value: bigint): bigint {
  let result = 0n;
  for (let word = 0n; word < 4n; word += 1n) {
    result |= ((value >> (16n * word)) & 0xffffn) << (16n * (3n - word));
  }
  return result;
}

/** Returns Linux's SCSI LUN number, as in `H:C:T:L`, `lsscsi` and the `scan` file. */
export function lunToLinux(lun: Lun): bigint {
  return swapWords(BigInt(`0x${lun}`));
}

/** Returns the FCP LUN for Linux's SCSI LUN number. */
export function lunFromLinux(scsiLun: bigint): Lun {
  return swapWords(scsiLun).toString(16).padStart(16, '0') as Lun;
}

/** Returns the `lun-…` part of a udev by-path name. Source: systemd udev-builtin-path_id.c. */
export function lunToByPath(lun: Lun): string {
  const scsi = lunToLinux(lun);
  if (scsi < 256n) return `lun-${scsi}`;
  const word = (shift: bigint) => ((scsi >> shift) & 0xffffn).toString(16).padStart(4, '0');
  return `lun-0x${word(0n)}${word(16n)}00000000`;
}

/** Returns the LUN without trailing groups of four zeros, but with at least one group. */
export function formatLunShort(lun: Lun): string {
  return lun.replace(/(?:0000){1,3}$/, '');
}
