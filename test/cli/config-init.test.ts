import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import { runLive } from '../support/live-cli.ts';
import type { LiveOptions } from '../support/live-cli.ts';
import { scratch } from '../support/world.ts';

interface Scene extends AsyncDisposable {
  readonly sim: Simulator;
  readonly cwd: string;
  readonly dpm: (line: string, options?: Partial<LiveOptions>) => ReturnType<typeof runLive>;
}

async function startScene(options: SimulatorOptions = {}): Promise<Scene> {
  const sim = await startSimulator({ adapters: 3, tls: true, ...options });
  const cwd = mkdtempSync(join(scratch(), 'nova-dpm-test-'));
  return {
    sim,
    cwd,
    dpm: (line, more) => runLive(line.split(' '), { cwd, ...more }),
    [Symbol.asyncDispose]: async () => {
      await sim.close();
      rmSync(cwd, { recursive: true, force: true });
    },
  };
}

/** The answers of a user, by question. */
function answers({ sim }: Pick<Scene, 'sim'>) {
  const { dpm, cinder } = sim.settings();
  const text = (value: unknown) => String(value);
  return {
    hmc: text(dpm.hmc).replace('https://', ''),
    trust: sim.ca?.file ?? '',
    user: text(dpm.hmc_username),
    password: text(dpm.hmc_password),
    cpc: '1',
    ports: '2, 1',
    networks: 'prod=1 dev=1,vlan=120',
    processors: '4',
    memory: '32768',
    host: 'compute7',
    cloud: '',
    authUrl: text(cinder.auth_url),
    cafile: sim.ca?.file ?? '',
    openstackUser: text(cinder.username),
    openstackPassword: text(cinder.password),
    project: '',
    userDomain: '',
    projectDomain: '',
    place: '',
  };
}

test.each(['z13', 'z14', 'z15', 'z16', 'z17'] as const)(
  'on a %s, the settings from the answers are complete: doctor accepts them and a server boots',
  async (machine) => {
    await using scene = await startScene({ machine });
    const mapped = scene.sim.settings().dpm.physical_storage_adapter_mappings ?? [];
    const file = join(scene.cwd, 'nova-dpm.conf');

    const made = await scene.dpm('config init', { input: Object.values(answers(scene)) });
    const env = { NOVA_DPM_DEFAULT__STATE_PATH: join(scene.cwd, 'state') };
    const doctor = await scene.dpm('doctor', { env });
    const server = await scene.dpm('server create web1 --vcpus 1 --memory 4096 --volume boot-1', { env });

    expect(made.code, made.stderr).toBe(0);
    expect(JSON.parse(made.stdout)).toEqual({ config_file: file, hmc_password_file: `${file}.password` });
    expect(made.stderr).toContain('No connection to the HMC: ');
    expect(made.stderr).toContain('signed by an unknown CA');
    expect(made.stderr).toMatch(
      / 1 {2}FCP 0124 A14B-13 J\.01, port 0, at A14B-D113-J\.01, active, fabric [0-9a-f]{16}/,
    );
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('host = compute7\n');
    expect(text).toMatch(/networks = prod=[0-9a-f-]{36}:[01]\n.*dev=[0-9a-f-]{36}:[01],vlan=120\n/s);
    expect(text).toContain('max_processors = 4\nmax_memory = 32768\n');
    expect(text.indexOf(mapped[1] ?? '')).toBeLessThan(text.indexOf(mapped[0] ?? ''));
    expect(text).not.toContain(scene.sim.hmc.password);
    expect([file, `${file}.password`].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600]);
    expect(doctor.code, doctor.stdout).toBe(0);
    expect(doctor.stdout).not.toContain('"fail"');
    expect(server.code, server.stderr).toBe(0);
    expect(made.stderr).not.toContain(scene.sim.hmc.password);
  },
);

