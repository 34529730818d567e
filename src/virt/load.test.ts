import { describe, expect, test } from 'vitest';
import { ConfigError, describeError, silentLogger } from '../base/index.ts';
import { packageFiles, temporaryFiles } from '../../test/support/packages.ts';
import { FakeDriver, loadDriver } from './index.ts';
import type { DriverServices, VirtApi } from './index.ts';

const virtapi: VirtApi = {
  prepBlockDevice: (_context, _instance, info) => Promise.resolve(info),
  unprepBlockDevice: () => Promise.resolve(),
};

const services: DriverServices = {
  virtapi,
  host: 'compute1',
  log: silentLogger,
  dpm: () => {
    throw new ConfigError('dpm.hmc is not set');
  },
};

const thirdParty = packageFiles(
  'site-driver',
  { type: 'module', exports: './index.js' },
  {
    'index.js': `
      export class SiteDriver { constructor(virtapi, services) { this.virtapi = virtapi; this.services = services; } }
      export class Failing { constructor() { throw new Error('no licence'); } }
      export const notAClass = 7;
    `,
  },
);

async function load(name: string) {
  using project = temporaryFiles(thirdParty);
  return await loadDriver(name, services, project.path);
}

describe('compute_driver', () => {
  test('fake.FakeDriver is the fake one, of this host', async () => {
    const driver = await load('fake.FakeDriver');

    expect(driver).toBeInstanceOf(FakeDriver);
    await expect(driver.getAvailableNodes()).resolves.toEqual(['compute1']);
  });

  test('dpm.DPMDriver asks for the settings of DPM, which no other driver does', async () => {
    await expect(load('dpm.DPMDriver')).rejects.toThrow('dpm.hmc is not set');
    await expect(load('fake.FakeDriver')).resolves.toBeDefined();
  });

  test("may name a third party's class, which gets the virtapi and all that ours gets", async () => {
    const driver = await load('site-driver#SiteDriver');

    expect(driver).toHaveProperty('virtapi', virtapi);
    expect(driver).toHaveProperty('services', services);
  });

  test.each([
    ['another built-in of Nova', 'libvirt.LibvirtDriver', /libvirt\.LibvirtDriver/],
    ['a word that every object knows', 'constructor', /constructor/],
    [
      'an export that is not there',
      'site-driver#Nothing',
      /does not export "Nothing" \(it exports Failing, SiteDriver, notAClass\)/,
    ],
    ['an export that is no class', 'site-driver#notAClass', /it exports number, expected a class/],
    ['a class that cannot be made', 'site-driver#Failing', /no licence/],
  ])('is refused for %s', async (_what, name, message) => {
    const error: unknown = await load(name).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toHaveProperty(
      'message',
      `DEFAULT.compute_driver is "${name}", expected dpm.DPMDriver, fake.FakeDriver or <module>#<Export>`,
    );
    expect(describeError(error)).toMatch(message);
  });
});
