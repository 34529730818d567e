import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const bridge = join(import.meta.dirname, '..', '..', 'bridge');
/** Debian's Python: the one that finds the package python3-nova. */
const python = '/usr/bin/python3';
const hasNova = spawnSync(python, ['-c', 'import nova.virt.driver']).status === 0;
if (!hasNova) console.log('bridge: NOT RUN: Nova is not installed here (Debian: apt-get install python3-nova)');

/** Runs the Python tests of the bridge. @returns the exit code and the output */
async function runTests(...options: readonly string[]): Promise<{ code: unknown; output: string }> {
  const child = spawn(python, ['-B', join(bridge, 'tests', 'run.py'), ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, output };
}

it.skipIf(!hasNova)(
  'passes its tests with the installed Nova, with and without the monkey patches of eventlet',
  async () => {
    for (const { code, output } of await Promise.all([runTests(), runTests('--eventlet')])) {
      expect(output).toMatch(/Ran \d+ tests/);
      expect(code, output).toBe(0);
    }
  },
);
