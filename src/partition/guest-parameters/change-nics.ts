import { decodeGuestParameters } from './decode.ts';
import { encodeGuestParameters } from './encode.ts';
import { PATHS_KEY, PARAMETERS_LIMIT, withoutOurWords } from './form.ts';
import type { GuestNic } from './form.ts';

/**
 * Changes the NICs in a parameter text, and keeps its other words. If the paths no longer fit beside the NICs, omits all of
 * them: the next start writes them again.
 *
 * @returns the new text, and the device numbers of NICs that do not fit
 */
export function changeNics(
  text: string,
  change: (nics: readonly GuestNic[]) => readonly GuestNic[],
): { readonly text: string; readonly omittedNics: readonly string[] } {
  const nics = change(decodeGuestParameters(text).nics);
  const { text: withNics, omittedNics } = encodeGuestParameters({
    otherText: withoutOurWords(text),
    nics,
    volumes: [],
  });
  const paths = text.split(/[ \t\n]+/).filter((word) => word.startsWith(PATHS_KEY));
  const whole = [withNics, ...paths].filter((word) => word !== '').join(' ');
  return { text: whole.length > PARAMETERS_LIMIT ? withNics : whole, omittedNics };
}
