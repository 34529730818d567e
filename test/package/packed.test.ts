import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
let project = '';

/** A third party's volume driver, in a package of its own: it wraps the built-in one and writes down what it was asked. */
const thirdParty = `
import { FibreChannelVolumeDriver } from 'nova-dpm';
import { appendFileSync } from 'node:fs';
export class LoudVolumeDriver extends FibreChannelVolumeDriver {
  async connectVolume(info, instance, options) {
    appendFileSync(process.env.LOUD_FILE, 'connect ' + options.volumeId + '\\n');
    return await super.connectVolume(info, instance, options);
  }
}
`;

/** A third party's host connector, in a package of its own, that needs no device of the kernel: volumes are files. */
const filesConnector = `
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const home = import.meta.dirname;
const fileOf = (info) => join(home, 'lun-' + info.data.target_lun + '.volume');
export class FilesConnector {
  constructor({ system }) { this.host = system.hostname; }
  async getConnectorProperties() { return { host: this.host, wwpns: ['c05076ffe6805678'], files: true }; }
  async connectVolume(info) { writeFileSync(fileOf(info), ''); return { type: 'block', path: fileOf(info) }; }
  async disconnectVolume(info) { rmSync(fileOf(info), { force: true }); }
  async extendVolume() { return 4096; }
  async getVolumePaths(info) { return (await this.getAllVolumes()).filter(({ path }) => path === fileOf(info)); }
  getSearchPath() { return home; }
  async getAllVolumes() {
    return readdirSync(home).filter((name) => name.endsWith('.volume')).map((name) => ({ path: join(home, name) }));
  }
}
`;

/** What a user of the library writes; types are checked, then it runs. */
const program = `
import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ComputeManager, loadComputeDriver, loadSettings, nodeFiles, openManager } from 'nova-dpm';
import type { ComputeDriver, ServerDetail, Settings } from 'nova-dpm';
import { openHmcSession } from 'nova-dpm/hmc-client';
import { startSimulator } from 'nova-dpm/simulator';

await using simulator = await startSimulator({ machine: 'z13', tls: true });
const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-user-'));
const file = join(directory, 'nova-dpm.conf');
const sections = Object.entries({ ...simulator.settings() }).map(([name, options]) => '[' + name + ']\\n' +
  Object.entries(options).flatMap(([key, value]) => [value].flat().map((each) => key + ' = ' + each)).join('\\n'));
writeFileSync(file, sections.join('\\n') + '\\n', { mode: 0o600 });
const settings: Settings = loadSettings({
  configFiles: [file], cwd: directory, home: directory, hostname: 'compute1', files: nodeFiles,
  env: { NOVA_DPM_DEFAULT__STATE_PATH: join(directory, 'state'), NOVA_DPM_DPM__VOLUME_DRIVERS: 'fibre_channel=loud-volumes#LoudVolumeDriver' },
});
const context = { requestId: 'req-user', signal: new AbortController().signal };
const baseDir = import.meta.dirname;
const before = JSON.stringify(simulator.snapshot());
{
  await using manager: ComputeManager = await openManager(settings, { context, baseDir });
  const server: ServerDetail = await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] }, context);
  console.log(server.status, server.boot?.lun);
  await manager.delete('web1', context);
}
const driver: ComputeDriver = await loadComputeDriver(settings, { baseDir, virtapi: { prepBlockDevice: async (_c, _i, info) => info, unprepBlockDevice: async () => {} } });
await driver.initHost('compute1', context);
console.log((await driver.getAvailableResource('compute1', context)).hypervisorType);
await driver.cleanupHost('compute1');
console.log(typeof openHmcSession, before === JSON.stringify(simulator.snapshot()) ? 'same' : 'different');
`;

