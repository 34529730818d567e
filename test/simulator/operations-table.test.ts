import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hmcRoutes } from '../../src/simulator/hmc/index.ts';

const page = readFileSync(`${import.meta.dirname}/../../docs/hmc-operations.md`, 'utf8');

/** The rows of the tables in docs/hmc-operations.md, without their heads. */
const rows = page
  .split('\n')
  .filter((line) => /^\| [^|]+ \| `[A-Z]+ \//u.test(line))
  .map((line) => {
    const [operation = '', request = '', client = '', checkedAgainst = '', corrected = ''] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    return { operation, request: request.replaceAll('`', ''), client, checkedAgainst, corrected };
  });

test('the table of HMC operations has one row for each operation that the simulator serves', () => {
  const served = hmcRoutes.map(({ operation, method, path }) => `${operation}: ${method} ${path}`).sort();

  expect(rows.map(({ operation, request }) => `${operation}: ${request}`).sort()).toEqual(served);
});

const isPage = (cell: string): boolean =>
  /^\[[^\]]+ \([^)]+\)\]\(https:\/\/www\.ibm\.com\/docs\/\S+\)(?:, \[.+)?$/u.test(cell);
const count = (meets: (row: (typeof rows)[number]) => boolean): number => rows.filter(meets).length;
const counts = {
  checked: count(({ checkedAgainst }) => isPage(checkedAgainst)),
  corrected: count(({ corrected }) => corrected !== ''),
  notPublic: count(({ checkedAgainst }) => checkedAgainst === 'not public'),
};

test(`of ${rows.length} HMC operations ${counts.checked} are checked against their page, ${counts.corrected} were corrected, ${counts.notPublic} have no public page`, () => {
  expect(counts.checked + counts.notPublic).toBe(rows.length);
  for (const { operation, client, corrected } of rows) {
    expect(['yes', 'no'], `client of ${operation}`).toContain(client);
    expect(corrected, `corrections of ${operation}`).toMatch(/^(?:|[CS]: \S.*)$/u);
  }
});
