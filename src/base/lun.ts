import { z } from 'zod';

/**
 * A 64-bit FCP LUN, left-justified: sixteen lower-case hex digits, no prefix. This is what SCSI IPL, the HMC and zfcp
 * call the LUN. It is neither Cinder's `target_lun` nor Linux's SCSI LUN number: see {@link lunFromCinder} and
 * {@link lunToLinux}.
 *
 * @public
 */
export type Lun = string & z.core.$brand<'Lun'>;

/** How Cinder's number is to be read; the key `addressing_mode` of connection_info (os-brick's words). */
export type AddressingMode = 'SAM' | 'SAM2' | 'SAM3-flat';

const hex16 = /^(?:0x)?([0-9a-f]{16})$/;
const MAX_CINDER_LUN = 0xffff_ffffn;
/**
 * Flat addressing has fourteen bits; above them begins another method. Source: SCSI Architecture Model, SAM-5, LUN
 * structures.
 */
const MAX_FLAT_LUN = 0x3fffn;
const FLAT = 0x4000n;
/**
 * zfcp's `max_lun`: only the first four bytes of an FCP LUN can be non-zero. Source: linux
 * drivers/s390/scsi/zfcp_scsi.c.
 */
const FIRST_FOUR_BYTES = /^[0-9a-f]{8}0{8}$/;

/** Reads an FCP LUN given as sixteen hex digits, with or without `0x`; undefined when it is not one. */
export function parseLun(text: string): Lun | undefined {
  const match = hex16.exec(text.trim().toLowerCase());
  return match?.[1] as Lun | undefined; // branded here and in lunFromNumber only
}

/** zod form of {@link parseLun}. */
export const lunSchema = z.string().transform((text, context): Lun => {
  const lun = parseLun(text);
  if (lun !== undefined) return lun;
  context.issues.push({
    code: 'custom',
    input: text,
    message: `"${text.slice(0, 40)}" is not a LUN (expected 16 hex digits)`,
  });
  return z.NEVER;
});

/**
 * The FCP LUN of Cinder's `target_lun`.
 *
 * Integer or decimal text up to ten digits; `0x` and up to fifteen hex digits; sixteen hex digits are an FCP LUN
 * already. A number up to 0xffff is the first level (`n << 48`), a larger one is the first four bytes (`n << 32`, as
 * the DS8000 gives it). Source: linux drivers/scsi/scsi_common.c; systemd udev-builtin-path_id.c; os-brick
 * initiator/linuxscsi.py; cinder ibm_storage/ds8k_helper.py.
 *
 * @throws RangeError with a message that names the value, when it is no LUN of a volume.
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

/** 0xc1xx…: REPORT LUNS and its kin. Source: SCSI Architecture Model, SAM-5, LUN structures. */
export function isWellKnownLun(lun: Lun): boolean {
  return lun.startsWith('c1');
}

/**
 * Cinder's number for an FCP LUN, or undefined where it has none: no number becomes this LUN under this mode. The
 * inverse of {@link lunFromCinder}.
 */
export function lunToCinder(lun: Lun, mode: AddressingMode = 'SAM'): number | undefined {
  const value = BigInt(`0x${lun}`);
  if ((value & 0xffff_ffff_ffffn) === 0n) return fromFirstLevel(value >> 48n, mode);
  const firstFourBytes = Number(value >> 32n);
  const isTwoLevels = (value & 0xffff_ffffn) === 0n && firstFourBytes > 0xffff; // a smaller one is a first level's
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

/** Linux's SCSI LUN number, as in `H:C:T:L`, `lsscsi` and the `scan` file. */
export function lunToLinux(lun: Lun): bigint {
  return swapWords(BigInt(`0x${lun}`));
}

/** The FCP LUN of Linux's SCSI LUN number. */
export function lunFromLinux(scsiLun: bigint): Lun {
  return swapWords(scsiLun).toString(16).padStart(16, '0') as Lun;
}

/** The `lun-…` part of a udev by-path name. Source: systemd udev-builtin-path_id.c. */
export function lunToByPath(lun: Lun): string {
  const scsi = lunToLinux(lun);
  if (scsi < 256n) return `lun-${scsi}`;
  const word = (shift: bigint) => ((scsi >> shift) & 0xffffn).toString(16).padStart(4, '0');
  return `lun-0x${word(0n)}${word(16n)}00000000`;
}

/** The shortest form that keeps the LUN: trailing groups of four zeros dropped, one group at least. */
export function formatLunShort(lun: Lun): string {
  return lun.replace(/(?:0000){1,3}$/, '');
}

/**
 * The way an array numbers this LUN; the top two bits say it. Source: SCSI Architecture Model, SAM-5, LUN structures.
 */
export function lunAddressing(lun: Lun): 'peripheral' | 'flat' | 'logical-unit' | 'extended' {
  const methods = ['peripheral', 'flat', 'logical-unit', 'extended'] as const;
  return methods[(Number.parseInt(lun.slice(0, 2), 16) >> 6) as 0 | 1 | 2 | 3]; // two bits
}
