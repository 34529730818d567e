/* What users of the package write, as text: it runs in a project of its own, against the packed package. */

/** A third party's volume driver, in a package of its own: it wraps the built-in one and writes down what it was asked. */
export const thirdParty = `
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
export const filesConnector = `
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
export const program = `
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
export const plugins = `
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
