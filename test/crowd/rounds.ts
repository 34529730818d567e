import { startWorld } from '../support/world.ts';
import { crowd, crowdedMachine, PARTITIONS } from './crowd.ts';

/**
 * A process of its own, so that its memory is that of the manager and the simulators, and of no test runner:
 * `node --expose-gc rounds.ts MACHINE ROUNDS SIZE`. The first round is of 85 servers, the others of so many. Prints a
 * line of JSON for each.
 */
const [machine, rounds, size] = process.argv.slice(2);
await using world = await startWorld(crowdedMachine(machine === 'z16' ? 'z16' : 'z13'));
await using manager = await world.open();
for (let number = 1; number <= Number(rounds); number += 1) {
  const round = await crowd(world, manager, number, number === 1 ? PARTITIONS : Number(size));
  process.stdout.write(`${JSON.stringify(round)}\n`);
}
