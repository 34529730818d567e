import { textWidth } from './text-width.ts';

/** The lines of a cell. A line is wrapped between words, never within one, so that every name and ID can be copied. */
export type Cell = readonly string[];

/**
 * Draws a table with the borders of the OpenStack client. A table that is wider than the terminal is wrapped between
 * words. If that is not enough, each row becomes a block of lines, one for each column.
 *
 * @param width - characters in a line of the terminal, if known
 */
export function drawTable(head: readonly string[], rows: readonly (readonly Cell[])[], width?: number): string {
  const table = [head.map((text): Cell => [text]), ...rows];
  const natural = columnWidths(table);
  if (width === undefined || lineWidth(natural) <= width) return draw(natural, [[table[0] ?? []], rows]);
  const wrapped = fitWidths(table, natural, width);
  if (wrapped !== undefined) return draw(wrapped, [[table[0] ?? []], rows]);
  return drawBlocks(
    rows.map((row) => row.map((cell, index): readonly Cell[] => [[head[index] ?? ''], cell])),
    width,
  );
}

/** Returns how many characters a line of the table takes that is not wrapped. */
export function tableWidth(head: readonly string[], rows: readonly (readonly Cell[])[]): number {
  return lineWidth(columnWidths([head.map((text): Cell => [text]), ...rows]));
}

/** Draws fields and their values. Long values are wrapped between words. */
export function drawFields(fields: readonly (readonly [string, Cell])[], width?: number): string {
  const rows = fields.map(([name, cell]): readonly Cell[] => [[name], cell]);
  return drawBlocks([[[['Field'], ['Value']]], rows], width);
}

/** Draws groups of rows of two columns, divided by rules. */
function drawBlocks(groups: readonly (readonly (readonly Cell[])[])[], width: number | undefined): string {
  const rows = groups.flat();
  const [first = 0, second = 0] = columnWidths(rows);
  if (width === undefined || lineWidth([first, second]) <= width) return draw([first, second], groups);
  const longest = Math.max(0, ...rows.map((row) => longestWord(row[1] ?? [])));
  return draw([first, Math.max(longest, width - lineWidth([first, 0]))], groups);
}

/** Characters of a line beside the text: a border and two blanks for each column, and the last border. */
function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each + 3, 1);
}

function columnWidths(rows: readonly (readonly Cell[])[]): readonly number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, index) =>
    Math.max(0, ...rows.flatMap((row) => (row[index] ?? []).map((line) => textWidth(line)))),
  );
}

function longestWord(cell: Cell): number {
  return Math.max(0, ...cell.flatMap((line) => line.split(/\s+/)).map((word) => textWidth(word)));
}

/** Prose in a narrower column is hard to read. */
const NARROWEST_PROSE = 20;

/** Returns column widths with which a table fits, the widest columns narrowed first; undefined if there are none. */
function fitWidths(
  rows: readonly (readonly Cell[])[],
  natural: readonly number[],
  width: number,
): readonly number[] | undefined {
  const widths = [...natural];
  const least = natural.map((most, index) => {
    const longest = Math.max(...rows.map((row) => longestWord(row[index] ?? [])));
    return Math.max(longest, Math.min(most, NARROWEST_PROSE));
  });
  for (let excess = lineWidth(widths) - width; excess > 0; excess -= 1) {
    const giving = widths.map((each, index) => (each > (least[index] ?? each) ? each : 0));
    const most = Math.max(...giving);
    if (most === 0) return undefined;
    widths[giving.indexOf(most)] = most - 1;
  }
  return widths;
}

function draw(widths: readonly number[], groups: readonly (readonly (readonly Cell[])[])[]): string {
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const lines = groups
    .filter((rows) => rows.length > 0)
    .flatMap((rows) => [...rows.flatMap((row) => rowLines(row, widths)), rule]);
  return [rule, ...lines].map((line) => `${line}\n`).join('');
}

function rowLines(row: readonly Cell[], widths: readonly number[]): readonly string[] {
  const cells = widths.map((width, index) => (row[index] ?? []).flatMap((line) => wrap(line, width)));
  const height = Math.max(1, ...cells.map((cell) => cell.length));
  return Array.from({ length: height }, (_, line) => {
    const texts = widths.map((width, index) => pad(cells[index]?.[line] ?? '', width));
    return `| ${texts.join(' | ')} |`;
  });
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** Breaks a line between words. Further lines are indented as the first one. */
function wrap(line: string, width: number): readonly string[] {
  if (textWidth(line) <= width) return [line];
  const indent = /^\s*/.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = '';
  for (const word of line.trim().split(/\s+/)) {
    const longer = current === '' ? `${indent}${word}` : `${current} ${word}`;
    if (current !== '' && textWidth(longer) > width) {
      lines.push(current);
      current = `${indent}${word}`;
    } else current = longer;
  }
  return [...lines, current];
}
