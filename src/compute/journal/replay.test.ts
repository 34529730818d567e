import { describe, expect, test } from 'vitest';
import { JournalError, replay } from './index.ts';
import type { FlowOutcome, JournalEvent } from './index.ts';

const start: JournalEvent = { kind: 'flow-started', flow: 'spawn', input: { name: 'web1' }, subject: 'uuid-1' };
const ended = (outcome: FlowOutcome): JournalEvent => ({ kind: 'flow-ended', outcome });

/** `kind step` in words, as the tests of this file write their histories. */
function event(text: string): JournalEvent {
  const [kind, step = ''] = text.split(' ');
  switch (kind) {
    case 'started':
    case 'undo-started':
    case 'undo-finished':
      return { kind, step };
    case 'succeeded':
      return { kind, step, output: `made by ${step}` };
    case 'failed':
    case 'undo-failed':
      return { kind, step, error: `${step} went wrong` };
    default:
      throw new Error(`the test writes "${text}"`);
  }
}

const history = (...texts: string[]): JournalEvent[] => [start, ...texts.map(event)];

const known = [
  [['started a'], { state: 'unconfirmed' }],
  [['started a', 'succeeded a'], { state: 'done', output: 'made by a' }],
  [['started a', 'failed a'], { state: 'unconfirmed' }],
  [['started a', 'started a'], { state: 'unconfirmed' }],
  [['started a', 'failed a', 'started a', 'succeeded a'], { state: 'done', output: 'made by a' }],
  [['started a', 'undo-started a'], { state: 'undoing', before: undefined }],
  [['started a', 'succeeded a', 'undo-started a'], { state: 'undoing', before: { output: 'made by a' } }],
  [
    ['started a', 'succeeded a', 'undo-started a', 'undo-failed a'],
    { state: 'undoing', before: { output: 'made by a' } },
  ],
  [
    ['started a', 'succeeded a', 'undo-started a', 'undo-failed a', 'undo-started a'],
    { state: 'undoing', before: { output: 'made by a' } },
  ],
  [['started a', 'succeeded a', 'undo-started a', 'undo-finished a'], { state: 'undone' }],
  // What a journal says that could not be written for a while.
  [['started a', 'succeeded a', 'undo-finished a'], { state: 'undone' }],
  [['started a', 'undo-finished a'], { state: 'undone' }],
  [['started a', 'succeeded a', 'undo-failed a'], { state: 'undoing', before: { output: 'made by a' } }],
] as const;

describe('a history', () => {
  test.each(known)('%j tells what is known of its step', (texts, state) => {
    expect(replay('f', history(...texts)).steps.get('a')).toEqual(state);
  });

  test('tells the flow, what it was given, and for whom', () => {
    expect(replay('f', [{ ...start, parent: 'outer' }])).toMatchObject({
      flow: 'spawn',
      input: { name: 'web1' },
      subject: 'uuid-1',
      parent: 'outer',
      isUndoing: false,
      failedStep: undefined,
      ended: undefined,
    });
  });

  test('keeps the steps in the order in which they were first started', () => {
    const events = history(
      'started a',
      'succeeded a',
      'started b',
      'succeeded b',
      'started c',
      'failed c',
      'started c',
    );

    expect([...replay('f', events).steps.keys()]).toEqual(['a', 'b', 'c']);
  });

  test('tells which step failed last, and why', () => {
    const events = history('started a', 'failed a', 'started a', 'succeeded a', 'started b', 'failed b');

    expect(replay('f', events)).toMatchObject({ failedStep: 'b', error: 'b went wrong' });
  });

  test.each(['undo-started a', 'undo-finished a', 'undo-failed a'])('is on its way back after "%s"', (text) => {
    expect(replay('f', history('started a', text)).isUndoing).toBe(true);
  });

  test('that was stuck and taken up again has not ended', () => {
    const stuck = [...history('started a', 'succeeded a', 'undo-started a', 'undo-failed a'), ended('stuck')];

    expect(replay('f', stuck).ended).toBe('stuck');
    expect(replay('f', [...stuck, event('undo-started a')]).ended).toBeUndefined();
    expect(replay('f', [...stuck, ended('rolled-back')]).ended).toBe('rolled-back');
  });
});

const illegal: [string, JournalEvent[]][] = [
  ['is empty', []],
  ['begins with a step', [event('started a')]],
  ['begins twice', [start, start]],
  ['begins again after its end', [start, ended('completed'), start]],
  ['goes on after it completed', [...history('started a', 'succeeded a'), ended('completed'), event('started b')]],
  [
    'goes back after it completed',
    [...history('started a', 'succeeded a'), ended('completed'), event('undo-started a')],
  ],
  ['ends again after it completed', [start, ended('completed'), ended('rolled-back')]],
  ['ends again after it rolled back', [start, ended('rolled-back'), ended('completed')]],
  ['has an end of a step never started', history('succeeded a')],
  ['has a failure of a step never started', history('failed a')],
  ['has an undo of a step never started', history('undo-started a')],
  ['has the end of an undo of a step never started', history('undo-finished a')],
  ['has a step succeed twice', history('started a', 'succeeded a', 'succeeded a')],
  ['has a step fail that had succeeded', history('started a', 'succeeded a', 'failed a')],
  ['starts a step that was done', history('started a', 'succeeded a', 'started a')],
  ['has a step succeed while it is undone', history('started a', 'undo-started a', 'succeeded a')],
  ['starts a step that is being undone', history('started a', 'undo-started a', 'started a')],
  ['starts a step that was undone', history('started a', 'undo-started a', 'undo-finished a', 'started a')],
  ['undoes what is undone', history('started a', 'undo-started a', 'undo-finished a', 'undo-started a')],
  ['finishes an undo twice', history('started a', 'undo-started a', 'undo-finished a', 'undo-finished a')],
];

describe('a history is refused that', () => {
  test.each(illegal)('%s', (_what, events) => {
    expect(() => replay('flow-9', events)).toThrow(JournalError);
    expect(() => replay('flow-9', events)).toThrow(/^the journal of flow flow-9 cannot be followed: /);
  });
});
