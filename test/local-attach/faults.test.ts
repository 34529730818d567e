import type { Failpoint } from '../../src/base/index.ts';
import { describe, expect, test } from 'vitest';
import type { WorldOptions } from '../support/world.ts';
import { everything, expectAttached, expectNothingLeft, startScene } from './scene.ts';

const attachSteps = [
  'reserve-volume',
  'prepare-ports',
  'map-volume',
  'connect-volume',
  'mount-volume',
  'complete-attach',
] as const;
/** Those from which there is a way back. */
const detachSteps = ['begin-detaching', 'unmount-volume', 'disconnect-volume', 'release-volume'] as const;
const points = ['before-run', 'after-run'] as const;

function failAt(step: string, at: Failpoint['at']): (point: Failpoint) => Promise<void> {
  return async (point) => {
    if (point.step === step && point.at === at) throw new Error(`struck ${at} ${step}`);
  };
}

const choice = { multipath: true, enforceMultipath: false, mode: 'rw' } as const;
const places = [
  { place: 'this host', request: { volume: 'data-1', mountpoint: '/mnt/data', ...choice }, options: {} },
  {
    place: 'this host, with a Cinder of old',
    request: { volume: 'data-1', mountpoint: '/mnt/data', ...choice },
    options: { cinder: { maxMicroversion: '3.43' } },
  },
  {
    place: 'a partition of a z13',
    request: { volume: 'data-1', partition: 'payroll', ...choice },
    options: { machine: 'z13' },
  },
  {
    place: 'a partition of a z16',
    request: { volume: 'data-1', partition: 'payroll', ...choice },
    options: { machine: 'z16' },
  },
] as const satisfies readonly { place: string; request: object; options: WorldOptions }[];

describe.each(places)('$place', ({ request, options }) => {
  test('every step of an attach fails in turn, before and after its effect: nothing is left', async () => {
    await using scene = await startScene(options);
    const { context } = scene.world;
    const before = everything(scene);
    for (const step of attachSteps) {
      for (const at of points) {
        await using manager = await scene.open({ failpoint: failAt(step, at) });
        const where = `${at} ${step}`;
        await expect(manager.localAttach(request, context), where).rejects.toMatchObject({ code: 'FLOW_ROLLED_BACK' });
        await expectNothingLeft(scene, before, where);
        expect(await manager.verify(context), where).toEqual([]);
      }
    }
  });

  test('every step of a detach that can go back does: the volume is attached as before', async () => {
    await using scene = await startScene(options);
    const { context } = scene.world;
    const before = everything(scene);
    await using first = await scene.open();
    const attached = await first.localAttach(request, context);
    await first[Symbol.asyncDispose]();
    for (const step of detachSteps) {
      for (const at of points) {
        const where = `${at} ${step}`;
        // Once Cinder has let go of it, the detach has happened after all.
        if (step === 'release-volume' && at === 'after-run') continue;
        await using manager = await scene.open({ failpoint: failAt(step, at) });
        const detach = manager.localDetach({ ...request, force: false }, context);
        await expect(detach, where).rejects.toMatchObject({ code: 'FLOW_ROLLED_BACK' });
        expect(await manager.verify(context), where).toEqual([]);
        await expectAttached(scene, where);
        expect(await manager.localAttach(request, context), where).toEqual(attached);
      }
    }
    await using last = await scene.open();
    expect(await last.localDetach({ ...request, force: false }, context)).toMatchObject({ detached: true });
    await expectNothingLeft(scene, before, 'detached');
    expect(await scene.witness.askedFromAfar()).toEqual([]);
  });

  test('a process that dies at any step has a successor that leaves nothing behind', async () => {
    await using scene = await startScene(options);
    const { context } = scene.world;
    const before = everything(scene);
    for (const step of attachSteps) {
      let struck = (): void => undefined;
      const dead = new Promise<void>((resolve) => {
        struck = resolve;
      });
      const hang = async (point: Failpoint) => {
        if (point.step !== step || point.at !== 'after-run') return;
        struck();
        await new Promise(() => undefined); // what it was about to write is never written
      };
      const dying = await scene.open({ failpoint: hang });
      void dying.localAttach(request, context);
      await dead;
      await dying[Symbol.asyncDispose](); // the lock goes with the process

      await using successor = await scene.open();
      await expectNothingLeft(scene, before, step);
      expect(await successor.verify(context), step).toEqual([]);
    }
  });
});
