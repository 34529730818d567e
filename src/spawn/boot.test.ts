import { JobFailedError } from '../hmc-client/errors/index.ts';
import { describe, expect, test } from 'vitest';
import { describeError, InternalError, lunSchema, wwpnSchema } from '../base/index.ts';
import { decodeGuestParameters } from '../partition/guest-parameters/index.ts';
import { BootFailedError, StartRefusedError } from '../partition/index.ts';
import type { ConnectedVolume, StartResult, VolumePath } from '../partition/index.ts';
import { call, fakeTools } from '../../test/support/spawn-tools.ts';
import { bootTries } from './boot-tries.ts';
import type { BootPlan } from './boot-tries.ts';
import { setBoot, startPartition } from './boot.ts';

const path = (n: number): VolumePath => ({
  initiatorWwpn: wwpnSchema.parse(`c05076d3a1005b2${n}`),
  targetWwpn: wwpnSchema.parse(`500507680216041${n}`),
  lun: lunSchema.parse('0002000000000000'),
  deviceNumber: `800${n}`,
});
const volume = (volumeId: string, isBoot: boolean, ...paths: VolumePath[]) =>
  ({
    volumeId,
    isBoot,
    paths,
    sizeGib: 1,
    naa: null,
    storageVolumeUri: null,
    pathReason: 'first of all',
  }) as ConnectedVolume; // in whatever form the author has it
const boot = volume('boot', true, path(1), path(2), path(3));

const partition = { uri: '/api/partitions/p', name: 'web1-partition' };
const group = {
  uri: '/api/storage-groups/g',
  name: 'shop data',
  bootVolumeUri: '/api/storage-groups/g/storage-volumes/1',
};

const plan: BootPlan = {
  partition,
  initiators: [],
  options: { secureBoot: true },
  group: null,
  source: null,
  volumes: [volume('data', false, path(9)), boot],
  nics: [],
};

/** vHBAs: the path decides. */
const byPath = {
  likelyBootFailure: 'who knows',
  bootProperties: (_volume: unknown, { targetWwpn }: VolumePath) => ({ bootWorldWidePortName: targetWwpn }),
};
/** Storage groups: the volume decides, and DPM chooses the path. */
const byVolume = { likelyBootFailure: 'it does not boot', bootProperties: () => ({ bootStorageVolume: '/sv/1' }) };

interface Machine {
  /** One a start. */
  readonly starts?: readonly StartResult[];
  readonly osMessages?: readonly string[] | Error;
  readonly attempts?: number;
  readonly storage?: object;
}

/** A machine on which starts end as the test says, and a diary of what was asked of it. */
function machine({ starts = [], osMessages = [], attempts = 4, storage = byPath }: Machine = {}) {
  const diary: string[] = [];
  let count = 0;
  const lifecycle = {
    start: async () => {
      diary.push('start');
      count += 1;
      return starts[count - 1] ?? { kind: 'failed', status: 'paused', hmcSaid: 'one start too many' };
    },
    ensureStopped: async () => void diary.push('stop'),
  };
  const partitions = {
    update: async (_uri: string, properties: object) => void diary.push(`update ${JSON.stringify(properties)}`),
    listOsMessages: async () => {
      if (osMessages instanceof Error) throw osMessages;
      return osMessages.map((text) => ({ text }));
    },
  };
  return {
    tools: fakeTools({ hmc: { partitions }, lifecycle, storage, boot: { attempts, loginBeforeZoning: false } }),
    diary,
  };
}

const running: StartResult = { kind: 'running', status: 'active' };
const failed = (status = 'paused'): StartResult => ({ kind: 'failed', status, hmcSaid: 'the job ended without error' });

const jobFailed = (status: number, reason: number) =>
  new JobFailedError(
    'start partition',
    { status, reason, hmcMessage: 'it is said', canceled: false },
    { operation: 'Start Partition', jobUri: '/api/jobs/1', uri: partition.uri },
  );

