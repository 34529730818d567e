/**
 * Wraps a line between words, so that a terminal does not break it inside a name or an address that a user copies. A word
 * that is longer than the line is left whole.
 *
 * @param hanging - spaces before every line but the first
 */
export function wrap(text: string, width: number, hanging: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const [word] of text.matchAll(/\s*\S+/g)) {
    if (line.trim() === '' || line.length + word.length <= width) line += word;
    else {
      lines.push(line);
      line = ' '.repeat(hanging) + word.trimStart();
    }
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line];
}

/** Wraps every line of a text for a terminal; leaves it unchanged for anything else. */
export function wrapFor(
  sink: { readonly isTerminal: boolean; readonly columns?: number | undefined },
  text: string,
  hanging: number,
): string {
  if (!sink.isTerminal) return text;
  const width = widthOf(sink);
  return text
    .split('\n')
    .map((line) => wrap(line, width, hanging).join('\n'))
    .join('\n');
}

const DEFAULT_COLUMNS = 80;

/** Returns the usable width of a terminal. The last column stays empty: some terminals wrap when it is written. */
export function widthOf({ columns }: { readonly columns?: number | undefined }): number {
  return (columns ?? DEFAULT_COLUMNS) - 1;
}
