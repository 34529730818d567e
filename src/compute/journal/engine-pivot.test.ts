import { describe, expect, test } from 'vitest';
import { failAt, runToy, toyInput, toyOptions, toySaga, ToyWorld } from '../../../test/support/toy-saga.ts';
import { NothingChangedError } from '../../base/index.ts';
import { FlowStuckError, MemoryJournal, resume } from './index.ts';

describe('past a pivot', () => {
  const forward = () =>
    toySaga([
      'find',
      { name: 'stop', pivot: true },
      { name: 'unmask', pivot: true, leaves: () => ['mask'] },
      { name: 'remove', pivot: true, leaves: () => ['partition'] },
      { name: 'forget', pivot: true },
    ]);

  test('a failure before it goes back as ever', async () => {
    const world = new ToyWorld();
    failAt(world, 'after run find');

    const { outcome } = await runToy(world, {}, forward());

    expect(outcome.kind).toBe('rolled-back');
    expect([...world.things]).toEqual([]);
  });

  test('a step is tried as often as an undo is', async () => {
    const world = new ToyWorld();
    let left = 2;
    world.disturb = (moment, step) => {
      if (moment === 'before run' && step === 'unmask' && left-- > 0) throw new Error('busy');
    };

    const { outcome } = await runToy(world, {}, forward());

    expect(outcome.kind).toBe('completed');
    expect(world.diary.filter((line) => line === 'run unmask')).toHaveLength(3);
  });

  test.each([
    ['stop', ['mask', 'partition']],
    ['unmask', ['mask', 'partition']],
    ['remove', ['partition']],
    ['forget', ['the rest of flow "toy" from "forget"']],
  ])('a failure for good of %s undoes nothing, and names what is still to be taken away', async (step, leftBehind) => {
    const world = new ToyWorld();
    failAt(world, `before run ${step}`);

    const { outcome, events } = await runToy(world, {}, forward());

    expect(outcome).toMatchObject({ kind: 'stuck', failedStep: step, stuckStep: step, leftBehind });
    expect(outcome).toHaveProperty('error.message', `${step} failed, and ${step} cannot be finished`);
    expect(world.diary.filter((line) => line.startsWith('undo'))).toEqual([]);
    expect(events.at(-1)).toMatchObject({ kind: 'flow-ended', outcome: 'stuck', leftBehind });
  });

  test('a pivot that fails before it has changed anything counts as not started: the flow goes back', async () => {
    const world = new ToyWorld();
    failAt(world, 'before run stop', new NothingChangedError(new Error('nobody answers')));

    const { outcome, events } = await runToy(world, {}, forward());

    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: 'stop' });
    expect([...world.things]).toEqual([]);
    expect(events.at(-1)).toMatchObject({ kind: 'flow-ended', outcome: 'rolled-back' });
  });

  test('nor is there a way back when an earlier attempt at the pivot had left something', async () => {
    const world = new ToyWorld();
    const errors = [new FlowStuckError('inner', 'flow-2', ['mask'], new Error('refused'))];
    world.disturb = (moment, step) => {
      if (moment !== 'before run' || step !== 'stop') return;
      throw errors.shift() ?? new NothingChangedError(new Error('nobody answers'));
    };

    const { outcome } = await runToy(world, {}, forward());

    expect(outcome).toMatchObject({ kind: 'stuck', stuckStep: 'stop' });
  });

  test('nor when a process before this one had begun the pivot', async () => {
    const world = new ToyWorld();
    const journal = new MemoryJournal();
    await journal.append('flow-1', {
      kind: 'flow-started',
      flow: 'toy',
      input: toyInput,
      subject: 'web1',
    });
    await journal.append('flow-1', { kind: 'started', step: 'stop' });
    failAt(world, 'before run stop', new NothingChangedError(new Error('nobody answers')));

    const outcome = await resume(forward(), 'flow-1', toyOptions(world, { journal }));

    expect(outcome).toMatchObject({ kind: 'stuck', stuckStep: 'stop' });
  });

  test('nor when a pivot was done at the moment in which its caller went away', async () => {
    const world = new ToyWorld();
    const caller = new AbortController();
    world.disturb = (moment, step) => {
      if (moment === 'after run' && step === 'stop') caller.abort(new Error('enough'));
    };

    const { outcome } = await runToy(world, { signal: caller.signal }, forward());

    expect(outcome).toMatchObject({ kind: 'waiting', waitsFor: 'the next command', leftBehind: ['mask', 'partition'] });
  });

  test('a cancellation stops the flow where it is, and the next process resumes it', async () => {
    const world = new ToyWorld();
    const caller = new AbortController();
    world.disturb = (moment, step) => {
      if (moment === 'after run' && step === 'unmask') caller.abort(new Error('enough'));
    };

    const { outcome } = await runToy(world, { signal: caller.signal }, forward());

    expect(outcome.kind).toBe('waiting');
    expect(world.diary).toEqual(['run find', 'run stop', 'run unmask']);
  });

  test('a step before it that changed nothing is not undone', async () => {
    const world = new ToyWorld();
    failAt(world, 'before run b', new NothingChangedError(new Error('the name is taken')));

    const { outcome } = await runToy(world, {}, toySaga(['a', 'b']));

    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: 'b' });
    expect(world.diary.filter((line) => line.startsWith('undo'))).toEqual(['undo a']);
  });
});
