import { describe, expect, test } from 'vitest';
import { describeError, silentLogger } from '../base/index.ts';
import type { PartitionStorage } from '../partition/index.ts';
import { packageFiles, temporaryFiles } from '../../test/support/packages.ts';
import { FibreChannelVolumeDriver, VolumeDriverError, VolumeDriverRegistry } from './index.ts';
import type { VolumeDriverContext, VolumeDriverEntry } from './index.ts';

const context: VolumeDriverContext = {
  log: silentLogger,
  storage: {} as PartitionStorage, // no driver uses it when it is made
  ignoredTargets: new Set(),
};
const builtin: VolumeDriverEntry = { type: 'fibre_channel', module: 'builtin' };

const whole = `
  export class NvmeDriver {
    constructor(context) { this.context = context; }
    async connectVolume(info) { return { volumeId: info.data.volume_id, isBoot: false, paths: [], storageVolumeUri: null, pathReason: 'nvme' }; }
    async disconnectVolume() {}
    async rollback() {}
    async getVolumePaths() { return []; }
    getSearchPath() { return '/dev/nvme'; }
    async getAllVolumes() { return []; }
  }
  export class HalfDriver { connectVolume() {} rollback() {} }
  export class FailingDriver { constructor() { throw new Error('no licence'); } }
  export const arrow = () => ({});
  export const notAClass = { connectVolume() {} };
`;
const thirdParty = packageFiles(
  'dpm-nvme',
  { type: 'module', exports: { import: './index.js' } },
  { 'index.js': whole },
);

async function load(...entries: VolumeDriverEntry[]): Promise<VolumeDriverRegistry> {
  using project = temporaryFiles(thirdParty);
  return await VolumeDriverRegistry.load(entries, context, project.path);
}

/** Returns the message of the error with its causes. */
async function refusal(...entries: VolumeDriverEntry[]): Promise<string> {
  const error: unknown = await load(...entries).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(VolumeDriverError);
  return describeError(error);
}

describe('the registry', () => {
  test('has the built-in driver for Fibre Channel', async () => {
    const registry = await load(builtin);

    expect(registry.get('fibre_channel')).toBeInstanceOf(FibreChannelVolumeDriver);
    expect(registry.find('iscsi')).toBeUndefined();
  });

  test('creates the driver of a third party with the same context as the built-in driver', async () => {
    const registry = await load(builtin, { type: 'nvmeof', module: 'dpm-nvme', exportName: 'NvmeDriver' });

    const driver = registry.get('nvmeof');
    expect(driver.getSearchPath(undefined)).toBe('/dev/nvme');
    expect(driver).toHaveProperty('context', context);
    expect(registry.get('fibre_channel')).toBeInstanceOf(FibreChannelVolumeDriver);
  });

  test('lets the driver of a third party replace the built-in one for Fibre Channel', async () => {
    const registry = await load({ type: 'fibre_channel', module: 'dpm-nvme', exportName: 'NvmeDriver' });

    expect(registry.get('fibre_channel')).not.toBeInstanceOf(FibreChannelVolumeDriver);
  });

  test('lists the types that it serves in the error about another type', async () => {
    const registry = await load(builtin, { type: 'nvmeof', module: 'dpm-nvme', exportName: 'NvmeDriver' });

    expect(() => registry.get('iscsi')).toThrow(VolumeDriverError);
    expect(() => registry.get('iscsi')).toThrow(
      'no volume driver for driver_volume_type "iscsi" (there is one for fibre_channel, nvmeof)',
    );
  });
});

describe('a line of dpm.volume_drivers is rejected', () => {
  const external = (exportName?: string, module = 'dpm-nvme') => ({ type: 'nvmeof', module, exportName });

  test('when there is no built-in driver for its type', async () => {
    expect(await refusal({ type: 'iscsi', module: 'builtin' })).toBe(
      'dpm.volume_drivers: there is no built-in driver for "iscsi" (only for fibre_channel)',
    );
  });

  test.each(['constructor', 'toString', '__proto__'])(
    'when its type is the word "%s", which every object knows',
    async (type) => {
      expect(await refusal({ type, module: 'builtin' })).toContain(`no built-in driver for "${type}"`);
    },
  );

  test('when the export is missing, with a list of the exports', async () => {
    const message = await refusal(external('Nvme'));

    expect(message).toContain('dpm.volume_drivers "nvmeof=dpm-nvme#Nvme": it cannot be loaded: ');
    expect(message).toContain(
      'does not export "Nvme" (it exports FailingDriver, HalfDriver, NvmeDriver, arrow, notAClass)',
    );
  });

  test('when the module is missing', async () => {
    expect(await refusal(external('X', 'no-such-package-of-anybody'))).toMatch(
      /^dpm.volume_drivers "nvmeof=no-such-package-of-anybody#X": it cannot be loaded: .*no-such-package-of-anybody/,
    );
  });

  test('when methods are missing, with their names', async () => {
    expect(await refusal(external('HalfDriver'))).toBe(
      'dpm.volume_drivers "nvmeof=dpm-nvme#HalfDriver": it has no method ' +
        'disconnectVolume, getVolumePaths, getSearchPath, getAllVolumes',
    );
  });

  test.each([
    ['is no class', 'notAClass', 'it cannot be loaded: it exports object, expected a class'],
    ['is a function that makes nothing with new', 'arrow', 'its constructor failed: '],
    ['fails in its constructor', 'FailingDriver', 'its constructor failed: no licence'],
  ])('when its export %s', async (_what, name, message) => {
    expect(await refusal(external(name))).toContain(`dpm.volume_drivers "nvmeof=dpm-nvme#${name}": ${message}`);
  });

  test('before any other driver is used: there is never a partial registry', async () => {
    await refusal(builtin, external('HalfDriver'));
  });
});
