import { formatAddresses } from './addresses.ts';
import { FIELDS, GROUPS, NICS_KEY, PARAMETERS_LIMIT, PATHS_KEY, withoutOurWords } from './form.ts';
import { formatPaths } from './groups.ts';
import type { GuestNic, GuestPath, GuestVolume } from './form.ts';

export interface GuestParameters {
  /** Text of the user, which stays first. Words with the keys of nova-dpm in it are replaced. */
  readonly otherText: string;
  readonly nics: readonly GuestNic[];
  /** In descending order of importance. */
  readonly volumes: readonly GuestVolume[];
}

export interface EncodedParameters {
  /** The value of `boot-os-specific-parameters`. */
  readonly text: string;
  /** Volumes that did not fit: the guest finds them by automatic LUN scan only. */
  readonly omittedVolumes: readonly string[];
  /** Device numbers of the NICs that did not fit. */
  readonly omittedNics: readonly string[];
}

/**
 * Encodes the NICs and FCP paths of a guest, within the limit. A pure function.
 *
 * Encodes a volume completely or not at all, in the given order. After one that does not fit, a later one may still fit: its
 * LUN needs only five characters if its vHBAs and targets are already in the text.
 *
 * @param limit - characters of the whole text. The user's text is never cut: if it exceeds the limit, it is returned
 *   unchanged, and all else is omitted.
 */
export function encodeGuestParameters(given: GuestParameters, limit: number = PARAMETERS_LIMIT): EncodedParameters {
  const others = withoutOurWords(given.otherText);
  const assemble = (nics: readonly GuestNic[], paths: readonly GuestPath[]) => join(others, nics, paths);
  const fitting = <T>(items: readonly T[], text: (kept: readonly T[]) => string): T[] => {
    const kept: T[] = [];
    for (const item of items) if (text([...kept, item]).length <= limit) kept.push(item);
    return kept;
  };
  const nics = fitting(given.nics, (kept) => assemble(kept, []));
  const volumes = fitting(given.volumes, (kept) => assemble(nics, pathsOf(kept)));
  return {
    text: assemble(nics, pathsOf(volumes)),
    omittedNics: given.nics.filter((nic) => !nics.includes(nic)).map(({ deviceNumber }) => deviceNumber),
    omittedVolumes: given.volumes.filter((volume) => !volumes.includes(volume)).map(({ volumeId }) => volumeId),
  };
}

function pathsOf(volumes: readonly GuestVolume[]): readonly GuestPath[] {
  return volumes.flatMap(({ paths }) => paths);
}

/**
 * Puts NICs before paths, because the reader of the Python nova-dpm stops at the first digits that it finds (nova-dpm
 * guest_image_tools).
 */
function join(others: string, nics: readonly GuestNic[], paths: readonly GuestPath[]): string {
  if (nics.length === 0 && paths.length === 0) return others;
  // The kernel converts a text without lower-case letters to lower case; with our words added, it would no longer do that.
  // Source: linux arch/s390/boot/ipl_parm.c.
  const asKernelReads = /[a-z]/.test(others) ? others : others.toLowerCase();
  const nicsWord = nics.length === 0 ? '' : NICS_KEY + nics.map(formatNic).join(GROUPS);
  const pathsWord = paths.length === 0 ? '' : PATHS_KEY + formatPaths(paths);
  return [asKernelReads, nicsWord, pathsWord].filter((word) => word !== '').join(' ');
}

function formatNic({ deviceNumber, port, mac, addresses }: GuestNic): string {
  if (addresses !== undefined) return [deviceNumber, port, mac ?? '', formatAddresses(addresses)].join(FIELDS);
  if (mac !== undefined) return [deviceNumber, port, mac].join(FIELDS);
  return port === 0 ? deviceNumber : [deviceNumber, port].join(FIELDS);
}
