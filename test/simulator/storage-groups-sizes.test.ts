import { describe, expect, test } from 'vitest';
import { describeError, findError } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** Arrays whose extents are of 16 GiB: the boot volume of 20 GiB is made with 32, the data volume of 10 GiB with 16. */
const rounding = { sizeStepGib: 16 };

const idOf = (sim: Simulator, index: number): string => sim.volumes[index]?.id ?? '';
const accept = 'Accept Mismatched Storage Volumes';
const discovery = 'Start FCP Storage Discovery';
const times = (sim: Simulator, operation: string): number => sim.log.byOperation()[operation] ?? 0;

async function spawn(manager: ComputeManager, { sim, context }: World, more: readonly number[] = []) {
  const volumes = [0, ...more].map((index) => ({ volumeId: idOf(sim, index), bootIndex: index === 0 ? 0 : undefined }));
  return await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes }, context);
}

/** States of everything in the HMC's storage groups: first the groups, then the volumes. */
function states({ hmc }: Simulator) {
  const snapshot = hmc.snapshot();
  return [...snapshot['storage-group'], ...snapshot['storage-volume']].map((each) => each['fulfillment-state']);
}

describe.each(['deferred', 'stock'] as const)('on an array that rounds sizes up, in the %s order', (order) => {
  test.each(['z14', 'z16'] as const)(
    'a server on a %s is created with two volumes, started again and deleted',
    async (machine) => {
      await using world = await startWorld({ machine, san: rounding, set: { 'dpm.spawn_order': order } });
      await using manager = await world.open();
      const { sim, context } = world;
      const before = sim.snapshot();

      const server = await spawn(manager, world, [2]);

      expect(server).toMatchObject({ status: 'ACTIVE', power_state: 'running' });
      expect(states(sim)).toEqual(['complete', 'complete', 'complete']);
      expect(times(sim, discovery)).toBeLessThanOrEqual(1);
      await manager.stop('web1', {}, context);
      const asked = times(sim, discovery);
      await manager.start('web1', context);
      expect(times(sim, discovery), 'a start of what is complete waits for nothing').toBe(asked);
      await manager.delete('web1', context);
      expect(sim.snapshot()).toEqual(before);
    },
  );

  test('a data volume is attached and detached', async () => {
    await using world = await startWorld({ machine: 'z16', san: rounding, set: { 'dpm.spawn_order': order } });
    await using manager = await world.open();
    const { sim, context } = world;
    await spawn(manager, world);
    const before = sim.snapshot();

    const server = await manager.addVolume('web1', idOf(sim, 2), {}, context);

    expect(server.volumes[1]?.paths.length).toBeGreaterThan(0);
    expect(states(sim)).toEqual(['complete', 'complete', 'complete']);
    await manager.removeVolume('web1', idOf(sim, 2), context);
    expect(sim.snapshot()).toEqual(before);
  });
});

test.each([0, 2])('a volume that has grown on the array does not keep its server from starting (%i)', async (index) => {
  await using world = await startWorld({ machine: 'z16' });
  await using manager = await world.open();
  const { sim, context } = world;
  await spawn(manager, world, [2]);
  await manager.stop('web1', {}, context);
  sim.san.updateVolume(idOf(sim, index), { sizeGib: 48 });
  for (const { uri } of sim.hmc.model.all('storage-group')) sim.hmc.discover(uri);
  expect(states(sim)).toContain('overprovisioned');
  const asked = times(sim, discovery);

  await manager.start('web1', context);

  expect(await manager.show('web1', context)).toMatchObject({ partition_status: 'active' });
  expect(states(sim)).toEqual(['complete', 'complete', 'complete']);
  expect(times(sim, discovery)).toBe(asked);
});

test("a larger LUN that DPM took for the volume, and that is somebody else's, is not accepted", async () => {
  await using world = await startWorld({ machine: 'z16' });
  const { sim, context } = world;
  const swap = (point: { at: string; step: string }): Promise<void> => {
    if (point.at === 'after-run' && point.step === 'map-volume') {
      const initiators = sim.san.snapshot().arrays.flatMap(({ masks }) => masks.flatMap((mask) => mask.initiators));
      sim.san.createVolume({ id: 'stranger', sizeGib: 33 });
      sim.san.mapVolume({ volumeId: 'stranger', host: 'stranger', initiators, lunForm: 'peripheral' });
      sim.san.unmask(idOf(sim, 2));
    }
    return Promise.resolve();
  };
  await using manager = await world.open({ failpoint: swap });
  await spawn(manager, world);
  sim.log.clear();

  const failure = await manager.addVolume('web1', idOf(sim, 2), {}, context).catch((error: unknown) => error);

  expect(findError(failure, 'NOT_FULFILLED')).toBeDefined();
  expect(describeError(failure)).toMatch(/DPM found in its place, [0-9A-F]{32} of 33 GiB, LUN 0002/);
  expect(times(sim, accept)).toBe(0);
});

test('a prepared group with a volume that is larger than asked for is refused, and the remedy named', async () => {
  const group = { name: 'prepared', type: 'fcp', volumes: [{ name: 'root', sizeGib: 20, usage: 'boot' }] } as const;
  await using world = await startWorld({ machine: 'z16', san: rounding, storageGroups: [group] });
  await using manager = await world.open();
  const { sim, context } = world;
  const before = sim.snapshot();
  const request = { name: 'web1', vcpus: 1, memoryMib: 1024, storageGroup: { name: 'prepared' }, volumes: [] };

  const failure = await manager.create(request, context).catch((error: unknown) => error);

  expect(describeError(failure)).toMatch(/storage group "prepared" is pending-with-mismatches/);
  expect(describeError(failure)).toMatch(/storage volume "root" of 20 GiB is overprovisioned .*32 GiB/);
  expect(describeError(failure)).toMatch(/accept/i);
  await manager.delete('web1', context);
  expect(sim.snapshot()).toEqual(before);
});

test('a storage volume that the HMC is still deleting is not taken for the volume that is attached again', async () => {
  await using world = await startWorld({ machine: 'z16' });
  await using manager = await world.open();
  const { sim, context } = world;
  await spawn(manager, world);
  const [group] = sim.hmc.model.all('storage-group');
  const uri = `${group?.uri ?? ''}/storage-volumes/leaving`;
  const ids = { 'element-id': 'leaving', 'element-uri': uri };
  const state = { 'fulfillment-state': 'deleting', size: 10, usage: 'data', name: idOf(sim, 2) };
  sim.hmc.model.add('storage-volume', group?.uri ?? '', { ...ids, ...state });

  const server = await manager.addVolume('web1', idOf(sim, 2), {}, context);

  expect(server.volumes[1]?.paths.length).toBeGreaterThan(0);
  await manager.removeVolume('web1', idOf(sim, 2), context);
  expect(sim.hmc.model.find('storage-volume', uri)?.props).toMatchObject({ 'fulfillment-state': 'deleting' });
});
