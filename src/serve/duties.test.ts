import { expect, test } from 'vitest';
import { ConflictError, silentLogger } from '../base/index.ts';
import type { Logger } from '../base/index.ts';
import { startDuties } from './duties.ts';
import type { Clock, DutiesOptions, DutyEnd } from './duties.ts';

/** A clock that stands still until a test moves it. */
class FakeClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();

  readonly now = () => this.#now;

  readonly sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const sleeper = { until: this.#now + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });

  /** Moves on in steps of a second, and lets everything run that is due. */
  async moveOn(seconds: number): Promise<void> {
    await settle();
    for (let step = 0; step <= seconds; step += 1) {
      for (const sleeper of this.#sleepers) {
        if (sleeper.until > this.#now) continue;
        this.#sleepers.delete(sleeper);
        sleeper.wake();
      }
      await settle();
      if (step < seconds) this.#now += 1000;
    }
  }
}

async function settle(): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve));
}

const nothing = { removed: [], kept: [] };

/** Duties of a manager that notes what it is asked for, and when. */
function begin(manager: Partial<DutiesOptions['manager']> = {}, options: Partial<DutiesOptions> = {}) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const logged: string[] = [];
  const ends: DutyEnd[] = [];
  const note = (what: string) => asked.push(`${clock.now() / 1000} ${what}`);
  const log = {
    ...silentLogger,
    error: (facts: object, text: string) => logged.push(`error ${text} ${JSON.stringify(facts)}`),
    warn: (facts: object, text: string) => logged.push(`warn ${text} ${JSON.stringify(facts)}`),
  } as unknown as Logger; // all that the duties log with
  const isReleased = { value: false };
  const duties = startDuties({
    manager: {
      claimService: () => ({ [Symbol.dispose]: () => void (isReleased.value = true) }),
      waitingRequests: () => [],
      buildRequested: async (uuid) => void note(`build ${uuid}`),
      resumeWaiting: async () => {
        note('resume');
        return false;
      },
      removeParked: async ({ scope }) => {
        note(`parked ${scope}`);
        return nothing;
      },
      pruneHistory: () => void note('prune'),
      ...manager,
    },
    log,
    clock,
    onEnd: (end) => ends.push(end),
    ...options,
  });
  return { clock, asked, logged, ends, duties, isReleased };
}

test('each duty runs at once, and then at its own interval', async () => {
  const intervals = { 'resume-flows': 3000, 'remove-parked-partitions': 2000, 'prune-history': 4000 };
  const { clock, asked, duties } = begin({}, { intervals });
  await clock.moveOn(6);
  await duties[Symbol.asyncDispose]();

  const times = (what: string) => asked.filter((each) => each.endsWith(what)).map((each) => Number.parseInt(each));
  expect(times('resume')).toEqual([0, 3, 6]);
  expect(times('parked recorded')).toEqual([0, 2, 4, 6]);
  expect(times('parked all')).toEqual([0]);
  expect(times('prune')).toEqual([0, 4]);
});

test('a run that takes longer than the interval skips what it missed', async () => {
  let finish = (): void => undefined;
  const runs: number[] = [];
  const { clock, duties } = begin(
    {
      resumeWaiting: async () => {
        runs.push(clock.now() / 1000);
        if (runs.length === 1) await new Promise<void>((resolve) => void (finish = resolve));
        return false;
      },
    },
    { intervals: { 'resume-flows': 2000 } },
  );
  await clock.moveOn(5);
  finish();
  await clock.moveOn(3);
  await duties[Symbol.asyncDispose]();

  expect(runs).toEqual([0, 6, 8]);
});

test('a duty that fails is logged once, goes on, and does not stop the others', async () => {
  let isBroken = true;
  const { clock, asked, logged, ends, duties } = begin(
    {
      resumeWaiting: async () => {
        if (isBroken) throw new Error('no database');
        return await Promise.resolve(false);
      },
    },
    { intervals: { 'resume-flows': 1000, 'prune-history': 1000 } },
  );
  await clock.moveOn(2);
  isBroken = false;
  await clock.moveOn(1);
  await duties[Symbol.asyncDispose]();

  expect(logged).toEqual([expect.stringContaining('"duty":"resume-flows","error":"no database"')]);
  expect(asked.filter((each) => each.endsWith('prune'))).toHaveLength(4);
  const results = ends.filter(({ duty }) => duty === 'resume-flows').map(({ error }) => error);
  expect(results).toEqual(['no database', 'no database', 'no database', undefined]);
});

test('a long build delays neither another build nor another duty, and begins once', async () => {
  const requests = ['a'];
  const begun: string[] = [];
  const { clock, asked, duties } = begin({
    waitingRequests: () => requests,
    buildRequested: async (uuid, context) => {
      begun.push(uuid);
      await new Promise((_resolve, reject) => {
        context?.signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    },
  });
  await clock.moveOn(2);
  requests.push('b');
  await clock.moveOn(60);
  expect(begun).toEqual(['a', 'b']);
  expect(asked.filter((each) => each.endsWith('resume'))).toHaveLength(2);

  await duties[Symbol.asyncDispose](); // ends both builds
});

test('a build that cannot begin is logged, and begins again', async () => {
  let attempts = 0;
  const { clock, logged, duties } = begin({
    waitingRequests: () => (attempts < 2 ? ['a'] : []),
    buildRequested: async () => {
      attempts += 1;
      await Promise.reject(new Error('the queue is full'));
    },
  });
  await clock.moveOn(4);
  await duties[Symbol.asyncDispose]();

  expect(attempts).toBe(2);
  expect(logged).toHaveLength(2);
  expect(logged[0]).toContain('the queue is full');
});

test('a parked partition that has to stay is logged when that changes, not at every look', async () => {
  const details = ['status stopped', 'status stopped', 'status active'];
  const { clock, logged, duties } = begin(
    {
      removeParked: async ({ scope }) =>
        await Promise.resolve(
          scope === 'all'
            ? nothing
            : { removed: [], kept: [{ name: 'p', detail: details.shift() ?? 'status active' }] },
        ),
    },
    { intervals: { 'remove-parked-partitions': 1000 } },
  );
  await clock.moveOn(4);
  await duties[Symbol.asyncDispose]();

  expect(logged).toEqual([expect.stringContaining('status stopped'), expect.stringContaining('status active')]);
});

test('the end aborts what is running, waits for it, and frees the service', async () => {
  let isEnded = false;
  const { clock, duties, isReleased, logged } = begin({
    resumeWaiting: async (context) =>
      await new Promise((_resolve, reject) => {
        context?.signal.addEventListener('abort', () => {
          isEnded = true;
          reject(new Error('aborted'));
        });
      }),
  });
  await clock.moveOn(0);
  expect(isReleased.value).toBe(false);
  await duties[Symbol.asyncDispose]();

  expect(isEnded).toBe(true);
  expect(isReleased.value).toBe(true);
  expect(logged).toEqual([]);
});

test('a second service of a host does not begin', () => {
  const claimService = () => {
    throw new ConflictError('a service of host "compute1" runs already');
  };

  expect(() => begin({ claimService })).toThrow('runs already');
});
