import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Round } from './crowd.ts';

/**
 * V8 goes on making machine code, megabytes over ten rounds, and lets go of what it takes for old, megabytes at once; a
 * leak could hide behind either. Without, live objects are what is measured.
 */
const NO_CODE = ['no-opt', 'no-sparkplug', 'no-maglev', 'no-lazy-feedback-allocation', 'no-flush-bytecode'];
/** Runs rounds.ts, and prints a line for each round. */
export async function runRounds(machine: string, sizes: readonly number[]): Promise<readonly Round[]> {
  const program = fileURLToPath(new URL('./rounds.ts', import.meta.url));
  const flags = ['expose-gc', ...NO_CODE].map((flag) => `--${flag}`);
  const child = spawn(process.execPath, [...flags, program, machine, ...sizes.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const rounds: Round[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const round = JSON.parse(line) as Round; // the program prints nothing else
    rounds.push(round);
    report(machine, rounds.length, round);
  }
  expect(await closed).toEqual([0, null]);
  return rounds;
}

function report(machine: string, number: number, round: Round): void {
  const { size, active, refused, struck, requests, inFlight, heapMib } = round;
  console.log(
    `crowd ${machine}, round ${number}: ${size} at once, ${active} active, ${refused} refused; ${struck} faults in ` +
      `${requests} requests; at most ${inFlight.hmc} in flight at the HMC, ${inFlight.cinder} at Cinder; ` +
      `heap ${heapMib.toFixed(2)} MiB`,
  );
}
