import { describe, expect, test, vi } from 'vitest';
import { ConflictError, NothingChangedError, wwpnSchema } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { HmcHttpError } from '../hmc-client/index.ts';
import type { Decided } from '../partition/index.ts';
import { call, fakeTools, fakePartitions } from '../../test/support/spawn-tools.ts';
import { destroy } from './destroy.ts';
import type { MappedVolume } from './types.ts';

const owner = { host: 'compute1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
const partition = { uri: '/api/partitions/p', name: `OpenStack-compute1-${owner.instanceUuid}`, status: 'active' };
const mapped = (type = 'fibre_channel'): MappedVolume[] =>
  ['boot', 'data'].map((volumeId) => ({
    volumeId,
    sizeGib: 1,
    isBoot: volumeId === 'boot',
    connectionInfo: { driver_volume_type: type, data: {} },
  }));
const request = (volumes = mapped()) => ({ owner, mapped: volumes, isMappingKnown: true });

interface World {
  readonly model?: 'hba' | 'storage-group';
  /** What each look at the partition finds; the last answer stays. Default: it runs, and is stopped from the second look on. */
  readonly looks?: readonly (Decided | Error)[];
  readonly stopFails?: Error;
  /** One of each delete of the partition; then it succeeds. */
  readonly deletesFail?: readonly Error[];
  /** Does the driver of the volumes say that they go with the partition? */
  readonly goesWithPartition?: boolean;
  readonly isConnected?: boolean;
  /** How long it takes to read the ports, in milliseconds. */
  readonly portsTakeMs?: number;
}

interface Looked {
  readonly seen: string;
  readonly look: (w: Waiting) => Promise<string>;
}

const running: Decided = { kind: 'ours', partition };
const stopped: Decided = { kind: 'ours', partition: { ...partition, status: 'stopped' } };
const absent: Decided = { kind: 'absent' };

/** Moves the clock. */
function later(ms: number): void {
  const until = performance.now() + ms;
  vi.spyOn(performance, 'now').mockReturnValue(until);
}

function world(options: World = {}) {
  const { model = 'hba', looks = [running, stopped], stopFails, isConnected = true, goesWithPartition } = options;
  const refusals = [...(options.deletesFail ?? [])];
  const diary: string[] = [];
  const deleted: string[] = [];
  const noted: string[] = [];
  const evidence: unknown[] = [];
  let count = 0;
  const partitions = {
    ...fakePartitions(absent, noted),
    isConnected: () => isConnected,
    decide: async (_owner: unknown, known: unknown) => {
      evidence.push(known);
      const answer = looks[Math.min(count, looks.length - 1)]!;
      count += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const storage = {
    model,
    initiators: async () => {
      diary.push('read ports');
      if (options.portsTakeMs !== undefined) later(options.portsTakeMs);
      return [
        { wwpn: wwpnSchema.parse('c05076d3a1005b20'), deviceNumber: null, elementUri: null, adapterPortUri: null },
      ];
    },
    unbind: async () => void diary.push('detach groups'),
    deallocate: async () => void diary.push('delete group'),
  };
  const lifecycle = {
    ensureStopped: async (_partition: unknown, _w: unknown, { seen, look }: Looked) => {
      if (seen === 'stopped' || seen === 'stopping') return; // it stops by itself
      if (stopFails !== undefined) throw stopFails;
      diary.push('stop');
      await look(call);
    },
    deleteStopped: async ({ uri }: { readonly uri: string }) => {
      const refusal = refusals.shift();
      if (refusal !== undefined) throw refusal;
      diary.push('delete');
      deleted.push(uri);
    },
  };
  const driver = {
    goesWithPartition,
    rollback: async (_info: unknown, _i: unknown, { volumeId }: { volumeId: string }) =>
      void diary.push(`roll back ${volumeId}`),
    disconnectVolume: async (_info: unknown, _i: unknown, options: { volumeId: string; isTeardown?: boolean }) =>
      void diary.push(`disconnect ${options.volumeId}${options.isTeardown === true ? ', teardown' : ''}`),
  };
  const volumeDrivers = { find: (type: string) => (type === 'fibre_channel' ? driver : undefined) };
  const mapper = { unmap: async () => void diary.push('unmap') };
  return {
    tools: fakeTools({ partitions, storage, lifecycle, volumeDrivers }),
    mapper,
    diary,
    deleted,
    noted,
    evidence,
  };
}

describe('destroy', () => {
  test('unmaps the volumes after the partition is stopped and before its WWPNs are given up', async () => {
    const { tools, mapper, diary, noted } = world();

    await destroy(request(), mapper, tools, call);

    expect(diary).toEqual([
      'read ports',
      'stop',
      'disconnect data, teardown',
      'disconnect boot, teardown',
      'unmap',
      'delete',
    ]);
    expect(noted).toEqual(['deleted', 'gone']);
  });

  test('also removes the storage group, on a machine that has such', async () => {
    const { tools, mapper, diary } = world({ model: 'storage-group' });

    await destroy(request([]), mapper, tools, call);

    expect(diary).toEqual(['stop', 'unmap', 'detach groups', 'delete', 'delete group']);
  });

  test('unmaps and removes what may be left when the partition is gone', async () => {
    const { tools, mapper, diary, noted } = world({ model: 'storage-group', looks: [absent] });

    await destroy(request(), mapper, tools, call);

    expect(diary).toEqual(['unmap', 'delete group']);
    expect(noted).toEqual(['deleted', 'gone']);
  });

  test('deletes also what a later look does not find any more', async () => {
    const { tools, mapper, diary } = world({ looks: [running, stopped, stopped, absent] });

    await destroy(request(), mapper, tools, call);

    expect(diary.at(-1)).toBe('delete');
  });

  test('rolls back the volumes of a spawn that did not come to connect them all', async () => {
    const { tools, mapper, diary } = world({ isConnected: false });

    await destroy(request(), mapper, tools, call);

    expect(diary).toEqual(['read ports', 'stop', 'roll back data', 'roll back boot', 'unmap', 'delete']);
  });

  test('reads the ports only where a volume’s driver needs them', async () => {
    const { tools, mapper, diary } = world();

    await destroy(request([]), mapper, tools, call);

    expect(diary).not.toContain('read ports');
  });

  test('asks nothing of a driver whose volumes go with the partition, and looks once before and once after the stop', async () => {
    const { tools, mapper, diary, evidence } = world({ goesWithPartition: true });

    await destroy(request(), mapper, tools, call);

    expect(diary).toEqual(['stop', 'unmap', 'delete']);
    expect(evidence).toHaveLength(2);
  });

  test('passes over volumes that no driver serves: none can have connected them', async () => {
    const { tools, mapper, diary } = world();

    await destroy(request(mapped('rbd')), mapper, tools, call);

    expect(diary).toEqual(['stop', 'unmap', 'delete']);
  });

  test('keeps the masks when the partition cannot be stopped', async () => {
    const { tools, mapper, diary, noted } = world({ stopFails: new Error('busy') });

    await expect(destroy(request(), mapper, tools, call)).rejects.toThrow('busy');
    expect(diary).toEqual(['read ports']);
    expect(noted).toEqual([]);
  });

  test('reports no volumes only if the caller knows the mappings', async () => {
    const { tools, mapper, evidence } = world();

    await destroy({ ...request([]), isMappingKnown: false }, mapper, tools, call);
    await destroy(request([]), mapper, tools, call);

    expect(evidence[0]).toMatchObject({ hasVolumes: true });
    expect(evidence.at(-1)).toMatchObject({ hasVolumes: false });
  });

  const looks = [
    ['disconnect-volumes', 1, 'disconnect data, teardown'],
    ['unmap-volumes', 2, 'unmap'],
    ['detach-storage-groups', 3, 'detach groups'],
  ] as const;

  test.each(looks.slice(1))(
    'stops a partition again that was started between its acts, before %s',
    async (_act, nth, does) => {
      const seen = [running, stopped, stopped, stopped, stopped].map((each, index) => (index === nth ? running : each));
      const { tools, mapper, diary } = world({ model: 'storage-group', looks: seen });

      await destroy(request(), mapper, tools, call);

      expect(diary[diary.indexOf(does) - 1]).toBe('stop');
      expect(diary.filter((line) => line === 'stop')).toHaveLength(2);
    },
  );

  test.each(looks)('changes nothing in %s once the partition is in doubt', async (_act, nth, does) => {
    const seen = [running, ...Array.from({ length: nth - 1 }, () => stopped), new ConflictError('in doubt')];
    const { tools, mapper, diary } = world({ model: 'storage-group', looks: seen });

    await expect(destroy(request(), mapper, tools, call)).rejects.toThrow('in doubt');
    expect(diary).not.toContain(does);
  });

  /** How long the wait for Cinder lasts, in milliseconds. */
  const slow = (mapper: { unmap: () => Promise<void> }, ms: number) => ({
    unmap: async () => {
      later(ms);
      await mapper.unmap();
    },
  });

  test('leaves a partition that is in doubt by the time that Cinder has unmapped its volumes', async () => {
    const looksOf = [running, stopped, new ConflictError('in doubt')];
    const { tools, mapper, diary, noted } = world({ looks: looksOf });

    await expect(destroy(request([]), slow(mapper, 300_000), tools, call)).rejects.toThrow('in doubt');
    expect(diary).toEqual(['stop', 'unmap']);
    expect(noted).toEqual([]);
  });

  test('deletes the partition that was restored while Cinder unmapped its volumes', async () => {
    const restored: Decided = { kind: 'ours', partition: { ...partition, uri: '/api/partitions/restored' } };
    const { tools, mapper, diary, deleted } = world({ looks: [running, stopped, restored] });

    await destroy(request([]), slow(mapper, 300_000), tools, call);

    expect(diary).toEqual(['stop', 'unmap', 'stop', 'delete']);
    expect(deleted).toEqual(['/api/partitions/restored']);
  });

  test('disconnects nothing of a partition that stopped by itself and is in doubt by then', async () => {
    const stopping: Decided = { kind: 'ours', partition: { ...partition, status: 'stopping' } };
    const { tools, mapper, diary } = world({ looks: [stopping, new ConflictError('in doubt')] });

    await expect(destroy(request(), mapper, tools, call)).rejects.toThrow('in doubt');
    expect(diary).toEqual(['read ports']);
  });

  test('looks again at a stopped partition whose ports were long in coming', async () => {
    const { tools, mapper, diary } = world({ looks: [stopped, new ConflictError('in doubt')], portsTakeMs: 300_000 });

    await expect(destroy(request(), mapper, tools, call)).rejects.toThrow('in doubt');
    expect(diary).toEqual(['read ports']);
  });

  const runsAgain = new HmcHttpError('delete', {
    status: 409,
    reason: 1,
    method: 'DELETE',
    uri: partition.uri,
    hmcMessage: '',
  });

  test('stops a partition again that the HMC does not delete because it was started', async () => {
    const { tools, mapper, diary } = world({ deletesFail: [runsAgain], looks: [stopped, running, stopped] });

    await destroy(request([]), mapper, tools, call);

    expect(diary.slice(-3)).toEqual(['unmap', 'stop', 'delete']);
  });

  test('leaves a partition that the HMC does not delete, and that is in doubt by now', async () => {
    const looksOf = [stopped, new ConflictError('in doubt')];
    const { tools, mapper, diary, noted } = world({ deletesFail: [runsAgain], looks: looksOf });

    await expect(destroy(request([]), mapper, tools, call)).rejects.toThrow('in doubt');
    expect(diary.at(-1)).toBe('unmap');
    expect(noted).toEqual([]);
  });

  test.each([new Error('no answer'), new ConflictError('the partition is in doubt')])(
    'says that nothing was changed when the first look fails: %s',
    async (failure) => {
      const { tools, mapper, diary } = world({ looks: [failure] });

      await expect(destroy(request(), mapper, tools, call)).rejects.toMatchObject({
        code: 'NOTHING_CHANGED',
        cause: failure,
      });
      expect(diary).toEqual([]);
    },
  );

  test('says that nothing was changed when the caller aborts before the stop', async () => {
    const { tools, mapper, diary } = world();
    const signal = AbortSignal.abort(new Error('stop'));

    await expect(destroy(request([]), mapper, tools, { ...call, signal })).rejects.toThrow(NothingChangedError);
    expect(diary).toEqual([]);
  });
});
