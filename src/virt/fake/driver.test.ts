import { describe, expect, test } from 'vitest';
import { neverAborted, NotFoundError } from '../../base/index.ts';
import { FakeDriver } from '../index.ts';
import type { BlockDeviceInfo, Instance, RequestContext } from '../index.ts';

const context: RequestContext = { requestId: 'req-1', signal: neverAborted() };
const instance: Instance = {
  uuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6',
  name: 'web1',
  host: 'compute1',
  flavor: { vcpus: 2, memoryMb: 4096 },
};
const devices = (connectionInfo?: { driver_volume_type: string; data: Record<string, never> }): BlockDeviceInfo => ({
  rootDeviceName: '/dev/sda',
  blockDeviceMapping: [
    {
      volumeId: 'v',
      sizeGib: 1,
      bootIndex: 0,
      mountDevice: '/dev/sda',
      attachmentId: null,
      deleteOnTermination: false,
      connectionInfo,
    },
  ],
});

/** A driver, and what it asks of its manager. */
function newDriver(prepare: () => Promise<void> = () => Promise.resolve()) {
  const asked: string[] = [];
  const driver = new FakeDriver('compute1', {
    prepBlockDevice: async (_context, _instance, info) => {
      asked.push('prep');
      await prepare();
      return info;
    },
    unprepBlockDevice: async (_context, uuid) => {
      asked.push(`unprep ${uuid}`);
    },
  });
  const spawn = async (info: BlockDeviceInfo | null, powerOn = true) =>
    await driver.spawn(context, instance, null, [], null, null, null, info, powerOn);
  return { driver, asked, spawn };
}

describe('the fake driver', () => {
  test('has its volumes mapped by the manager, if they are not yet', async () => {
    const { driver, asked, spawn } = newDriver();

    await spawn(devices());

    expect(asked).toEqual(['prep']);
    await expect(driver.getInfo(instance)).resolves.toEqual({ state: 'running' });
  });

  test('takes volumes that are mapped as they are: the stock order', async () => {
    const { asked, spawn } = newDriver();

    await spawn(devices({ driver_volume_type: 'fibre_channel', data: {} }));

    expect(asked).toEqual([]);
  });

  test('gives everything back when its volumes cannot be mapped', async () => {
    const { driver, asked, spawn } = newDriver(() => Promise.reject(new Error('array full')));

    await expect(spawn(devices())).rejects.toThrow('array full');

    expect(asked).toEqual(['prep', `unprep ${instance.uuid}`]);
    await expect(driver.instanceExists(instance)).resolves.toBe(false);
  });

  test('leaves a guest stopped that is not to run', async () => {
    const { driver, spawn } = newDriver();

    await spawn(null, false);

    await expect(driver.getInfo(instance)).resolves.toEqual({ state: 'shutdown' });
  });

  test('destroys a guest and its mappings, and one that is gone as well', async () => {
    const { driver, asked, spawn } = newDriver();
    await spawn(null);

    await driver.destroy(context, instance);
    await driver.destroy(context, instance);

    expect(asked).toEqual([`unprep ${instance.uuid}`, `unprep ${instance.uuid}`]);
    await expect(driver.getNumInstances()).resolves.toBe(0);
  });

  test('turns power on and off', async () => {
    const { driver, spawn } = newDriver();
    await spawn(null);

    await driver.powerOff(instance);
    await expect(driver.getInfo(instance)).resolves.toEqual({ state: 'shutdown' });
    await driver.powerOn(context, instance);
    await expect(driver.getInfo(instance)).resolves.toEqual({ state: 'running' });
    await driver.powerOff(instance);
    await driver.reboot(context, instance);
    await expect(driver.listPowerStates()).resolves.toEqual(new Map([[instance.uuid, 'running']]));
  });

  test('makes a guest before spawn, where the order is the stock one, and takes it away when spawn is not to be', async () => {
    const { driver } = newDriver();

    await driver.prepareForSpawn(instance);
    await expect(driver.instanceExists(instance)).resolves.toBe(true);
    await driver.failedSpawnCleanup(instance);
    await driver.failedSpawnCleanup(instance);
    await expect(driver.instanceExists(instance)).resolves.toBe(false);
  });

  test.each(['getInfo', 'powerOff'] as const)('knows no guest that was never made: %s', async (verb) => {
    await expect(newDriver().driver[verb](instance)).rejects.toThrow(NotFoundError);
  });

  test('has a connector of one port that is the instance’s own', async () => {
    const { driver } = newDriver();
    const other = { ...instance, uuid: '7d1c0a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };

    const [mine, theirs] = [await driver.getVolumeConnector(instance), await driver.getVolumeConnector(other)];

    expect(mine).toMatchObject({ host: instance.uuid, platform: 's390x', os_type: 'linux' });
    expect(mine.wwpns).toEqual([expect.stringMatching(/^c05076[0-9a-f]{10}$/)]);
    expect(mine.wwpns).not.toEqual(theirs.wwpns);
  });

  test('counts what its guests use', async () => {
    const { driver, spawn } = newDriver();
    await spawn(null);

    await expect(driver.getAvailableResource('compute1')).resolves.toMatchObject({
      hypervisorHostname: 'compute1',
      vcpusUsed: 2,
      memoryMbUsed: 4096,
    });
    await expect(driver.listGuests()).resolves.toMatchObject([{ name: 'web1', status: 'running', iflProcessors: 2 }]);
    await expect(driver.listInstances()).resolves.toEqual(['web1']);
  });

  test('takes the guests of an earlier process for shut down', async () => {
    const { driver } = newDriver();

    await driver.processInstancesAtStartup(context, [instance]);

    await expect(driver.getInfo(instance)).resolves.toEqual({ state: 'shutdown' });
  });
});
