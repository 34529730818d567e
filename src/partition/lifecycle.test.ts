import { EventHub } from '../hmc-client/events.ts';
import { HmcConnectionError, HmcHttpError, JobFailedError, JobLostError } from '../hmc-client/errors/index.ts';
import { describe, expect, test } from 'vitest';
import { ConflictError, neverAborted, silentLogger } from '../base/index.ts';
import type { HmcSession } from '../hmc-client/index.ts';
import { PartitionLifecycle, partitionExists, PartitionStatusError, StatusTimeoutError } from './index.ts';
import type { LifecyclePolicy } from './index.ts';

const partition = { uri: '/api/partitions/p', name: 'OpenStack-compute1-x' };
const w = { signal: neverAborted() };
/** Nothing waits longer than it must; a status is believed at once. */
const quick: LifecyclePolicy = { timeoutMs: 60_000, poll: { minDelayMs: 0, maxDelayMs: 1 }, statusLagMs: 0 };

const refusal = (status: number, reason: number) =>
  new HmcHttpError('ask', { status, reason, method: 'POST', uri: partition.uri, hmcMessage: 'it is said' });
const jobFailed = new JobFailedError(
  'start partition',
  { status: 500, reason: 263, hmcMessage: 'the load failed', canceled: false },
  { operation: 'Start Partition', jobUri: '/api/jobs/1', uri: partition.uri },
);
const jobLost = new JobLostError('start partition', { operation: 'Start Partition', jobUri: '/api/jobs/1' });
const answerLost = new HmcConnectionError('start partition', { host: 'hmc1', phase: 'receive', sent: true });
const notSent = new HmcConnectionError('start partition', { host: 'hmc1', phase: 'connect', sent: false });

/** The error of a request (of each one in turn, the last stays), or of its job. */
interface Answer {
  readonly request?: Error | readonly (Error | undefined)[];
  readonly job?: Error;
}

/** How an operation goes: the error of its request, or of its job. */
interface Script {
  /** One a look; the last stays. An error is thrown. */
  readonly statuses: readonly (string | Error)[];
  readonly start?: Answer;
  readonly stop?: Answer;
  readonly delete?: Error;
}

/** An HMC that follows a script, and notes what is asked of it. */
function scripted(script: Script, policy: LifecyclePolicy = quick) {
  const asked: string[] = [];
  let looks = 0;
  const operation = (verb: 'start' | 'stop') => async () => {
    asked.push(verb);
    const { request, job } = script[verb] ?? {};
    const requests = [request].flat();
    const failure = requests[Math.min(asked.filter((it) => it === verb).length, requests.length) - 1];
    if (failure !== undefined) throw failure;
    return {
      uri: '/api/jobs/1',
      wait: async () => {
        if (job !== undefined) throw job;
      },
    };
  };
  const partitions = {
    get: async () => {
      const status = script.statuses[Math.min(looks, script.statuses.length - 1)];
      looks += 1;
      if (status instanceof Error) throw status;
      return { status };
    },
    start: operation('start'),
    stop: operation('stop'),
    delete: async () => {
      asked.push('delete');
      if (script.delete !== undefined) throw script.delete;
    },
  };
  const events = new EventHub(() => undefined, silentLogger);
  const hmc = { partitions, events } as unknown as HmcSession; // of which a lifecycle uses only these
  return { lifecycle: new PartitionLifecycle(hmc, policy), asked };
}

