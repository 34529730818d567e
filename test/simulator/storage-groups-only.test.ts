import { describe, expect, test } from 'vitest';
import { describeError, findError } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { PreparedStorageGroup } from '../../src/simulator/index.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/*
 * Servers that use only a storage group that is there already: on a machine of FICON or NVMe disks alone they need neither
 * an FCP storage group of their own nor an adapter port.
 */

const withoutPorts = { 'dpm.physical_storage_adapter_mappings': [] } as const;
const root = { name: 'root', sizeGib: 20, usage: 'boot' } as const;
const prepared = (type: PreparedStorageGroup['type']): PreparedStorageGroup => ({
  name: 'prepared',
  type,
  volumes: [root],
});
const request = { name: 'web1', vcpus: 1, memoryMib: 1024 };

async function create(manager: ComputeManager, { context }: World, volumeIds: readonly string[] = []) {
  const volumes = volumeIds.map((volumeId) => ({ volumeId }));
  return await manager.create({ ...request, storageGroup: { name: 'prepared' }, volumes }, context);
}

describe.each(['deferred', 'stock'] as const)('in the %s order', (order) => {
  test.each(['fc', 'nvme', 'fcp'] as const)('a server runs from a group of type %s alone', async (type) => {
    const set = { ...withoutPorts, 'dpm.spawn_order': order };
    await using world = await startWorld({ machine: 'z16', storageGroups: [prepared(type)], set });
    await using manager = await world.open();
    const { sim, context } = world;
    const before = sim.snapshot();

    const server = await create(manager, world);

    expect(server).toMatchObject({ status: 'ACTIVE', power_state: 'running' });
    expect(sim.log.byOperation()).not.toHaveProperty('Create Storage Group');
    await manager.stop('web1', {}, context);
    await manager.start('web1', context);
    await manager.delete('web1', context);
    expect(sim.snapshot()).toEqual(before);
  });

  test('its first volume of Cinder brings its own group, where there are adapter ports', async () => {
    const set = { 'dpm.spawn_order': order };
    await using world = await startWorld({ machine: 'z16', storageGroups: [prepared('fc')], set });
    await using manager = await world.open();
    const { sim, context } = world;
    const before = sim.snapshot();
    await create(manager, world);
    expect(sim.log.byOperation()).not.toHaveProperty('Create Storage Group');

    const server = await manager.addVolume('web1', sim.volumes[2]?.id ?? '', {}, context);

    expect(server.volumes[0]?.paths.length).toBeGreaterThan(0);
    expect(sim.log.byOperation()).toMatchObject({ 'Create Storage Group': 1 });
    await manager.delete('web1', context);
    expect(sim.snapshot()).toEqual(before);
  });

  test('a volume of Cinder without an adapter port is a ConfigError before anything is made', async () => {
    const set = { ...withoutPorts, 'dpm.spawn_order': order };
    await using world = await startWorld({ machine: 'z16', storageGroups: [prepared('fc')], set });
    await using manager = await world.open();
    const { sim, context } = world;
    const before = sim.snapshot();
    const volumeId = sim.volumes[0]?.id ?? '';

    const failure = await manager.create({ ...request, volumes: [{ volumeId }] }, context).catch((e: unknown) => e);

    expect(findError(failure, 'CONFIG')).toBeDefined();
    expect(describeError(failure)).toContain('dpm.physical_storage_adapter_mappings names no adapter port');
    expect(sim.log.byOperation()).not.toHaveProperty('Create Partition');
    await manager.delete('web1', context);
    await create(manager, world);
    const later = await manager.addVolume('web1', volumeId, {}, context).catch((e: unknown) => e);
    expect(findError(later, 'CONFIG')).toBeDefined();
    expect(sim.log.byOperation()).not.toHaveProperty('Create Storage Group');
    await manager.delete('web1', context);
    expect(sim.snapshot()).toEqual(before);
  });
});

test('on a z13, where there are no storage groups, a server without an adapter port is a ConfigError', async () => {
  await using world = await startWorld({ machine: 'z13', set: withoutPorts });
  await using manager = await world.open();
  const volumes = [{ volumeId: world.sim.volumes[0]?.id ?? '' }];

  const failure = await manager.create({ ...request, volumes }, world.context).catch((e: unknown) => e);

  expect(findError(failure, 'CONFIG')).toBeDefined();
  expect(world.sim.hmc.snapshot().partition).toEqual([]);
});
