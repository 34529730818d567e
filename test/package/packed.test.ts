import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeProblem } from '../../src/cli/node-version.ts';
import { acts, everyCommand, InstalledCommand, nameOf } from './every-command.ts';
import { referencesIn } from './modules.ts';
import { filesConnector, plugins, program, thirdParty } from './programs.ts';
import { unpackPackage } from './unpack.ts';

const root = join(import.meta.dirname, '..', '..');
let project = '';
let modules = '';

/** The example as its author would publish it: built to JavaScript with types, against the packed package. */
function publishExample(): void {
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
      text.replaceAll(/'(?:\.\.\/)+src\/[a-z/-]+\/index\.ts'/g, "'nova-dpm'"),
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
  modules = unpackPackage(project);
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
  publishExample();
  const files = ['program.ts', 'plugins.ts', 'embed.ts'];
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  cpSync(join(root, 'LICENSE'), join(project, 'LICENSE'));
}, 1_200_000);

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

it('has types that a strict program of a user compiles against', { timeout: 180_000 }, () => {
  const output = tsc(project);

  expect(output).toBe('');
});

it(
  'spawns and deletes from an outside project, with a third-party volume driver, and leaves nothing behind',
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

it('ships every file that its JavaScript loads, at once or when needed', () => {
  const { files, references, missing } = referencesIn(join(modules, 'nova-dpm', 'dist'));

  expect(missing).toEqual([]);
  expect(files).toBeGreaterThan(10);
  expect(references).toBeGreaterThan(files);
});

describe('the command', () => {
  const dpm = () => new InstalledCommand(modules, project);

  it('is executable, and says its version', () => {
    expect(statSync(dpm().main).mode & 0o777).toBe(0o755);
    expect(statSync(join(root, 'dist', 'cli', 'main.js')).mode & 0o111).toBe(0o111); // what npm link leads to

    const output = execFileSync(dpm().main, ['--version'], { encoding: 'utf8' });

    expect(output.trim()).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('has help for every command', { timeout: 600_000 }, async () => {
    const names = everyCommand().map(nameOf);
    for (const name of names) {
      const { code, stdout, stderr } = await dpm().help(name);

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(`Usage: dpm ${name}`.trimEnd());
    }
    expect(names.length).toBeGreaterThan(acts.length);
  });

  it('runs every command, each to its end or to an error of its own', { timeout: 1_800_000 }, async () => {
    const leaves = everyCommand()
      .filter(({ commands }) => commands.length === 0)
      .map(nameOf);
    expect([...new Set(acts.map(({ command }) => command))].toSorted()).toEqual(leaves.toSorted());
    const simulator = dpm().start('simulate', '--write-config', 'nova-dpm.conf');
    await simulator.ready;
    try {
      for (const act of acts) await dpm().play(act);
    } finally {
      expect((await simulator.stop()).code).toBe(0);
    }
  });

  it('says on an older Node.js which version is needed, and nothing else', ({ skip }) => {
    const older = olderNode();
    if (older === undefined) return skip('no older Node.js in PATH; node-version.test.ts pretends to be one');

    const { status, stdout, stderr } = spawnSync(older.program, [dpm().main, 'server', 'list'], { encoding: 'utf8' });

    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^dpm: Node\.js 22\.13 or later.* is needed; this is Node\.js /),
    ]);
    expect(stderr).toContain(older.version);
  });
});

function olderNode(): { readonly program: string; readonly version: string } | undefined {
  for (const directory of (process.env.PATH ?? '').split(':')) {
    const program = join(directory, 'node');
    const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    const version = /^v(\d+\.\d+\.\d+)\n$/.exec(stdout ?? '')?.[1]; // stdout is null where there is no program
    if (version !== undefined && nodeProblem(version, program) !== undefined) return { program, version };
  }
  return undefined;
}
