/* Spawn with storage groups: what is wrong with zones, masks or LUNs is named before the partition starts. */
import type { Failpoint } from '../../src/base/index.ts';
import { describe, expect, test } from 'vitest';
import { describeError, findError } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import { ManualClock } from '../../src/simulator/index.ts';
import type { FaultRule, Simulator } from '../../src/simulator/index.ts';
import { startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

const orders = ['deferred', 'stock'] as const;
const bootId = (sim: Simulator): string => sim.volumes[0]?.id ?? '';
const dataId = (sim: Simulator): string => sim.volumes[2]?.id ?? '';
const operations = (sim: Simulator) => sim.log.byOperation();

async function spawn(manager: ComputeManager, { sim, context }: World) {
  const volumes = [{ volumeId: bootId(sim) }];
  return await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes }, context);
}

async function failureOf(work: Promise<unknown>): Promise<Error> {
  return await work.then(
    () => {
      throw new Error('it was expected to fail');
    },
    (error: unknown) => error as Error, // whatever this package throws is an Error
  );
}

/** Something that happens to the SAN between Cinder's mapping and the first look at the LUN. */
function meddle(change: (sim: Simulator) => void, sim: () => Simulator) {
  return (point: Failpoint): Promise<void> => {
    if (point.at === 'after-run' && point.step === 'map-volumes') change(sim());
    return Promise.resolve();
  };
}

const accidents: readonly {
  readonly what: string;
  readonly world: WorldOptions;
  readonly change: (sim: Simulator) => void;
  readonly says: readonly RegExp[];
  /** A back end that finds no mask any more does not take its zones away either. */
  readonly leavesZones?: true;
}[] = [
  {
    what: 'a LUN that is not zoned',
    world: { san: { zoning: { policy: 'manual' } } },
    change: () => undefined,
    says: [/target WWPN is not reachable \(484\)/, /likely cause: zoning/],
  },
  {
    what: 'a LUN that is not masked',
    world: {},
    change: (sim) => sim.san.unmask(bootId(sim)),
    says: [/the target answers, the LUN does not \(485\)/, /likely cause: masking, or the number of the LUN/],
    leavesZones: true,
  },
  {
    what: 'a LUN of another number',
    world: {},
    change: (sim) => sim.san.renumberLun(bootId(sim), '0007000000000000'),
    says: [/the target answers, the LUN does not \(485\)/, /likely cause: masking, or the number of the LUN/],
  },
];

describe.each(orders)('in the %s order', (order) => {
  test.each(accidents)('$what is named before the partition starts, and the spawn is rolled back', async (accident) => {
    await using world = await startWorld({
      machine: 'z16',
      ...accident.world,
      set: { 'dpm.spawn_order': order },
    });
    const { sim } = world;
    await using manager = await world.open({ failpoint: meddle(accident.change, () => sim) });
    const before = sim.snapshot();
    sim.log.clear();

    const failure = await failureOf(spawn(manager, world));

    const said = describeError(failure);
    expect(findError(failure, 'LUN_UNREACHABLE')).toBeDefined();
    expect(said).toMatch(/initiator c05076[0-9a-f]{10} on adapter port [0-9a-f-]{36}:0/);
    expect(said).toMatch(/target 5005076[0-9a-f]{9}[0-9a-f, ]*, LUN 0000000000000000/);
    for (const words of accident.says) expect(said).toMatch(words);
    expect(operations(sim)).not.toHaveProperty('Start Partition');
    await manager.delete('web1', world.context);
    const after = sim.snapshot();
    const fabrics = accident.leavesZones === true ? before.san.fabrics : after.san.fabrics;
    expect({ ...after, san: { ...after.san, fabrics } }).toEqual(before);
  });
});

test('a LUN that is reachable over one fabric only is named with the port that does not reach it', async () => {
  await using world = await startWorld({ machine: 'z16' });
  const { sim } = world;
  const cutOff = () => {
    const [array] = sim.san.arrays;
    const targets = array?.ports.filter(({ fabricId }) => fabricId === 'fabric-b') ?? [];
    for (const { wwpn } of targets) sim.san.setPortOnline(wwpn, false);
  };
  await using manager = await world.open({ failpoint: meddle(cutOff, () => sim) });

  const failure = await failureOf(spawn(manager, world));

  expect(findError(failure, 'NOT_FULFILLED')).toBeDefined();
  expect(describeError(failure)).toMatch(/is incomplete .* likely cause: zoning/s);
  expect(operations(sim)).not.toHaveProperty('Start Partition');
});

