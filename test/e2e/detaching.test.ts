import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openCinder } from '../../src/cinder-client/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import { InterruptedError } from '../../src/base/index.ts';
import type { Failpoint } from '../../src/base/index.ts';
import type { FaultKind } from '../../src/simulator/index.ts';
import { cpcUriOf, openSession, w } from '../support/hmc-session.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** Status `detaching` carries no name: only the party that has asked for it takes it back. */

const size = { vcpus: 1, memoryMib: 1024 };
const web1 = { name: 'web1', ...size, volumes: [{ volumeId: 'boot-1' }] };

const how = { multipath: true, enforceMultipath: false };

/** A volume that is attached, and how it is detached again. */
const users = {
  server: {
    attach: async (manager: ComputeManager, { context }: World) => {
      await manager.create(web1, context);
      await manager.addVolume('web1', 'data-1', {}, context);
    },
    detach: async (manager: ComputeManager, { context }: World) =>
      await manager.removeVolume('web1', 'data-1', context),
  },
  partition: {
    attach: async (manager: ComputeManager, world: World) => {
      await using hmc = openSession(world.sim);
      const partition = { name: 'lpar', iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 };
      await hmc.partitions.create(cpcUriOf(world.sim), partition, w);
      await manager.localAttach({ volume: 'data-1', partition: 'lpar', ...how, mode: 'rw' }, world.context);
    },
    detach: async (manager: ComputeManager, { context }: World) =>
      await manager.localDetach({ volume: 'data-1', partition: 'lpar', ...how, force: false }, context),
  },
};
const rows = Object.keys(users).flatMap((user) =>
  [{}, { cinder: { maxMicroversion: '3.43' } }].map((options) => ({ user: user as keyof typeof users, options })),
);

function statusOf({ sim }: World): string | undefined {
  return sim.snapshot().cinder.volumes.find(({ name }) => name === 'data-1')?.status;
}

async function otherParty({ sim, settings, context }: World): Promise<void> {
  using cinder = openCinder(settings.cinder);
  const { id = '' } = sim.volumes.find(({ name }) => name === 'data-1') ?? {};
  await cinder.actions.beginDetaching(id, context);
}

describe.each(rows)('a detach from a $user ($options)', ({ user, options }) => {
  const { attach, detach } = users[user];
  const flow = user === 'server' ? 'remove-volume' : 'local-detach';

  it('is refused while another client detaches the volume, and does not change its status', async () => {
    await using world = await startWorld(options);
    await using manager = await world.open();
    await attach(manager, world);
    await otherParty(world);
    const before = world.sim.snapshot();

    await expect(detach(manager, world)).rejects.toMatchObject({ code: 'FLOW_ROLLED_BACK' });

    expect(statusOf(world)).toBe('detaching');
    expect(world.sim.snapshot()).toEqual(before);
    expect(await manager.listFlows({ open: true })).toEqual([]);
  });

  it.each<FaultKind>([
    { type: 'refuse', status: 500, effect: 'none' },
    { type: 'refuse', status: 403 },
    { type: 'refuse', status: 500, effect: 'done' },
    { type: 'drop', when: 'after' },
  ])('whose beginning ends in %j leaves the volume in use, or detached', async (kind) => {
    await using world = await startWorld(options);
    await using manager = await world.open();
    await attach(manager, world);
    world.sim.faults.add({ id: 'begin', server: 'cinder', operation: 'os-begin_detaching', kind });

    const isDone = await detach(manager, world).then(
      () => true,
      () => false,
    );

    expect(world.sim.faults.struck('begin')).toBe(1);
    expect(statusOf(world)).toBe(isDone ? 'available' : 'in-use');
    expect(await manager.listFlows({ open: true })).toEqual([]);
    world.sim.faults.clear();
    await detach(manager, world);
    expect(statusOf(world)).toBe('available');
  });

  it.each([
    { what: 'is heard by a Cinder that then goes away', isInterrupted: false },
    { what: 'is heard when the user interrupts it', isInterrupted: true },
  ])('whose beginning $what is finished, or taken back, by the next one', async ({ isInterrupted }) => {
    await using world = await startWorld(options);
    const { sim, context } = world;
    const user = new AbortController();
    await using manager = await world.open();
    await attach(manager, world);
    let isDeaf = Promise.resolve();
    const decide = sim.faults.decide.bind(sim.faults);
    sim.faults.decide = (server, operation, ...more) => {
      if (operation !== 'os-begin_detaching') return decide(server, operation, ...more);
      if (isInterrupted) setImmediate(() => user.abort(new InterruptedError('interrupted by SIGINT')));
      else isDeaf = turn().then(async () => await sim.cinder.server.refuseConnections(true));
      return { id: 'away', server: 'cinder', operation, kind: { type: 'drop', when: 'after' } };
    };
    const interruptible = { ...world, context: { ...context, signal: user.signal } };

    await expect(detach(manager, interruptible)).rejects.toThrow();

    Reflect.deleteProperty(sim.faults, 'decide');
    await isDeaf;
    await sim.cinder.server.refuseConnections(false);
    await detach(manager, world);
    expect(statusOf(world)).toBe('available');
    expect(await manager.listFlows({ open: true })).toEqual([]);
  });

  it.each([
    { when: 'before it has asked', at: 'before-run', isOurs: false },
    { when: 'after it has asked', at: 'after-run', isOurs: true },
  ] as const)('that is cut off $when takes back what it has asked for, and no more', async ({ at, isOurs }) => {
    await using world = await startWorld(options);
    let isCalm = false;
    const failpoint = async (point: Failpoint): Promise<void> => {
      if (isCalm || point.flow !== flow || point.step !== 'begin-detaching') return;
      if (point.at === at || point.at === 'before-undo') throw new Error('made to fail');
    };
    await using manager = await world.open({ failpoint });
    await attach(manager, world);
    await expect(detach(manager, world)).rejects.toMatchObject({ code: 'FLOW_STUCK' });
    isCalm = true;
    if (!isOurs) await otherParty(world);

    const [open] = await manager.listFlows({ open: true });
    await manager.resumeFlow(open!.id, world.context);

    expect(statusOf(world)).toBe(isOurs ? 'in-use' : 'detaching');
  });
});
