/* A flow that became pointless, because its server or volume was changed by other means, is closed. */
import type { Failpoint } from '../../src/base/index.ts';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openCinder } from '../../src/cinder-client/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };

it('a delete that is stuck is one flow, and ends when it is resumed', async () => {
  await using world = await startWorld();
  await using manager = await world.open();
  await manager.create(request, world.context);
  const unmap = { id: 'unmap', server: 'cinder', operation: 'Delete Attachment', when: { times: -1 } } as const;
  world.sim.faults.add({ ...unmap, kind: { type: 'refuse', status: 409 } });

  await expect(manager.delete('web1', world.context)).rejects.toMatchObject({ code: 'FLOW_STUCK' });
  const open = await manager.listFlows({ open: true });
  world.sim.faults.clear();
  await manager.resumeFlow(open[0]!.id, world.context);

  expect(open.map(({ flow, parent }) => [flow, parent])).toEqual([['delete', undefined]]);
  expect(await manager.listFlows({ open: true })).toEqual([]);
});

it('closes the stuck flows of a server when its delete is finished later by another process', async () => {
  await using world = await startWorld();
  await using manager = await world.open();
  const before = world.sim.snapshot();
  const release = { id: 'release', server: 'cinder', operation: 'Delete Attachment', when: { times: -1 } } as const;
  const start = { id: 'start', server: 'hmc', operation: 'Start Partition', when: { times: -1 } } as const;
  world.sim.faults.add({ ...release, kind: { type: 'refuse', status: 409 } });
  world.sim.faults.add({ ...start, kind: { type: 'refuse', status: 403, reason: 1 } });

  await expect(manager.create(request, world.context)).rejects.toMatchObject({ code: 'FLOW_STUCK' });
  await expect(manager.delete('web1', world.context)).rejects.toMatchObject({ code: 'FLOW_STUCK' });
  const open = await manager.listFlows({ open: true });
  world.sim.faults.clear();
  await manager.resumeFlow(open.find(({ flow }) => flow === 'delete')!.id, world.context);

  expect(open.map(({ flow }) => flow)).toContain('build');
  expect(await manager.listFlows({ open: true })).toEqual([]);
  expect(await manager.list(world.context)).toEqual([]);
  expect(world.sim.snapshot()).toEqual(before);
});

it('a damaged journal line is reported, does not prevent list and delete, and cannot be resumed', async () => {
  await using world = await startWorld();
  const { context, settings, sim } = world;
  const before = sim.snapshot();
  {
    await using manager = await world.open();
    await manager.create(request, context);
  }
  const database = new DatabaseSync(join(settings.statePath, 'state.db'));
  database.exec(`insert into flow (id, flow, subject, parent, started_at, ended_at, outcome)
    select 'bad', 'add-volume', uuid, null, '2026-01-01T00:00:00.000Z', null, null from instance`);
  database.exec(`insert into event (flow_id, event) values ('bad', '{"kind":"flow-sta')`);
  database.close();
  await using manager = await world.open();

  const listed = await manager.listFlows();
  const findings = await manager.verify(context);
  const repaired = await manager.repair(findings, context);
  await expect(manager.resumeFlow('bad', context)).rejects.toMatchObject({ code: 'JOURNAL' });
  await manager.delete('web1', context);

  expect(listed.map(({ flow, state }) => [flow, state])).toContainEqual(['add-volume', 'damaged']);
  expect(listed.length).toBeGreaterThan(1);
  expect(findings).toMatchObject([{ kind: 'flow', name: 'bad', repair: null }]);
  expect(repaired).toMatchObject([{ outcome: 'left' }]);
  expect(sim.snapshot()).toEqual(before);
});

/** The first attach is stuck: this step of it fails when it is done, and what was attached cannot be taken back. */
function stuckAttach(failing: 'attach' | 'complete') {
  let isCalm = false;
  const failpoint = async ({ flow, step, at }: Failpoint): Promise<void> => {
    if (isCalm || flow !== 'add-volume') return;
    if (at === 'after-run' && step === failing) throw new Error('made to fail');
    if (at === 'before-undo' && step === 'attach') throw new Error('made to fail');
  };
  const strike = async (manager: ComputeManager, { context }: World): Promise<string> => {
    await expect(manager.addVolume('web1', 'data-1', {}, context)).rejects.toMatchObject({ code: 'FLOW_STUCK' });
    isCalm = true;
    const [flow] = await manager.listFlows({ open: true });
    return flow?.id ?? '';
  };
  return { failpoint, strike };
}

