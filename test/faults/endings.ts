import type { Ending } from './judge.ts';
import type { Nature, Place } from './natures.ts';

const letters: Readonly<Record<string, Ending>> = {
  A: 'absorbed',
  R: 'rolled back',
  S: 'stuck',
  W: 'waiting',
  U: 'unfinished',
};

const columns = ['aside', 'before', 'begin', 'there', 'both', 'past', 'back', 'power', 'verb'] as const;

const table = `
`;

/** One cell: a kind of fault, once or for good, at a place. */
export interface Cell {
  /** `refused, 409, of a change once, there`: the line of the table and the column. */
  readonly name: string;
  readonly endings: readonly Ending[];
}

const cells: ReadonlyMap<string, readonly (readonly Ending[])[]> = new Map(
  table
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const found = /^(.+?) +(once|for good) +(.+)$/.exec(line);
      if (found === null) throw new Error(`not a line of the table: ${line}`);
      const [, what = '', times = '', rest = ''] = found;
      const texts = rest.trim().split(/ +/);
      if (texts.length !== columns.length) throw new Error(`${texts.length} cells: ${line}`);
      return [`${what} ${times}`, texts.map(endingsOf)] as const;
    }),
);

function endingsOf(text: string): readonly Ending[] {
  return text === '-' ? [] : [...text].map((letter) => letters[letter] ?? failFor(letter));
}

function failFor(letter: string): never {
  throw new Error(`no ending is "${letter}"`);
}

/** The cell of the most special line. */
export function cellOf({ kind, request, times }: Nature, place: Place): Cell {
  const column = columns.indexOf(place);
  const lines = [`${kind}: ${request} ${times}`, `${kind} ${times}`];
  const line = lines.find((each) => cells.has(each)) ?? lines[1]!; // there are two
  return { name: `${line}, ${place}`, endings: cells.get(line)?.[column] ?? [] };
}

/** Every cell in which there is an ending, by its name. */
export function allCells(): readonly string[] {
  return [...cells].flatMap(([line, row]) =>
    row.flatMap((endings, index) => (endings.length === 0 ? [] : [`${line}, ${columns[index]!}`])),
  );
}
