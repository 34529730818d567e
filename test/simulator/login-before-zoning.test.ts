import { describe, expect, test } from 'vitest';
import { describeError } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import { startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

/** A fabric whose zoning driver asks the name servers: initiators that have not logged in are not there for it. */
const lookup: WorldOptions = { san: { zoning: { lookup: true } } };

async function spawn(manager: ComputeManager, { sim, context }: World) {
  const volumes = [{ volumeId: sim.volumes[0]?.id ?? '' }];
  return await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes }, context);
}

describe.each(['z13', 'z14', 'z16', 'z17'] as const)('on a %s, where look-up decides what is zoned', (machine) => {
  test('a partition that has never started gets no zone, and the error says what to do', async () => {
    await using world = await startWorld({ machine, ...lookup });
    await using manager = await world.open();
    const before = world.sim.snapshot();

    const failure = await spawn(manager, world).catch((error: unknown) => error);

    expect(describeError(failure)).toMatch(/dpm\.login_before_zoning/);
    await manager.delete('web1', world.context);
    expect(world.sim.snapshot()).toEqual(before);
  });

  test.each(['deferred', 'stock'] as const)(
    'dpm.login_before_zoning starts it once without a boot device, then maps, and boots (%s order)',
    async (order) => {
      await using world = await startWorld({
        machine,
        ...lookup,
        set: { 'dpm.login_before_zoning': 'true', 'dpm.spawn_order': order },
      });
      await using manager = await world.open();
      const { sim, context } = world;
      const before = sim.snapshot();
      sim.log.clear();

      const server = await spawn(manager, world);

      expect(server).toMatchObject({ status: 'ACTIVE', power_state: 'running', partition_status: 'active' });
      expect(sim.log.byOperation()).toMatchObject({ 'Start Partition': 2, 'Stop Partition': 1 });
      await manager.addVolume('web1', sim.volumes[2]?.id ?? '', {}, context);
      await manager.delete('web1', context);
      expect(sim.snapshot()).toEqual(before);
    },
  );
});
