import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CertificateAuthority } from '../../src/simulator/server/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { runDpm } from '../support/cli.ts';
import { peerFlaws, startFlawedPeer } from '../support/flawed-peer.ts';
import type { PeerFlaw } from '../support/flawed-peer.ts';
import { toIni } from '../support/world.ts';

const trusted = new CertificateAuthority();
const stranger = new CertificateAuthority();
const password = 'sentinel-of-the-tls-tests';
let sim: Simulator;
let cwd: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'nova-dpm-tls-'));
  sim = await startSimulator({ tls: true });
  writeFileSync(join(cwd, 'ca.pem'), `${sim.ca?.pem ?? ''}${trusted.pem}`);
});

afterAll(async () => {
  await sim.close();
  rmSync(cwd, { recursive: true, force: true });
});

/** Runs a command with the simulator's settings and these over them. */
async function dpm(set: Readonly<Record<string, string>>, ...argv: readonly string[]) {
  const trust = { 'dpm.hmc_ca_certs': 'ca.pem', 'cinder.cafile': 'ca.pem' };
  const state = { 'DEFAULT.state_path': join(cwd, 'state') };
  writeFileSync(join(cwd, 'nova-dpm.conf'), toIni(sim.settings(), { ...trust, ...state, ...set }));
  return await runDpm([...argv, '-f', 'json', '--no-progress'], { cwd });
}

const create = ['server', 'create', 'web1', '--vcpus', '1', '--memory', '1024', '--volume', 'boot-1'];

/** How each leg is led to another peer, and a command that goes there. */
const legs = {
  HMC: {
    set: (url: string) => ({ 'dpm.hmc': url, 'dpm.hmc_password': password }),
    argv: ['hypervisor', 'show'],
    settings: 'dpm.hmc_ca_certs',
  },
  Keystone: {
    set: (url: string) => ({ 'cinder.auth_url': `${url}/v3`, 'cinder.password': password }),
    argv: create,
    settings: 'cinder.cafile',
  },
  Cinder: {
    set: (url: string) => ({ 'cinder.endpoint_override': `${url}/v3` }),
    argv: create,
    settings: 'cinder.cafile',
  },
} as const;

/** What a person is told, besides the name of the setting. */
const words: Readonly<Record<PeerFlaw, readonly string[]>> = {
  'self-signed': ['the certificate is self-signed', 'give it, or the CA that signed it'],
  expired: ['the certificate has expired', 'have it renewed on the peer', 'clock'],
  'wrong-host': ['the certificate is for another host name', 'use the name that it carries'],
  'unknown-authority': ['signed by an unknown CA', 'give that CA'],
  'unknown-authority-in-chain': ['signed by an unknown CA', 'give that CA'],
  'not-yet-valid': ['the certificate is not valid yet', 'compare the clocks'],
  'weak-key': ['the key of its certificate', 'is too small', 'with a larger key'],
  'plain-http': ['does not speak TLS on this port', 'check the port'],
  'tls-1.1': ['speaks only versions of TLS before 1.2', 'enable TLS 1.2'],
  redirect: ['redirects to http://127.0.0.1', 'is not followed', 'have to name the peer itself'],
};

