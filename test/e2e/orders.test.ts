import type { Failpoint, StepEvent } from '../../src/base/index.ts';
import { describe, expect, it } from 'vitest';
import { describeError } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** Two requests for one server, in each order in which they can meet: each order has one outcome, and it is here. */

const web1 = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };
const machines = [{ machine: 'z13' }, { machine: 'z16' }] as const;

interface Scene extends AsyncDisposable {
  readonly world: World;
  readonly manager: ComputeManager;
  /** Begins `second` at the moment when this step runs, and gives what came of both. */
  during(
    step: string,
    first: () => Promise<unknown>,
    second: () => Promise<unknown>,
  ): Promise<readonly [string, string]>;
  /** Both in one breath, the first one first. */
  together(first: () => Promise<unknown>, second: () => Promise<unknown>): Promise<readonly [string, string]>;
}

async function startScene(options: Parameters<typeof startWorld>[0]): Promise<Scene> {
  const world = await startWorld(options);
  let watch: ((event: StepEvent) => void) | undefined;
  const manager = await world.open({ onStep: (event) => watch?.(event) });
  const together: Scene['together'] = async (first, second) => {
    const ends = await Promise.allSettled([first(), second()]);
    const [a = '', b = ''] = ends.map((end) => (end.status === 'fulfilled' ? 'done' : describeError(end.reason)));
    return [a, b];
  };
  return {
    world,
    manager,
    together,
    during: async (step, first, second) => {
      const begun = new Promise<void>((resolve) => {
        watch = (event) => {
          if (event.step === step && event.state === 'running') resolve();
        };
      });
      return await together(first, async () => {
        await begun;
        return await second();
      });
    },
    [Symbol.asyncDispose]: async () => {
      await manager[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

const volumesOf = async ({ manager, world }: Scene) =>
  (await manager.show('web1', world.context)).volumes.map(({ device_name: name }) => name);

const isClean = async ({ manager, world }: Scene) => {
  expect(await manager.verify(world.context)).toEqual([]);
  expect(await manager.listFlows({ open: true })).toEqual([]);
};

describe.each(machines)('on a $machine', (options) => {
  it('two attaches to one server at once run one after the other, and give two devices', async () => {
    await using scene = await startScene(options);
    const { manager, world } = scene;
    await manager.create(web1, world.context);

    const ends = await scene.together(
      () => manager.addVolume('web1', 'data-1', {}, world.context),
      () => manager.addVolume('web1', 'boot-2', {}, world.context),
    );

    expect(ends).toEqual(['done', 'done']);
    expect(await volumesOf(scene)).toEqual(['/dev/sda', '/dev/sdb', '/dev/sdc']);
    await isClean(scene);
  });

  it('of two attaches of the same volume at once, the first succeeds, the second is refused without a change', async () => {
    await using scene = await startScene(options);
    const { manager, world } = scene;
    await manager.create(web1, world.context);
    const attach = () => manager.addVolume('web1', 'data-1', {}, world.context);

    const ends = await scene.together(attach, attach);

    expect(ends).toEqual(['done', 'volume "data-1" is attached to server "web1" already']);
    expect(await volumesOf(scene)).toEqual(['/dev/sda', '/dev/sdb']);
    await isClean(scene);
  });

  it('one volume attached to two servers at once: one attach succeeds, the other is refused and rolled back', async () => {
    await using scene = await startScene(options);
    const { manager, world } = scene;
    await manager.create(web1, world.context);
    await manager.create({ ...web1, name: 'web2', volumes: [{ volumeId: 'boot-2' }] }, world.context);

    const ends = await scene.together(
      () => manager.addVolume('web1', 'data-1', {}, world.context),
      () => manager.addVolume('web2', 'data-1', {}, world.context),
    );

    expect(ends.filter((end) => end === 'done')).toHaveLength(1);
    const counts = await Promise.all(
      ['web1', 'web2'].map(async (name) => (await manager.show(name, world.context)).volumes.length),
    );
    expect(counts.toSorted()).toEqual([1, 2]);
    await isClean(scene);
  });

  it('a delete during a spawn waits for the spawn, then deletes everything', async () => {
    await using scene = await startScene(options);
    const { manager, world } = scene;
    const before = world.sim.snapshot();

    const ends = await scene.during(
      'create-partition',
      () => manager.create(web1, world.context),
      () => manager.delete('web1', world.context),
    );

    expect(ends).toEqual(['done', 'done']);
    expect(await manager.list(world.context)).toEqual([]);
    expect(world.sim.snapshot()).toEqual(before);
    await isClean(scene);
  });

  it('a detach during a delete waits for the delete, and fails because the server does not exist', async () => {
    await using scene = await startScene(options);
    const { manager, world } = scene;
    const before = world.sim.snapshot();
    await manager.create(web1, world.context);
    await manager.addVolume('web1', 'data-1', {}, world.context);

    const ends = await scene.during(
      'stop-partition',
      () => manager.delete('web1', world.context),
      () => manager.removeVolume('web1', 'data-1', world.context),
    );

    expect(ends).toEqual(['done', expect.stringMatching(/^server ".*" does not exist$/)]);
    expect(world.sim.snapshot()).toEqual(before);
    await isClean(scene);
  });

  it('a delete during a detach waits for the detach, then deletes everything', async () => {
    await using scene = await startScene(options);
    const { manager, world } = scene;
    const before = world.sim.snapshot();
    await manager.create(web1, world.context);
    await manager.addVolume('web1', 'data-1', {}, world.context);

    const ends = await scene.during(
      'begin-detaching',
      () => manager.removeVolume('web1', 'data-1', world.context),
      () => manager.delete('web1', world.context),
    );

    expect(ends).toEqual(['done', 'done']);
    expect(world.sim.snapshot()).toEqual(before);
    await isClean(scene);
  });

  it('a delete during an attach waits for the attach, then deletes everything', async () => {
    await using scene = await startScene(options);
    const { manager, world } = scene;
    const before = world.sim.snapshot();
    await manager.create(web1, world.context);

    const ends = await scene.during(
      'map-volume',
      () => manager.addVolume('web1', 'data-1', {}, world.context),
      () => manager.delete('web1', world.context),
    );

    expect(ends).toEqual(['done', 'done']);
    expect(world.sim.snapshot()).toEqual(before);
    await isClean(scene);
  });

  it('a stop during an attach waits for the attach, then stops the server', async () => {
    await using scene = await startScene(options);
    const { manager, world } = scene;
    await manager.create(web1, world.context);

    const ends = await scene.during(
      'map-volume',
      () => manager.addVolume('web1', 'data-1', {}, world.context),
      () => manager.stop('web1', {}, world.context),
    );

    expect(ends).toEqual(['done', 'done']);
    expect(await manager.show('web1', world.context)).toMatchObject({ status: 'SHUTOFF', task_state: null });
    expect(await volumesOf(scene)).toEqual(['/dev/sda', '/dev/sdb']);
    await isClean(scene);
  });

  it('two deletes at once both succeed with one delete; a third one afterwards finds no server', async () => {
    await using scene = await startScene(options);
    const { manager, world } = scene;
    const before = world.sim.snapshot();
    const { id } = await manager.create(web1, world.context);

    const ends = await scene.together(
      () => manager.delete('web1', world.context),
      () => manager.delete(id, world.context),
    );
    await expect(manager.delete(id, world.context)).rejects.toMatchObject({ code: 'NOT_FOUND' });

    expect(ends).toEqual(['done', 'done']);
    expect(world.sim.log.count(({ operation }) => operation === 'Delete Partition')).toBe(1);
    expect(world.sim.snapshot()).toEqual(before);
    await expect(manager.delete('web1', world.context)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await isClean(scene);
  });

  it('two detaches of a volume, at once or in turn, both succeed with one detach', async () => {
    await using scene = await startScene(options);
    const { manager, world } = scene;
    await manager.create(web1, world.context);
    const before = world.sim.snapshot();
    await manager.addVolume('web1', 'data-1', {}, world.context);
    const detach = () => manager.removeVolume('web1', 'data-1', world.context);

    const ends = await scene.together(detach, detach);
    await detach();

    expect(ends).toEqual(['done', 'done']);
    expect((await manager.listFlows()).filter(({ flow }) => flow === 'remove-volume')).toHaveLength(1);
    expect(world.sim.snapshot().cinder).toEqual(before.cinder);
    await isClean(scene);
  });

  it('stopping a stopped server and starting a running one succeed without a request to change it', async () => {
    await using scene = await startScene(options);
    const { manager, world } = scene;
    await manager.create(web1, world.context);
    const changes = () => world.sim.log.count(({ operation }) => /^(?:Start|Stop) Partition$/.test(operation));

    const started = changes();
    await manager.start('web1', world.context);
    expect(changes()).toBe(started);
    await manager.stop('web1', {}, world.context);
    const stopped = changes();
    await manager.stop('web1', {}, world.context);

    expect([started, stopped]).toEqual([1, 2]);
    expect(changes()).toBe(stopped);
    expect(await manager.show('web1', world.context)).toMatchObject({ status: 'SHUTOFF' });
  });
});

it('two managers of one state directory work on two servers at the same time; on one server, the second one waits', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let reached = (): void => undefined;
  const begun = new Promise<void>((resolve) => (reached = resolve));
  const failpoint = async ({ flow, step, at }: Failpoint) => {
    if (flow !== 'spawn' || step !== 'start-partition' || at !== 'before-run') return;
    reached();
    await held;
  };
  await using world = await startWorld();
  const { context } = world;
  await using first = await world.open({ failpoint, purpose: 'dpm server create web1', pid: 4711 });
  const creating = first.create(web1, context);
  await begun;
  const waitedFor: string[] = [];
  const onWait = (other: string) => {
    waitedFor.push(other);
    release();
  };
  await using second = await world.open({ onWait });
  await using reader = await world.open({ access: 'read' });

  await second.create({ name: 'web2', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-2' }] }, context);
  expect(waitedFor).toEqual([]);
  expect(await reader.list(context)).toMatchObject([
    { name: 'web1', status: 'BUILD' },
    { name: 'web2', status: 'ACTIVE' },
  ]);
  await second.delete('web1', context);
  await creating.catch(() => undefined);

  expect(waitedFor).toHaveLength(1);
  expect(waitedFor[0]).toContain('process 4711 (dpm server create web1, since ');
  expect(await reader.list(context)).toMatchObject([{ name: 'web2', status: 'ACTIVE' }]);
});
