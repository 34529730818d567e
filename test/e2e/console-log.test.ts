import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import type { SimulatorOptions } from '../../src/simulator/index.ts';
import { ended, runDpm, startDpm } from '../support/cli.ts';
import { toIni } from '../support/world.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A server that runs, with what its operating system prints. */
async function newServer(options: SimulatorOptions) {
  const sim = await startSimulator(options);
  const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-log-'));
  open.push(async () => {
    await sim.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const env = { NOVA_DPM_CONFIG: join(directory, 'nova-dpm.conf') };
  writeFileSync(env.NOVA_DPM_CONFIG, toIni(sim.settings(), { 'DEFAULT.state_path': join(directory, 'state') }), {
    mode: 0o600,
  });
  const dpm = async (line: string) => await runDpm(line.split(' '), { env });
  const created = await dpm('server create web1 --vcpus 1 --memory 1024 --volume boot-1');
  expect(created.code, created.stderr).toBe(0);
  const partition = sim.hmc.model.all('partition')[0]?.uri ?? '';
  const say = (...texts: readonly string[]) => sim.hmc.say(partition, texts);
  return { dpm, say, start: (line: string) => startDpm(line.split(' '), { env }) };
}

const texts = (stdout: string): readonly unknown[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { text: unknown }).text);

test('the console log has the loader, the operating system, and nothing that a terminal obeys', async () => {
  const { dpm, say } = await newServer({ machine: 'z16' });
  say('one\r\r\ntwo', '\u001B[31mred');

  const all = await dpm('console log show web1 -f table');
  expect(all).toMatchObject({ code: 0, stderr: '' });
  expect(all.stdout).toMatch(/^MLOEVL012I: Machine loader up and running\.\n/);
  expect(all.stdout).toMatch(/Linux version 6\.8\.0 \(s390x\)\none\ntwo\n\\x1b\[31mred\n$/);

  expect((await dpm('console log show web1 --lines 2 -f value')).stdout).toBe('two\n\\x1b[31mred\n');
  const [row] = JSON.parse((await dpm('console log show web1 --lines 1')).stdout) as unknown[];
  expect(row).toEqual({
    sequence_number: 5,
    time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    text: '\u001B[31mred',
    is_priority: false,
    is_held: false,
  });
});

test('--follow prints each line once, through a restart of the server, until it is interrupted', async () => {
  const { dpm, say, start } = await newServer({ machine: 'z16' });
  say('before');
  const child = start('console log show web1 --lines 1 --follow -f json');
  let stdout = '';
  const end = ended(child);
  child.stdout?.on('data', (text: string) => {
    stdout += text;
  });
  const until = async (text: string) => await expect.poll(() => stdout, { timeout: 60_000 }).toContain(`"${text}"`);

  await until('before');
  say('first', 'second');
  await until('second');
  say('second', 'third'); // the same text again
  await until('third');
  expect((await dpm('server reboot web1 --hard')).code).toBe(0);
  say('after');
  await until('after');
  child.kill('SIGINT');
  const { code } = await end;

  expect(code).toBe(0);
  const boot = ['Machine loader up and running', 'Machine loader finished', 'Linux version'];
  expect(texts(stdout)).toEqual([
    ...['before', 'first', 'second', 'second', 'third'],
    ...boot.map((part) => expect.stringContaining(part) as string),
    'after',
  ]);
});

test('the console log of a stopped server is refused with the reason', async () => {
  const { dpm } = await newServer({ machine: 'z16' });
  await dpm('server stop web1');

  const { code, stderr } = await dpm('console log show web1');

  expect(code).toBe(1);
  expect(stderr).toMatch(/no console log at this time: its partition has the status "stopped"/);
});

test('a z13 cannot list messages, and has no console: the errors name the level', async () => {
  const { dpm } = await newServer({ machine: 'z13' });

  const { code, stderr } = await dpm('console log show web1');

  expect(code).toBe(1);
  expect(stderr).toMatch(/SE 2\.13\.1\) cannot list operating-system messages, which needs SE 2\.14 \(z14\)/);
});