describe('start', () => {
  test.each(['active', 'degraded'])('ends with the partition running: %s', async (status) => {
    const { lifecycle, asked } = scripted({ statuses: ['starting', status] });

    await expect(lifecycle.start(partition, w)).resolves.toEqual({ kind: 'running', status });
    expect(asked).toEqual(['start']);
  });

  test('takes a paused partition for the lag of the status, as long as that may last', async () => {
    const { lifecycle } = scripted(
      { statuses: ['starting', 'paused', 'paused', 'active'] },
      { ...quick, statusLagMs: 60_000 },
    );

    await expect(lifecycle.start(partition, w)).resolves.toMatchObject({ kind: 'running' });
  });

  test.each(['communications-not-active', 'status-check'])(
    'waits past "%s", which does not tell how the start went',
    async (status) => {
      const { lifecycle } = scripted({ statuses: ['starting', status, status, 'active'] });

      await expect(lifecycle.start(partition, w)).resolves.toEqual({ kind: 'running', status: 'active' });
    },
  );

  test('ends with a time-out, not with a failed start, when the status stays unknown for long', async () => {
    const { lifecycle } = scripted({ statuses: ['status-check'] }, { ...quick, timeoutMs: 20 });

    await expect(lifecycle.start(partition, w)).rejects.toBeInstanceOf(StatusTimeoutError);
  });

  test.each(['paused', 'terminated', 'stopped', 'reservation-error'])(
    'ends with a failure when the status stays "%s"',
    async (status) => {
      const { lifecycle } = scripted({ statuses: ['starting', status] });

      const hmcSaid = 'the start job ended without error';
      await expect(lifecycle.start(partition, w)).resolves.toEqual({ kind: 'failed', status, hmcSaid });
    },
  );

  test('ends with what the HMC said when the job failed, without waiting for a lag', async () => {
    const { lifecycle } = scripted(
      { statuses: ['starting', 'stopped'], start: { job: jobFailed } },
      { ...quick, statusLagMs: 60_000 },
    );

    const result = await lifecycle.start(partition, w);

    expect(result).toMatchObject({
      kind: 'failed',
      status: 'stopped',
      hmcSaid: expect.stringContaining('the load failed') as string,
      cause: jobFailed,
    });
  });

  test('whose job failed is a success all the same when the partition runs', async () => {
    const { lifecycle } = scripted({ statuses: ['active'], start: { job: jobFailed } });

    await expect(lifecycle.start(partition, w)).resolves.toEqual({ kind: 'running', status: 'active' });
  });

  test.each([
    ['the answer was lost', { request: answerLost }],
    ['the job is gone from the HMC', { job: jobLost }],
    ['somebody was quicker (409.1)', { request: refusal(409, 1) }],
  ])('is judged by the status, and not repeated, when %s', async (_what, start) => {
    const { lifecycle, asked } = scripted({ statuses: ['starting', 'active'], start });

    await expect(lifecycle.start(partition, w)).resolves.toEqual({ kind: 'running', status: 'active' });
    expect(asked).toEqual(['start']);
  });

  test.each([
    ['the connection breaks', answerLost],
    ['an HTML page comes instead of an answer', refusal(500, 999)],
    ['the HMC errs before the effect', refusal(500, 12)],
  ])('is sent once more when %s and the partition stays as it was', async (_what, failure) => {
    const { lifecycle, asked } = scripted({
      statuses: ['stopped', 'starting', 'active'],
      start: { request: [failure, undefined] },
    });

    await expect(lifecycle.start(partition, w)).resolves.toEqual({ kind: 'running', status: 'active' });
    expect(asked).toEqual(['start', 'start']);
  });

  test('is not sent again before the time is over for which a status may trail', async () => {
    const { lifecycle, asked } = scripted(
      { statuses: ['stopped', 'stopped', 'stopped', 'starting', 'active'], start: { request: answerLost } },
      { ...quick, statusLagMs: 60_000 },
    );

    await expect(lifecycle.start(partition, w)).resolves.toMatchObject({ kind: 'running' });
    expect(asked).toEqual(['start']);
  });

  test('was heard the first time when the second is refused with 409.1, and the status may still trail', async () => {
    const { lifecycle, asked } = scripted({
      statuses: ['stopped', 'starting', 'active'],
      start: { request: [answerLost, refusal(409, 1)] },
    });

    await expect(lifecycle.start(partition, w)).resolves.toEqual({ kind: 'running', status: 'active' });
    expect(asked).toEqual(['start', 'start']);
  });

  test('that is lost twice is judged by the status', async () => {
    const { lifecycle, asked } = scripted({ statuses: ['stopped'], start: { request: answerLost } });

    const hmcSaid = 'the outcome of the start job is unknown';
    await expect(lifecycle.start(partition, w)).resolves.toEqual({ kind: 'failed', status: 'stopped', hmcSaid });
    expect(asked).toEqual(['start', 'start']);
  });

  test.each([
    ['was never sent', notSent],
    ['is refused for another reason', refusal(403, 1)],
  ])('fails as it is when the request %s', async (_what, request) => {
    const { lifecycle } = scripted({ statuses: ['stopped'], start: { request } });

    await expect(lifecycle.start(partition, w)).rejects.toBe(request);
  });

  test('that never ends says what was seen, and how often', async () => {
    const { lifecycle } = scripted({ statuses: ['starting'] }, { ...quick, timeoutMs: 20 });

    const error: unknown = await lifecycle.start(partition, w).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(StatusTimeoutError);
    expect(error).toHaveProperty(
      'message',
      expect.stringMatching(
        /^start partition "OpenStack-compute1-x": status is still "starting" after .* \(wanted active\)$/,
      ),
    );
    expect(error).toHaveProperty('facts.lastSeen', 'starting');
    expect(Object.keys((error as StatusTimeoutError).facts.observed as object)).toEqual(['starting']); // just checked
  });
});

