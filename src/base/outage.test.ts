import { describe, expect, test } from 'vitest';
import {
  ConflictError,
  missingPeer,
  neverAborted,
  NotFoundError,
  Outages,
  RetriesExhaustedError,
  TimeoutError,
} from './index.ts';
import type { OutageNotice, OutagePolicy } from './index.ts';

const policy: OutagePolicy = { budgetMs: 60_000, firstDelayMs: 1, maxDelayMs: 2 };
const hmc = 'HMC hmc1:6794';

class Lost extends NotFoundError {
  constructor() {
    super('no answer', { unreachable: hmc });
  }
}

/** Fails a given number of times, records each failure as a client does, and then succeeds. */
function failing(outages: Outages, times: number) {
  let calls = 0;
  const work = async () => {
    calls += 1;
    if (calls <= times) {
      outages.failed(hmc);
      throw new Lost();
    }
    outages.answered(hmc);
    return 'done';
  };
  return { work, calls: () => calls };
}

const options = {
  policy,
  signal: neverAborted(),
  peerOf: (error: Error) => missingPeer(error),
  isRepeatable: () => true,
};

describe('a peer that stops answering', () => {
  test('is retried until it answers; its outage is reported once, and its return once', async () => {
    const notices: OutageNotice[] = [];
    const outages = new Outages((notice) => notices.push(notice));
    outages.answered(hmc);
    const { work, calls } = failing(outages, 50);

    await expect(outages.through(work, options)).resolves.toBe('done');

    expect(calls()).toBe(51);
    expect(notices.map(({ peer, isBack }) => [peer, isBack])).toEqual([
      [hmc, false],
      [hmc, true],
    ]);
    expect(notices[0]?.text).toMatch(
      /^HMC hmc1:6794 has not answered since \d\d:\d\d:\d\d; trying again until \d\d:\d\d:\d\d$/,
    );
    expect(notices[1]?.text).toBe('HMC hmc1:6794 answers again');
    expect(outages.away()).toEqual([]);
  });

  test('is no longer retried when the budget is used up, and then fails at once until it answers', async () => {
    const outages = new Outages();
    outages.answered(hmc);
    const short = { ...options, policy: { ...policy, budgetMs: 20 } };

    await expect(outages.through(failing(outages, 1e9).work, short)).rejects.toThrow(Lost);
    const later = failing(outages, 1e9);
    await expect(outages.through(later.work, short)).rejects.toThrow(Lost);

    expect(later.calls()).toBe(1);
    expect(outages.away()).toEqual([hmc]);
  });

  test('is not retried if it has never answered in this process', async () => {
    const outages = new Outages();
    const { work, calls } = failing(outages, 1);

    await expect(outages.through(work, options)).rejects.toThrow(Lost);
    expect(calls()).toBe(1);
  });

  test('is not retried after an error of another kind, or if the request must not be repeated', async () => {
    const outages = new Outages();
    outages.answered(hmc);
    const refused = async () => {
      throw new ConflictError('no');
    };
    const once = failing(outages, 1);

    await expect(outages.through(refused, options)).rejects.toThrow(ConflictError);
    await expect(outages.through(once.work, { ...options, isRepeatable: () => false })).rejects.toThrow(Lost);
    expect(once.calls()).toBe(1);
  });

  test('is not retried when it asks for more time than is left', async () => {
    const outages = new Outages();
    outages.answered(hmc);
    const { work, calls } = failing(outages, 1);

    await expect(outages.through(work, { ...options, askedDelayMs: () => 86_400_000 })).rejects.toThrow(Lost);
    expect(calls()).toBe(1);
  });

  test('is retried only until the caller cancels', async () => {
    const outages = new Outages();
    outages.answered(hmc);
    const caller = new AbortController();
    const slow = { ...options, signal: caller.signal, policy: { ...policy, firstDelayMs: 60_000, maxDelayMs: 60_000 } };

    const waiting = outages.through(failing(outages, 1).work, slow);
    setTimeout(() => caller.abort(new ConflictError('enough')), 5);

    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('the unreachable peer that caused a failure', () => {
  const outages = new Outages();
  outages.failed(hmc);

  test.each([
    ['a lost connection', new Lost(), hmc],
    ['the last of several attempts', new RetriesExhaustedError('x', [new ConflictError('x'), new Lost()]), hmc],
    ['all of several failures', new AggregateError([new Lost(), new Lost()]), hmc],
    ['one of several failures', new AggregateError([new Lost(), new ConflictError('x')]), undefined],
    ['a deadline that passed meanwhile', new TimeoutError('x'), hmc],
    ['a conflict caused by a lost connection', new ConflictError('x', {}, { cause: new Lost() }), undefined],
    ['something else', new Error('x'), undefined],
  ])('%s', (_what, error, peer) => {
    expect(missingPeer(error, outages)).toBe(peer);
  });

  test('a deadline alone names no peer', () => {
    expect(missingPeer(new TimeoutError('x'), new Outages())).toBeUndefined();
  });
});
