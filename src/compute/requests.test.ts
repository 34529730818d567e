import { describe, expect, test } from 'vitest';
import { ConfigError, ConflictError, neverAborted, NotFoundError } from '../base/index.ts';
import type { CinderClient, Volume } from '../cinder-client/index.ts';
import { chooseVolumes, deviceName, deviceNameAfter } from './requests.ts';
import type { ServerVolumeRequest } from './requests.ts';

const w = { signal: neverAborted() };
const volume = (id: string, change: Partial<Volume> = {}) => ({
  id,
  name: `name of ${id}`,
  status: 'available',
  sizeGib: 10,
  bootable: true,
  multiattach: false,
  encrypted: false,
  ...change,
});

const volumes = [
  volume('boot'),
  volume('data', { bootable: false, sizeGib: 20 }),
  volume('more', { bootable: false }),
  volume('used', { status: 'in-use' }),
  volume('shared', { status: 'in-use', multiattach: true }),
  volume('broken', { status: 'error' }),
];

const cinder = {
  findVolume: async (nameOrId: string) => volumes.find(({ id, name }) => id === nameOrId || name === nameOrId),
} as unknown as CinderClient; // the one verb that is used

const choose = async (...requests: ServerVolumeRequest[]) => await chooseVolumes(cinder, { volumes: requests }, w);

const beside = async (...requests: ServerVolumeRequest[]) =>
  await chooseVolumes(cinder, { volumes: requests, storageGroup: { name: 'prepared' } }, w);

describe('the volumes of a new server', () => {
  test('need no boot volume beside a storage group, and boot only where that is said', async () => {
    await expect(beside()).resolves.toEqual([]);
    await expect(beside({ volumeId: 'data' })).resolves.toMatchObject([{ volumeId: 'data', bootIndex: null }]);
    await expect(beside({ volumeId: 'boot', bootIndex: 0 })).resolves.toMatchObject([{ bootIndex: 0 }]);
    const twice = beside({ volumeId: 'boot', bootIndex: 0 }, { volumeId: 'shared', bootIndex: 0 });
    await expect(twice).rejects.toThrow('2 of 2 volumes have boot-index=0, expected at most one');
  });

  test('are what Cinder knows under their name or id, with Nova’s device names', async () => {
    await expect(choose({ volumeId: 'name of boot' })).resolves.toEqual([
      {
        volumeId: 'boot',
        volumeName: 'name of boot',
        sizeGib: 10,
        bootIndex: 0,
        deviceName: '/dev/sda',
        deleteOnTermination: false,
        mode: 'rw',
        reservation: null,
        connector: null,
        connectionInfo: null,
      },
    ]);
  });

  test('have the boot volume first, and the others in the order given', async () => {
    const chosen = await choose(
      { volumeId: 'more' },
      { volumeId: 'data', bootIndex: 1 },
      { volumeId: 'boot', bootIndex: 0, deleteOnTermination: true },
    );

    expect(chosen.map(({ volumeId, deviceName: name, bootIndex }) => [volumeId, name, bootIndex])).toEqual([
      ['boot', '/dev/sda', 0],
      ['more', '/dev/sdb', null],
      ['data', '/dev/sdc', 1],
    ]);
    expect(chosen.map((each) => each.deleteOnTermination)).toEqual([true, false, false]);
  });

  test.each<[string, string[], string, string[]]>([
    [
      'the only bootable one',
      ['data', 'boot', 'more'],
      'boot',
      ['volume "boot" is the boot volume (the only bootable volume)'],
    ],
    [
      'the first, if several are bootable',
      ['boot', 'data', 'shared'],
      'boot',
      ['volume "boot" is the boot volume (the first of 2 bootable volumes)'],
    ],
    ['a single one, without a note', ['boot'], 'boot', []],
  ])('without a boot index boot from %s', async (_which, ids, booted, expected) => {
    const notes: string[] = [];
    const requests = ids.map((volumeId) => ({ volumeId }));

    const chosen = await chooseVolumes(cinder, { volumes: requests }, w, (text) => notes.push(text));

    expect(chosen[0]).toMatchObject({ volumeId: booted, bootIndex: 0, deviceName: '/dev/sda' });
    expect(chosen.slice(1).map(({ bootIndex }) => bootIndex)).toEqual(ids.slice(1).map(() => null));
    expect(notes).toEqual(expected);
  });

  test('are refused if the first is to boot and none is bootable', async () => {
    await expect(choose({ volumeId: 'data' }, { volumeId: 'more' })).rejects.toThrow(
      'volume "data" is not bootable, but is to be the boot volume',
    );
  });

  test('may be in use elsewhere if they are for several', async () => {
    await expect(choose({ volumeId: 'shared' })).resolves.toHaveLength(1);
  });

  test.each<[string, ServerVolumeRequest[], new (message: string) => Error, RegExp]>([
    ['none at all', [], ConfigError, /^0 of 0 volumes have boot-index=0, expected exactly one$/],
    [
      'two of which none boots',
      [{ volumeId: 'boot', bootIndex: 1 }, { volumeId: 'data' }],
      ConfigError,
      /^0 of 2 volumes have boot-index=0, expected exactly one$/,
    ],
    [
      'two with index 0',
      [
        { volumeId: 'boot', bootIndex: 0 },
        { volumeId: 'data', bootIndex: 0 },
      ],
      ConfigError,
      /^2 of 2/,
    ],
    ['one alone with another index', [{ volumeId: 'boot', bootIndex: 1 }], ConfigError, /^0 of 1 volumes/],
    [
      'one volume twice, by id and by name',
      [{ volumeId: 'boot', bootIndex: 0 }, { volumeId: 'name of boot' }],
      ConfigError,
      /^volume boot is given twice$/,
    ],
    ['one that does not exist', [{ volumeId: 'nothing' }], NotFoundError, /^volume "nothing" does not exist$/],
    ['one in use', [{ volumeId: 'used' }], ConflictError, /status "in-use" \(expected available\)/],
    ['one in error', [{ volumeId: 'broken' }], ConflictError, /status "error" \(expected available\)/],
    ['one to boot from that is not bootable', [{ volumeId: 'data' }], ConflictError, /not bootable/],
  ])('are refused: %s', async (_what, requests, kind, message) => {
    await expect(choose(...requests)).rejects.toThrow(kind);
    await expect(choose(...requests)).rejects.toThrow(message);
  });
});

describe('device names', () => {
  test.each([
    [0, '/dev/sda'],
    [25, '/dev/sdz'],
    [26, '/dev/sdaa'],
    [27, '/dev/sdab'],
    [51, '/dev/sdaz'],
    [52, '/dev/sdba'],
    [701, '/dev/sdzz'],
    [702, '/dev/sdaaa'],
  ])('are the kernel’s: number %i is %s', (position, name) => {
    expect(deviceName(position)).toBe(name);
  });

  test('are all different', () => {
    const names = Array.from({ length: 20_000 }, (_, position) => deviceName(position));

    expect(new Set(names).size).toBe(names.length);
  });

  test('are given anew where one became free', () => {
    const devices = ['/dev/sda', '/dev/sdb', '/dev/sdd'].map((name) => ({ deviceName: name }));

    expect(deviceNameAfter(devices)).toBe('/dev/sdc');
    expect(deviceNameAfter([])).toBe('/dev/sda');
  });
});