describe('ensureRunning', () => {
  test.each(['active', 'degraded'])('asks nothing of a partition that is %s', async (status) => {
    const { lifecycle, asked } = scripted({ statuses: [status] });

    await expect(lifecycle.ensureRunning(partition, w)).resolves.toEqual({ kind: 'running', status });
    expect(asked).toEqual([]);
  });

  test.each(['stopped', 'reservation-error'])('starts one that is %s', async (status) => {
    const { lifecycle, asked } = scripted({ statuses: [status, 'active'] });

    await expect(lifecycle.ensureRunning(partition, w)).resolves.toMatchObject({ kind: 'running' });
    expect(asked).toEqual(['start']);
  });

  test.each(['paused', 'terminated'])('stops one that is %s first: its system ended itself', async (status) => {
    const { lifecycle, asked } = scripted({ statuses: [status, status, 'stopping', 'stopped', 'active'] });

    await expect(lifecycle.ensureRunning(partition, w)).resolves.toMatchObject({ kind: 'running' });
    expect(asked).toEqual(['stop', 'start']);
  });

  test('waits for one that is on its way', async () => {
    const { lifecycle, asked } = scripted({ statuses: ['starting', 'starting', 'active'] });

    await expect(lifecycle.ensureRunning(partition, w)).resolves.toMatchObject({ kind: 'running' });
    expect(asked).toEqual([]);
  });

  test.each(['communications-not-active', 'status-check', 'of-a-newer-level'])(
    'asks nothing of one whose status is %s: nobody can say what would happen',
    async (status) => {
      const { lifecycle, asked } = scripted({ statuses: [status] });

      await expect(lifecycle.ensureRunning(partition, w)).rejects.toThrow(PartitionStatusError);
      await expect(lifecycle.ensureRunning(partition, w)).rejects.toThrow(`its status is "${status}"`);
      expect(asked).toEqual([]);
    },
  );
});

describe('ensureStopped', () => {
  test.each(['stopped', 'reservation-error'])('asks nothing of a partition that is %s', async (status) => {
    const { lifecycle, asked } = scripted({ statuses: [status] });

    await expect(lifecycle.ensureStopped(partition, w)).resolves.toBe(status);
    expect(asked).toEqual([]);
  });

  test.each(['active', 'degraded', 'paused', 'terminated'])(
    'stops one that is %s, and waits for it',
    async (status) => {
      const { lifecycle, asked } = scripted(
        { statuses: [status, status, 'stopping', 'stopped'] },
        { ...quick, statusLagMs: 60_000 },
      );

      await expect(lifecycle.ensureStopped(partition, w)).resolves.toBe('stopped');
      expect(asked).toEqual(['stop']);
    },
  );

  test('that somebody else has stopped meanwhile (409.1) is stopped', async () => {
    const { lifecycle, asked } = scripted({ statuses: ['active', 'stopped'], stop: { request: refusal(409, 1) } });

    await expect(lifecycle.ensureStopped(partition, w)).resolves.toBe('stopped');
    expect(asked).toEqual(['stop']);
  });

  test.each([
    ['the answer was lost', { request: answerLost }],
    ['the job is gone from the HMC', { job: jobLost }],
  ])('is judged by the status, and not repeated, when %s', async (_what, stop) => {
    const { lifecycle, asked } = scripted({ statuses: ['active', 'stopping', 'stopped'], stop });

    await expect(lifecycle.ensureStopped(partition, w)).resolves.toBe('stopped');
    expect(asked).toEqual(['stop']);
  });

  test('whose job failed says so at once, with what the HMC said, and does not wait for what will not come', async () => {
    const { lifecycle } = scripted(
      { statuses: ['active'], stop: { job: jobFailed } },
      { ...quick, timeoutMs: 600_000, statusLagMs: 600_000 },
    );

    await expect(lifecycle.ensureStopped(partition, w)).rejects.toThrow(
      /^stop partition "OpenStack-compute1-x": its status is "active" \(.*the load failed.*\)$/,
    );
  });

  test('is sent once more when it is lost and the partition goes on running', async () => {
    const { lifecycle, asked } = scripted({
      statuses: ['active', 'active', 'stopping', 'stopped'],
      stop: { request: [answerLost, undefined] },
    });

    await expect(lifecycle.ensureStopped(partition, w)).resolves.toBe('stopped');
    expect(asked).toEqual(['stop', 'stop']);
  });

  test('says that the outcome of the job is unknown, if the partition still runs', async () => {
    const { lifecycle } = scripted({ statuses: ['active'], stop: { request: answerLost } });

    await expect(lifecycle.ensureStopped(partition, w)).rejects.toThrow(
      'its status is "active" (the outcome of the stop job is unknown)',
    );
  });

  test('that ends as "terminated", which a stop may, is an error rather than a wait', async () => {
    const { lifecycle } = scripted(
      { statuses: ['active', 'stopping', 'terminated'] },
      { ...quick, timeoutMs: 600_000 },
    );

    await expect(lifecycle.ensureStopped(partition, w)).rejects.toThrow(
      'stop partition "OpenStack-compute1-x": its status is "terminated" (the stop job ended without error)',
    );
  });

  test('goes on waiting when HMC and machine lose each other in the middle', async () => {
    const { lifecycle } = scripted({ statuses: ['active', 'communications-not-active', 'stopping', 'stopped'] });

    await expect(lifecycle.ensureStopped(partition, w)).resolves.toBe('stopped');
  });
});

describe('a partition', () => {
  test('that is there already is a conflict', () => {
    expect(partitionExists('p')).toBeInstanceOf(ConflictError);
  });
});
