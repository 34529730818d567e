import { z } from 'zod';

/** A Fibre Channel world-wide port name: 16 lower-case hex digits, no prefix, no separators. @public */
export type Wwpn = string & z.core.$brand<'Wwpn'>;

/**
 * Parses a WWPN in any spelling of HMCs, arrays, Cinder drivers and Linux: `0x` prefix, colons, dashes, blanks, upper case.
 *
 * @returns undefined when the text does not have 16 digits (a WWNN+WWPN pair has 32), or is zero
 * @remarks Source: linux drivers/scsi/scsi_transport_fc.c and s390-tools (formats per peer), cinder volume/drivers (variants in
 *   connection_info).
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

/** Schema for {@link parseWwpn}. */
export const wwpnSchema = z.string().transform((text, context): Wwpn => {
  const wwpn = parseWwpn(text);
  if (wwpn !== undefined) return wwpn;
  const message = `"${text.slice(0, 48)}" is not a WWPN (expected 16 hex digits, not zero)`;
  context.issues.push({ code: 'custom', input: text, message });
  return z.NEVER;
});

/** Returns `0x` and 16 digits, as in zfcp's sysfs directories and in `rd.zfcp`. */
export function formatWwpn0x(wwpn: Wwpn): string {
  return `0x${wwpn}`;
}
