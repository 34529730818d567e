import { describe, expect, onTestFinished, test } from 'vitest';
import { ConflictError, NotFoundError } from '../base/index.ts';
import { temporaryFiles } from '../../test/support/packages.ts';
import { openDatabase } from './database.ts';
import { InstanceStore } from './instances.ts';
import type { BlockDevice, InstanceRecord } from './instances.ts';

const uuid = (n: number) => `2f0c1a34-9c7e-4b7e-8a63-${String(n).padStart(12, '0')}`;

const instance = (n: number, change: Partial<InstanceRecord> = {}): InstanceRecord => ({
  uuid: uuid(n),
  name: `web${n}`,
  host: 'compute1',
  createdAt: `2026-01-01T00:00:0${n}.000Z`,
  vcpus: 2,
  memoryMib: 4096,
  vmState: 'building',
  taskState: 'scheduling',
  powerState: 'nostate',
  fault: null,
  extraSpecs: { 'dpm:secure_boot': 'true' },
  description: null,
  ...change,
});

const device = (n: number, volumeId: string, change: Partial<BlockDevice> = {}): BlockDevice => ({
  instanceUuid: uuid(n),
  volumeId,
  sizeGib: 10,
  bootIndex: null,
  deviceName: '/dev/sdb',
  deleteOnTermination: false,
  volumeName: null,
  mode: 'rw',
  reservation: null,
  connector: null,
  connectionInfo: null,
  ...change,
});

const admit = () => undefined;

/** A store in a directory of its own, gone with the test. */
function newStore(...instances: InstanceRecord[]) {
  const directory = temporaryFiles();
  const database = openDatabase(directory.path);
  onTestFinished(() => {
    database.close();
    directory[Symbol.dispose]();
  });
  const store = new InstanceStore(database);
  for (const each of instances) store.create(each, [], admit);
  return { store, database };
}

describe('an instance', () => {
  test('is found by its UUID and by its name, as it was put in', () => {
    const { store } = newStore(instance(1), instance(2));

    expect(store.get(uuid(2))).toEqual(instance(2));
    expect(store.get('web1')).toEqual(instance(1));
    expect(store.list()).toEqual([instance(1), instance(2)]);
  });

  test('that is not there is undefined to one who asks, and an error to one who needs it', () => {
    const { store } = newStore();

    expect(store.find('web1')).toBeUndefined();
    expect(() => store.get('web1')).toThrow(NotFoundError);
    expect(() => store.get('web1')).toThrow('server "web1" does not exist');
  });

  test('changes in what is given, and in nothing else', () => {
    const { store } = newStore(instance(1), instance(2));
    const fault = { code: 'BOOT_FAILED', message: 'status "paused"', at: '2026-01-01T00:00:00Z', requestId: 'req-1' };

    store.update(uuid(1), { vmState: 'error', taskState: null, fault });
    store.update(uuid(1), {});

    expect(store.get('web1')).toEqual(instance(1, { vmState: 'error', taskState: null, fault }));
    expect(store.get('web2')).toEqual(instance(2));
    store.update(uuid(1), { fault: null });
    expect(store.get('web1').fault).toBeNull();
  });

  test('is not put in twice under one name, nor under the UUID of another', () => {
    const { store } = newStore(instance(1));

    expect(() => store.create(instance(2, { name: 'web1' }), [], admit)).toThrow(ConflictError);
    expect(() => store.create(instance(2, { name: uuid(1) }), [], admit)).toThrow('already exists');
    expect(store.list()).toHaveLength(1);
  });

  test('may have the name of a failed build that was rolled back, but not of one that left something', () => {
    const { store } = newStore(instance(1));
    const fault = { code: 'FLOW_STUCK', message: '', at: '2026-01-01T00:00:00.000Z', requestId: 'req-1' };
    store.update(uuid(1), { vmState: 'error', fault });

    expect(() => store.create(instance(2, { name: 'web1' }), [], admit)).toThrow(ConflictError);
    store.update(uuid(1), { fault: { ...fault, code: 'FLOW_ROLLED_BACK' } });
    store.create(instance(2, { name: 'web1' }), [], admit);
    expect(store.get('web1').uuid).toBe(uuid(2));
  });

  test('is put in only if it is admitted beside those that are there, with its devices or not at all', () => {
    const { store } = newStore(instance(1));
    const seen: string[][] = [];

    expect(() =>
      store.create(instance(2), [device(2, 'v')], (others) => {
        seen.push(others.map(({ name }) => name));
        throw new Error('no room');
      }),
    ).toThrow('no room');
    const twice = { message: expect.stringContaining('UNIQUE') as string };
    expect(() => store.create(instance(3), [device(3, 'v'), device(3, 'v')], admit)).toThrow(
      expect.objectContaining({ code: 'JOURNAL', cause: expect.objectContaining(twice) as Error }),
    );

    expect(seen).toEqual([['web1']]);
    expect(store.list()).toEqual([instance(1)]);
    expect(store.devices(uuid(3))).toEqual([]);
  });

  test('goes with its devices', () => {
    const { store } = newStore();
    store.create(instance(1), [device(1, 'v')], admit);
    store.delete(uuid(1));

    expect(store.list()).toEqual([]);
    expect(store.devices(uuid(1))).toEqual([]);
    expect(() => store.delete(uuid(1))).not.toThrow();
  });
});

