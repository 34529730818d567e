/*
 * npm run soak: 85 servers kept in motion (created, deleted, started, stopped, attached to, detached from) under 5 %
 * faults of every kind on every server, with the manager's process killed and HMC and Cinder restarted again and again.
 * Every few minutes, and at the end, everything is put right by plain means and compared with the start.
 *
 *   npm run soak -- [--minutes N] [--seed N] [--machine z13|z16] [--flow attachments|legacy]
 *
 * Prints a line each minute and a summary. Exit 0 only if nothing was left behind and nothing unforeseen happened.
 */
import { parseArgs } from 'node:util';
import { runSoak } from './soak/soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 0x7fff_ffff) },
    machine: { type: 'string', default: 'z16' },
    flow: { type: 'string', default: 'attachments' },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
const machine = (['z13', 'z16'] as const).find((name) => name === values.machine);
const flow = (['attachments', 'legacy'] as const).find((name) => name === values.flow);
if (!(minutes > 0) || !Number.isInteger(seed) || machine === undefined || flow === undefined) {
  console.error('usage: npm run soak -- [--minutes N] [--seed N] [--machine z13|z16] [--flow attachments|legacy]');
  process.exit(2);
}

const print = (line: string): void => console.log(line);
print(`soak: ${minutes} minutes on a ${machine}, Cinder flow "${flow}", seed ${seed}`);
const tally = await runSoak({ minutes, seed, machine, flow, roundMinutes: 5, print });
for (const problem of tally.problems) print(`PROBLEM: ${problem}`);
print(tally.summary());
print(tally.problems.length === 0 ? 'verify finds nothing; everything is as at the start.' : 'NOT as it should be.');
process.exitCode = tally.problems.length === 0 ? 0 : 1;
