import { describe, expect, test } from 'vitest';
import { FlowRolledBackError, FlowStuckError, FlowWaitingError } from '../compute/journal/index.ts';
import { HmcConnectionError, HmcHttpError } from '../hmc-client/index.ts';
import { ConfigError, InterruptedError, NothingChangedError, RetriesExhaustedError } from './errors.ts';
import { explainError, failedTo } from './explain.ts';

const what = 'create server "web1"';
const refused = new HmcHttpError('start partition P', {
  ...{ status: 409, reason: 1, method: 'POST', uri: '/api/partitions/1' },
  hmcMessage: 'it is busy',
});
const refusal = 'the HMC refused to start partition P: 409.1 (it is busy)';
const away = new HmcConnectionError('HMC hmc1: connection refused', { host: 'hmc1', phase: 'connect', sent: false });

const rolledBack = (cause: Error) =>
  new FlowRolledBackError(`${what}: spawn failed`, 'spawn', { flowId: 'f1', operation: what }, cause);

describe('a failure that was rolled back', () => {
  test('names the operation and the deepest cause, and what was done', () => {
    expect(explainError(rolledBack(refused))).toBe(`Cannot ${what}: ${refusal}. Everything was rolled back.`);
  });

  test('leaves out errors that only wrap their cause', () => {
    const wrapped = new NothingChangedError(new RetriesExhaustedError('get CPC 1', [away, away]));

    expect(explainError(rolledBack(wrapped))).toBe(
      `Cannot ${what}: HMC hmc1: connection refused. Everything was rolled back.`,
    );
  });
});

describe('a failure that left something behind', () => {
  test('says why the rollback failed', () => {
    const cause = new AggregateError([refused, away], 'spawn failed, and spawn could not be undone');

    expect(explainError(new FlowStuckError('stuck', 'f1', ['partition P'], cause, what))).toBe(
      `Cannot ${what}: ${refusal}. It cannot be rolled back: HMC hmc1: connection refused.`,
    );
  });

  test('says for what the rollback waits', () => {
    const cause = new AggregateError([refused, away], 'spawn failed, and spawn could not be undone');
    const waits = { for: 'HMC hmc1', leftBehind: ['partition P'] };

    expect(explainError(new FlowWaitingError('waiting', 'f1', waits, cause, what))).toBe(
      `Cannot ${what}: ${refusal}. The rollback waits for HMC hmc1.`,
    );
  });

  test('does not speak of a rollback past the point of no return', () => {
    const cause = new AggregateError([refused], 'destroy failed, and destroy cannot be finished');
    const error = new FlowStuckError('stuck', 'f1', ['partition P'], cause, 'delete server "web1"');

    expect(explainError(error)).toBe(`Cannot delete server "web1": ${refusal}.`);
  });
});

test('an operation without a flow is named too', () => {
  expect(explainError(failedTo('start server "web1"', refused))).toBe(`Cannot start server "web1": ${refusal}`);
});

test('a technical error begins with its deepest cause, and a wrong value with the value', () => {
  const cause = new Error('EACCES: permission denied');
  const lost = new HmcConnectionError('HMC hmc1 is unreachable', { host: 'hmc1', phase: 'tls', sent: false }, cause);

  expect(explainError(lost)).toBe('EACCES: permission denied (HMC hmc1 is unreachable)');
  expect(explainError(new ConfigError('option --log-file = "x": expected a file', {}, { cause }))).toBe(
    'option --log-file = "x": expected a file (EACCES: permission denied)',
  );
});

test('an interruption is told without the errors that it caused', () => {
  expect(explainError(new InterruptedError('interrupted by SIGINT', {}, { cause: rolledBack(refused) }))).toBe(
    'interrupted by SIGINT',
  );
});

test('several failures are told one after the other', () => {
  const error = new AggregateError([rolledBack(refused), away], '2 of 3 deletions failed');

  expect(explainError(error)).toBe(
    `2 of 3 deletions failed. Cannot ${what}: ${refusal}. Everything was rolled back. HMC hmc1: connection refused.`,
  );
});
