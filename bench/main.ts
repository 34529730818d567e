import { driverCosts } from './driver.ts';
import { driverHeap, managerHeap } from './heap.ts';
import type { HeapGrowth } from './heap.ts';
import { jobEndDelay, periodicRequests } from './notifications.ts';
import { listCounts, overlap, spawnCount } from './requests.ts';
import type { Count } from './requests.ts';
import { startupCosts } from './startup.ts';

const print = (what: string, value: string) => process.stdout.write(`${what.padEnd(58)} ${value}\n`);
const shown = ({ requests, inSequence }: Count) => `${requests} requests, ${inSequence} in sequence`;
const mib = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`;
const grown = ({ first, last, perCycle }: HeapGrowth) =>
  `${mib(first)} after 300 cycles, ${mib(last)} after 3,000: ${Math.round(perCycle)} bytes a cycle`;

for (const machine of ['z13', 'z16'] as const)
  for (const partitions of [3, 60])
    for (const [verb, cost] of Object.entries(await driverCosts(machine, partitions)))
      print(
        `driver, ${machine}, ${partitions} other partitions: ${verb}`,
        `${shown(cost)} (at most ${shown(cost.most)})`,
      );
print('manager, spawn, z13, 2 vHBAs, 1 volume', shown(await spawnCount({ adapters: 2 })));
print('manager, spawn, z13, 4 vHBAs, 1 volume', shown(await spawnCount({ adapters: 4 })));
print('manager, spawn, z16, connectivity 2, 1 volume', shown(await spawnCount({ adapters: 2, machine: 'z16' })));
for (const partitions of [1, 85]) {
  const { list, hypervisor } = await listCounts(partitions);
  print(`server list, ${partitions} partitions`, shown(list));
  print(`hypervisor show, ${partitions} partitions`, shown(hypervisor));
}
for (const { command, ratio, most } of await startupCosts())
  print(`${command}: CPU time / CPU time of node -e 0`, `${ratio.toFixed(1)} (at most ${most})`);
for (const adapters of [2, 4, 8]) {
  const ratio = await overlap(adapters, 40);
  print(`spawn, ${adapters} vHBAs: wall time / sum of service times`, ratio.toFixed(2));
}
for (const hasBroker of [true, false]) {
  const requests = await periodicRequests(hasBroker);
  print(
    `periodic tasks, 40 instances, ${hasBroker ? 'with notifications' : 'polling'}`,
    `${requests.toFixed(1)} requests a minute`,
  );
}
const delays = await Promise.all([jobEndDelay(undefined), jobEndDelay(1_000), jobEndDelay(10_000)]);
for (const [index, how] of ['by notification', 'polled each second', 'polled every 10 s'].entries())
  print(`wait for a job, ${how}: delay / duration of the job`, (delays[index] ?? 0).toFixed(3));
// Minutes; test/shares/heap.test.ts runs a share of it.
if (process.argv.includes('--heap')) {
  print('driver, z13, heap of spawn and destroy', grown(await driverHeap(300, 3_000, 'z13')));
  print('driver, z16, heap of spawn and destroy', grown(await driverHeap(300, 3_000, 'z16')));
  print('manager, z13, heap of create and delete', grown(await managerHeap(300, 3_000, 'z13')));
}
