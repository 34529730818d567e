import { listCounts, overlap, spawnCount } from './requests.ts';

const print = (what: string, value: string) => process.stdout.write(`${what.padEnd(58)} ${value}\n`);
const shown = ({ requests, inSequence }: { requests: number; inSequence: number }) =>
  `${requests} requests, ${inSequence} in sequence`;

print('spawn, z13, 2 vHBAs, 1 volume', shown(await spawnCount({ adapters: 2 })));
print('spawn, z13, 4 vHBAs, 1 volume', shown(await spawnCount({ adapters: 4 })));
print('spawn, z16, connectivity 2, 1 volume', shown(await spawnCount({ adapters: 2, machine: 'z16' })));
for (const partitions of [1, 85]) {
  const { list, hypervisor } = await listCounts(partitions);
  print(`server list, ${partitions} partitions`, shown(list));
  print(`hypervisor show, ${partitions} partitions`, shown(hypervisor));
}
for (const adapters of [2, 4, 8]) {
  const ratio = await overlap(adapters, 40);
  print(`spawn, ${adapters} vHBAs: wall time / sum of service times`, ratio.toFixed(2));
}
