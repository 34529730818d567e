import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { settingsSchema } from '../../src/config/index.ts';
import type { Option, SectionName } from '../../src/config/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { ended, fakeIo, startDpm } from '../support/cli.ts';
import type { Ran } from '../support/cli.ts';
import { filesBelow, LeakScanner } from '../support/leak-scan.ts';
import type { Leak } from '../support/leak-scan.ts';
import { toIni } from '../support/world.ts';
import { create, echo, steps } from './steps.ts';
import type { RunOptions } from './steps.ts';

/** A run of a command takes about a second where nobody else is; no test of this project depends on speed. */
const PATIENCE_MS = 300_000;

const scanner = new LeakScanner();
let sim: Simulator;
let cwd: string;
let settings: Record<string, string | readonly string[]>;

/** A secret that has everything that gets lost on the way through quoting, around a random part that does not. */
function plant(name: string): string {
  const core = randomBytes(15).toString('hex');
  scanner.add(name, core);
  return `zq"k\\-${core}-é`;
}

/** Of the path service: no setting, and without what HTTP could not carry. */
const serviceToken = randomBytes(24).toString('hex');
const bootPassword = plant('password of an FTP server');
scanner.add('token of the path service', serviceToken);

/** Every setting of the table that is marked as a secret: a new one is covered the day it is written. */
const secretSettings = (Object.entries(settingsSchema) as [SectionName, Record<string, Option>][]).flatMap(
  ([section, options]) =>
    Object.entries(options).flatMap(([name, { secret }]) => (secret === true ? [`${section}.${name}`] : [])),
);

const urlSettings = [
  'dpm.hmc',
  'cinder.auth_url',
  'cinder.endpoint_override',
  'cinder.endpoint_template',
  'service_user.auth_url',
];

/** How a plug-in leaks on purpose, and where that must be found. */
const ways: readonly (readonly [way: string, place: string | undefined])[] = [
  ['output', 'standard output'],
  ['encoded log', 'standard error'],
  ['state file', 'state/cache'],
  ['process list', 'process list'],
  // What goes through our hands is blanked, whoever wrote it.
  ['plain log', undefined],
  ['error', undefined],
];

/** Session ids and tokens, as they come along with requests. */
const tokens = new Set<string>();

function noteTokens(message: unknown): void {
  const { request } = message as { request: IncomingMessage }; // of Node.js, documented so
  for (const name of ['x-api-session', 'x-auth-token', 'x-service-token']) {
    const value = request.headers[name];
    if (typeof value !== 'string' || tokens.has(value)) continue;
    tokens.add(value);
    // Keystone's all begin alike; the end of each is its own.
    scanner.add(`${name} ${tokens.size}`, value.slice(-24));
  }
}

beforeAll(async () => {
  const planted = Object.fromEntries(secretSettings.map((name) => [name, plant(name)]));
  const secret = (name: string) => planted[name] ?? '';
  subscribe('http.server.request.start', noteTokens);
  sim = await startSimulator({
    volumes: [
      ...['boot-1', 'boot-2', 'data-1', ...ways.map(([way]) => way)].map((name) => ({
        name,
        size: 10,
        bootable: name !== 'data-1',
      })),
    ],
    hmcUsers: [{ userid: 'nova', password: secret('dpm.hmc_password') }],
    users: [
      {
        name: 'dpm',
        password: secret('cinder.password'),
        projects: { service: ['service', 'member', 'reader'] },
        applicationCredentials: [
          { name: 'dpm', secret: secret('cinder.application_credential_secret'), project: 'service' },
        ],
      },
      { name: 'nova', password: secret('service_user.password'), projects: { service: ['service'] } },
    ],
  });
  cwd = mkdtempSync(join(tmpdir(), 'nova-dpm-secrets-'));
  settings = {
    ...planted,
    'dpm.hmc_username': 'nova',
    'service_user.username': 'nova',
    'DEFAULT.state_path': join(cwd, 'state'),
  };
  mkdirSync(join(cwd, 'reports'));
});

afterAll(async () => {
  unsubscribe('http.server.request.start', noteTokens);
  await sim.close();
  rmSync(cwd, { recursive: true, force: true });
});

const conf = () => join(cwd, 'nova-dpm.conf');
let turn = 0;

