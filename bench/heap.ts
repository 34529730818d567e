/*
 * Compares the heap after many spawns and destroys with the heap after few: finds memory that grows with each deleted
 * instance.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DriverBench } from './driver.ts';
import { context, openBench } from './requests.ts';

export interface HeapGrowth {
  /** Returns the bytes of the heap, after a garbage collection. */
  readonly first: number;
  readonly last: number;
  readonly perCycle: number;
}

/** Spawns and destroys instances one after the other with one driver; reuses volumes and ports. */
export async function driverHeap(first: number, last: number, machine: 'z13' | 'z16' = 'z13'): Promise<HeapGrowth> {
  await using bench = await DriverBench.open({ machine, adapters: 2 });
  return await growth(first, last, async () => {
    const instance = bench.instance();
    await bench.spawn(instance, 0, false);
    await bench.driver.destroy(context, instance, null, bench.info(0));
    bench.sim.log.clear();
  });
}

/** The same with a compute manager, whose journal has a bounded history. */
export async function managerHeap(first: number, last: number, machine: 'z13' | 'z16' = 'z13'): Promise<HeapGrowth> {
  await using bench = await openBench({ machine, adapters: 2 });
  const volumes = [{ volumeId: bench.sim.volumes[0]?.id ?? '' }];
  return await growth(first, last, async () => {
    await bench.manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes, start: false }, context);
    await bench.manager.delete('web1', context);
    bench.sim.log.clear();
  });
}

async function growth(first: number, last: number, cycle: () => Promise<void>): Promise<HeapGrowth> {
  let done = 0;
  const heapAfter = async (cycles: number) => {
    for (; done < cycles; done += 1) await cycle();
    return await heapUsed();
  };
  const before = await heapAfter(first);
  const after = await heapAfter(last);
  return { first: before, last: after, perCycle: (after - before) / (last - first) };
}

/** Lets background work end first, then collects garbage. */
async function heapUsed(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  }
  return process.memoryUsage().heapUsed;
}
