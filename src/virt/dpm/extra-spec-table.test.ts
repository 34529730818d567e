import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { specs } from './extra-spec-table.ts';

const page = readFileSync(`${import.meta.dirname}/../../../docs/resize.md`, 'utf8');

/** The rows of the table of properties, without the blanks that align its columns. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `dpm:'))
  .map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .join(' | ')
      .trim(),
  );

const words = {
  now: 'at once',
  'next start': 'at the next start',
  stopped: 'only while stopped',
  create: 'never: only a create',
  'boot-from': 'only with `--boot-from`',
} as const;

test('the page about changes has one row for each property, with its values and when it takes effect', () => {
  const expected = Object.entries(specs).map(
    ([name, { expected: values, meaning, takesEffect }]) =>
      `| \`dpm:${name}\` | ${values} | ${meaning} | ${words[takesEffect]} |`,
  );

  expect(rows).toEqual(expected);
});
