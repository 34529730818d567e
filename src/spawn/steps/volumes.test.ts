import { describe, expect, test } from 'vitest';
import { ConflictError, wwpnSchema } from '../../base/index.ts';
import type { Allocation, Initiator } from '../../partition/index.ts';
import type { Settled } from '../../saga/index.ts';
import { VolumeDriverError } from '../../volume/index.ts';
import { contextFor, fakeDeps, undoStep, whereabouts } from '../../../test/support/step.ts';
import type { MappedVolume } from '../deps.ts';
import type { PreparedInput } from '../inputs.ts';
import { allocateStorage, requireStorage } from './allocate-storage.ts';
import { connectVolumes } from './connect-volumes.ts';
import {
  deallocateStorage,
  deletePartition,
  disconnectVolumes,
  findPartition,
  unbindStorage,
  unmapVolumes,
} from './destroy.ts';
import { mapAhead, mapVolumes } from './map-volumes.ts';

const owner = { host: 'compute1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
const partition = { uri: '/api/partitions/p', name: `OpenStack-compute1-${owner.instanceUuid}` };
const initiator: Initiator = {
  wwpn: wwpnSchema.parse('c05076d3a1005b20'),
  deviceNumber: null,
  elementUri: null,
  adapterPortUri: null,
};
const input: PreparedInput = {
  owner,
  partition: { name: partition.name, description: '', iflProcessors: 1, memoryMib: 1024, boot: {} },
  volumes: [
    { volumeId: 'boot', sizeGib: 1, isBoot: true },
    { volumeId: 'data', sizeGib: 2, isBoot: false },
  ],
  storageGroup: null,
};
const mapped = (type = 'fibre_channel'): MappedVolume[] =>
  input.volumes.map((volume) => ({ ...volume, connectionInfo: { driver_volume_type: type, data: {} } }));

/** Cinder's side and the volume drivers, with a diary. */
function world() {
  const diary: string[] = [];
  const mapper = {
    map: async (_owner: unknown, initiators: readonly Initiator[]) => {
      diary.push(`map to ${initiators.map(({ wwpn }) => wwpn).join()}`);
      return mapped();
    },
    unmap: async () => void diary.push('unmap'),
  };
  const note =
    (verb: string) =>
    async (_info: unknown, _instance: unknown, options: { volumeId: string; isTeardown?: boolean }) => {
      diary.push(`${verb} ${options.volumeId}${options.isTeardown === true ? ', all goes' : ''}`);
    };
  const driver = { connectVolume: note('connect'), rollback: note('rollback'), disconnectVolume: note('disconnect') };
  const volumeDrivers = {
    get: (type: string) => {
      if (type !== 'fibre_channel') throw new VolumeDriverError(`no volume driver for "${type}"`);
      return driver;
    },
  };
  return { mapper, volumeDrivers, diary };
}

describe('volumes are mapped', () => {
  const before = { input, 'allocate-storage': { initiators: [], obstacle: null } };
  const known = { input, 'allocate-storage': { initiators: [initiator], obstacle: null } };

  test('ahead of the partition, where its WWPNs exist before it does', async () => {
    const { mapper, diary } = world();

    await expect(mapAhead.run(contextFor(known, fakeDeps({ mapper })))).resolves.toEqual(mapped());
    expect(diary).toEqual([`map to ${initiator.wwpn}`]);
  });

  test.each([
    ['the WWPNs come with the partition', before, false],
    ['the ports have to log in before Cinder zones them', known, true],
  ])('after it, where %s', async (_why, state, loginBeforeZoning) => {
    const { mapper, diary } = world();
    const deps = fakeDeps({ mapper, boot: { attempts: 1, loginBeforeZoning } });

    const ahead = await mapAhead.run(contextFor(state, deps));
    const state2 = { ...state, 'map-ahead': ahead, 'bind-storage': [initiator] };

    expect(ahead).toBeNull();
    await expect(mapVolumes.run(contextFor(state2, deps))).resolves.toEqual(mapped());
    expect(diary).toEqual([`map to ${initiator.wwpn}`]);
    await undoStep(mapAhead, state, deps, { kind: 'done', output: null });
    expect(diary).toHaveLength(1);
  });

  test('once: what was mapped ahead is taken as it is', async () => {
    const { mapper, diary } = world();
    const state = { ...known, 'map-ahead': mapped(), 'bind-storage': [initiator] };

    await expect(mapVolumes.run(contextFor(state, fakeDeps({ mapper })))).resolves.toEqual(mapped());
    expect(diary).toEqual([]);
  });

  test('and unmapped by the one who knows, even when nobody knows how far it got', async () => {
    const { mapper, diary } = world();
    const state = { ...known, 'map-ahead': null, 'bind-storage': [initiator] };

    await undoStep(mapAhead, known, fakeDeps({ mapper }), { kind: 'unconfirmed' });
    await undoStep(mapVolumes, state, fakeDeps({ mapper }), { kind: 'unconfirmed' });

    expect(diary).toEqual(['unmap', 'unmap']);
    expect(mapVolumes.leaves(state)).toEqual([
      'attachment of volume boot and its mask',
      'attachment of volume data and its mask',
    ]);
  });
});

describe('volumes are connected', () => {
  const state = { input, 'create-partition': partition, 'bind-storage': [initiator], 'map-volumes': mapped() };

  test('one after the other, each by the driver of its type', async () => {
    const { volumeDrivers, diary } = world();

    await connectVolumes.run(contextFor(state, fakeDeps({ volumeDrivers })));

    expect(diary).toEqual(['connect boot', 'connect data']);
  });

  test('and rolled back last first, told that everything goes', async () => {
    const { volumeDrivers, diary } = world();

    await undoStep(connectVolumes, state, fakeDeps({ volumeDrivers }), { kind: 'unconfirmed' });

    expect(diary).toEqual(['rollback data, all goes', 'rollback boot, all goes']);
  });

  test('unless no driver serves their type: then there is nothing to roll back', async () => {
    const { volumeDrivers, diary } = world();
    const strange = { ...state, 'map-volumes': mapped('rbd') };

    await expect(connectVolumes.run(contextFor(strange, fakeDeps({ volumeDrivers })))).rejects.toThrow(
      VolumeDriverError,
    );
    await undoStep(connectVolumes, strange, fakeDeps({ volumeDrivers }), { kind: 'unconfirmed' });
    expect(diary).toEqual([]);
  });
});

describe('storage of an instance', () => {
  const obstacle = 'storage group "g" exists already, and is not ours';

  test('that stands in the way ends the flow, and is nobody’s to undo', async () => {
    const output = { initiators: [], obstacle };
    const storage = { allocate: async () => output };
    const deps = fakeDeps({ storage });

    await expect(allocateStorage.run(contextFor({ input }, deps))).resolves.toEqual(output);
    expect(() => requireStorage.run(contextFor({ 'allocate-storage': output }, deps))).toThrow(ConflictError);
    await undoStep(allocateStorage, { input }, deps, { kind: 'done', output });
    expect(allocateStorage.leaves({ input }, { kind: 'done', output })).toEqual([]);
  });

  test.each<[string, Settled<Allocation>]>([
    ['of which nobody knows whether it was made', { kind: 'unconfirmed' }],
    ['that was made', { kind: 'done', output: { initiators: [], obstacle: null } }],
  ])('%s is taken away again', async (_what, was) => {
    let taken = 0;
    const deps = fakeDeps({ storage: { deallocate: async () => void (taken += 1) } });

    await undoStep(allocateStorage, { input }, deps, was);

    expect(taken).toBe(1);
    expect(allocateStorage.leaves({ input }, was)).toEqual([`storage of instance ${owner.instanceUuid}`]);
  });
});

describe('destroy', () => {
  const found = { partition, initiators: [initiator], hasOwnStorage: false };
  const state = { input: { owner, mapped: mapped() }, 'find-partition': found };
  const gone = { ...state, 'find-partition': { ...found, partition: null } };

  test('looks for the ports only where a volume’s driver is to be asked', async () => {
    const partitions = whereabouts({ kind: 'ours', partition: { ...partition, status: 'active' } });
    const asked: string[] = [];
    const storage = {
      outlivesPartition: false,
      initiators: async () => {
        asked.push('initiators');
        return [initiator];
      },
    };

    await expect(
      findPartition.run(contextFor({ input: { owner, mapped: mapped() } }, fakeDeps({ partitions, storage }))),
    ).resolves.toEqual(found);
    await findPartition.run(contextFor({ input: { owner, mapped: [] } }, fakeDeps({ partitions, storage })));
    expect(asked).toEqual(['initiators']);
  });

  test('has drivers let go last first, told that everything goes', async () => {
    const { volumeDrivers, diary } = world();

    await disconnectVolumes.run(contextFor(state, fakeDeps({ volumeDrivers })));
    await disconnectVolumes.run(contextFor(gone, fakeDeps({ volumeDrivers })));

    expect(diary).toEqual(['disconnect data, all goes', 'disconnect boot, all goes']);
  });

  test('unmaps even when the partition is gone: the masks may not be', async () => {
    const { mapper, diary } = world();

    await unmapVolumes.run(contextFor(gone, fakeDeps({ mapper })));

    expect(diary).toEqual(['unmap']);
  });

  test.each([
    ['disconnect-volumes', disconnectVolumes],
    ['unmap-volumes', unmapVolumes],
    ['unbind-storage', unbindStorage],
    ['delete-partition', deletePartition],
  ])('stops a partition again that was started between its steps, before %s', async (_name, step) => {
    const { mapper, volumeDrivers, diary } = world();
    const partitions = whereabouts({ kind: 'ours', partition: { ...partition, status: 'active' } });
    const lifecycle = {
      ensureStopped: async () => void diary.push('stop'),
      deleteStopped: async () => void diary.push('delete'),
    };
    const storage = { outlivesPartition: true, unbind: async () => void diary.push('unbind') };

    await step.run(contextFor(state, fakeDeps({ partitions, lifecycle, storage, mapper, volumeDrivers })));

    expect(diary[0]).toBe('stop');
    expect(diary.length).toBeGreaterThan(1);
  });

  test.each([
    ['disconnect-volumes', disconnectVolumes],
    ['unmap-volumes', unmapVolumes],
    ['unbind-storage', unbindStorage],
    ['delete-partition', deletePartition],
  ])('changes nothing in %s once the partition is in doubt', async (_name, step) => {
    const { mapper, volumeDrivers, diary } = world();
    const doubt = new ConflictError('in doubt');
    const partitions = { decide: async () => await Promise.reject(doubt) };
    const storage = { outlivesPartition: true };

    const deps = fakeDeps({ partitions, storage, mapper, volumeDrivers });
    await expect(step.run(contextFor(state, deps))).rejects.toBe(doubt);
    expect(diary).toEqual([]);
  });

  test('names of each thing that it takes away just that, should it be left behind', () => {
    const withGroup = { ...state, 'find-partition': { ...found, hasOwnStorage: true } };

    expect(unmapVolumes.leaves(state)).toEqual(['attachment of volume boot', 'attachment of volume data']);
    expect(deletePartition.leaves(state)).toEqual([`partition "${partition.name}" (${partition.uri})`]);
    expect(deletePartition.leaves(gone)).toEqual([]);
    expect(deallocateStorage.leaves(state)).toEqual([]);
    expect(deallocateStorage.leaves(withGroup)).toEqual([`storage of instance ${owner.instanceUuid}`]);
  });
});
