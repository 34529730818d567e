import { describe, expect, test } from 'vitest';
import { ConflictError, wwpnSchema } from '../base/index.ts';
import type { Decided } from '../partition/index.ts';
import { call, fakeTools, fakePartitions } from '../../test/support/spawn-tools.ts';
import { park, removeParked } from './park.ts';

const owner = { host: 'compute1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
const partition = { uri: '/api/partitions/p', name: `OpenStack-compute1-${owner.instanceUuid}`, status: 'stopped' };
const there: Decided = { kind: 'ours', partition };
const parked: Decided = { kind: 'ours', partition: { ...partition, isParked: true } };
const volume = {
  volumeId: 'boot',
  sizeGib: 1,
  isBoot: true,
  connectionInfo: { driver_volume_type: 'fibre_channel', data: {} },
};
const request = { owner, mapped: [volume], isMappingKnown: true };
const port = {
  wwpn: wwpnSchema.parse('c05076d3a1005b20'),
  deviceNumber: null,
  elementUri: null,
  adapterPortUri: null,
};

interface World {
  readonly found?: Decided;
  readonly model?: 'hba' | 'storage-group';
  readonly ports?: readonly (typeof port)[];
  readonly hadPorts?: boolean;
  readonly updateFails?: Error;
  readonly looksFail?: Error;
}

function world({ found = there, model = 'hba', ports = [port], hadPorts = false, updateFails, looksFail }: World = {}) {
  const diary: string[] = [];
  const says = (what: string) => async () => void diary.push(what);
  const storage = {
    model,
    initiators: async () => ports,
    unbindOthers: says('detach other groups'),
    unbind: says('detach groups'),
    deallocate: says('delete group'),
  };
  const lifecycle = { ensureStopped: says('stop'), deleteStopped: says('delete') };
  const hmc = {
    partitions: {
      update: async (uri: string, changes: object) => {
        diary.push(`update ${uri} ${JSON.stringify(changes)}`);
        if (updateFails !== undefined) throw updateFails;
      },
    },
  };
  const network = { remove: says('delete NICs') };
  const volumeDrivers = { find: () => ({ disconnectVolume: says('disconnect') }) };
  const decide = async () => {
    if (looksFail !== undefined) throw looksFail;
    return found;
  };
  const partitions = { ...fakePartitions(found, diary), decide, hadPorts: () => hadPorts };
  return { tools: fakeTools({ partitions, storage, lifecycle, hmc, network, volumeDrivers }), diary };
}

const mark =
  'update /api/partitions/p {"description":"OpenStack CPCSubset=compute1 parked","bootDevice":"none","bootOsSpecificParameters":""}';

describe('park', () => {
  test('stops the partition, disconnects its volumes, and records that it is parked before the HMC is told', async () => {
    const { tools, diary } = world();

    await park(request, tools, call);

    expect(diary).toEqual(['stop', 'disconnect', 'delete NICs', 'parks', mark]);
  });

  test('keeps the storage group of the instance, and takes those of others away', async () => {
    const { tools, diary } = world({ model: 'storage-group' });

    await park({ ...request, mapped: [] }, tools, call);

    expect(diary).toEqual(['stop', 'detach other groups', 'delete NICs', 'parks', mark]);
  });

  test('deletes a partition that never had a port: nothing can be masked to it', async () => {
    const { tools, diary } = world({ ports: [] });

    await park({ ...request, mapped: [] }, tools, call);

    expect(diary).toEqual(['stop', 'delete', 'deleted', 'gone']);
  });

  test('parks a partition whose ports cannot be read, and are recorded', async () => {
    const { tools, diary } = world({ ports: [], hadPorts: true });

    await park({ ...request, mapped: [] }, tools, call);

    expect(diary).toEqual(['stop', 'delete NICs', 'parks', mark]);
  });

  test.each([
    { model: 'hba' as const, noted: 'gone' },
    { model: 'storage-group' as const, noted: 'deleted' },
  ])('where the partition is gone, gives nothing up ($model)', async ({ model, noted }) => {
    const { tools, diary } = world({ found: { kind: 'absent' }, model });

    await park(request, tools, call);

    expect(diary).toEqual([noted]);
  });

  test('says that nothing was changed when the partition is in doubt', async () => {
    const { tools, diary } = world({ looksFail: new ConflictError('in doubt') });

    await expect(park(request, tools, call)).rejects.toMatchObject({ code: 'NOTHING_CHANGED' });
    expect(diary).toEqual([]);
  });

  test('fails when the HMC refuses the mark', async () => {
    const { tools, diary } = world({ updateFails: new Error('busy') });

    await expect(park(request, tools, call)).rejects.toThrow('busy');
    expect(diary.at(-2)).toBe('parks');
  });
});

describe('removeParked', () => {
  test('removes the partition, without asking anybody to unmap', async () => {
    const { tools, diary } = world({ found: parked });

    await removeParked(owner, tools, call);

    expect(diary).toEqual(['stop', 'delete', 'deleted', 'gone']);
  });

  test('also removes the storage group', async () => {
    const { tools, diary } = world({ found: parked, model: 'storage-group' });

    await removeParked(owner, tools, call);

    expect(diary).toEqual(['stop', 'detach groups', 'delete', 'deleted', 'delete group', 'gone']);
  });

  test('leaves the partition of a living instance alone', async () => {
    const { tools, diary } = world();

    await removeParked(owner, tools, call);

    expect(diary).toEqual([]);
  });

  test('leaves a parked partition alone that somebody has started', async () => {
    const { tools, diary } = world({
      found: { kind: 'ours', partition: { ...partition, status: 'active', isParked: true } },
    });

    await expect(removeParked(owner, tools, call)).rejects.toThrow('it runs');
    expect(diary).toEqual([]);
  });
});
