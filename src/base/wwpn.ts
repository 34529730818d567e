import { z } from 'zod';

/**
 * A Fibre Channel world-wide port name in its one form inside this package: sixteen lower-case hex digits,
 * no prefix, no separators.
 *
 * @public
 */
export type Wwpn = string & z.core.$brand<'Wwpn'>;

/**
 * Reads a WWPN in any spelling that HMCs, arrays, Cinder drivers and Linux use: `0x` prefix, colons, dashes, blanks,
 * upper case.
 *
 * @returns undefined when the text is not a WWPN: not sixteen digits (so a 32-digit WWNN+WWPN pair is refused), or zero.
 * @remarks Source: linux drivers/scsi/scsi_transport_fc.c and s390-tools (formats per peer), cinder volume/drivers
 * (variants in connection_info).
 */
export function parseWwpn(text: string): Wwpn | undefined {
  const digits = text
    .trim()
    .toLowerCase()
    .replace(/^0x/, '')
    .replaceAll(/[:\-\s]/g, '');
  if (!/^[0-9a-f]{16}$/.test(digits) || /^0+$/.test(digits)) return undefined;
  return digits as Wwpn; // the brand is made here and in wwpnSchema only
}

/** zod form of {@link parseWwpn}: any spelling in, one form out. */
export const wwpnSchema = z.string().transform((text, context): Wwpn => {
  const wwpn = parseWwpn(text);
  if (wwpn !== undefined) return wwpn;
  context.issues.push({
    code: 'custom',
    input: text,
    message: `"${text.slice(0, 48)}" is not a WWPN (expected 16 hex digits, not zero)`,
  });
  return z.NEVER;
});

/** `0x` and sixteen digits: the form of zfcp's sysfs directories and of `rd.zfcp`. */
export function formatWwpn0x(wwpn: Wwpn): string {
  return `0x${wwpn}`;
}