describe('the ways to load', () => {
  test('are the paths of the boot volume, where a load says its path', () => {
    expect(bootTries(plan, byPath).map((each) => each.path)).toEqual(boot.paths);
  });

  test('are one, where DPM chooses the path', () => {
    expect(bootTries(plan, byVolume)).toEqual([
      { volumeId: 'boot', path: path(1), reason: 'first of all', properties: { bootStorageVolume: '/sv/1' } },
    ]);
  });

  test('are the boot volume of a prepared group, where no volume is to be loaded', () => {
    const tries = bootTries({ ...plan, volumes: [], group }, byVolume);

    expect(tries).toEqual([
      {
        volumeId: null,
        path: null,
        reason: 'boot volume of storage group "shop data"',
        properties: { bootDevice: 'storage-volume', bootStorageVolume: group.bootVolumeUri },
      },
    ]);
  });

  test.each([null, { ...group, bootVolumeUri: null }])('are none without a boot volume or group: %j', (none) => {
    const nothing = { ...plan, volumes: [volume('data', false, path(9))], group: none };

    expect(() => bootTries(nothing, byPath)).toThrow(InternalError);
  });
});

describe('set-boot', () => {
  test('names the first path, with the options of the flavour, and says why', async () => {
    const { tools, diary } = machine();

    await expect(setBoot(plan, tools, call)).resolves.toEqual({
      volumeId: 'boot',
      path: path(1),
      reason: 'first of all',
      untoldVolumes: [],
    });
    expect(diary).toHaveLength(1);
    expect(diary[0]).toMatch(/^update \{"secureBoot":true,/);
    expect(diary[0]).toContain(`"bootWorldWidePortName":"${path(1).targetWwpn}"`);
  });

  test('tells the guest every path, behind what the flavour asks for, in the same request', async () => {
    const { tools, diary } = machine();
    const asked = { ...plan, options: { bootOsSpecificParameters: 'quiet' } };

    await setBoot(asked, tools, call);

    const [, text = ''] = /"bootOsSpecificParameters":"([^"]+)"/.exec(diary.join()) ?? [];
    expect(text).toMatch(/^quiet dpm\.z=/);
    expect(new Set(decodeGuestParameters(text).paths.map(({ deviceNumber }) => deviceNumber))).toEqual(
      new Set([1, 2, 3, 9].map((n) => path(n).deviceNumber)),
    );
  });

  test('tells the guest nothing when the one path of the load is all there is', async () => {
    const { tools, diary } = machine();

    await setBoot({ ...plan, volumes: [volume('boot', true, path(1))] }, tools, call);

    expect(diary.join()).not.toContain('bootOsSpecificParameters');
  });

  test('takes the device number of a path from its port, and names volumes for which there is no room', async () => {
    const { tools, diary } = machine();
    const [one, two] = [1, 2].map((n) => ({ ...path(n), deviceNumber: null })) as [VolumePath, VolumePath]; // two of two
    const initiators = [{ wwpn: one.initiatorWwpn, deviceNumber: '9001', elementUri: null, adapterPortUri: null }];
    const full = {
      ...plan,
      options: { bootOsSpecificParameters: 'x'.repeat(200) },
      initiators,
      volumes: [
        volume('data', false, one, two),
        volume('wide', false, path(3), path(4)),
        volume('boot', true, path(1)),
      ],
    };

    await expect(setBoot(full, tools, call)).resolves.toMatchObject({ untoldVolumes: ['wide'] });
    expect(diary.join()).toContain(`dpm.z=9001:${one.targetWwpn}:0002"`);
  });

  test('refuses a volume that was connected without a path', async () => {
    const nowhere = { ...plan, volumes: [volume('boot', true)] };

    await expect(setBoot(nowhere, machine().tools, call)).rejects.toThrow(InternalError);
  });
});

