/** Control characters, line ends and direction marks, which can make a text look like another one. */
const misleading = /\p{Cc}|[\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Returns the text on one line and without control characters, so that a name from an HMC or Cinder cannot move the
 * cursor, reverse the text or fake a line.
 */
export function printable(text: string): string {
  return text.replaceAll(misleading, (character) => {
    if (/\s/.test(character)) return ' ';
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}
