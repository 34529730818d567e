import { NICS_KEY, PATHS_KEY } from './form.ts';

/**
 * A parameter text without the words that this package writes. What is left is somebody else's, and unchanged but for
 * the blanks around words of ours.
 */
export function withoutOurWords(text: string): string {
  const parts = text.split(/([ \t\n]+)/); // the blanks between words stay as they are
  const kept = parts.filter((part, index) => !isOurs(part) && !(index > 0 && isOurs(parts[index - 1] ?? '')));
  return kept.join('').trim();
}

function isOurs(word: string): boolean {
  return word.startsWith(PATHS_KEY) || word.startsWith(NICS_KEY);
}