test('a data volume that is not masked is named with its paths, and the attach is rolled back', async () => {
  await using world = await startWorld({ machine: 'z16' });
  const { sim, context } = world;
  const unmask = (point: Failpoint): Promise<void> => {
    if (point.at === 'after-run' && point.step === 'map-volume') sim.san.unmask(dataId(sim));
    return Promise.resolve();
  };
  await using manager = await world.open({ failpoint: unmask });
  await spawn(manager, world);
  const before = sim.snapshot();

  const failure = await failureOf(manager.addVolume('web1', dataId(sim), {}, context));

  expect(findError(failure, 'NOT_FULFILLED')).toBeDefined();
  expect(describeError(failure)).toContain(`storage volume "${dataId(sim)}"`);
  expect(describeError(failure)).toMatch(/LUN 0001000000000000: the target answers, the LUN does not \(485\)/);
  expect(describeError(failure)).toMatch(/likely cause: masking/);
  expect(describeError(failure)).toMatch(/connection report: \d+ × incorrect-volumes/);
  expect(sim.snapshot()).toEqual(before);
});

test('a data volume that is smaller than Cinder says is named with both sizes', async () => {
  await using world = await startWorld({ machine: 'z16' });
  const { sim, context } = world;
  await using manager = await world.open();
  await spawn(manager, world);
  const before = sim.snapshot();
  sim.san.updateVolume(dataId(sim), { sizeGib: 3 });

  const failure = await failureOf(manager.addVolume('web1', dataId(sim), {}, context));

  expect(describeError(failure)).toMatch(/is pending-with-mismatches .*, 3 GiB\).*another size than Cinder says/s);
  expect(sim.snapshot()).toEqual(before);
});

test('a start that finds one fabric down says why it could not start', async () => {
  await using world = await startWorld({ machine: 'z16' });
  const { sim, context } = world;
  await using manager = await world.open();
  await spawn(manager, world);
  await manager.stop('web1', {}, context);
  for (const { wwpn, fabricId } of sim.san.arrays[0]?.ports ?? [])
    if (fabricId === 'fabric-b') sim.san.setPortOnline(wwpn, false);
  await manager.addVolume('web1', dataId(sim), {}, context).catch(() => undefined); // makes DPM look

  const failure = await failureOf(manager.start('web1', context));

  expect(findError(failure, 'START_REFUSED')).toBeDefined();
  expect(describeError(failure)).toMatch(/status is "reservation-error".* is incomplete/s);
  for (const { wwpn } of sim.san.arrays[0]?.ports ?? []) sim.san.setPortOnline(wwpn, true);
  await manager.start('web1', context);
  expect(await manager.show('web1', context)).toMatchObject({ partition_status: 'active' });
});

/** A level at which DPM looks by itself only. */
const withoutRequests: FaultRule = {
  id: 'no-discovery',
  server: 'hmc',
  operation: 'Start FCP Storage Discovery',
  when: { times: -1 },
  kind: { type: 'refuse', status: 404, reason: 1 },
};

test('where no discovery can be asked for, what DPM finds by itself is waited for, with progress', async () => {
  const timing = { discoveryMs: 150 };
  const clock = new ManualClock(Date.now());
  await using world = await startWorld({ machine: 'z14', faults: [withoutRequests], timing, clock });
  const { sim, context } = world;
  const told: string[] = [];
  await using manager = await world.open({
    // The discovery ends only once it was waited for.
    onStep: ({ state, detail = '' }) => {
      if (state !== 'progress') return;
      told.push(detail);
      if (detail.includes('looking again')) clock.advance(timing.discoveryMs);
    },
  });
  await spawn(manager, world);

  const server = await manager.addVolume('web1', dataId(sim), {}, context);

  expect(server.volumes[1]?.paths).not.toEqual([]);
  expect(told).toContainEqual(expect.stringMatching(/^storage volume ".*" of 10 GiB is pending; looking again in/));
});

test('the wait for what DPM does not find ends at its deadline', async () => {
  const timing = { discoveryMs: 600_000 };
  const set = { 'dpm.discovery_timeout': '1' };
  await using world = await startWorld({ machine: 'z14', faults: [withoutRequests], timing, set });
  const { sim, context } = world;
  await using manager = await world.open();
  await spawn(manager, world);
  const before = sim.snapshot();

  const failure = await failureOf(manager.addVolume('web1', dataId(sim), {}, context));

  expect(describeError(failure)).toMatch(/storage volume ".*" of 10 GiB is pending/);
  expect(sim.snapshot()).toEqual(before);
});

test('a discovery that is asked for shows its progress, and one that fails is asked for again', async () => {
  const failing: FaultRule = {
    id: 'failing',
    server: 'hmc',
    operation: 'Start FCP Storage Discovery',
    kind: { type: 'job', outcome: 'failed', status: 500, reason: 0 },
  };
  const discovery = { automatic: false };
  await using world = await startWorld({ machine: 'z16', faults: [failing], discovery });
  const { sim, context } = world;
  const told: string[] = [];
  await using manager = await world.open({
    onStep: ({ state, detail = '' }) => {
      if (state === 'progress') told.push(detail);
    },
  });
  await spawn(manager, world);

  const server = await manager.addVolume('web1', dataId(sim), {}, context);

  expect(server.volumes[1]?.paths).not.toEqual([]);
  expect(told.filter((detail) => detail.includes('discovery'))).toEqual([
    expect.stringContaining('is pending; discovery 1 of 2'),
    expect.stringContaining('is pending; discovery 2 of 2'),
  ]);
});
