import { describe, expect, test } from 'vitest';
import { packageFiles, temporaryFiles } from '../../test/support/packages.ts';
import { loadExport, parseExportReference } from './index.ts';

describe('a reference', () => {
  test.each([
    ['dpm-nvme#NvmeDriver', { module: 'dpm-nvme', exportName: 'NvmeDriver' }],
    ['dpm-nvme', { module: 'dpm-nvme', exportName: undefined }],
    ['./drivers/nvme.js#default', { module: './drivers/nvme.js', exportName: 'default' }],
    ['@site/drivers#Nvme', { module: '@site/drivers', exportName: 'Nvme' }],
    ['/opt/a#b/nvme.js#Nvme', { module: '/opt/a#b/nvme.js', exportName: 'Nvme' }],
  ])('%s is a module and a name', (text, reference) => {
    expect(parseExportReference(text)).toEqual(reference);
  });
});

const esm = { type: 'module' };
const one = { 'main.js': 'export class One {}' };

const packages: [string, Record<string, string>][] = [
  ['main', packageFiles('driver', { ...esm, main: './main.js' }, one)],
  ['exports for everybody', packageFiles('driver', { ...esm, exports: './main.js' }, one)],
  ['exports for import alone', packageFiles('driver', { ...esm, exports: { import: './main.js' } }, one)],
  [
    'exports for import alone, with types before it',
    packageFiles('driver', { ...esm, exports: { '.': { types: './main.d.ts', import: './main.js' } } }, one),
  ],
  [
    'exports of nested conditions',
    packageFiles('driver', { ...esm, exports: { '.': { browser: './no.js', node: { import: './main.js' } } } }, one),
  ],
  ['CommonJS', packageFiles('driver', { main: './main.js' }, { 'main.js': 'exports.One = class One {};' })],
];

describe('the module of a setting is loaded', () => {
  test.each(packages)('from a package of the project with %s', async (_what, files) => {
    using project = temporaryFiles(files);

    await expect(loadExport({ module: 'driver', exportName: 'One' }, project.path)).resolves.toHaveProperty(
      'name',
      'One',
    );
  });

  test('from a package in a parent directory', async () => {
    using project = temporaryFiles({ ...packageFiles('driver', { ...esm, main: 'main.js' }, one), 'deep/er/x': '' });

    const loaded = await loadExport({ module: 'driver', exportName: 'One' }, `${project.path}/deep/er`);

    expect(loaded).toHaveProperty('name', 'One');
  });

  test('from a path below the base directory, from an absolute path, and from a URL', async () => {
    using project = temporaryFiles({ 'drivers/nvme.mjs': 'export class Nvme {}' });
    const absolute = `${project.path}/drivers/nvme.mjs`;

    for (const module of ['./drivers/nvme.mjs', absolute, `file://${absolute}`]) {
      await expect(loadExport({ module, exportName: 'Nvme' }, project.path)).resolves.toHaveProperty('name', 'Nvme');
    }
  });

  test.each([
    ['the default export', 'export class One {}\nexport default class Two {}', 'Two'],
    ['the only export', 'export class One {}', 'One'],
  ])('without a name: %s', async (_what, text, name) => {
    using project = temporaryFiles({ 'driver.mjs': text });

    const loaded = await loadExport({ module: './driver.mjs', exportName: undefined }, project.path);

    expect(loaded).toHaveProperty('name', name);
  });
});

describe('an error about a module', () => {
  const load = async (text: string, exportName: string | undefined, module = './driver.mjs') => {
    using project = temporaryFiles({ 'driver.mjs': text });
    return await loadExport({ module, exportName }, project.path);
  };

  test('lists the exports of the module if the named one is missing', async () => {
    await expect(load('export class One {}\nexport class Two {}', 'Three')).rejects.toThrow(
      'module "./driver.mjs" does not export "Three" (it exports One, Two)',
    );
  });

  test('says that a name is needed for several exports without a default', async () => {
    await expect(load('export class One {}\nexport class Two {}', undefined)).rejects.toThrow(
      /does not export "default"/,
    );
  });

  test('says that an empty module exports nothing', async () => {
    await expect(load('', 'One')).rejects.toThrow('(it exports nothing)');
  });

  test('names a missing package', async () => {
    await expect(load('', 'One', 'no-such-package-of-anybody')).rejects.toThrow(/no-such-package-of-anybody/);
  });

  test('includes an error of the module itself', async () => {
    await expect(load('throw new Error("no licence");', 'One')).rejects.toThrow('no licence');
  });
});
