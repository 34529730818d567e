import { expect, it } from 'vitest';
import { describeError } from '../../src/base/index.ts';
import { openSession, w } from '../support/hmc-session.ts';
import { outcomeOf, startOwnershipScene } from '../support/ownership.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** What a person does at the HMC with the storage group of a server, rather than with its partition. */

const size = { vcpus: 1, memoryMib: 1024 };

function masksOf({ sim }: World) {
  return sim.san.snapshot().arrays.flatMap(({ masks }) => masks);
}

it("volumes are not unmapped while the server's storage group is attached to the running partition of another server", async () => {
  await using world = await startWorld({ machine: 'z16' });
  const { context, sim } = world;
  await using hmc = openSession(sim);
  await using manager = await world.open();
  await manager.create({ name: 'web1', ...size, volumes: [{ volumeId: 'boot-1' }] }, context);
  const [group] = sim.hmc.model.all('storage-group');
  const [lost] = sim.hmc.model.all('partition');
  await manager.create({ name: 'web2', ...size, volumes: [{ volumeId: 'boot-2' }] }, context);
  const rescuer = sim.hmc.model.all('partition').find(({ uri }) => uri !== lost!.uri)!;
  await manager.stop('web1', {}, context);
  await hmc.partitions.detachStorageGroup(lost!.uri, group!.uri, w);
  await hmc.partitions.delete(lost!.uri, w);
  await hmc.partitions.attachStorageGroup(rescuer.uri, group!.uri, w);
  const before = sim.snapshot();

  const message = describeError(await outcomeOf(manager.delete('web1', context)));

  expect(message).toContain(`(${rescuer.uri}) has the storage group`);
  expect(message).toContain('detach the storage group from it');
  expect(sim.snapshot()).toEqual(before);

  // What the message advises.
  await hmc.partitions.detachStorageGroup(rescuer.uri, group!.uri, w);
  await manager.delete('web1', context);
  expect(masksOf(world).length).toBeGreaterThan(0); // those of web2
  expect(sim.hmc.model.find('storage-group', group!.uri)).toBeUndefined();
  expect(rescuer.props.status).toBe('active');
});

it.each([
  { what: 'renamed', props: { name: 'shop disks' }, isDoubt: false },
  { what: 'renamed and re-described', props: { name: 'shop disks', description: 'shop' }, isDoubt: true },
])(
  'a server without a record whose partition is renamed and re-described and whose storage group is $what is not absent',
  async ({ props, isDoubt }) => {
    await using scene = await startOwnershipScene('z16');
    const { world, expectAlive } = scene;
    const { sim, context } = world;
    scene.loseRecords();
    scene.change({ props: { name: 'shop', description: 'shop' } });
    Object.assign(sim.hmc.model.all('storage-group')[0]!.props, props);
    await using manager = await world.open();
    const { uri } = scene.partition()!;
    const before = sim.snapshot();
    sim.log.clear();

    const outcome = await outcomeOf(manager.delete('web1', context));

    if (isDoubt) {
      expect(describeError(outcome)).toMatch(
        new RegExp(`partition "shop" \\(${uri}\\) has WWPN c05076\\S+ of this server`),
      );
      expect(sim.snapshot()).toEqual(before);
      expectAlive('delete');
      return;
    }
    expect(outcome).toBe('done');
    const at = (operation: string) => sim.log.entries.find((entry) => entry.operation === operation)!.startedAt;
    expect(at('Stop Partition')).toBeLessThanOrEqual(at('Delete Attachment'));
    expect(sim.hmc.snapshot()).toMatchObject({ partition: [], 'storage-group': [] });
    expect(masksOf(world)).toEqual([]);
  },
);
