import { describe, expect, test } from 'vitest';
import { describeError, findError } from '../../src/base/index.ts';
import type { ComputeManager, CreateServer } from '../../src/compute/index.ts';
import type { PreparedStorageGroup, Simulator } from '../../src/simulator/index.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const root = { name: 'root', sizeGib: 20, usage: 'boot' } as const;
const data = { name: 'data', sizeGib: 40 } as const;

const group = (type: PreparedStorageGroup['type'], name = 'prepared'): PreparedStorageGroup => ({
  name,
  type,
  volumes: type === 'nvme' ? [root] : [root, data],
});

const size = { vcpus: 1, memoryMib: 1024 };

async function create(manager: ComputeManager, { context }: World, request: Partial<CreateServer>) {
  const prepared = { storageGroup: { name: 'prepared' }, volumes: [] };
  return await manager.create({ name: 'web1', ...size, ...prepared, ...request }, context);
}

/** What a storage administrator would look at: the groups that are not ours, with all that is in them. */
function prepared({ hmc }: Simulator) {
  const snapshot = hmc.snapshot();
  const groups = snapshot['storage-group'].filter(({ name }) => name === 'prepared');
  const volumes = snapshot['storage-volume'].filter(({ parent }) =>
    groups.some((each) => each['object-uri'] === parent),
  );
  return {
    groups: groups.map(({ name, description, connectivity }) => ({ name, description, connectivity })),
    volumes,
  };
}

describe.each(['deferred', 'stock'] as const)('in the %s order', (order) => {
  test.each([
    ['z14', 'fcp'],
    ['z14', 'fc'],
    ['z15', 'nvme'],
    ['z16', 'fcp'],
    ['z17', 'nvme'],
  ] as const)(
    'on a %s, a server boots from a prepared group of type %s, and leaves it as it was',
    async (machine, type) => {
      await using world = await startWorld({
        machine,
        storageGroups: [group(type)],
        set: { 'dpm.spawn_order': order },
      });
      await using manager = await world.open();
      const { sim, context } = world;
      const before = sim.snapshot();
      const groups = prepared(sim);

      const server = await create(manager, world, {});

      expect(server).toMatchObject({ status: 'ACTIVE', power_state: 'running', volumes: [] });
      expect(server.boot).toMatchObject({
        device: 'storage-volume',
        storage_volume_uri: sim.storageGroups[0]?.volumeUris[0],
      });
      expect(prepared(sim).groups).toEqual(groups.groups);
      await manager.stop('web1', {}, context);
      await manager.start('web1', context);
      await manager.delete('web1', context);
      expect(prepared(sim)).toEqual(groups);
      expect(sim.snapshot()).toEqual(before);
    },
  );
});

test('volumes of Cinder are attached beside a prepared group, and taken away again', async () => {
  await using world = await startWorld({ machine: 'z16', storageGroups: [group('nvme')] });
  await using manager = await world.open();
  const { sim, context } = world;
  const before = sim.snapshot();
  const [, , first, second] = sim.volumes;

  const server = await create(manager, world, { volumes: [{ volumeId: first?.id ?? '' }] });
  expect(server.volumes).toMatchObject([{ volume_id: first?.id, boot_index: null }]);
  const more = await manager.addVolume('web1', second?.id ?? '', {}, context);
  expect(more.volumes).toHaveLength(2);
  await manager.removeVolume('web1', first?.id ?? '', context);
  await manager.removeVolume('web1', second?.id ?? '', context);
  await manager.stop('web1', {}, context);
  await manager.start('web1', context);
  expect(await manager.show('web1', context)).toMatchObject({ partition_status: 'active' });

  await manager.delete('web1', context);
  expect(sim.snapshot()).toEqual(before);
});

test('a server without volumes of Cinder gets one later', async () => {
  await using world = await startWorld({ machine: 'z16', storageGroups: [group('fcp')] });
  await using manager = await world.open();
  const { sim, context } = world;
  const before = sim.snapshot();
  await create(manager, world, {});

  const server = await manager.addVolume('web1', sim.volumes[2]?.id ?? '', {}, context);

  expect(server.volumes[0]?.paths.every(({ device_number: device }) => device !== null)).toBe(true);
  await manager.delete('web1', context);
  expect(sim.snapshot()).toEqual(before);
});

test('a volume of Cinder with boot index 0 is booted from, and the prepared group only attached', async () => {
  await using world = await startWorld({ machine: 'z16', storageGroups: [group('fcp')] });
  await using manager = await world.open();
  const { sim } = world;

  const server = await create(manager, world, { volumes: [{ volumeId: sim.volumes[0]?.id ?? '', bootIndex: 0 }] });

  expect(server.boot?.storage_volume_uri).not.toBeNull();
  expect(sim.storageGroups[0]?.volumeUris).not.toContain(server.boot?.storage_volume_uri);
});

const twoRoots = { ...group('fcp'), volumes: [root, { ...root, name: 'rescue' }] };

test('of several boot volumes one has to be named, by name, UUID or device number', async () => {
  await using world = await startWorld({ machine: 'z16', storageGroups: [twoRoots] });
  await using manager = await world.open();
  const { sim, context } = world;
  const before = sim.snapshot();

  const failure = await create(manager, world, {}).catch((error: unknown) => error);
  expect(describeError(failure)).toContain(
    'expected exactly one volume with usage boot; its boot volumes: "root", "rescue"',
  );
  await manager.delete('web1', context);
  expect(sim.snapshot()).toEqual(before);

  const server = await create(manager, world, { storageGroup: { name: 'prepared', bootVolume: 'rescue' } });
  expect(server.boot?.storage_volume_uri).toBe(sim.storageGroups[0]?.volumeUris[1]);
});

test('a prepared group that is attached already is not taken, and not detached', async () => {
  await using world = await startWorld({ machine: 'z16', storageGroups: [group('fcp')] });
  await using manager = await world.open();
  const { sim, context } = world;
  await create(manager, world, {});
  const before = sim.snapshot();

  const failure = await create(manager, world, { name: 'web2' }).catch((error: unknown) => error);

  expect(describeError(failure)).toMatch(/storage group "prepared" is attached to "OpenStack-compute1-.*" already/);
  await manager.delete('web2', context);
  expect(sim.snapshot()).toEqual(before);
});

test('a group that does not exist, or that the machine cannot have, is named', async () => {
  await using z16 = await startWorld({ machine: 'z16' });
  await using onZ16 = await z16.open();
  const missing = await create(onZ16, z16, {}).catch((error: unknown) => error);
  expect(findError(missing, 'NOT_FOUND')?.message).toBe('storage group "prepared" does not exist on this CPC');

  await using z13 = await startWorld({ machine: 'z13' });
  await using onZ13 = await z13.open();
  const impossible = await create(onZ13, z13, {}).catch((error: unknown) => error);
  expect(describeError(impossible)).toContain('storage group "prepared": this CPC has vHBAs and no storage groups');
  expect(z13.sim.hmc.snapshot().partition).toEqual([]);
});
