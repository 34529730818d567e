/*
 * npm run soak: creates, deletes, starts and stops 85 servers, and attaches and detaches their volumes, continuously. 5
 * % of the requests fail in every way. The process of the manager is killed, and HMC and Cinder are restarted, again
 * and again. Every few minutes, and at the end, the script repairs everything as an operator would, and compares it
 * with the start.
 *
 *   npm run soak -- [--minutes N] [--seed N] [--machine z13|z16] [--flow attachments|legacy]
 *
 * Prints a line each minute and a summary. Exits with 0 only if nothing is left behind and no unexpected error
 * occurred.
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
print(
  tally.problems.length === 0
    ? 'verify finds no orphans; HMC, SAN and Cinder are as at the start.'
    : 'FAILED: see the problems above.',
);
process.exitCode = tally.problems.length === 0 ? 0 : 1;
