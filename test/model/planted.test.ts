import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ComputeDriver } from '../../src/virt/index.ts';
import { newTally } from './tally.ts';
import { keepsToModel } from './run-model.ts';

/** A driver with a hole: of a server that does not run, it forgets to take a volume away. */
function forgetful(driver: ComputeDriver): ComputeDriver {
  return new Proxy(driver, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key !== 'detachVolume') return value.bind(target) as unknown;
      return async (...args: Parameters<ComputeDriver['detachVolume']>) => {
        const { state } = await target.getInfo(args[2], false, args[0]);
        if (state === 'running') await target.detachVolume(...args);
      };
    },
  });
}

it('finds a driver that omits one disconnect, and reduces the sequence to three operations', async () => {
  const where = { machine: 'z16', flow: 'attachments', wrapDriver: forgetful } as const;

  const found = await fc.check(keepsToModel(where, newTally()), { seed: 20_261_121, numRuns: 500 });

  expect(found.failed).toBe(true);
  expect(String(found.errorInstance)).toMatch(/volume [0-9a-f-]{36} is still in the storage group/);
  expect(found.counterexample?.map(String)[1]).toMatch(
    /^create\(s\d from boot-\d(?: with data-\d)?, not started\),(?:attach\(data-\d to s\d\),)?detach\(data-\d from s\d\)/,
  );
});
