import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { runDpm } from '../support/cli.ts';
import { typeToDpm } from '../support/pty.ts';
import { toIni } from '../support/world.ts';

/* `dpm server console` in a pseudo-terminal, over TLS as with a real HMC. */

const ESCAPE = '\u001D';
const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-console-'));
const config = join(directory, 'nova-dpm.conf');
const env = { NOVA_DPM_CONFIG: config };
let sim: Simulator;

beforeAll(async () => {
  sim = await startSimulator({ machine: 'z16', tls: true });
  writeFileSync(config, toIni(sim.settings(), { 'DEFAULT.state_path': join(directory, 'state') }), { mode: 0o600 });
  for (const [name, volume] of [
    ['web1', 'boot-1'],
    ['web2', 'boot-2'],
  ] as const) {
    const created = await dpm(`server create ${name} --vcpus 1 --memory 1024 --volume ${volume}`);
    expect(created.code, created.stderr).toBe(0);
  }
});

afterAll(async () => {
  await sim.close();
  rmSync(directory, { recursive: true, force: true });
});

const dpm = async (line: string) => await runDpm(line.split(' '), { env });

/** The output as one line: messages are wrapped between words. */
const said = (session: { readonly output: () => string }) => session.output().replaceAll(/\s+/g, ' ');

function partitionOf(index: number) {
  const partition = sim.hmc.model.all('partition')[index];
  if (partition === undefined) throw new Error(`there is no partition ${index}`);
  return partition;
}

/** Opens the console and logs in. */
async function openConsole(server: string, options = '') {
  const session = typeToDpm(`server console ${server}${options}`, env);
  await session.until('press Enter for a prompt');
  session.type('\u0004'); // Ctrl-D: ends the shell that an earlier client has left
  await session.until('login: ');
  session.type('root\r');
  await session.until('Password: ');
  session.type('a-password\r');
  await session.until(']# ');
  return session;
}

async function run(session: Awaited<ReturnType<typeof openConsole>>, command: string, expected: string) {
  const from = session.output().length;
  session.type(`${command}\r`);
  await session.until(expected, from);
}

test('type, see, resize, leave: two consoles at once, the terminals restored, the partitions unharmed', async () => {
  const before = sim.hmc.snapshot();
  const [one, two] = await Promise.all([openConsole('web1'), openConsole('web2')]);

  await run(one, 'echo first guest', '\nfirst guest');
  await run(two, 'echo second guest', '\nsecond guest');
  expect(one.output()).not.toContain('second guest');
  expect(one.output()).not.toContain('a-password');

  await one.resize(40, 132);
  await expect
    .poll(async () => {
      const from = one.output().length;
      one.type(`${ESCAPE}r`);
      await one.until('stty rows ', from);
      return await one.until(']# ', from).then(() => one.output().slice(from));
    })
    .toContain('stty rows 40 cols 132');
  await run(one, 'stty size', '\n40 132');
  await run(two, 'stty size', '\n24 80');

  await run(one, `${ESCAPE}?`, 'show this help');
  for (const session of [one, two]) session.type(`${ESCAPE}.`);
  const ended = await Promise.all([one.ended, two.ended]);

  expect(ended.map(({ code }) => code)).toEqual([0, 0]);
  expect([one.isRestored(), two.isRestored()]).toEqual([true, true]);
  expect(one.output()).toContain('left the console of web1');
  await expect.poll(() => sim.hmc.consoleHolder(partitionOf(0).uri)).toBeUndefined();
  expect(sim.hmc.snapshot()).toEqual(before);
  expect(sim.hmc.sessionCount).toBe(0);
});

describe('a console ends with a reason and a restored terminal', () => {
  test.each([
    [
      'when another HMC takes it over',
      () => sim.hmc.openConsoleElsewhere(partitionOf(0).uri),
      /ended: another session may have taken it over/,
      1,
    ],
    ['when its HMC session ends', () => sim.hmc.restart(), /the session has ended/, 1],
  ])('%s', async (_, end, why, code) => {
    const session = await openConsole('web1', ' --force');

    end();

    expect((await session.ended).code).toBe(code);
    expect(said(session)).toMatch(why);
    expect(session.isRestored()).toBe(true);
  });

  test('when the command gets SIGTERM', async () => {
    const session = await openConsole('web1', ' --force');

    session.signal('SIGTERM');

    expect((await session.ended).code).toBe(130);
    expect(session.isRestored()).toBe(true);
  });

  test('when the partition stops', async () => {
    const session = await openConsole('web1', ' --force');

    expect((await dpm('server stop web1')).code).toBe(0);

    expect((await session.ended).code).toBe(1);
    expect(said(session)).toMatch(/ended: the partition has the status "stopped"/);
    expect(session.isRestored()).toBe(true);
    const refused = typeToDpm('server console web1', env);
    expect((await refused.ended).code).toBe(1);
    expect(said(refused)).toMatch(/does not run: its status is "stopped"/);
    expect((await dpm('server start web1')).code).toBe(0);
  });
});

test('a console that is open elsewhere is refused; --force takes it from another HMC, never from the same one', async () => {
  const { uri } = partitionOf(1);
  sim.hmc.openConsoleElsewhere(uri);
  const refused = typeToDpm('server console web2', env);
  expect((await refused.ended).code).toBe(1);
  expect(said(refused)).toMatch(/seems to be open in another session; to take it over from another HMC, use --force/);

  const taken = await openConsole('web2', ' --force');
  const same = typeToDpm('server console web2 --force', env);
  expect((await same.ended).code).toBe(1);
  expect(said(same)).toMatch(/open on the same HMC cannot be taken over: close it there/);

  taken.type(`${ESCAPE}.`);
  expect((await taken.ended).code).toBe(0);
});

test('without a terminal, the command is refused before it asks the HMC', async () => {
  const { code, stderr } = await dpm('server console web1');

  expect(code).toBe(1);
  expect(stderr).toMatch(/standard input is not a terminal.*dpm console log show web1/s);
});

test('the console trusts the certificates that the settings trust, and no others', async () => {
  const settings = toIni(sim.settings(), { 'DEFAULT.state_path': join(directory, 'state'), 'dpm.hmc_ca_certs': '' });
  const untrusting = join(directory, 'untrusting.conf');
  writeFileSync(untrusting, settings.replace(/^hmc_ca_certs.*$/m, ''), { mode: 0o600 });

  const session = typeToDpm('server console web1', { NOVA_DPM_CONFIG: untrusting });

  expect((await session.ended).code).toBe(5);
  expect(said(session)).toMatch(/unknown CA|self-signed/);
});
