import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
  mkdirSync(join(modules, 'loud-volumes'));
  writeFileSync(
    join(modules, 'loud-volumes', 'package.json'),
    JSON.stringify({ name: 'loud-volumes', version: '1.0.0', type: 'module', exports: './index.js' }),
  );
  writeFileSync(join(modules, 'loud-volumes', 'index.js'), thirdParty);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  writeFileSync(join(project, 'program.ts'), program);
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
        skipLibCheck: false,
      },
      files: ['program.ts'],
    }),
  );
  cpSync(join(root, 'LICENSE'), join(project, 'LICENSE'));
}, 180_000);

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

it('has types that a strict program of a user compiles against', { timeout: 180_000 }, () => {
  const output = execFileSync(
    process.execPath,
    [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project],
    { encoding: 'utf8' },
  );

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

it('ships the command, and the command says its version', () => {
  const output = execFileSync(
    process.execPath,
    [join(project, 'node_modules', 'nova-dpm', 'dist', 'cli', 'main.js'), '--version'],
    { encoding: 'utf8' },
  );

  expect(output.trim()).toMatch(/^\d+\.\d+\.\d+/);
});