describe('a name that several have', () => {
  /** As earlier tries may have left them: the store itself lets no second one in. */
  function sharing(...states: InstanceRecord['vmState'][]) {
    const { store, database } = newStore(...states.map((vmState, index) => instance(index + 1, { vmState })));
    database.exec("update instance set name = 'web'");
    return store;
  }

  test('means the one that works', () => {
    expect(sharing('error', 'active', 'error').get('web').uuid).toBe(uuid(2));
  });

  test('of which none works is refused, with all their UUIDs', () => {
    const store = sharing('error', 'error');

    expect(() => store.get('web')).toThrow(ConflictError);
    expect(() => store.get('web')).toThrow(`2 servers have the name "web"; give the UUID: ${uuid(2)}, ${uuid(1)}`);
    expect(store.get(uuid(1)).uuid).toBe(uuid(1));
  });
});

describe('a device', () => {
  test('keeps what Cinder said of it, and the connector with which it was mapped', () => {
    const { store } = newStore();
    store.create(instance(1), [device(1, 'v')], admit);
    const reservation = { volumeId: 'v', attachmentId: 'a', instanceUuid: uuid(1) };
    const connector = { host: 'h', wwpns: ['c05076d3a1005b20'], platform: 's390x', os_type: 'linux', multipath: true };
    const connectionInfo = {
      driver_volume_type: 'fibre_channel',
      data: { target_lun: 0, target_wwn: ['500507680b21ac01'] },
    };

    store.updateDevice(uuid(1), 'v', { reservation });
    store.updateDevice(uuid(1), 'v', { connector, connectionInfo });

    expect(store.devices(uuid(1))).toEqual([device(1, 'v', { reservation, connector, connectionInfo })]);
    store.updateDevice(uuid(1), 'v', { connectionInfo: null });
    expect(store.devices(uuid(1))[0]).toMatchObject({ reservation, connector, connectionInfo: null });
  });

  test('are in boot order, then in the order of their names', () => {
    const { store } = newStore();
    const devices = [
      device(1, 'c', { deviceName: '/dev/sdc' }),
      device(1, 'b', { deviceName: '/dev/sdb' }),
      device(1, 'second', { bootIndex: 1, deviceName: '/dev/sdd' }),
      device(1, 'boot', { bootIndex: 0, deviceName: '/dev/sda' }),
    ];
    store.create(instance(1), devices, admit);

    expect(store.devices(uuid(1)).map(({ volumeId }) => volumeId)).toEqual(['boot', 'second', 'b', 'c']);
  });

  test('comes and goes by itself', () => {
    const { store } = newStore(instance(1));
    store.addDevice(device(1, 'v', { mode: 'ro', deleteOnTermination: true, sizeGib: 1.5 }));

    expect(store.devices(uuid(1))).toEqual([device(1, 'v', { mode: 'ro', deleteOnTermination: true, sizeGib: 1.5 })]);
    store.deleteDevice(uuid(1), 'v');
    expect(store.devices(uuid(1))).toEqual([]);
  });

  test('of no instance is refused', () => {
    const { store } = newStore();

    expect(() => store.addDevice(device(9, 'v'))).toThrow(/FOREIGN KEY/);
  });
});
