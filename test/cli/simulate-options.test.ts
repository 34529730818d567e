import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/cli/open.ts';
import { runCli } from '../../src/cli/run.ts';
import { nodeFiles } from '../../src/config/index.ts';
import { fakeIo } from '../support/cli.ts';

let cwd = '';

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'dpm-simulate-options-'));
});

afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

/** Runs the command until it has announced itself or ended. */
async function simulate(argv: readonly string[], isTerminal = true) {
  const io = { ...fakeIo({ cwd, isTerminal, startSimulator }), files: nodeFiles };
  const write = io.stdout.write;
  const stdout = {
    ...io.stdout,
    write: (text: string) => {
      write(text);
      setImmediate(() => io.signal('SIGINT'));
    },
  };
  const code = await runCli(['simulate', '--no-tls', ...argv], { ...io, stdout });
  return { code, out: io.out(), err: io.err() };
}

describe('the announcement on a terminal', () => {
  test('fits 80 columns, begins with ready, and has the line to paste', async () => {
    const { code, out } = await simulate(['--write-config', 'sim.conf']);

    const lines = out.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^ready /);
    expect(lines.filter((line) => line.length > 80 && !line.startsWith('export '))).toEqual([]);
    expect(out).toMatch(/^HMC +http:\/\/127\.0\.0\.1:\d+$/m);
    expect(out).toMatch(/^boot-1 +20 GiB +yes +[0-9a-f-]{36}$/m);
    expect(lines.at(-1)).toBe(`export NOVA_DPM_CONFIG=${join(cwd, 'sim.conf')}`);
  });

  test('says how to get a settings file without one', async () => {
    const { out } = await simulate([]);

    expect(out.trimEnd().split('\n').at(-1)).toBe('For a settings file, start: dpm simulate --write-config sim.conf');
  });

  test('is one line of JSON for programs', async () => {
    const { out } = await simulate([], false);

    expect(out.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(out)).toMatchObject({ ready: true, config_file: null });
  });
});

describe('--write-config', () => {
  test('never overwrites a file that another program wrote', async () => {
    writeFileSync(join(cwd, 'precious.conf'), '[dpm]\nhmc = hmc1\n');
    const { code, err, out } = await simulate(['--write-config', 'precious.conf']);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(
      'option --write-config = "precious.conf": expected a file that does not exist, or one that dpm simulate wrote',
    );
    expect(readFileSync(join(cwd, 'precious.conf'), 'utf8')).toBe('[dpm]\nhmc = hmc1\n');
  });

  test('overwrites the file of an earlier simulator', async () => {
    expect((await simulate(['--write-config', 'again.conf'])).code).toBe(0);
    expect((await simulate(['--write-config', 'again.conf'])).code).toBe(0);
  });
});

describe('the message broker', () => {
  const portOf = (out: string) => (JSON.parse(out) as { hmc_stomp_port: unknown }).hmc_stomp_port;

  test('has a free port, which the settings name', async () => {
    const { out } = await simulate(['--write-config', 'broker.conf'], false);

    expect(portOf(out)).toEqual(expect.any(Number));
    expect(readFileSync(join(cwd, 'broker.conf'), 'utf8')).toMatch(
      new RegExp(String.raw`^hmc_stomp_port ?= ?${String(portOf(out))}$`, 'mu'),
    );
  });

  test('is absent with --no-broker', async () => {
    const { out } = await simulate(['--no-broker'], false);

    expect(portOf(out)).toBeNull();
  });

  test('refuses a port that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo; // a string only for pipes
    try {
      const { code, err } = await simulate(['--stomp-port', String(port)]);

      expect(code).toBe(2);
      expect(err).toContain(`dpm: port ${port} is in use`);
    } finally {
      other.close();
    }
  });
});

test('a port that is in use is named in one sentence', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo; // a string only for pipes
  try {
    const { code, err } = await simulate(['--cinder-port', String(port)]);

    expect(code).toBe(2);
    expect(err).toContain(`dpm: port ${port} is in use: choose another one, or stop the program that listens on it`);
  } finally {
    other.close();
  }
});

test('an inventory gives the volumes, and a wrong one is refused', async () => {
  writeFileSync(join(cwd, 'good.yaml'), 'volumes: [{ name: rhel-9, size_gib: 30, bootable: true }]\n');
  writeFileSync(join(cwd, 'bad.yaml'), 'volumes: [{ name: rhel-9, size: 30 }]\n');
  const good = await simulate(['--inventory', join(cwd, 'good.yaml')]);
  const bad = await simulate(['--inventory', join(cwd, 'bad.yaml')]);

  expect(good.out).toMatch(/^rhel-9 +30 GiB +yes /m);
  expect(bad.code).toBe(2);
  expect(bad.err).toMatch(/option --inventory: expected an inventory \(volumes\[0\]\.size_gib: /);
});
