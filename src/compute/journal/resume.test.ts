import { describe, expect, test } from 'vitest';
import { ConflictError } from '../../base/index.ts';
import {
  inShort,
  resumeToy,
  started,
  succeeded,
  toyInput,
  toyOptions,
  toySaga,
  toyStart,
  ToyWorld,
} from '../../../test/support/toy-saga.ts';
import { execute, JournalError, MemoryJournal, resume } from './index.ts';
import type { JournalEvent } from './index.ts';

describe('a flow whose process ended in the middle', () => {
  test('goes back, told of each step what its journal knows', async () => {
    const world = new ToyWorld(['a', 'b']);

    const { outcome } = await resumeToy(
      toySaga(['a', 'b']),
      [toyStart, started('a'), succeeded('a'), started('b')],
      world,
    );

    expect(world.diary).toEqual(['undo b, unconfirmed', 'undo a']);
    expect([...world.things]).toEqual([]);
    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: 'b' });
    expect(outcome).toHaveProperty('error.message', 'the process ended before the flow finished');
  });

  test('goes on where the flow is one that is finished, and does again what is not confirmed', async () => {
    const world = new ToyWorld(['a', 'b']);
    const saga = toySaga(['a', 'b', 'c'], 'forward');

    const { outcome } = await resumeToy(saga, [toyStart, started('a'), succeeded('a'), started('b')], world);

    expect(world.diary).toEqual(['run b', 'run c']);
    expect(outcome).toMatchObject({
      kind: 'completed',
      state: { input: toyInput, a: { made: 'a' }, b: { made: 'b' } },
    });
  });

  test('goes on once a pivot was started, whatever the flow says', async () => {
    const world = new ToyWorld();
    const saga = toySaga(['a', { name: 'b', pivot: true }, { name: 'c', pivot: true }]);

    const { outcome } = await resumeToy(saga, [toyStart, started('a'), succeeded('a'), started('b')], world);

    expect(outcome.kind).toBe('completed');
    expect(world.diary).toEqual(['run b', 'run c']);
  });

  test('goes back once an undo has begun, even if it is one that is finished', async () => {
    const world = new ToyWorld(['a']);
    const events: JournalEvent[] = [
      toyStart,
      started('a'),
      succeeded('a'),
      started('b'),
      { kind: 'failed', step: 'b', error: 'refused' },
      { kind: 'undo-started', step: 'b' },
      { kind: 'undo-finished', step: 'b' },
    ];

    const { outcome } = await resumeToy(toySaga(['a', 'b'], 'forward'), events, world);

    expect(world.diary).toEqual(['undo a']);
    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: 'b' });
    expect(outcome).toHaveProperty('error.message', 'refused');
  });

  test('has an undo that was interrupted done again, with what was known before it', async () => {
    const world = new ToyWorld(['a']);
    const events: JournalEvent[] = [toyStart, started('a'), succeeded('a'), { kind: 'undo-started', step: 'a' }];

    await resumeToy(toySaga(['a', 'b']), events, world);

    expect(world.diary).toEqual(['undo a']);
  });

  test('with every step done is completed: only its last line was missing', async () => {
    const world = new ToyWorld(['a', 'b']);
    const events = [toyStart, started('a'), succeeded('a'), started('b'), succeeded('b')];

    const { outcome, journal } = await resumeToy(toySaga(['a', 'b']), events, world);

    expect(outcome).toEqual({ kind: 'completed', state: { input: toyInput, a: { made: 'a' }, b: { made: 'b' } } });
    expect(world.diary).toEqual([]);
    expect(inShort(await journal.read('f')).at(-1)).toBe('flow-ended completed');
  });

  test('that had not begun a step ends at once', async () => {
    const world = new ToyWorld();

    const { outcome, journal } = await resumeToy(toySaga(['a']), [toyStart], world);

    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: '(none)' });
    expect(inShort(await journal.read('f'))).toEqual(['flow-started', 'flow-ended rolled-back']);
  });
});

describe('a stuck flow', () => {
  test('goes back the rest of the way when its cause is gone', async () => {
    const world = new ToyWorld();
    const journal = new MemoryJournal();
    const saga = toySaga(['a', 'b', 'c']);
    world.disturb = (moment, step) => {
      if (`${moment} ${step}` === 'before run c' || `${moment} ${step}` === 'before undo b') throw new Error('away');
    };
    await execute(saga, toyInput, { id: 'f' }, toyOptions(world, { journal }));
    world.disturb = () => undefined;
    world.diary.length = 0;

    const outcome = await resume(saga, 'f', toyOptions(world, { journal }));

    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: 'c' });
    expect(world.diary).toEqual(['undo b', 'undo a']);
    expect([...world.things]).toEqual([]);
    expect(inShort(await journal.read('f')).at(-1)).toBe('flow-ended rolled-back');
  });

  test('past its pivot goes on from the step that could not be finished', async () => {
    const world = new ToyWorld();
    const journal = new MemoryJournal();
    const saga = toySaga(['a', { name: 'b', pivot: true }, { name: 'c', pivot: true }]);
    world.disturb = (moment, step) => {
      if (`${moment} ${step}` === 'before run c') throw new Error('away');
    };
    await execute(saga, toyInput, { id: 'f' }, toyOptions(world, { journal }));
    world.disturb = () => undefined;
    world.diary.length = 0;

    const outcome = await resume(saga, 'f', toyOptions(world, { journal }));

    expect(outcome.kind).toBe('completed');
    expect(world.diary).toEqual(['run c']);
  });
});

describe('a journal is not taken up', () => {
  test.each(['completed', 'rolled-back'] as const)(
    'of a flow that has ended (%s): nothing is undone',
    async (outcome) => {
      const world = new ToyWorld(['a']);
      const events: JournalEvent[] = [toyStart, started('a'), succeeded('a'), { kind: 'flow-ended', outcome }];

      await expect(resumeToy(toySaga(['a']), events, world)).rejects.toThrow(ConflictError);
      expect(world.diary).toEqual([]);
    },
  );

  test.each<[string, JournalEvent[], RegExp]>([
    ['that does not exist', [], /does not begin with its start/],
    ['of another flow', [{ ...toyStart, flow: 'spawn' }], /is a "spawn", not a "toy"/],
    ['with a step that the flow has not', [toyStart, started('x')], /no step "x" in "toy"/],
    ['with an input of another form', [{ ...toyStart, input: { subject: 7 } }], /journaled input is invalid/],
    ['that makes no sense', [toyStart, succeeded('a')], /cannot be followed/],
  ])('%s: nothing is done', async (_what, events, message) => {
    const world = new ToyWorld(['a']);

    await expect(resumeToy(toySaga(['a']), events, world)).rejects.toThrow(message);
    await expect(resumeToy(toySaga(['a']), events, world)).rejects.toThrow(JournalError);
    expect(world.diary).toEqual([]);
  });
});