function settingsText({ set = {}, leaveOut = [] }: RunOptions): string {
  const own = Object.entries(sim.settings()).flatMap(([section, options]) =>
    Object.entries(options).map(([name, value]): [string, string | readonly string[]] => [`${section}.${name}`, value]),
  );
  const all = { ...Object.fromEntries(own), ...settings, ...set };
  return toIni({}, Object.fromEntries(Object.entries(all).filter(([name]) => !leaveOut.includes(name))));
}

/** Runs a command that says all it can say, and collects what it showed to anybody. */
async function run(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Ran & { readonly leaks: readonly Leak[] }> {
  writeFileSync(conf(), settingsText(options), { mode: 0o600 });
  sim.faults.clear();
  if (options.fault !== undefined) {
    const { times = -1, ...rule } = options.fault;
    sim.faults.add({ id: 'f', when: { times }, ...rule });
  }
  const loud = ['--debug', '-vv', '--log-level', 'trace', '-f', 'json'];
  const reports = `--report-on-signal --report-signal=SIGUSR2 --report-uncaught-exception --report-directory=${join(cwd, 'reports')}`;
  const env = { ...options.env, NODE_OPTIONS: reports };
  // To a file and to standard error in turn: both are logs.
  turn += 1;
  const log = turn % 2 === 0 ? ['--log-file', join(cwd, 'dpm.log')] : [];
  return await seen([...argv, ...loud, ...log], env, options.report === true);
}

async function seen(argv: readonly string[], env: Readonly<Record<string, string>>, report: boolean) {
  const child = startDpm(argv, { cwd, env });
  const end = ended(child);
  const lines: string[] = [];
  const peek = () => {
    try {
      lines.push(readFileSync(`/proc/${child.pid ?? 0}/cmdline`, 'utf8'));
    } catch {
      // It has ended, or this is no Linux.
    }
  };
  peek();
  child.stderr?.on('data', peek);
  if (report) child.stderr?.once('data', () => child.kill('SIGUSR2'));
  const ran = await end;
  sim.faults.clear();
  const leaks = [
    ...scanner.look(`standard output of ${argv.join(' ')}`, ran.stdout),
    ...scanner.look(`standard error of ${argv.join(' ')}`, ran.stderr),
    ...scanner.look(`process list of ${argv.join(' ')}`, lines.join('\n')),
    ...scanner.lookBelow(cwd, [conf(), ...['password', 'token', 'ftp.pw'].map((name) => join(cwd, name))]),
  ];
  return { ...ran, leaks };
}

test('every secret of the settings is planted, and every command runs', () => {
  const leaves = (command: Command): string[] =>
    command.commands.length === 0
      ? [pathOf(command)]
      : command.commands.flatMap((each) => (each.name() === 'help' ? [] : leaves(each)));
  const pathOf = (command: Command): string =>
    command.parent === null ? '' : `${pathOf(command.parent)} ${command.name()}`.trim();
  const all = leaves(buildProgram(fakeIo(), () => Promise.resolve()));
  const lines = steps.map(([, argv]) => argv.join(' '));

  expect(secretSettings).toContain('dpm.hmc_password');
  expect(secretSettings.length).toBeGreaterThanOrEqual(5);
  // The simulator's own: it writes a settings file, which is what its user asks for.
  expect(
    all.filter((command) => command !== 'simulate' && !lines.some((line) => `${line} `.startsWith(`${command} `))),
  ).toEqual([]);
});

test('no secret is anywhere, whatever runs and whatever goes wrong', { timeout: PATIENCE_MS }, async () => {
  writeFileSync(join(cwd, 'password'), `${String(settings['dpm.hmc_password'])}\n`, { mode: 0o600 });
  writeFileSync(join(cwd, 'token'), `${serviceToken}\n`, { mode: 0o600 });
  writeFileSync(join(cwd, 'ftp.pw'), `${bootPassword}\n`, { mode: 0o600 });
  for (const [title, argv, code, options] of steps) {
    const ran = await run(argv, options);

    expect(ran.leaks, title).toEqual([]);
    expect.soft(ran.code, `${title}: ${ran.stderr.slice(-600)}`).toBe(code);
  }
  const { secrets, places } = scanner.figures;
  console.log(
    `secrets: ${secrets} (${tokens.size} of them session ids and tokens) in ${places} places, ${steps.length} runs`,
  );
  expect(tokens.size).toBeGreaterThan(20);
  expect(readdirSync(join(cwd, 'reports')).length).toBeGreaterThan(0);
  expect(readFileSync(join(cwd, 'dpm.log'), 'utf8')).toContain('"level":"debug"');
});

test('the state is for its owner alone', () => {
  const state = join(cwd, 'state');

  expect(statSync(state).mode & 0o777).toBe(0o700);
  expect(filesBelow(state).map((path) => [path, statSync(path).mode & 0o777])).toEqual(
    filesBelow(state).map((path) => [path, 0o600]),
  );
  expect(filesBelow(state).length).toBeGreaterThan(0);
  expect(statSync(join(cwd, 'dpm.log')).mode & 0o777).toBe(0o600);
});

test.each(urlSettings)(
  'a password in the URL of %s is refused, and not shown',
  { timeout: PATIENCE_MS },
  async (name) => {
    const [section = '', option = ''] = name.split('.');
    const variable = `NOVA_DPM_${section.toUpperCase()}__${option.toUpperCase()}`;
    const secret = encodeURIComponent(plant(`URL of ${name}`));

    const { code, stderr, leaks } = await run(['config', 'show'], {
      env: { [variable]: `https://user:${secret}@host.example.com/` },
    });

    expect(leaks).toEqual([]);
    expect([code, stderr.includes(name)]).toEqual([2, true]);
  },
);

test('a peer that says again what it was told is blanked, in the journal too', { timeout: PATIENCE_MS }, async () => {
  const told = [...tokens].at(-1) ?? '';
  const password = String(settings['dpm.hmc_password']);
  const message = `session ${told} of ${password} is not wanted here`;

  const spawn = await run(create('web7'), {
    fault: { server: 'hmc', operation: 'Create Partition', kind: echo(message) },
  });
  const logon = await run(['hypervisor', 'show'], {
    fault: { server: 'hmc', operation: 'Logon', kind: { type: 'refuse', status: 403, reason: 0, message } },
  });

  // A session of another process is nobody's secret any more: only what this one knows can be blanked.
  const own = (leaks: readonly Leak[]) => leaks.filter(({ secret }) => !secret.startsWith('x-'));
  expect(own([...spawn.leaks, ...logon.leaks])).toEqual([]);
  expect([spawn.code, logon.code]).toEqual([1, 5]);
  expect(spawn.stderr).toContain('***');
});

/** A plug-in that leaks on purpose: it is told how, and reads the password where the user wrote it. */
const leaky = `
import { readFileSync, writeFileSync } from 'node:fs';
import { FibreChannelVolumeDriver } from '${new URL('../../src/volume/index.ts', import.meta.url).href}';
const password = /^hmc_password = (.*)$/m.exec(readFileSync('nova-dpm.conf', 'utf8'))[1];
const encoded = Buffer.from('Basic nova:' + password).toString('base64');
const ways = {
  output: () => process.stdout.write(password),
  'encoded log': (log) => log.error('Authorization ' + encoded),
  'state file': () => writeFileSync('state/cache', JSON.stringify({ password })),
  'process list': () => { process.title = password; process.stderr.write('.'); },
  'plain log': (log) => log.error({ note: 'x' + password }, 'said ' + password),
  error: () => { throw new Error('cannot log on with ' + password); },
};
export class Leaky extends FibreChannelVolumeDriver {
  #log;
  constructor(context) { super(context); this.#log = context.log; }
  async connectVolume(...given) { ways[process.env.WAY](this.#log); return await super.connectVolume(...given); }
}
`;

test.each(ways)('a leak on purpose, by way of %s, ends where it must', { timeout: PATIENCE_MS }, async (way, place) => {
  writeFileSync(join(cwd, 'leaky.mjs'), leaky);
  turn = 0; // the log goes to standard error
  const set = { 'dpm.volume_drivers': 'fibre_channel=./leaky.mjs#Leaky' };
  const { leaks, stderr } = await run(create(`leak-${way.replaceAll(/\W/g, '')}`, way), { set, env: { WAY: way } });
  rmSync(join(cwd, 'state', 'cache'), { force: true });

  const found = leaks.filter(({ secret }) => secret === 'dpm.hmc_password');
  if (place === undefined) {
    expect(found).toEqual([]);
    expect(stderr).toContain('***');
  } else {
    expect(found.map((leak) => leak.place)).toContainEqual(expect.stringContaining(place));
  }
});
