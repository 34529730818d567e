import { expect, it, vi } from 'vitest';
import { PartitionResource } from '../../src/hmc-client/resources/partition.ts';
import { startWorld } from '../support/world.ts';

/** What a person who reads the stack trace of a build has to get through. */
const MAX_FRAMES = 25;

it('few calls lie between ComputeManager.create and the HMC client', async () => {
  const depths = new Map<string, number>();
  const methods = ['create', 'get', 'start', 'update'];
  const prototype = PartitionResource.prototype as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const method of methods) {
    const original = prototype[method];
    vi.spyOn(prototype, method).mockImplementation(function (this: unknown, ...given) {
      const frames = (new Error('here').stack ?? '').split('\n').filter((line) => line.includes('/src/'));
      const bottom = frames.findIndex((line) => line.includes('ComputeManager.create'));
      depths.set(method, Math.max(depths.get(method) ?? 0, bottom + 1));
      return original?.apply(this, given);
    });
  }
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Infinity;
  try {
    await using world = await startWorld();
    await using manager = await world.open();
    const volumes = [{ volumeId: world.sim.volumes[0]!.id }];
    await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes }, world.context);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }

  expect([...depths.keys()].toSorted()).toEqual(methods);
  expect(Math.min(...depths.values()), 'the whole stack was seen').toBeGreaterThan(5);
  expect(Math.max(...depths.values())).toBeLessThanOrEqual(MAX_FRAMES);
});
