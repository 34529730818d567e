const WWPN = /^[0-9a-f]{16}$/;

/**
 * A WWPN as sixteen lower-case hex digits, or undefined when the text is none.
 * Tolerates what people and peers write: `0x` in front, colons or dashes between the pairs, either case.
 */
export function parseWwpn(text: string): string | undefined {
  const bare = text.trim().toLowerCase().replace(/^0x/, '').replaceAll(/[:-]/g, '');
  return WWPN.test(bare) ? bare : undefined;
}

/** All WWPNs among the texts, each once, in the given order. */
export function parseWwpns(texts: readonly string[]): string[] {
  return [...new Set(texts.map(parseWwpn).filter((wwpn) => wwpn !== undefined))];
}