test('an existing file is only overwritten after a yes', async () => {
  await using scene = await startScene({ tls: false });
  const file = join(scene.cwd, 'site.conf');
  writeFileSync(file, 'mine');
  const { hmc: _hmc, trust: _trust, cafile: _cafile, ...rest } = answers(scene);
  const input = [scene.sim.hmc.url, ...Object.values(rest)];

  const refused = await scene.dpm(`config init --output ${file}`, { input: ['no', ...input] });
  const kept = readFileSync(file, 'utf8');
  const agreed = await scene.dpm(`config init --output ${file}`, { input: ['yes', ...input] });

  expect([refused.code, kept, agreed.code]).toEqual([2, 'mine', 0]);
  expect(refused.stderr).toContain(`option --output = "${file}": the file exists; nothing was changed`);
  expect(scene.sim.log.entries.length).toBeGreaterThan(0);
});

test('an end of the input is an error that names the question, and writes nothing', async () => {
  await using scene = await startScene({ tls: false });

  const { code, stderr } = await scene.dpm('config init', { input: [scene.sim.hmc.url] });

  expect(code).toBe(2);
  expect(stderr).toContain('the input ended at the question "HMC user": expected an answer on a line of its own');
  expect(existsSync(join(scene.cwd, 'nova-dpm.conf'))).toBe(false);
});

test('an answer that cannot be used is asked for again; only the word insecure switches verification off', async () => {
  await using scene = await startScene({ hmcCertificate: 'expired' });
  const given = answers(scene);
  const list = Object.entries({ ...given, trust: 'insecure', place: 'settings' }).flatMap(([name, value]) => {
    const wrong: Readonly<Record<string, string[]>> = {
      hmc: ['ftp://x'],
      trust: ['', '/nonexistent.pem', given.trust],
      cpc: ['CPC9'],
      ports: ['1,9'],
      networks: ['prod', 'prod=99', 'prod=1 prod=2', 'prod=1,vlan=4095'],
      processors: ['0', '9999'],
    };
    return [...(wrong[name] ?? []), value];
  });

  const { code, stderr } = await scene.dpm('config init', { input: list });

  expect(code, stderr).toBe(0);
  expect(stderr).toContain('the certificate has expired');
  expect(stderr).toContain('"/nonexistent.pem" cannot be used: expected a readable file with certificates in PEM form');
  expect(stderr).toContain('"CPC9" cannot be used: expected a number from 1 to 1, or a name');
  expect(stderr).toContain('warning: dpm.hmc_insecure is true');
  const text = readFileSync(join(scene.cwd, 'nova-dpm.conf'), 'utf8');
  expect(text).toContain('hmc_insecure = true\n');
  expect(text).toContain(`hmc_password = ${scene.sim.hmc.password}\n`);
});

test('a refused password is an error; it is not tried again', async () => {
  await using scene = await startScene({ tls: false });

  const { code, stderr } = await scene.dpm('config init', { input: [scene.sim.hmc.url, 'nova', 'wrong-sesame'] });

  expect(code).toBe(5);
  expect(stderr).not.toContain('wrong-sesame');
  expect(scene.sim.log.entries.filter(({ operation }) => operation === 'Logon')).toHaveLength(1);
});

test('Cinder is taken from an entry of clouds.yaml; an unknown cloud lists the others', async () => {
  await using scene = await startScene({ tls: false });
  const { cinder } = scene.sim.settings();
  const auth = ['auth_url', 'username', 'password', 'project_name', 'user_domain_name', 'project_domain_name'];
  const lines = auth.map((name) => `      ${name}: ${String(cinder[name])}`);
  writeFileSync(join(scene.cwd, 'clouds.yaml'), `clouds:\n  site:\n    auth:\n${lines.join('\n')}\n`, { mode: 0o600 });
  const { user, password, cpc, ports, networks, processors, memory, host } = answers(scene);
  const input = [
    scene.sim.hmc.url,
    user,
    password,
    cpc,
    ports,
    networks,
    processors,
    memory,
    host,
    'nowhere',
    'yes',
    'site',
    '',
  ];

  const { code, stderr } = await scene.dpm('config init', { input });

  expect(code, stderr).toBe(0);
  expect(stderr).toContain('site');
  expect(readFileSync(join(scene.cwd, 'nova-dpm.conf'), 'utf8')).toContain('[cinder]\ncloud = site\n');
});