it('a stuck attach rolls back after its volume was detached by hand', async () => {
  await using world = await startWorld();
  const { failpoint, strike } = stuckAttach('complete');
  await using manager = await world.open({ failpoint });
  await manager.create(request, world.context);
  const before = world.sim.snapshot();
  const flow = await strike(manager, world);

  await manager.removeVolume('web1', 'data-1', world.context);
  await manager.resumeFlow(flow, world.context);

  expect(await manager.listFlows({ open: true })).toEqual([]);
  expect(world.sim.snapshot()).toEqual(before);
});

/** A detach is stuck: its volume was taken from the guest, and could not be given back. */
function stuckDetach() {
  let isCalm = false;
  const failpoint = async ({ flow, step, at }: Failpoint): Promise<void> => {
    if (isCalm || flow !== 'remove-volume') return;
    if (at === 'after-run' && step === 'detach') throw new Error('made to fail');
    if (at === 'before-undo' && step === 'detach') throw new Error('made to fail');
  };
  const strike = async (manager: ComputeManager, { context, sim, settings }: World): Promise<string> => {
    await manager.addVolume('web1', 'data-1', {}, context);
    await expect(manager.removeVolume('web1', 'data-1', context)).rejects.toMatchObject({ code: 'FLOW_STUCK' });
    isCalm = true;
    const [flow] = await manager.listFlows({ open: true });
    using cinder = openCinder(settings.cinder);
    const { id = '' } = sim.volumes.find(({ name }) => name === 'data-1') ?? {};
    await cinder.actions.rollDetaching(id, context);
    return flow?.id ?? '';
  };
  return { failpoint, strike };
}

describe.each([
  { what: 'an attach', make: () => stuckAttach('complete') },
  { what: 'a detach', make: stuckDetach },
])('$what that was stuck', ({ make }) => {
  it.each([{}, { cinder: { maxMicroversion: '3.43' } }])(
    'is closed when its volume, detached meanwhile, is attached again (%j)',
    async (options) => {
      await using world = await startWorld(options);
      const { context, sim } = world;
      const { failpoint, strike } = make();
      await using manager = await world.open({ failpoint });
      await manager.create(request, context);
      const flow = await strike(manager, world);
      await manager.removeVolume('web1', 'data-1', context);
      const { volumes } = await manager.addVolume('web1', 'data-1', {}, context);
      const attached = sim.snapshot();

      await expect(manager.resumeFlow(flow, context)).rejects.toThrow('there is nothing to resume');

      expect(await manager.listFlows({ open: true })).toEqual([]);
      expect(sim.snapshot()).toEqual(attached);
      expect((await manager.show('web1', context)).volumes).toEqual(volumes);
    },
  );
});

it('attaching a volume does not close the stuck flow of another volume', async () => {
  await using world = await startWorld();
  const { failpoint, strike } = stuckAttach('complete');
  await using manager = await world.open({ failpoint });
  await manager.create(request, world.context);
  const flow = await strike(manager, world);

  await manager.addVolume('web1', 'data-2', {}, world.context);

  expect((await manager.listFlows({ open: true })).map(({ id }) => id)).toEqual([flow]);
});

describe('with a Cinder before 3.44, in which a reservation has no id', () => {
  const options = { cinder: { maxMicroversion: '3.43' } };

  it('the reservation of one server is not mistaken for that of another', async () => {
    await using world = await startWorld(options);
    const { failpoint, strike } = stuckAttach('attach');
    await using manager = await world.open({ failpoint });
    const { context, sim } = world;
    await manager.create(request, context);
    await manager.create({ ...request, name: 'web2', volumes: [{ volumeId: 'boot-2' }] }, context);
    const before = sim.snapshot();
    const flow = await strike(manager, world);
    const stuck = sim.snapshot();
    // The answer of the other server's reservation is lost: it could take the volume for its own.
    sim.faults.add({ id: 'lost', server: 'cinder', operation: 'os-reserve', kind: { type: 'drop', when: 'after' } });

    const other = manager.addVolume('web2', 'data-1', {}, context);
    await expect(other).rejects.toMatchObject({ code: 'FLOW_ROLLED_BACK' });

    expect(sim.snapshot()).toEqual(stuck);
    sim.faults.clear();
    await manager.resumeFlow(flow, context);
    expect(sim.snapshot()).toEqual(before);
  });

  it('removes a mask although another client has released the reservation meanwhile', async () => {
    await using world = await startWorld(options);
    const { failpoint, strike } = stuckAttach('attach');
    await using manager = await world.open({ failpoint });
    const { context, sim } = world;
    await manager.create(request, context);
    const before = sim.snapshot();
    const flow = await strike(manager, world);
    using cinder = openCinder(world.settings.cinder);
    const volume = await cinder.findVolume('data-1', context);
    await cinder.actions.unreserve(volume?.id ?? '', context);

    await manager.resumeFlow(flow, context);

    expect(sim.snapshot()).toEqual(before);
  });
});
