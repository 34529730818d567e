/*
 * Every request with which a stop asks the guest first fails in every way: the server is stopped, or as it was, and nothing
 * is left behind. Which of the two is not in the table of endings: a guest that cannot be asked is stopped by force, so that
 * other failures are absorbed than those of a request that a stop needs.
 */
import { expect, it } from 'vitest';
import { runMatrix } from './matrix.ts';
import { Sample, stepOf } from './sample.ts';
import type { Draft } from './drafts.ts';
import { scenarios } from './scenarios.ts';

/** Not the other acts of a stop, nor what lasts for the whole grace time: a command that may have arrived. */
function isElsewhere(draft: Draft): boolean {
  const { blow } = draft;
  if (stepOf(draft) !== 'stop/ask-guest' || blow.kind !== 'fault') return true;
  if (blow.strike.operation !== 'Send OS Command') return false;
  const { kind } = blow.fault;
  return kind.type === 'refuse' ? kind.status >= 500 : kind.type !== 'session-lost' && kind.type !== 'restart';
}

it('a soft stop leaves nothing behind, however its question to the guest fails', { timeout: 3_600_000 }, async () => {
  const sample = new Sample(isElsewhere, 3);
  const plan = { title: 'z16, soft stop', world: { machine: 'z16' }, scenarios: [scenarios.softStop], sample } as const;

  const { summary, endings, problems, misses, untouched, rows } = await runMatrix(plan);

  console.log(`${summary}\n${endings}`);
  expect({ problems, misses, untouched }).toEqual({ problems: [], misses: [], untouched: [] });
  expect(
    endings
      .match(/^ {2}[a-z ]+(?=:)/gm)
      ?.map((ending) => ending.trim())
      .toSorted(),
  ).toEqual(['absorbed', 'rolled back']);
  expect(rows).toBeGreaterThan(8);
});
