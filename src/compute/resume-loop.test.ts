import { expect, it } from 'vitest';
import { silentLogger } from '../base/index.ts';
import { startResumeLoop } from './resume-loop.ts';

/** Looks with these results, the last one again and again. @returns the pauses before the looks */
async function pausesOf(results: readonly (boolean | Error)[], looks: number): Promise<readonly number[]> {
  const pauses: number[] = [];
  await new Promise<void>((resolve) => {
    const loop = startResumeLoop({
      everyMs: 10,
      log: silentLogger,
      look: async () => {
        const result = results[Math.min(pauses.length, results.length) - 1];
        if (result instanceof Error) throw result;
        return result === true;
      },
      pause: async (ms) => {
        pauses.push(ms);
        if (pauses.length > looks) {
          resolve();
          void loop[Symbol.asyncDispose]();
        }
      },
    });
  });
  return pauses.slice(0, looks);
}

it('looks at equal distances while nothing waits', async () => {
  expect(await pausesOf([false], 4)).toEqual([10, 10, 10, 10]);
});

it('looks less often while something goes on waiting, and as often as at first when nothing does', async () => {
  expect(await pausesOf([true, true, true, true, true, false], 8)).toEqual([10, 20, 40, 80, 100, 100, 10, 10]);
});

it('goes on after a look that failed', async () => {
  expect(await pausesOf([new Error('no database'), false], 3)).toEqual([10, 20, 10]);
});

it('ends a running check, and starts no further one', async () => {
  let looks = 0;
  let isBegun = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    isBegun = resolve;
  });
  const loop = startResumeLoop({
    everyMs: 1,
    log: silentLogger,
    look: async (signal) => {
      looks += 1;
      isBegun();
      return await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    },
  });
  await begun;
  await loop[Symbol.asyncDispose]();
  expect(looks).toBe(1);
});
