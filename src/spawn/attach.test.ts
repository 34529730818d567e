import { describe, expect, test } from 'vitest';
import { ConflictError, describeError, NothingChangedError, wwpnSchema } from '../base/index.ts';
import type { Decided } from '../partition/index.ts';
import { call, fakeTools, fakePartitions } from '../../test/support/spawn-tools.ts';
import { attachVolume, detachVolume } from './attach.ts';

const owner = { host: 'compute1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
const request = {
  owner,
  volume: {
    volumeId: 'data',
    sizeGib: 1,
    isBoot: false,
    connectionInfo: { driver_volume_type: 'fibre_channel', data: {} },
  },
};
const ours: Decided = { kind: 'ours', partition: { uri: '/api/partitions/p', name: 'shop', status: 'active' } };
const port = {
  wwpn: wwpnSchema.parse('c05076d3a1005b20'),
  deviceNumber: null,
  elementUri: null,
  adapterPortUri: null,
};

type Method = 'connectVolume' | 'disconnectVolume' | 'rollback';

interface World {
  readonly found?: Decided | Error;
  readonly ports?: readonly object[];
  readonly fails?: Partial<Record<Method, Error>>;
  readonly onCall?: (method: Method) => void;
}

function world({ found = ours, ports = [port], fails = {}, onCall }: World = {}) {
  const diary: string[] = [];
  const told: string[] = [];
  const method = (name: Method) => async () => {
    diary.push(name);
    onCall?.(name);
    if (fails[name] !== undefined) throw fails[name];
  };
  const driver = {
    connectVolume: method('connectVolume'),
    disconnectVolume: method('disconnectVolume'),
    rollback: method('rollback'),
  };
  const partitions =
    found instanceof Error
      ? { ...fakePartitions(ours), decide: async () => await Promise.reject(found) }
      : fakePartitions(found);
  const tools = fakeTools({
    partitions,
    storage: { initiators: async () => ports },
    volumeDrivers: { get: () => driver },
    watchers: {
      log: call.log,
      onStep: ({ flow, step, state }: { flow: string; step: string; state: string }) =>
        told.push(`${flow}: ${step} ${state}`),
    },
  });
  return { tools, diary, told };
}

const verbs = [
  { verb: attachVolume, does: 'connectVolume', undoes: 'rollback', name: 'attach' },
  { verb: detachVolume, does: 'disconnectVolume', undoes: 'connectVolume', name: 'detach' },
] as const;

describe.each(verbs)('$name', ({ verb, does, undoes, name }) => {
  test('asks the volume’s driver once, and tells who watches', async () => {
    const { tools, diary, told } = world();

    await verb(request, tools, call);

    expect(diary).toEqual([does]);
    expect(told.at(-1)).toMatch(new RegExp(`^${name}-volume: .* done$`));
  });

  test('that fails is undone, and says why it failed', async () => {
    const { tools, diary } = world({ fails: { [does]: new Error('no path') } });

    await expect(verb(request, tools, call)).rejects.toThrow('no path');
    expect(diary).toEqual([does, undoes]);
  });

  test('that is aborted is still undone', async () => {
    const aborted = new AbortController();
    const onCall = (method: Method) => {
      if (method !== does) return;
      aborted.abort(new Error('stop'));
      throw new Error('stopped');
    };
    const { tools, diary } = world({ onCall });

    await expect(verb(request, tools, { ...call, signal: aborted.signal })).rejects.toThrow('stopped');
    expect(diary).toEqual([does, undoes]);
  });

  test('that can neither be done nor undone says both', async () => {
    const { tools } = world({ fails: { [does]: new Error('no path'), [undoes]: new Error('no answer') } });

    const error: unknown = await verb(request, tools, call).catch((thrown: unknown) => thrown);

    expect(describeError(error)).toMatch(/no path, and it could not be undone.*no answer/);
  });

  test.each([
    ['the partition is in doubt', { found: new ConflictError('in doubt') }],
    ['the partition has no port', { ports: [] }],
  ])('changes nothing, and says so, when %s', async (_what, options) => {
    const { tools, diary } = world(options);

    await expect(verb(request, tools, call)).rejects.toThrow(NothingChangedError);
    expect(diary).toEqual([]);
  });
});

describe('without a partition', () => {
  test('nothing is attached', async () => {
    const { tools } = world({ found: { kind: 'absent' } });

    await expect(attachVolume(request, tools, call)).rejects.toThrow(/does not exist on this CPC/);
  });

  test('a detach has nothing to do', async () => {
    const { tools, diary } = world({ found: { kind: 'absent' } });

    await detachVolume(request, tools, call);

    expect(diary).toEqual([]);
  });
});
