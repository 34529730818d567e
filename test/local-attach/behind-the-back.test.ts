/* A local volume was detached by other means: the command names what is left, and removes it. */
import { expect, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { openCinder } from '../../src/cinder-client/index.ts';
import type { Connector } from '../../src/cinder-client/index.ts';
import { everything, startScene } from './scene.ts';

const request = { volume: 'data-1', multipath: true, enforceMultipath: false } as const;

test('lists a volume that Cinder no longer attaches, and a detach removes its devices from the host', async () => {
  await using scene = await startScene();
  const { world, host } = scene;
  const before = everything(scene);
  await using manager = await scene.open();
  const { attachment_id: id } = await manager.localAttach({ ...request, mode: 'rw' }, world.context);
  using cinder = openCinder({ ...world.settings.cinder, log: silentLogger });
  await cinder.attachments.delete(id ?? '', world.context);

  const found = await manager.verify(world.context);
  expect(found).toMatchObject([{ kind: 'volume', repair: null }]);
  expect(found[0]?.detail).toContain('which Cinder does not know; dpm local-detach');
  const gone = await manager.localDetach({ ...request, force: false }, world.context);

  expect(gone).toMatchObject({ detached: true, left_behind: [] });
  expect(everything(scene)).toEqual(before);
  expect(await manager.verify(world.context)).toEqual([]);
  // The test itself unmapped it while its devices were there; nobody else did worse.
  expect(host.violations.every((text) => text.startsWith('unmapped while'))).toBe(true);
});

test.each(['z13', 'z16'] as const)(
  'a partition of a %s that somebody deleted: named, and a detach takes back the rest',
  async (machine) => {
    await using scene = await startScene({ machine });
    const { world } = scene;
    const empty = world.sim.snapshot();
    await using manager = await scene.open();
    const of = { ...request, partition: 'payroll' };
    await manager.localAttach({ ...of, mode: 'rw' }, world.context);
    await scene.deletePartition();

    const found = await manager.verify(world.context);
    expect(found).toMatchObject([{ kind: 'volume', repair: null }]);
    expect(found[0]?.detail).toContain('but the partition does not exist');
    const gone = await manager.localDetach({ ...of, force: false }, world.context);

    expect(gone).toMatchObject({ detached: true, left_behind: [] });
    expect(await manager.verify(world.context)).toEqual([]);
    const { san, cinder, hmc } = world.sim.snapshot();
    expect({ san, cinder }).toEqual({ san: empty.san, cinder: empty.cinder });
    expect(hmc['storage-group']).toEqual(empty.hmc['storage-group']);
  },
);

test.each(['z13', 'z16'] as const)(
  'a volume of a partition of a %s stays attached when its paths cannot be determined at the end',
  async (machine) => {
    await using scene = await startScene({ machine });
    const { world } = scene;
    const before = everything(scene);
    let isDone = false;
    await using manager = await scene.open({
      failpoint: async ({ step, at }) => {
        if (step !== 'complete-attach' || at !== 'after-run' || isDone) return;
        isDone = true;
        world.sim.faults.add({
          id: 'mute',
          server: 'hmc',
          operation: '*',
          kind: { type: 'refuse', status: 400, reason: 7 },
        });
      },
    });
    const of = { ...request, partition: 'payroll' };

    const attached = await manager.localAttach({ ...of, mode: 'rw' }, world.context);
    world.sim.faults.clear();

    expect(attached).toMatchObject({ partition: 'payroll', paths: [] });
    expect(attached.warnings?.[0]).toContain('attached, but its paths cannot be read');
    const again = await manager.localAttach({ ...of, mode: 'rw' }, world.context);
    expect(again.paths?.length).toBeGreaterThan(0);
    expect(again.warnings).toBeUndefined();
    expect(await manager.localDetach({ ...of, force: false }, world.context)).toMatchObject({ detached: true });
    expect(everything(scene)).toEqual(before);
  },
);

test.each([
  { place: 'this host', where: {} },
  { place: 'a partition', where: { partition: 'payroll' } },
])('a request that came late to a volume of $place is named, and put right', async ({ where }) => {
  await using scene = await startScene();
  const { world } = scene;
  const before = everything(scene);
  await using manager = await scene.open();
  const { attachment_id: id, volume_id: volumeId } = await manager.localAttach(
    { ...request, ...where, mode: 'rw' },
    world.context,
  );
  const attached = everything(scene);
  using cinder = openCinder({ ...world.settings.cinder, log: silentLogger });
  const { host, wwpns } = world.sim.snapshot().cinder.attachments[0]!; // the one that was made
  const ports = wwpns.map(String);
  const connector: Connector = {
    ...{ host: host ?? '', wwpns: ports, wwnns: ports, multipath: true, platform: 's390x', os_type: 'linux' },
  };

  await cinder.actions.beginDetaching(volumeId, world.context);
  const detaching = await manager.verify(world.context);
  expect(detaching).toMatchObject([{ kind: 'volume', name: volumeId, repair: 'roll the detach back in Cinder' }]);
  await manager.repair(detaching, world.context);
  expect(everything(scene)).toEqual(attached);

  await cinder.attachments.update(id ?? '', connector, world.context);
  const attaching = await manager.verify(world.context);
  expect(attaching).toMatchObject([{ kind: 'volume', name: volumeId, repair: 'set its status in Cinder to in-use' }]);
  await manager.repair(attaching, world.context);

  expect(await manager.verify(world.context)).toEqual([]);
  await manager.localDetach({ ...request, ...where, force: false }, world.context);
  expect(everything(scene)).toEqual(before);
});
