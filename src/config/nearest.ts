/**
 * Returns how many letters to insert, remove, change, or swap with their neighbour, to turn one word into the other.
 */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const at = (line: number[], index: number) => line[index] ?? 0; // rows are filled from the left
      let best = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, at(beforeLast, column - 2) + 1);
      }
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

/** For example, `send_token` is short for `send_service_user_token`. */
function holdsAllWords(known: string, wanted: string): boolean {
  const parts = known.split('_');
  return wanted.length >= 3 && wanted.split('_').every((word) => parts.some((part) => part.startsWith(word)));
}

/** Returns the known word nearest to the given one, if any is near. Ignores case, and treats dash as underscore. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const plain = (word: string) => word.toLowerCase().replaceAll('-', '_');
  const wanted = plain(given).slice(0, 60);
  const allowed = Math.max(2, Math.floor(wanted.length / 3));
  const ranked = known
    .map((word) => ({ word, far: distance(wanted, plain(word)) }))
    .filter(({ word, far }) => far <= allowed || holdsAllWords(plain(word), wanted))
    .sort((a, b) => a.far - b.far);
  return ranked[0]?.word;
}
