import { describe, expect, test } from 'vitest';
import { describeError } from '../../src/base/index.ts';
import { openCinder } from '../../src/cinder-client/index.ts';
import { everything, startScene } from './scene.ts';
import type { Scene } from './scene.ts';

const choice = { volume: 'data-1', multipath: true, enforceMultipath: false } as const;
const places = [
  { place: 'this host', where: {}, machine: 'z16' },
  { place: 'a partition of a z13', where: { partition: 'payroll' }, machine: 'z13' },
  { place: 'a partition of a z16', where: { partition: 'payroll' }, machine: 'z16' },
] as const;
const flows = [
  { flow: 'attachments', options: {}, release: 'Delete Attachment' },
  { flow: 'actions of old', options: { cinder: { maxMicroversion: '3.43' } }, release: 'os-terminate_connection' },
] as const;

/** Only an administrator may force. */
const cloud = {
  users: [{ name: 'dpm', password: 'dpm-of-the-simulator', projects: { service: ['admin', 'service', 'member'] } }],
} as const;

/** Nothing is left anywhere, by the word of everybody who could know. */
async function expectNothingLeft(scene: Scene, before: unknown): Promise<void> {
  expect(everything(scene)).toEqual(before);
  expect(await scene.witness.paths()).toEqual([]);
  expect(await scene.witness.orphans()).toEqual([]);
}

const asked = ({ world }: Scene, operation: string) =>
  world.sim.log.entries.filter((entry) => entry.operation === operation).length;

describe.each(places.flatMap((place) => flows.map((flow) => ({ ...place, ...flow }))))(
  '$place, $flow',
  ({ where, machine, options, release }) => {
    const request = { ...choice, ...where };

    test.each([409, 500])('a release that Cinder refuses with %i goes by force, and by force alone', async (status) => {
      await using scene = await startScene({ machine, ...cloud, ...options });
      const { world, host, witness } = scene;
      const before = everything(scene);
      await using manager = await scene.open();
      await manager.localAttach({ ...request, mode: 'rw' }, world.context);
      const [attached, paths] = [world.sim.snapshot().cinder, await witness.paths()];
      world.sim.faults.add({
        id: 'no',
        server: 'cinder',
        operation: release,
        when: { times: -1 },
        kind: { type: 'refuse', status },
      });

      const gently = manager.localDetach({ ...request, force: false }, world.context);
      await expect(gently).rejects.toMatchObject({ code: 'FLOW_ROLLED_BACK' });
      expect(world.sim.snapshot().cinder).toEqual(attached);
      expect((await witness.paths()).length).toBe(paths.length);
      expect(asked(scene, 'os-force_detach')).toBe(0);

      const gone = await manager.localDetach({ ...request, force: true }, world.context);
      expect(gone).toMatchObject({ detached: true, left_behind: [] });
      expect(asked(scene, 'os-force_detach')).toBe(1);
      await expectNothingLeft(scene, before);
      expect(host.violations).toEqual([]);
    });

    test('a volume that is in status error goes by force, and by force alone', async () => {
      await using scene = await startScene({ machine, ...cloud, ...options });
      const { world } = scene;
      const before = everything(scene);
      await using manager = await scene.open();
      const { volume_id: id } = await manager.localAttach({ ...request, mode: 'rw' }, world.context);
      using cinder = openCinder(world.settings.cinder);
      await cinder.actions.resetStatus(id, { status: 'error' }, world.context);
      const stuck = everything(scene);

      const gently = manager.localDetach({ ...request, force: false }, world.context);
      await expect(gently).rejects.toMatchObject({ code: 'FLOW_ROLLED_BACK' });
      expect(everything(scene)).toEqual(stuck);

      const gone = await manager.localDetach({ ...request, force: true }, world.context);
      expect(gone).toMatchObject({ detached: true, left_behind: [] });
      await expectNothingLeft(scene, before);
    });

    test('who may not force is told so, and everything stays attached', async () => {
      await using scene = await startScene({ machine, ...cloud, ...options });
      const { world, witness } = scene;
      await using manager = await scene.open();
      await manager.localAttach({ ...request, mode: 'rw' }, world.context);
      const [attached, paths] = [world.sim.snapshot().cinder, await witness.paths()];
      const refuse = { type: 'refuse', status: 500 } as const;
      world.sim.faults.add({ id: 'no', server: 'cinder', operation: release, when: { times: -1 }, kind: refuse });
      world.sim.faults.add({
        id: 'nor',
        server: 'cinder',
        operation: 'os-force_detach',
        kind: { ...refuse, status: 403 },
      });

      const detaching = manager.localDetach({ ...request, force: true }, world.context);

      await expect(detaching).rejects.toMatchObject({ code: 'FLOW_ROLLED_BACK' });
      expect(world.sim.snapshot().cinder).toEqual(attached);
      expect((await witness.paths()).length).toBe(paths.length);
      expect(await witness.orphans()).toEqual([]);
    });
  },
);

test('data that can be written to no path any more is given up by force, and by force alone', async () => {
  await using scene = await startScene({ ...cloud });
  const { world, host, witness } = scene;
  const before = everything(scene);
  await using manager = await scene.open();
  await manager.localAttach({ ...choice, mode: 'rw' }, world.context);
  for (const { volume } of host.masks) volume.alive = false;
  for (const map of host.maps) map.isDirty = true;

  const gently = manager.localDetach({ ...choice, force: false }, world.context);
  await expect(gently).rejects.toMatchObject({ code: 'FLOW_STUCK' });
  expect((await witness.paths()).map(({ state }) => state)).toContain('lun-unreachable');
  const [flow] = await manager.listFlows({ open: true });
  const again = manager.localDetach({ ...choice, force: false }, world.context);
  await expect(again).rejects.toThrow(`dpm flow resume ${flow?.id} first, or detach it with --force`);

  const gone = await manager.localDetach({ ...choice, force: true }, world.context);
  expect(gone).toMatchObject({ detached: true, left_behind: [] });
  await expectNothingLeft(scene, before);
  expect(host.violations.every((text) => text.endsWith('was not written out'))).toBe(true);
});

test('what is in use stays, with force as without', async () => {
  await using scene = await startScene({ ...cloud });
  const { world, host, witness } = scene;
  await using manager = await scene.open();
  await manager.localAttach({ ...choice, mode: 'rw' }, world.context);
  host.openFiles.set(4711, { comm: 'db2sysc', node: `/dev/${host.maps[0]!.block}` });
  host.changed();
  const [attached, paths] = [everything(scene), await witness.paths()];

  const detaching = manager.localDetach({ ...choice, force: true }, world.context);

  const failure: unknown = await detaching.catch((error: unknown) => error);
  expect(describeError(failure)).toContain('db2sysc');
  expect(everything(scene)).toEqual(attached);
  expect(await witness.paths()).toEqual(paths);
});
