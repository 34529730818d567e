import { FIELDS, GROUPS, NICS_KEY, PARAMETERS_LIMIT, PATHS_KEY } from './form.ts';
import { formatPaths } from './groups.ts';
import { withoutOurWords } from './own-words.ts';
import type { GuestNic, GuestPath, GuestVolume } from './types.ts';

/** What is to be told to a guest. */
export interface GuestParameters {
  /** What somebody else has put there, or asked for: it stays, and stays first. Words of ours in it are replaced. */
  readonly otherText: string;
  readonly nics: readonly GuestNic[];
  /** The most important first. */
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
 * The text that tells a guest its NICs and FCP paths, within the limit. A pure function.
 *
 * A volume is told as a whole or not at all, in the order given; after one that does not fit, a later one still may: its
 * LUN costs five characters where its vHBAs and targets are told already.
 *
 * @param limit - characters of the whole text. Other people's text is never cut: one that exceeds the limit by itself
 *   comes back as it is, with everything else omitted.
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
 * NICs before paths: the old nova-dpm reader looks for digits only up to where it finds them first (nova-dpm
 * guest_image_tools).
 */
function join(others: string, nics: readonly GuestNic[], paths: readonly GuestPath[]): string {
  const ours = [
    nics.length === 0 ? '' : NICS_KEY + nics.map(formatNic).join(GROUPS),
    paths.length === 0 ? '' : PATHS_KEY + formatPaths(paths),
  ].filter((word) => word !== '');
  if (ours.length === 0) return others;
  return [asTheKernelReads(others), ...ours].filter((word) => word !== '').join(' ');
}

/**
 * A text without any lower-case letter is made lower case by the kernel; with ours behind it, it would not be any more.
 * Source: linux arch/s390/boot/ipl_parm.c.
 */
function asTheKernelReads(text: string): string {
  return /[a-z]/.test(text) ? text : text.toLowerCase();
}

function formatNic({ deviceNumber, port, mac }: GuestNic): string {
  if (mac !== undefined) return [deviceNumber, port, mac].join(FIELDS);
  return port === 0 ? deviceNumber : [deviceNumber, port].join(FIELDS);
}
