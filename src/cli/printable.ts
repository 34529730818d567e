/** Controls, line ends, and the marks that turn the direction of what follows: text could be read as another. */
const misleading = /\p{Cc}|[\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The same text on one line and without control characters: what an HMC or Cinder puts into a name must not be able to
 * move the cursor, turn the text around or fake a line.
 */
export function printable(text: string): string {
  return text.replaceAll(misleading, (character) => {
    if (/\s/.test(character)) return ' ';
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}
