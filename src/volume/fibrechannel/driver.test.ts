import { describe, expect, test } from 'vitest';
import { neverAborted, silentLogger, wwpnSchema } from '../../base/index.ts';
import type { Wwpn } from '../../base/index.ts';
import type { ConnectionInfo } from '../../cinder-client/index.ts';
import type { ConnectedVolume, Initiator, PartitionStorage } from '../../partition/index.ts';
import { FibreChannelVolumeDriver, NoUsableTargetError } from '../index.ts';
import type { VolumeInstance, VolumeOptions } from '../index.ts';

const A = wwpnSchema.parse('c05076d3a1005b20');
const B = wwpnSchema.parse('c05076d3a1005b24');
const T1 = '500507680b21ac01';
const T2 = '500507680b22ac01';

const initiator = (wwpn: Wwpn, deviceNumber: string | null): Initiator => ({
  wwpn,
  deviceNumber,
  elementUri: `/api/partitions/p/hbas/${wwpn}`,
  adapterPortUri: null,
});
const instance: VolumeInstance = {
  host: 'compute1',
  instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6',
  partition: { uri: '/api/partitions/p', name: 'p' },
  initiators: [initiator(A, '8000'), initiator(B, '8001')],
};
const options: VolumeOptions = { volumeId: 'volume-1', sizeGib: 10, isBoot: true, signal: neverAborted() };
const info = (data: ConnectionInfo['data'] = {}): ConnectionInfo => ({
  driver_volume_type: 'fibre_channel',
  data: { target_wwn: [T1, T2], target_lun: 2, ...data },
});

/** A driver whose storage records its calls, and exposes every LUN as vHBAs do. */
function watched(ignoredTargets: ReadonlySet<Wwpn> = new Set()) {
  const exposed: ConnectedVolume[] = [];
  const concealed: unknown[] = [];
  const warnings: unknown[] = [];
  const storage = {
    expose: async (_target: unknown, volumes: readonly ConnectedVolume[]) => {
      exposed.push(...volumes);
      return volumes;
    },
    conceal: async (_owner: unknown, volumes: readonly unknown[]) => {
      concealed.push(...volumes);
    },
    inspection: {
      listPaths: async (_owner: unknown, _partition: unknown, initiators: readonly Initiator[]) =>
        initiators.map(({ wwpn, deviceNumber }, index) => ({
          volumeId: index === 0 ? 'volume-1' : null,
          initiatorWwpn: wwpn,
          targetWwpn: T1,
          lun: '0002000000000000',
          deviceNumber,
        })),
    },
  } as unknown as PartitionStorage; // what of it a volume driver uses
  const log = { ...silentLogger, warn: (line: unknown) => warnings.push(line) } as unknown as typeof silentLogger; // only what is called
  return { driver: new FibreChannelVolumeDriver({ log, storage, ignoredTargets }), exposed, concealed, warnings };
}

