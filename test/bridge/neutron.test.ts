import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const tests = join(import.meta.dirname, '..', '..', 'bridge', 'tests');
/** Debian's Python: the one that finds the package python3-neutron. */
const python = '/usr/bin/python3';
const hasPython = spawnSync(python, ['--version']).status === 0;
if (!hasPython) console.log('mechanism driver: NOT RUN: there is no /usr/bin/python3');

/** Runs a file of Python tests. @returns the exit code and the output */
async function run(name: string): Promise<{ code: unknown; output: string }> {
  const child = spawn(python, ['-B', join(tests, name)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, output };
}

it.skipIf(!hasPython)('the mechanism driver reads its mappings, and names wrong ones', async () => {
  const { code, output } = await run('neutron_mappings_test.py');

  expect(output).toMatch(/Ran \d+ tests/);
  expect(code, output).toBe(0);
});

it.skipIf(!hasPython)('the mechanism driver binds ports with objects of the installed Neutron', async () => {
  const { code, output } = await run('neutron_driver_test.py');

  // Without python3-neutron, the file says so.
  if (output.startsWith('NOT RUN')) console.log(output.trim());
  expect(output).toMatch(/Ran \d+ tests|NOT RUN/);
  expect(code, output).toBe(0);
});
