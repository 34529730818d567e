import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ended } from '../support/cli.ts';
import { fuzzBodies } from './bodies.ts';
import type { Target } from './targets.ts';

/** Far above what it takes: no test of this project depends on speed. */
const PATIENCE_MS = 300_000;

const script = fileURLToPath(new URL('../../scripts/fuzz.ts', import.meta.url));

test('a share of the fuzzing, with a fixed seed, finds nothing', { timeout: PATIENCE_MS }, async () => {
  const args = [script, '--bodies', '6000', '--flows', '120', '--seed', '20261121'];

  const { code, stdout, stderr } = await ended(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  console.log(stdout.trim().split('\n').at(-1));

  expect(stdout.split('\n').filter((line) => line.startsWith('PROBLEM'))).toEqual([]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^fuzz: 6000 bodies in \d{2,} operations, 120 flows, 0 problems/m);
});

const harms: Readonly<Record<string, { readonly read: Target['read']; readonly told: RegExp }>> = {
  'throws what is no error of ours': {
    read: () => Promise.reject(new TypeError('x is not a function')),
    told: /not an error of ours: TypeError: x is not a function/,
  },
  'asks somebody else': {
    read: async () => ['a request to http://evil.example.com'],
    told: /a request to http:\/\/evil\.example\.com/,
  },
  'changes what all objects share': {
    read: async () => {
      Object.assign(Object.prototype, { polluted: true });
      return [];
    },
    told: /the prototype of all objects has changed/,
  },
  'leaves a rejection to nobody': {
    read: async () => {
      void Promise.reject(new Error('nobody listens'));
      await new Promise((resolve) => setTimeout(resolve, 1));
      return [];
    },
    told: /unhandled rejection: Error: nobody listens/,
  },
};

test.each(Object.entries(harms))('a reader that %s is found', async (_name, { read, told }) => {
  // The runner has listeners of its own for what nobody handles, and would fail for it.
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  try {
    const target: Target = { operation: 'GET /', title: 'harm', body: '{}', status: 200, read };

    const { problems } = await fuzzBodies({ bodies: 1, seed: 1, targets: [target] });

    expect(problems.join('\n')).toMatch(told);
  } finally {
    for (const other of others) process.on('unhandledRejection', other);
    Reflect.deleteProperty(Object.prototype, 'polluted');
  }
});