/** What the author of a volume driver and a host connector runs: the checks first, then both at work. */
const plugins = `
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostConnectorRegistry, loadSettings, nodeFiles, openLocalSystem, openLocalVolumes, openManager, silentLogger } from 'nova-dpm';
import { hostConnectorChecks, runChecks, volumeDriverChecks } from 'nova-dpm/conformance';
import type { ConformanceCheck } from 'nova-dpm/conformance';
import { startSimulator } from 'nova-dpm/simulator';
import { AluaHostConnector, AluaVolumeDriver } from 'site-volumes';
import { aluaSamples } from 'site-volumes/samples';
import { connectionInfo, fourPaths, quickPolicies } from './fake-host/scenes.ts';

const signal = new AbortController().signal;
const baseDir = import.meta.dirname;
async function report(what: string, checks: readonly ConformanceCheck[]) {
  const results = await runChecks(checks);
  const failed = results.filter(({ error }) => error !== undefined);
  console.log(what, results.length - failed.length, 'passed', failed.map(({ name, error }) => name + ': ' + error).join('; '));
}

await report('volume driver:', volumeDriverChecks((context) => new AluaVolumeDriver(context), aluaSamples));

const host = fourPaths();
const context = { system: host, log: silentLogger, useMultipath: true, enforceMultipath: true, policies: quickPolicies };
const entries = [{ protocol: 'fibre_channel_alua', module: 'site-volumes', exportName: 'AluaHostConnector' }];
const connector = (await HostConnectorRegistry.load(context, entries, baseDir)).get('fibre_channel_alua');
const info = { ...connectionInfo(), driver_volume_type: 'fibre_channel_alua' };
const snapshot = () => host.snapshot();
const prepare = () => {
  const host = fourPaths();
  const context = { system: host, useMultipath: true, enforceMultipath: true, policies: quickPolicies };
  const use = () => { host.mounts.set('dm-0', '/srv'); host.changed(); return () => { host.mounts.clear(); host.changed(); }; };
  return { context, connectionInfo: info, snapshot: () => host.snapshot(), use };
};
await report('host connector:', hostConnectorChecks((context) => new AluaHostConnector(context), prepare));

const clean = JSON.stringify(snapshot());
const device = await connector.connectVolume(info, { signal });
const paths = await connector.getVolumePaths(info, { signal });
console.log('local attach:', connector.constructor.name, device.path, paths.length, 'paths');
await connector.disconnectVolume(info, device, { signal });
console.log('local detach:', JSON.stringify(snapshot()) === clean ? 'same' : 'different', host.violations.length, 'violations');

await using simulator = await startSimulator({ machine: 'z16', tls: true, cinder: { connectionShape: 'alua' } });
const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-user-'));
const file = join(directory, 'nova-dpm.conf');
const sections = Object.entries({ ...simulator.settings() }).map(([name, options]) => '[' + name + ']\\n' +
  Object.entries(options).flatMap(([key, value]) => [value].flat().map((each) => key + ' = ' + each)).join('\\n'));
writeFileSync(file, sections.join('\\n') + '\\n', { mode: 0o600 });
const env = {
  NOVA_DPM_DEFAULT__STATE_PATH: join(directory, 'state'),
  NOVA_DPM_DPM__VOLUME_DRIVERS: 'fibre_channel_alua=site-volumes#AluaVolumeDriver',
  NOVA_DPM_DPM__HOST_CONNECTORS: 'fibre_channel_alua=file-volumes#FilesConnector',
};
const settings = loadSettings({
  configFiles: [file], cwd: directory, home: directory, hostname: 'compute1', files: nodeFiles,
  env,
});
const before = JSON.stringify(simulator.snapshot());
{
  const request = { requestId: 'req-user', signal };
  await using manager = await openManager(settings, { context: request, baseDir });
  const server = await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] }, request);
  const attached = await manager.addVolume('web1', 'data-1', {}, request);
  console.log('spawn:', server.status, attached.volumes.length, 'volumes');
  await manager.removeVolume('web1', 'data-1', request);
  await manager.delete('web1', request);
}
console.log('delete:', before === JSON.stringify(simulator.snapshot()) ? 'same' : 'different');

{
  const localHost = { system: openLocalSystem(), isRoot: true };
  await using volumes = await openLocalVolumes(settings, { context: { requestId: 'req-user', signal }, baseDir, localHost });
  const request = { volume: 'data-1', multipath: false, enforceMultipath: false };
  const attached = await volumes.attach({ ...request, mode: 'rw' }, { signal });
  const detached = await volumes.detach({ ...request, force: false }, { signal });
  console.log('by the setting:', attached.path?.replace(/^.*\\//, ''), detached.detached, detached.left_behind.length);
}
async function dpm(...argv: string[]) {
  const command = [join(baseDir, 'node_modules/nova-dpm/dist/cli/main.js'), '--config-file', file, ...argv];
  const options = { cwd: baseDir, env: { ...process.env, ...env } };
  return await new Promise<string>((resolve) =>
    execFile(process.execPath, command, options, (error, stdout) => resolve((error?.code ?? 0) + ' ' + stdout)),
  );
}
for (const argv of [['get-connector'], ['local-attach', 'data-1'], ['local-detach', 'data-1']]) {
  const [, said] = /("files":true|lun-\\d+.volume|"detached":true|only root may)/.exec((await dpm(...argv)).replaceAll(/\\s/g, ' ').replaceAll(': ', ':')) ?? [];
  console.log('dpm', argv[0], said);
}
console.log('detach:', before === JSON.stringify(simulator.snapshot()) ? 'same' : 'different');
rmSync(directory, { recursive: true, force: true });
`;

