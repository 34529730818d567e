import { startWorld } from '../support/world.ts';
import { crowd, crowdedMachine } from './crowd.ts';

/**
 * A process of its own, so that its memory is that of the manager and the simulators, and of no test runner:
 * `node --expose-gc rounds.ts MACHINE SIZE...`, one size for each round. Prints a line of JSON for each.
 */
const [machine, ...sizes] = process.argv.slice(2);
await using world = await startWorld(crowdedMachine(machine === 'z16' ? 'z16' : 'z13'));
await using manager = await world.open();
for (const [index, size] of sizes.entries()) {
  const round = await crowd(world, manager, index + 1, Number(size));
  process.stdout.write(`${JSON.stringify(round)}\n`);
}