describe('start-partition', () => {
  test('starts once when the first path answers', async () => {
    const { tools, diary } = machine({ starts: [running] });

    await expect(startPartition(plan, tools, call)).resolves.toEqual({
      status: 'active',
      path: path(1),
      attempts: 1,
    });
    expect(diary).toEqual(['start']);
  });

  test('tries the next path when the load does not find its LUN, and tells who watches', async () => {
    const { tools, diary } = machine({ starts: [failed(), running] });
    const told: string[] = [];

    const started = await startPartition(plan, tools, { ...call, progress: (detail) => told.push(detail) });

    expect(started).toEqual({ status: 'active', path: path(2), attempts: 2 });
    expect(diary).toEqual(['start', 'stop', `update {"bootWorldWidePortName":"${path(2).targetWwpn}"}`, 'start']);
    expect(told).toEqual([
      `the load failed; trying initiator ${path(2).initiatorWwpn}, target ${path(2).targetWwpn}, LUN 0002000000000000`,
    ]);
  });

  test.each([
    [1, 1],
    [2, 2],
    [9, 3],
  ])(
    'with up to %i attempts and three paths starts %i times, then says all that is known',
    async (attempts, starts) => {
      const { tools, diary } = machine({ attempts, starts: [failed(), failed('terminated'), failed()] });

      const error: unknown = await startPartition(plan, tools, call).catch((thrown: unknown) => thrown);

      expect(error).toBeInstanceOf(BootFailedError);
      expect(error).toHaveProperty('facts.tries.length', starts);
      expect(diary.filter((line) => line === 'start')).toHaveLength(starts);
      expect(describeError(error)).toContain(
        `; tried: initiator ${path(1).initiatorWwpn}, target ${path(1).targetWwpn}, ` +
          'LUN 0002000000000000: status "paused", the job ended without error',
      );
    },
  );

  test('names the adapter port of each try, and what a load that fails everywhere means on this machine', async () => {
    const { tools } = machine({ attempts: 2, starts: [failed(), failed()] });
    const [first, second] = [path(1), path(2)];
    const port = { elementUri: null, deviceNumber: null, adapterPortUri: '/api/adapters/a1/storage-ports/0' };
    const ports = [{ ...port, wwpn: first.initiatorWwpn }];

    const error: unknown = await startPartition({ ...plan, initiators: ports }, tools, call).catch(
      (thrown: unknown) => thrown,
    );

    expect(describeError(error)).toContain(`initiator ${first.initiatorWwpn} on adapter port a1:0, target`);
    expect(describeError(error)).toContain(`then initiator ${second.initiatorWwpn}, target`);
    expect(describeError(error)).toMatch(
      /^partition "web1-partition" did not boot over any of 2 paths; likely cause: who knows; tried: /,
    );
  });

  test('shows the end of what the console said', async () => {
    const osMessages = ['', ...Array.from({ length: 30 }, (_, n) => ` line ${n}\n`)];
    const { tools } = machine({ attempts: 1, starts: [failed()], osMessages });

    const error: unknown = await startPartition(plan, tools, call).catch((thrown: unknown) => thrown);

    expect(describeError(error)).toMatch(/; tried: .*; last messages of the guest: line 27 \| line 28 \| line 29$/);
    expect(error).toHaveProperty('facts.osMessages.length', 20);
  });

  test('says that the boot failed even if the console cannot be read', async () => {
    const { tools } = machine({ attempts: 1, starts: [failed()], osMessages: new Error('no answer') });

    await expect(startPartition(plan, tools, call)).rejects.toThrow(BootFailedError);
  });

  test.each([
    ['reservation-error', jobFailed(500, 100), /adapter capacity or storage is missing/],
    ['reservation-error', undefined, /\(the job ended without error\); memory, processors, adapter capacity/],
    ['stopped', jobFailed(500, 100), /its status is "stopped"; check the partition/],
    ['paused', jobFailed(409, 1), /its status is "paused"; check the partition/],
  ])('tries no other path when the HMC has not started it: status %s, cause %s', async (status, cause, advice) => {
    const refused = { ...failed(status), ...(cause === undefined ? {} : { cause }) };
    const { tools, diary } = machine({ starts: [refused] });

    const error: unknown = await startPartition(plan, tools, call).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(StartRefusedError);
    expect(error).toHaveProperty('cause', cause);
    expect(describeError(error)).toMatch(advice);
    expect(describeError(error)).not.toMatch(/zoning|masking|likely cause/);
    expect(diary).toEqual(['start']);
  });

  test('keeps the error of the job of a load that failed', async () => {
    const cause = jobFailed(500, 101);
    const { tools } = machine({ attempts: 1, starts: [{ ...failed('terminated'), cause } as StartResult] });

    await expect(startPartition(plan, tools, call)).rejects.toMatchObject({ code: 'BOOT_FAILED', cause });
  });

  test('starts once where another try would say the same', async () => {
    const { tools, diary } = machine({ storage: byVolume, starts: [failed()] });

    await expect(startPartition(plan, tools, call)).rejects.toThrow(BootFailedError);
    expect(diary).toEqual(['start']);
  });
});
