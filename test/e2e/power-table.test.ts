import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DriverBench } from '../../bench/driver.ts';
import { context } from '../../bench/requests.ts';
import { partitionStatuses, verbsByStatus } from '../../src/partition/index.ts';
import type { Instance } from '../../src/virt/index.ts';
import { quickPolicies } from '../support/quick-policies.ts';

/*
 * Puts a partition into each status, runs each verb of the driver, and compares the operations that the HMC gets with the
 * table that the docs print.
 */

const operations: Readonly<Record<string, readonly string[]>> = {
  start: ['Start Partition'],
  stop: ['Stop Partition'],
  delete: ['Delete Partition'],
  nothing: [],
  'stop, then start': ['Stop Partition', 'Start Partition'],
  'stop, then delete': ['Stop Partition', 'Delete Partition'],
};

const verbs = {
  start: async ({ driver }: DriverBench, instance: Instance) => await driver.powerOn(context, instance, null),
  stop: async ({ driver }: DriverBench, instance: Instance) => await driver.powerOff(instance, 0, 0, context),
  delete: async ({ driver }: DriverBench, instance: Instance) => await driver.destroy(context, instance, null, null),
} as const;
type Verb = keyof typeof verbs;

const cells = (Object.keys(verbs) as Verb[]).flatMap((verb) =>
  partitionStatuses.map((status) => ({ verb, status, action: verbsByStatus[status][verb] })),
);

/** The statuses in which a partition rests: a verb that waits goes on when the partition has one. */
const afterWait = 'stopped';

for (const machine of ['z13', 'z16'] as const) {
  let bench: DriverBench;

  beforeAll(async () => {
    const volumes = [{ name: 'boot', size: 1, bootable: true, multiattach: true }];
    bench = await DriverBench.open({ machine, volumes }, quickPolicies);
  });

  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  test.each(cells)(`on a ${machine}, $verb of a partition in $status: $action`, async ({ verb, status, action }) => {
    const instance = bench.instance();
    await bench.spawn(instance);
    const name = bench.driver.guestName(instance);
    const setStatus = (to: string) => {
      const partition = bench.sim.hmc.model.named('partition', name);
      if (partition === undefined) throw new Error(`there is no partition ${name}`);
      partition.props.status = to;
    };
    const did = () =>
      bench.sim.log.entries
        .slice(before)
        .map(({ operation }) => operation)
        .filter((operation) => /^(Start|Stop|Delete) Partition$/.test(operation));
    setStatus(status);
    const before = bench.sim.log.entries.length;

    expect((await bench.driver.getInfo(instance, false, context)).state).toBe(verbsByStatus[status].power);
    const run = verbs[verb](bench, instance);

    if (action === 'refuse') {
      await expect(run).rejects.toThrow(status);
      expect(did()).toEqual([]);
      setStatus('stopped');
    } else if (action === 'wait') {
      while (!readsAgain(bench, before)) await sleep(5);
      expect(did()).toEqual([]);
      setStatus(afterWait);
      await run;
      const then = verbsByStatus[afterWait][verb];
      expect(did()).toEqual(operations[then]);
    } else {
      await run;
      expect(did()).toEqual(operations[action]);
    }
    if (verb !== 'delete' || action === 'refuse') await bench.driver.destroy(context, instance, null, null);
  });
}

/** Whether the verb has read the status often enough to have decided to wait. */
function readsAgain({ sim }: DriverBench, before: number): boolean {
  const reads = sim.log.entries.slice(before).filter(({ operation }) => operation === 'Get Partition Properties');
  return reads.length >= 4;
}
