import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { runDpm } from '../support/cli.ts';
import { toIni } from '../support/world.ts';

/** How far a peer is trusted: a password that it rejects is not tried again, and it is not listened to without end. */

let sim: Simulator;
let cwd: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'nova-dpm-trust-'));
  // An HMC locks a user for a while: the other tests have another one.
  const hmcUsers = ['nova', 'to-be-locked'].map((userid) => ({ userid, password: 'the-right-one' }));
  sim = await startSimulator({ hmcUsers });
});

afterAll(async () => {
  await sim.close();
  rmSync(cwd, { recursive: true, force: true });
});

async function dpm(set: Readonly<Record<string, string>>, ...argv: readonly string[]) {
  const state = { 'DEFAULT.state_path': join(cwd, 'state') };
  writeFileSync(join(cwd, 'nova-dpm.conf'), toIni(sim.settings(), { ...state, ...set }));
  sim.log.clear();
  return await runDpm([...argv, '--no-progress'], { cwd });
}

const create = ['server', 'create', 'web1', '--vcpus', '1', '--memory', '1024', '--volume', 'boot-1'];
const attempts = (operation: string) => sim.log.count((entry) => entry.operation === operation);

describe('a rejected password', () => {
  test.each([
    ['a spawn', create],
    ['a look', ['hypervisor', 'show']],
    ['a doctor', ['doctor']],
    ['a comparison', ['verify']],
  ])('of the HMC is tried once by %s, at one of its HMCs', async (_what, argv) => {
    const twice = `${sim.hmc.url}, ${sim.hmc.url.replace('127.0.0.1', 'localhost')}`;

    const user = { 'dpm.hmc_username': 'to-be-locked', 'dpm.hmc_password': 'not-the-one' };
    const { code, stderr } = await dpm({ 'dpm.hmc': twice, ...user }, ...argv);

    expect(code, stderr).toBe(5);
    expect(attempts('Logon')).toBe(1);
  });

  test('of Keystone is tried once', async () => {
    const { code, stderr } = await dpm({ 'cinder.password': 'not-the-one' }, ...create);

    expect(code, stderr).toBe(5);
    const asked = sim.log.entries.filter(({ server, method }) => server === 'keystone' && method === 'POST');
    // The service user has his own password, which is right.
    expect(asked.filter(({ status }) => status === 401)).toHaveLength(1);
  });
});

/** A peer that answers without end. */
async function startTalker(): Promise<AsyncDisposable & { readonly url: string; readonly sent: () => number }> {
  let sent = 0;
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const more = () => {
      sent += chunk.length;
      if (!response.destroyed) response.write(chunk, more);
    };
    response.on('error', () => undefined);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    sent: () => sent,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test.each([
  ['the HMC', (url: string) => ({ 'dpm.hmc': url }), ['hypervisor', 'show'], 64],
  ['Keystone', (url: string) => ({ 'cinder.auth_url': `${url}/v3` }), create, 8],
  ['Cinder', (url: string) => ({ 'cinder.endpoint_override': `${url}/v3` }), create, 8],
] as const)('an answer of %s without end is given up', { timeout: 120_000 }, async (_peer, set, argv, limitMib) => {
  await using talker = await startTalker();

  const { code, stderr } = await dpm(set(talker.url), ...argv);

  expect(code, stderr).toBe(5);
  expect(stderr).toContain(`the answer is longer than ${limitMib * 1024 * 1024} bytes`);
  expect(talker.sent()).toBeGreaterThan(limitMib * 1024 * 1024);
});
