import { describe, expect, test } from 'vitest';
import type { ComputeManager, ServerDetail } from '../../src/compute/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** Every machine, in both orders of a spawn: the same commands, and the same answers but for what the machine is. */
const machines = ['z13', 'z14', 'z15', 'z16', 'z17'] as const;
const orders = ['deferred', 'stock'] as const;

const vhbas = { model: 'hba', bootDevice: 'storage-adapter' } as const;
const groups = { model: 'storage-group', bootDevice: 'storage-volume' } as const;
const expected = { z13: vhbas, z14: groups, z15: groups, z16: groups, z17: groups } as const;

/** Of the simulator's volumes the first boots, the third is empty. */
const BOOT = 0;
const DATA = 2;
const volumeOf = (sim: Simulator, index: number): string => sim.volumes[index]?.id ?? '';

async function spawn(manager: ComputeManager, { sim, context }: World, start = true): Promise<ServerDetail> {
  const volumes = [{ volumeId: volumeOf(sim, BOOT) }];
  return await manager.create({ name: 'web1', vcpus: 2, memoryMib: 2048, volumes, start }, context);
}

describe.each(machines)('on a %s', (machine) => {
  const { model, bootDevice } = expected[machine];

  describe.each(orders)('in the %s order', (order) => {
    test('an instance is spawned, gets and loses a volume, stops, starts and goes, and nothing is left', async () => {
      await using world = await startWorld({ machine, set: { 'dpm.spawn_order': order } });
      await using manager = await world.open();
      const { sim, context } = world;
      const empty = sim.snapshot();

      const server = await spawn(manager, world);
      expect(server).toMatchObject({ status: 'ACTIVE', power_state: 'running', storage_model: model });
      expect(server.boot?.device).toBe(bootDevice);
      expect(server.connector?.wwpns).toHaveLength(2);
      expect(server.connector?.wwpns).toContain(server.boot?.initiator_wwpn);
      expectReachable(sim, server);
      const spawned = sim.snapshot();

      const attached = await manager.addVolume('web1', volumeOf(sim, DATA), {}, context);
      expect(attached.volumes.map(({ volume_id: id }) => id)).toEqual([volumeOf(sim, BOOT), volumeOf(sim, DATA)]);
      for (const { device_number: device } of attached.volumes[1]?.paths ?? []) expect(device).toMatch(/^[0-9a-f]{4}$/);
      expectReachable(sim, attached);
      expect(sim.cinder.snapshot().volumes.find(({ id }) => id === volumeOf(sim, DATA))?.status).toBe('in-use');

      await manager.removeVolume('web1', volumeOf(sim, DATA), context);
      expect(sim.snapshot()).toEqual(spawned);

      await manager.stop('web1', {}, context);
      expect(await manager.show('web1', context)).toMatchObject({ status: 'SHUTOFF', partition_status: 'stopped' });
      await manager.start('web1', context);
      expect(await manager.show('web1', context)).toMatchObject({ status: 'ACTIVE', partition_status: 'active' });
      await manager.reboot('web1', { hard: true }, context);

      await manager.delete('web1', context);
      expect(sim.snapshot()).toEqual(empty);
    });

    test.each([1, 2, 3])(
      'two volumes of equal size attached at once each lead to their own disk (order of discovery %i)',
      async (orderSeed) => {
        await using world = await startWorld({
          machine,
          discovery: { orderSeed },
          set: { 'dpm.spawn_order': order },
        });
        await using manager = await world.open();
        const { sim, context } = world;
        const two = [volumeOf(sim, DATA), volumeOf(sim, DATA + 1)];
        expect(new Set(sim.volumes.slice(DATA, DATA + 2).map(({ size }) => size)).size).toBe(1);
        await spawn(manager, world);

        await Promise.all(two.map(async (id) => await manager.addVolume('web1', id, {}, context)));

        const server = await manager.show('web1', context);
        expect(server.volumes.map(({ volume_id: id }) => id).toSorted()).toEqual(
          [volumeOf(sim, BOOT), ...two].toSorted(),
        );
        expect(server.volumes.every(({ paths }) => paths.length > 0)).toBe(true);
        expectReachable(sim, server);
      },
    );

    test('a volume is attached and detached while the partition is stopped, and it starts with either', async () => {
      await using world = await startWorld({ machine, set: { 'dpm.spawn_order': order } });
      await using manager = await world.open();
      const { sim, context } = world;
      const empty = sim.snapshot();

      const server = await spawn(manager, world, false);
      expect(server).toMatchObject({ status: 'SHUTOFF', partition_status: 'stopped' });
      await manager.addVolume('web1', volumeOf(sim, DATA), {}, context);
      await manager.start('web1', context);
      await manager.stop('web1', {}, context);
      await manager.removeVolume('web1', volumeOf(sim, DATA), context);
      await manager.start('web1', context);
      expect(await manager.show('web1', context)).toMatchObject({ status: 'ACTIVE', partition_status: 'active' });

      await manager.delete('web1', context);
      expect(sim.snapshot()).toEqual(empty);
    });

    test('a boot volume that does not boot ends in an error, and the spawn is rolled back', async () => {
      await using world = await startWorld({ machine, set: { 'dpm.spawn_order': order } });
      await using manager = await world.open();
      const { sim, context } = world;
      const empty = sim.snapshot();
      sim.san.updateVolume(volumeOf(sim, BOOT), { bootable: false });

      await expect(spawn(manager, world)).rejects.toMatchObject({ code: 'FLOW_ROLLED_BACK' });
      expect(sim.snapshot()).toEqual(empty);
      await manager.delete('web1', context);
      expect(sim.snapshot()).toEqual(empty);
    });
  });
});

/** What is shown of a volume leads to it, and to no other: over those of its paths whose target is in the port's fabric. */
function expectReachable(sim: Simulator, server: ServerDetail): void {
  for (const volume of server.volumes) {
    const reached = volume.paths.flatMap(({ initiator_wwpn: initiator, target_wwpn: target, lun }) =>
      sim.san.fabricIds.flatMap((fabric) => {
        const probe = sim.san.probe(initiator, fabric, target, lun);
        return probe.ok ? [probe.volumeId] : [];
      }),
    );
    expect(new Set(reached)).toEqual(new Set([volume.volume_id]));
  }
}