/** A Keystone that is to be trusted, with a catalogue of one entry. */
async function startKeystone(cinderUrl: string): Promise<AsyncDisposable & { readonly url: string }> {
  const { cert, key } = trusted.issue();
  const server = createServer({ cert, key }, (_request, response) => {
    const endpoints = [{ interface: 'public', url: cinderUrl, region: 'RegionOne', region_id: 'RegionOne' }];
    const who = { id: '1', name: 'dpm' };
    const catalog = [{ type: 'volumev3', name: 'cinder', endpoints }];
    const token = { expires_at: new Date(Date.now() + 3_600_000).toISOString(), user: who, project: who, catalog };
    response.writeHead(201, { 'X-Subject-Token': 'token-of-the-tls-tests' }).end(JSON.stringify({ token }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `https://127.0.0.1:${port}/v3`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const rows = (Object.keys(legs) as (keyof typeof legs)[]).flatMap((leg) => peerFlaws.map((flaw) => ({ leg, flaw }))); // keys of a literal object

describe('a peer that cannot be trusted', () => {
  test.each(rows)('$leg, $flaw: is refused, with what to do about it', async ({ leg, flaw }) => {
    await using peer = await startFlawedPeer(flaw, trusted, stranger);
    const before = sim.snapshot();
    const { set, argv, settings } = legs[leg];

    const { code, stdout, stderr } = await dpm(set(`https://127.0.0.1:${peer.port}`), ...argv);

    expect(code, stderr).toBe(5);
    const { error } = JSON.parse(stdout) as { error: { message: string; left_behind: string[] } };
    expect(error.left_behind).toEqual([]);
    for (const word of words[flaw]) expect(error.message).toContain(word);
    if (flaw !== 'redirect') expect(stderr).toContain(settings);
    // A certificate or a version of TLS stays as it is: nothing is tried again. Keystone is asked for two tokens.
    expect(peer.connections()).toBeGreaterThan(0);
    expect(peer.connections()).toBeLessThanOrEqual(leg === 'Keystone' ? 2 : 1);
    if (flaw !== 'redirect') expect(peer.requests()).toBe(0);
    expect(peer.inPlain()).not.toMatch(/sentinel|POST|GET|X-Auth|X-API/i);
    if (flaw === 'redirect') expect(peer.inPlain()).toBe('');
    expect(sim.snapshot()).toEqual(before);
  });

  test('an HMC of the simulator with a flaw is refused alike', async () => {
    for (const flaw of ['self-signed', 'expired', 'wrong-host'] as const) {
      await using flawed = await startSimulator({ tls: true, hmcCertificate: flaw });
      writeFileSync(join(cwd, 'other-ca.pem'), flawed.ca?.pem ?? '');

      const set = { 'dpm.hmc': flawed.hmc.url, 'dpm.hmc_ca_certs': 'other-ca.pem' };
      const { code, stderr } = await dpm(set, 'hypervisor', 'show');

      expect(code, stderr).toBe(5);
      for (const word of words[flaw]) expect(stderr).toContain(word);
      expect(flawed.log.count(({ server }) => server === 'hmc')).toBe(0);
    }
  });

  test('the server of TLS 1.1 does speak to those who take it', async () => {
    await using peer = await startFlawedPeer('tls-1.1', trusted, stranger);

    const protocol = await new Promise<string | null>((resolve, reject) => {
      const socket = connect({
        port: peer.port,
        host: '127.0.0.1',
        ca: trusted.pem,
        minVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      socket.on('error', reject).on('secureConnect', () => {
        resolve(socket.getProtocol());
        socket.destroy();
      });
    });

    expect(protocol).toBe('TLSv1.1');
  });
});

describe('plain http', () => {
  test.each([
    ['dpm.hmc', 'http://hmc1.example.com'],
    ['cinder.auth_url', 'http://keystone.example.com/v3'],
    ['cinder.endpoint_override', 'http://cinder.example.com/v3'],
    ['service_user.auth_url', 'http://keystone.example.com/v3'],
  ])('%s = %s is a wrong setting', async (option, value) => {
    const { code, stderr } = await dpm({ [option]: value }, ...create);

    expect(code, stderr).toBe(2);
    expect(stderr).toContain(`${option} = "${value}"`);
    expect(stderr).toContain('loopback');
  });

  test('is not where a catalogue may lead, and the token goes nowhere', async () => {
    await using keystone = await startKeystone('http://cinder.example.com:8776/v3');

    const { code, stderr } = await dpm({ 'cinder.auth_url': keystone.url }, ...create);

    expect(code, stderr).toBe(2);
    expect(stderr).toContain(
      'the catalog of Keystone has http://cinder.example.com:8776 for Cinder, which is plain http',
    );
    expect(stderr).toContain('set cinder.endpoint_override');
    expect(stderr).not.toContain('token-of-the-tls-tests');
  });

  test('to Keystone and Cinder is accepted with cinder.insecure, and warned of', async () => {
    const set = { 'cinder.insecure': 'true', 'cinder.auth_url': 'http://keystone.example.com/v3' };
    const { code, stderr } = await dpm(set, 'config', 'show');

    expect(code, stderr).toBe(0);
    expect(stderr).toContain('cinder.auth_url is plain http: an attacker on the network can read passwords and tokens');
    expect(stderr).toContain('cinder.insecure is true');
  });
});
