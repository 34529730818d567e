/** Characters that terminals draw over two columns. Source: Unicode Standard Annex 11, East Asian Width. */
const wide =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
/** Characters that are drawn over the one before them. */
const combining = /\p{Mn}|\p{Me}|\p{Cf}/u;
const ascii = /^[\x20-\x7e]*$/;

/** Returns how many columns of a terminal a text takes. */
export function textWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += combining.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
}
