/*
 * A client of others, python-zhmcclient with stomp.py, receives the notifications of the simulated HMC. Its checkout is
 * named by NOVA_DPM_ZHMCCLIENT: a folder with checkouts of `python-zhmcclient` and `nocasedict`. Without the variable,
 * an installed zhmcclient is used.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { expect, it } from 'vitest';

import { startSimulator } from '../../src/simulator/index.ts';

/** Debian's Python: the one that finds Debian's packages. */
const python = '/usr/bin/python3';
const folder = process.env.NOVA_DPM_ZHMCCLIENT;
const modules = folder === undefined ? [] : ['python-zhmcclient', 'nocasedict'].map((name) => join(folder, name));
const env = { ...process.env, PYTHONPATH: modules.join(delimiter) };
const canRun = spawnSync(python, ['-B', '-c', 'import stomp, zhmcclient'], { env }).status === 0;
if (!canRun) {
  const needed = 'Debian: apt-get install python3-stomp; NOVA_DPM_ZHMCCLIENT names a folder with python-zhmcclient';
  console.log(`notifications with python-zhmcclient: NOT RUN: it is not here (${needed})`);
}

interface Printed {
  readonly events: readonly {
    readonly type: string;
    readonly class: string | null;
    readonly action: string | null;
    readonly number: string;
    readonly status: readonly (string | null)[];
  }[];
  readonly said: readonly (readonly string[])[];
  readonly wrong_password: string;
  readonly wrong_topic: string;
}

async function receive(...args: readonly string[]): Promise<Printed> {
  const [password = '', ...rest] = args;
  const script = join(import.meta.dirname, 'zhmcclient_receiver.py');
  const child = spawn(python, ['-B', script, ...rest], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(password);
  const output = { out: '', error: '' };
  child.stdout.on('data', (data: Buffer) => (output.out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output.error += data.toString()));
  const [code] = (await once(child, 'close')) as unknown[];
  expect(code, output.error).toBe(0);
  return JSON.parse(output.out) as Printed;
}

it.skipIf(!canRun).each(['z13', 'z16'] as const)(
  'python-zhmcclient receives the notifications of a %s',
  async (machine) => {
    await using sim = await startSimulator({ machine, tls: true, volumes: [] });
    const { server, broker, password, username } = sim.hmc;
    const ports = [String(server.port), String(broker?.port)];

    const { events, said, ...refused } = await receive(password, ...ports, sim.ca?.file ?? '', username);

    const found = events.map(({ type, class: kind, action, status }) =>
      [type, kind ?? '', action ?? status.join('')].join(' ').trim(),
    );
    expect(found[0]).toBe('inventory-change partition add');
    expect(found).toEqual(
      expect.arrayContaining(['status-change partition starting', 'status-change partition active', 'job-completion']),
    );
    expect(found.filter((line) => line === 'job-completion')).toHaveLength(2);
    expect(found.at(-1)).toBe('inventory-change partition remove');
    expect(said[0]?.length).toBeGreaterThan(0);
    expect(refused.wrong_password).toMatch(/^Notification(?:Connection|JMS)Error: /u);
    expect(refused.wrong_topic).toMatch(/^NotificationJMSError: .*not authorized to read the topic/u);
  },
);
