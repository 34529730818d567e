/**
 * The same text on one line and without control characters: what an HMC or Cinder puts into a name must not be able to
 * move the cursor or fake a line.
 */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}|[\u2028\u2029]/gu, (character) =>
    /\s/.test(character) ? ' ' : `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
}