/** The example as its author would publish it: built to JavaScript with types, against the packed package. */
function publishExample(modules: string): void {
  const source = join(project, 'site-volumes');
  cpSync(join(root, 'examples', 'alua'), source, { recursive: true });
  const entry = (name: string) => ({ types: `./${name}.d.ts`, default: `./${name}.js` });
  const manifest = {
    name: 'site-volumes',
    version: '1.0.0',
    type: 'module',
    exports: { '.': entry('index'), './samples': entry('samples') },
  };
  const outDir = join(modules, 'site-volumes');
  mkdirSync(outDir);
  for (const place of [source, outDir]) writeFileSync(join(place, 'package.json'), JSON.stringify(manifest));
  const own = { noEmit: false, declaration: true, rewriteRelativeImportExtensions: true, rootDir: '.', outDir };
  const options = { ...compilerOptions, ...own };
  writeFileSync(join(source, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
  tsc(source);
}

/** A host without hardware, for a package that knows ours by its name alone. */
function copyFakeHost(): void {
  const from = join(root, 'test', 'support', 'fake-host');
  mkdirSync(join(project, 'fake-host'));
  for (const name of readdirSync(from)) {
    const text = readFileSync(join(from, name), 'utf8');
    writeFileSync(
      join(project, 'fake-host', name),
      text.replaceAll(/'(?:\.\.\/)+src\/[a-z-]+\/index\.ts'/g, "'nova-dpm'"),
    );
  }
}

const compilerOptions = {
  strict: true,
  noEmit: true,
  module: 'nodenext',
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  skipLibCheck: false,
  allowImportingTsExtensions: true,
};

/** @returns what it found fault with */
function tsc(directory: string): string {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return execFileSync(process.execPath, [compiler, '-p', directory], { encoding: 'utf8' });
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'nova-dpm-package-'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', project], { cwd: root });
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? '';
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'nova-dpm'), { recursive: true });
  execFileSync('tar', ['-xzf', join(project, tarball), '--strip-components=1', '-C', join(modules, 'nova-dpm')]);
  // Only what package.json names as a dependency is there (and what those bring), at the versions of the lock file.
  for (const name of readdirSync(join(root, 'node_modules'))) {
    const isOurs = ['nova-dpm', '.bin', '.package-lock.json', '.vite', '.cache'].includes(name);
    if (!isOurs) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  for (const [name, text] of Object.entries({ 'loud-volumes': thirdParty, 'file-volumes': filesConnector })) {
    const manifest = { name, version: '1.0.0', type: 'module', exports: './index.js' };
    mkdirSync(join(modules, name));
    writeFileSync(join(modules, name, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(modules, name, 'index.js'), text);
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  writeFileSync(join(project, 'program.ts'), program);
  writeFileSync(join(project, 'plugins.ts'), plugins);
  cpSync(join(root, 'examples', 'embed.ts'), join(project, 'embed.ts'));
  copyFakeHost();
  publishExample(modules);
  const files = ['program.ts', 'plugins.ts', 'embed.ts'];
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  cpSync(join(root, 'LICENSE'), join(project, 'LICENSE'));
}, 300_000);

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

it('has types that a strict program of a user compiles against', { timeout: 180_000 }, () => {
  const output = tsc(project);

  expect(output).toBe('');
});

it(
  'spawns and deletes from an outside project, with a third-party volume driver, and puts everything back',
  { timeout: 120_000 },
  () => {
    const loud = join(project, 'loud.txt');
    writeFileSync(loud, '');

    const output = execFileSync(process.execPath, [join(project, 'program.ts')], {
      encoding: 'utf8',
      cwd: project,
      env: { ...process.env, LOUD_FILE: loud },
    });

    expect(output.trim().split('\n')).toEqual(['ACTIVE 0000000000000000', 'PRSM', 'function same']);
    expect(execFileSync('cat', [loud], { encoding: 'utf8' })).toMatch(/^connect [0-9a-f-]{36}\n$/);
  },
);

it(
  'takes a published volume driver and a published host connector: they conform, and serve a spawn and a local attach',
  { timeout: 120_000 },
  () => {
    const output = execFileSync(process.execPath, [join(project, 'plugins.ts')], { encoding: 'utf8', cwd: project });
    const isRoot = process.geteuid?.() === 0; // nobody else may change devices of a host

    expect(output.trim().split(/ *\n/)).toEqual([
      'volume driver: 69 passed',
      'host connector: 22 passed',
      'local attach: AluaHostConnector /dev/disk/by-id/dm-uuid-mpath-360050768018205e1a800000000000001 4 paths',
      'local detach: same 0 violations',
      'spawn: ACTIVE 2 volumes',
      'delete: same',
      'by the setting: lun-0.volume true 0',
      'dpm get-connector "files":true',
      `dpm local-attach ${isRoot ? 'lun-0.volume' : 'only root may'}`,
      `dpm local-detach ${isRoot ? '"detached":true' : 'only root may'}`,
      'detach: same',
    ]);
  },
);

it('ships the command, and the command says its version', () => {
  const output = execFileSync(
    process.execPath,
    [join(project, 'node_modules', 'nova-dpm', 'dist', 'cli', 'main.js'), '--version'],
    { encoding: 'utf8' },
  );

  expect(output.trim()).toMatch(/^\d+\.\d+\.\d+/);
});
