import { describe, expect, test } from 'vitest';
import { InternalError } from '../../base/index.ts';
import type { BlockDeviceInfo, DriverBlockDevice, Instance } from '../driver-types.ts';
import { isMapped, mappedVolumes, ownerOf, partitionRequest, requireMapped } from './mapping.ts';
import type { DpmDriverSettings } from './settings.ts';

const instance: Instance = {
  uuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6',
  name: 'web1',
  host: 'compute1',
  flavor: { vcpus: 2, memoryMb: 1500 },
};
const connectionInfo = { driver_volume_type: 'fibre_channel', data: { target_lun: 0 } };
const device = (volumeId: string, change: Partial<DriverBlockDevice> = {}): DriverBlockDevice => ({
  volumeId,
  sizeGib: 10,
  bootIndex: null,
  mountDevice: '/dev/sdb',
  attachmentId: null,
  deleteOnTermination: false,
  ...change,
});
const info = (...blockDeviceMapping: DriverBlockDevice[]): BlockDeviceInfo => ({
  rootDeviceName: '/dev/sda',
  blockDeviceMapping,
});
const settings = { host: 'compute1', memoryIncrementMib: 1024, bootTimeoutSeconds: 60 } as DpmDriverSettings; // all that the mapping looks at

describe('Nova’s words', () => {
  test('of an instance become the owner of a partition', () => {
    expect(ownerOf(instance, 'compute1')).toEqual({ host: 'compute1', instanceUuid: instance.uuid });
  });

  test('of an instance and its volumes become the partition that is to be', () => {
    expect(partitionRequest(instance, info(device('boot', { bootIndex: 0 }), device('data')), settings)).toMatchObject({
      owner: { host: 'compute1', instanceUuid: instance.uuid },
      partition: {
        name: `OpenStack-compute1-${instance.uuid}`,
        description: `OpenStack CPCSubset=compute1 (server ${instance.name})`,
        resources: { iflProcessors: 2, processorMode: 'shared', initialMemory: 2048, maximumMemory: 2048 },
        boot: {},
      },
      storageGroup: null,
      volumes: [
        { volumeId: 'boot', sizeGib: 10, isBoot: true },
        { volumeId: 'data', sizeGib: 10, isBoot: false },
      ],
    });
    expect(partitionRequest(instance, null, settings).volumes).toEqual([]);
  });

  test('of a flavour say how it is loaded, and from which group that is there already', () => {
    const extraSpecs = { 'dpm:secure_boot': 'true', 'dpm:storage_group': 'shop data' };
    const asked = { ...instance, flavor: { ...instance.flavor, extraSpecs } };

    expect(partitionRequest(asked, null, settings)).toMatchObject({
      partition: { boot: { secureBoot: true } },
      storageGroup: { name: 'shop data', bootVolume: null },
    });
  });

  test('of volumes that Cinder has mapped are taken over, those of others left out', () => {
    const some = info(device('boot', { bootIndex: 0, connectionInfo }), device('data'));

    expect(mappedVolumes(some)).toEqual([{ volumeId: 'boot', sizeGib: 10, isBoot: true, connectionInfo }]);
    expect(mappedVolumes(null)).toEqual([]);
    expect(mappedVolumes(undefined)).toEqual([]);
  });

  test('say which order of spawn it is: mapped volumes are the stock one', () => {
    expect(isMapped(info(device('a', { connectionInfo }), device('b', { connectionInfo })))).toBe(true);
    expect(isMapped(info(device('a', { connectionInfo }), device('b')))).toBe(false);
  });

  test('of a callback that left a volume unmapped are refused', () => {
    expect(() => requireMapped(info(device('a', { connectionInfo }), device('b')))).toThrow(InternalError);
    expect(() => requireMapped(info(device('b')))).toThrow('volume b came back without connection_info');
    expect(requireMapped(info(device('a', { connectionInfo })))).toHaveLength(1);
  });
});
