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
