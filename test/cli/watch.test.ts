import { expect, test } from 'vitest';
import { InterruptedError } from '../../src/base/index.ts';
import { fakeIo, runFake } from '../support/cli.ts';
import type { FakeIoOptions } from '../support/cli.ts';

const server = {
  id: '2f0c1a2b-0000-4000-8000-000000000000',
  name: 'web1',
  status: 'ACTIVE',
  task_state: null,
  power_state: 'running',
  host: 'compute1',
  partition: 'P1',
  created_at: '2026-11-21T10:00:00.000Z',
  vcpus: 2,
  memory_mb: 4096,
  boot_volume: 'boot-1',
  address: null,
};
const stopped = { ...server, status: 'SHUTOFF', power_state: 'shutdown' };

/** Watches while the list changes like this; an error is one of a look. The user then interrupts. */
async function watch(
  looks: readonly (readonly object[] | Error)[],
  argv: readonly string[],
  options: FakeIoOptions = {},
) {
  let index = 0;
  const io = fakeIo({
    ...options,
    manager: {
      list: async () => {
        const look = looks[index] ?? [];
        if (look instanceof Error) throw look;
        return await Promise.resolve(look);
      },
    },
    journal: {
      openServiceEvents: async () =>
        await Promise.resolve({
          next: async () => {
            index += 1;
            if (index === looks.length) throw new InterruptedError('interrupted by SIGINT');
            await Promise.resolve();
          },
          [Symbol.dispose]: () => undefined,
        } as never), // all that a watch asks of it
    },
  });
  return await runFake(['server', 'list', '--watch', ...argv], io);
}

test('server list --watch prints a document for each change, and ends with an interruption', async () => {
  const { code, stdout, stderr } = await watch([[server], [server], [stopped], []], ['-f', 'json']);

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const documents = stdout.split(/(?<=^\]\n)|(?<=^\[\]\n)/m).map((text) => JSON.parse(text) as { status: string }[]);
  expect(documents.map((rows) => rows.map(({ status }) => status))).toEqual([['ACTIVE'], ['SHUTOFF'], []]);
});

test('server list --watch applies filters, and separates tables by an empty line', async () => {
  const { stdout } = await watch([[server, stopped], [stopped]], ['-f', 'table', '--status', 'ACTIVE']);
  const tables = stdout.split('\n\n');

  expect(tables).toHaveLength(2);
  expect(tables[0]).toContain('ACTIVE');
  expect(stdout).not.toContain('SHUTOFF');
});

test('server list --watch draws over the last table on a terminal', async () => {
  const { code, stdout } = await watch([[server], [stopped]], [], { isTerminal: true });

  expect(code).toBe(0);
  expect(stdout.split('\u001B[H')).toHaveLength(3);
  expect(stdout.split('\u001B[2J')).toHaveLength(2);
  expect(stdout).toMatch(/changed at \d\d:\d\d:\d\d UTC; Ctrl-C ends/);
});

test('server list --watch goes on after a look that failed, and says so once', async () => {
  const away = new Error('no answer of the HMC');
  const { code, stdout, stderr } = await watch([[server], away, away, [stopped]], ['-f', 'csv']);

  expect(code).toBe(0);
  expect(stderr).toBe('dpm: warning: the list is out of date: no answer of the HMC\n');
  expect(stdout).toContain('SHUTOFF');
});

test('server list --watch fails as server list does, if the first look fails', async () => {
  const { code, stderr } = await watch([new Error('no answer of the HMC')], []);

  expect(code).toBe(1);
  expect(stderr).toContain('no answer of the HMC');
});
