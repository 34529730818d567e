import { describe, expect, it } from 'vitest';
import { openCinder } from '../../src/cinder-client/index.ts';
import type { FaultKind } from '../../src/simulator/index.ts';
import { everything, startScene } from '../local-attach/scene.ts';
import { startWorld } from '../support/world.ts';

/** A detach whose last look at Cinder is answered with what cannot be read, after all has been done. */

const garbage: readonly FaultKind[] = [{ type: 'wrong-schema' }, { type: 'malformed' }];
const old = { cinder: { maxMicroversion: '3.43' } } as const;
const web1 = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };

describe.each(garbage)('after os-detach, an answer of type $type to the read of the volume', (kind) => {
  it('does not fail the detach from a server: the volume is detached', async () => {
    await using world = await startWorld(old);
    const { sim, context } = world;
    await using manager = await world.open({
      onStep: ({ step, state }) => {
        // The first look of the release finds the attachment, the second has to find it gone.
        if (step !== 'release-volume' || state !== 'running') return;
        const when = { skip: 1, times: 1 };
        sim.faults.add({ id: 'look', server: 'cinder', operation: 'Show Volume', when, kind });
      },
    });
    await manager.create(web1, context);
    const before = sim.snapshot();
    await manager.addVolume('web1', 'data-1', {}, context);

    const server = await manager.removeVolume('web1', 'data-1', context);

    expect(sim.faults.struck('look')).toBe(1);
    expect(server.volumes).toHaveLength(1);
    expect(sim.snapshot()).toEqual(before);
    expect(await manager.verify(context)).toEqual([]);
    expect(await manager.listFlows({ open: true })).toEqual([]);
  });

  it('does not fail the detach from this host: the volume is detached', async () => {
    await using scene = await startScene(old);
    const { sim, context } = scene.world;
    const before = everything(scene);
    await using manager = await scene.open({
      onStep: ({ flow, step, state }) => {
        if (flow !== 'local-detach' || step !== 'release-volume' || state !== 'running') return;
        const when = { skip: 1, times: 1 };
        sim.faults.add({ id: 'look', server: 'cinder', operation: 'Show Volume', when, kind });
      },
    });
    const request = { volume: 'data-1', mountpoint: '/mnt/data', multipath: true, enforceMultipath: false };
    await manager.localAttach({ ...request, mode: 'rw' }, context);

    await manager.localDetach({ ...request, force: false }, context);

    expect(sim.faults.struck('look')).toBe(1);
    expect(everything(scene)).toEqual(before);
    expect(await manager.verify(context)).toEqual([]);
  });
});

it('a failed detach removes the mask of a volume that was detached by hand meanwhile', async () => {
  await using world = await startWorld(old);
  const { sim, context, settings } = world;
  await using manager = await world.open({
    failpoint: async ({ step, at }) => {
      if (step !== 'release-volume' || at !== 'before-run') return;
      using cinder = openCinder(settings.cinder);
      const [data] = await cinder.listVolumes({ name: 'data-1' }, context);
      await cinder.actions.detach(data!.id, undefined, context);
    },
  });
  await manager.create(web1, context);
  const before = sim.snapshot();
  await manager.addVolume('web1', 'data-1', {}, context);
  const operation = 'os-terminate_connection';
  const kind = { type: 'refuse', status: 403 } as const;
  sim.faults.add({ id: 'refusal', server: 'cinder', operation, when: { times: 1 }, kind });

  await expect(manager.removeVolume('web1', 'data-1', context)).rejects.toThrow();

  expect(sim.faults.struck('refusal')).toBe(1);
  expect(sim.snapshot()).toEqual(before);
});
