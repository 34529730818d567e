import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';

const repository = join(import.meta.dirname, '..', '..');
const python = '/usr/bin/python3';
const hasNova = spawnSync(python, ['-c', 'import nova.virt.driver, cinderclient']).status === 0;
if (!hasNova)
  console.log('bridge and dpm serve: NOT RUN: Nova is not installed here (Debian: apt-get install python3-nova)');

interface Service {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  /** The line that it prints when it is ready. */
  readonly ready: Promise<string>;
}

let directory: string;
const running: Service[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nova-dpm-bridge-serve-'));
});

afterEach(async () => {
  for (const { child, ended } of running.splice(0).toReversed()) {
    child.kill('SIGTERM');
    await ended;
  }
  rmSync(directory, { recursive: true, force: true });
});

/** Starts a service of the command, such as `dpm simulate`. */
function startDpm(...args: readonly string[]): Service {
  const main = join(repository, 'src', 'cli', 'main.ts');
  const child = spawn(process.execPath, [main, ...args], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const ready = (async () => {
    let output = '';
    for await (const data of child.stdout as AsyncIterable<Buffer>) {
      output += data.toString();
      if (output.includes('\n')) return output.slice(0, output.indexOf('\n'));
    }
    throw new Error(`dpm ${args.join(' ')} ended: ${errors}`);
  })();
  const service = { child, ended, ready };
  running.push(service);
  return service;
}

const simulated = z.looseObject({ volumes: z.array(z.looseObject({ id: z.string(), name: z.string() })) });

it.skipIf(!hasNova).each(['z13', 'z16'])(
  'the objects and the volume code of Nova boot, resize and delete an instance through the bridge and dpm serve (%s)',
  async (machine) => {
    const settings = join(directory, 'nova-dpm.conf');
    const socket = join(directory, 'serve.sock');
    const simulator = startDpm('simulate', '--machine', machine, '--write-config', settings, '-f', 'json');
    const { volumes } = simulated.parse(JSON.parse(await simulator.ready));
    const volume = (name: string) => volumes.find((each) => each.name === name)?.id ?? '';
    await startDpm('--config-file', settings, 'serve', '--socket', socket).ready;
    const env = {
      ...process.env,
      DPM_TEST_MACHINE: machine,
      DPM_TEST_SETTINGS: settings,
      DPM_TEST_SOCKET: socket,
      DPM_TEST_BOOT_VOLUME: volume('boot-1'),
      DPM_TEST_DATA_VOLUME: volume('data-1'),
    };

    const child = spawn(python, ['-B', join(repository, 'bridge/tests/run.py'), 'serve_check'], { env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    const [code] = (await once(child, 'close')) as unknown[];

    expect(code, output).toBe(0);
    expect(output).toContain('Ran 1 test');
  },
);