describe('the Fibre Channel driver', () => {
  test('exposes a volume on its paths in boot order, with the device number of each port', async () => {
    const { driver, exposed } = watched();

    const connected = await driver.connectVolume(info(), instance, options);

    expect(connected.paths).toEqual([
      { initiatorWwpn: A, targetWwpn: T1, lun: '0002000000000000', deviceNumber: '8000' },
      { initiatorWwpn: B, targetWwpn: T2, lun: '0002000000000000', deviceNumber: '8001' },
      { initiatorWwpn: A, targetWwpn: T2, lun: '0002000000000000', deviceNumber: '8000' },
      { initiatorWwpn: B, targetWwpn: T1, lun: '0002000000000000', deviceNumber: '8001' },
    ]);
    expect(connected).toMatchObject({ volumeId: 'volume-1', isBoot: true, storageVolumeUri: null });
    expect(connected.pathReason).toContain(`initiator ${A} is the preferred adapter port`);
    expect(exposed).toMatchObject([{ volumeId: 'volume-1', sizeGib: 10, isBoot: true, naa: null }]);
  });

  test('passes on the identity of the volume if the back end sends one', async () => {
    const { driver, exposed } = watched();

    await driver.connectVolume(info({ wwn: '3624a9370abcdef0123456789000111a2' }), instance, options);

    expect(exposed[0]?.naa).toBe('624a9370abcdef0123456789000111a2');
  });

  test('logs one warning per volume with the keys that have no effect', async () => {
    const { driver, warnings } = watched();
    const data = { qos_specs: { total_iops_sec: '500' }, cacheable: true, discard: true };
    const other = { ...options, volumeId: 'volume-limited' };

    for (const volume of [other, other, { ...options, volumeId: 'volume-limited-2' }])
      await driver.connectVolume(info(data), instance, volume);
    await watched().driver.connectVolume(info(data), instance, other);

    const keys = ['cacheable', 'qos_specs'];
    const event = 'volume.keys-ignored';
    expect(warnings).toEqual([
      { event, volumeId: 'volume-limited', keys },
      { event, volumeId: 'volume-limited-2', keys },
    ]);
  });

  test('logs each excluded path and each warning, with the volume', async () => {
    const { driver, warnings } = watched(new Set([wwpnSchema.parse(T2)]));
    const target_luns = [2, 3];

    await driver.connectVolume(
      info({ target_luns, initiator_target_map: { [A]: [T1, T2, '500507680b2fac01'] } }),
      instance,
      options,
    );

    expect(warnings).toEqual([
      expect.objectContaining({ event: 'volume.connection', volumeId: 'volume-1' }),
      expect.objectContaining({ initiatorWwpn: A, targetWwpn: T2, reason: 'in target_wwpn_ignore_list' }),
      expect.objectContaining({ initiatorWwpn: B, reason: 'not in initiator_target_map' }),
    ]);
  });

  test('warns that nothing enforces a read-only volume', async () => {
    const { driver, warnings } = watched();

    await driver.connectVolume(info({ access_mode: 'rw' }), instance, options);
    expect(warnings).toEqual([]);

    await driver.connectVolume(info({ access_mode: 'ro' }), instance, options);
    expect(warnings).toEqual([{ event: 'volume.read-only', volumeId: 'volume-1' }]);
  });

  test('exposes nothing if there is no path', async () => {
    const { driver, exposed } = watched();
    const foreign = info({ initiator_target_map: { c05076ffffff0001: [T1] } });

    await expect(driver.connectVolume(foreign, instance, options)).rejects.toThrow(NoUsableTargetError);
    expect(exposed).toEqual([]);
  });

  test.each(['disconnectVolume', 'rollback'] as const)(
    '%s conceals the volume, even if its connection_info makes no sense any more',
    async (verb) => {
      const { driver, concealed } = watched();

      await driver[verb]({ driver_volume_type: 'fibre_channel', data: {} }, instance, options);

      expect(concealed).toEqual([{ volumeId: 'volume-1' }]);
    },
  );

  test('does nothing when the whole instance is destroyed with its storage', async () => {
    const { driver, concealed } = watched();

    await driver.disconnectVolume(info(), instance, { ...options, isTeardown: true });

    expect(concealed).toEqual([]);
  });

  test('returns the paths of a volume without changing anything', async () => {
    const { driver, exposed } = watched();

    const paths = await driver.getVolumePaths(info(), instance);

    expect(paths).toHaveLength(4);
    expect(paths[1]).toMatchObject({ initiatorWwpn: B, deviceNumber: '8001' });
    expect(exposed).toEqual([]);
  });

  test('returns the search path, and every known path with its volume if it is known', async () => {
    const { driver } = watched();

    expect(driver.getSearchPath(instance)).toBe('/api/partitions/p');
    expect(driver.getSearchPath(undefined)).toBe('/api/partitions');
    await expect(driver.getAllVolumes(instance, options)).resolves.toEqual([
      `8000 ${A} ${T1} 0002000000000000 volume-1`,
      `8001 ${B} ${T1} 0002000000000000 -`,
    ]);
  });

  test('returns no device number for a port that the partition does not have yet', async () => {
    const { driver } = watched();
    const early = { ...instance, initiators: [initiator(A, null)] };

    const { paths } = await driver.connectVolume(info(), early, options);

    expect(paths[0]?.deviceNumber).toBeNull();
    await expect(driver.getAllVolumes(early, options)).resolves.toEqual([`---- ${A} ${T1} 0002000000000000 volume-1`]);
  });
});
