import type { Failpoint, StepEvent } from '../../base/index.ts';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  failAt,
  inShort,
  runToy,
  toyIdentity,
  toyInput,
  toyOptions,
  toySaga,
  ToyWorld,
  WatchedJournal,
} from '../../../test/support/toy-saga.ts';
import { defineSaga, execute, JournalError, MemoryJournal, replay } from './index.ts';
import type { ExecuteOptions } from './index.ts';

describe('cancellation', () => {
  test('before the first step leaves no trace', async () => {
    const world = new ToyWorld();
    const journal = new MemoryJournal();
    const signal = AbortSignal.abort(new Error('enough'));

    await expect(runToy(world, { journal, signal })).rejects.toThrow('enough');
    await expect(journal.list()).resolves.toEqual([]);
  });

  test('during a step goes back, and does not reach the undo', async () => {
    const world = new ToyWorld();
    const caller = new AbortController();
    const reason = new Error('enough');
    const undoSignals: boolean[] = [];
    world.disturb = (moment, step, signal) => {
      if (moment === 'before run' && step === 'c') {
        caller.abort(reason);
        signal.throwIfAborted();
      }
      if (moment === 'before undo') undoSignals.push(signal.aborted);
    };

    const { outcome } = await runToy(world, { signal: caller.signal });

    expect(outcome).toEqual({ kind: 'rolled-back', failedStep: 'c', error: reason });
    expect(undoSignals).toEqual([false, false, false]);
    expect([...world.things]).toEqual([]);
  });

  test('between two steps goes back without starting the next', async () => {
    const world = new ToyWorld();
    const caller = new AbortController();
    world.disturb = (moment, step) => {
      if (moment === 'after run' && step === 'b') caller.abort(new Error('enough'));
    };

    const { outcome, events } = await runToy(world, { signal: caller.signal });

    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: 'c' });
    expect(world.diary).toEqual(['run a', 'run b', 'undo b', 'undo a']);
    expect(inShort(events)).not.toContain('started c');
  });
});

describe('a journal that cannot be written', () => {
  test('at the beginning starts nothing', async () => {
    const world = new ToyWorld();
    const journal = new WatchedJournal(() => {
      throw new Error('disk full');
    });

    await expect(runToy(world, { journal })).rejects.toThrow(JournalError);
    expect(world.diary).toEqual([]);
  });

  /** A flow that completes has 10 events for four steps; the first is the start. */
  const positions = Array.from({ length: 8 }, (_, index) => index + 1);

  test.each(positions)('from event %i on starts nothing that is not recorded, and goes back', async (position) => {
    const world = new ToyWorld();
    const journal = new WatchedJournal((_event, at) => {
      if (at >= position) throw new Error('disk full');
    });

    const { outcome, events } = await runToy(world, { journal });

    const recorded = inShort(events);
    for (const line of world.diary.filter((entry) => entry.startsWith('run '))) {
      expect(recorded).toContain(line.replace('run ', 'started '));
    }
    expect(outcome.kind).toBe('rolled-back');
    expect(outcome).toHaveProperty('error.code', 'JOURNAL');
    expect(outcome).toHaveProperty('error.cause.message', 'disk full');
    expect([...world.things]).toEqual([]);
  });

  test('at the very end is no failure of the flow: all was done, and a restart sees that', async () => {
    const world = new ToyWorld();
    const journal = new WatchedJournal((event) => {
      if (event.kind === 'flow-ended') throw new Error('disk full');
    });

    const { outcome, events } = await runToy(world, { journal });

    expect(outcome.kind).toBe('completed');
    expect(inShort(events).at(-1)).toBe('succeeded d');
  });
});

describe('secrets', () => {
  test('of inputs and outputs are blank in the journal, while the flow itself has them', async () => {
    const world = new ToyWorld();
    const output = { data: { auth_password: 'chap-sentinel-secret', target: 'x' } };
    const secretInput = { subject: 'web1', password: 'input-sentinel-secret' };
    const options = toyOptions(world);

    const outcome = await execute(toySaga([{ name: 'a', output }]), secretInput, toyIdentity, options);

    const history = JSON.stringify(await options.journal.read('flow-1'));
    expect(outcome).toMatchObject({ state: { a: output, input: secretInput } });
    expect(history).not.toContain('sentinel-secret');
    expect(history).toContain('"target":"x"');
  });
});

describe('who watches', () => {
  const watch = async (world: ToyWorld, change: Partial<ExecuteOptions<ToyWorld>> = {}) => {
    const seen: StepEvent[] = [];
    const { outcome } = await runToy(world, { onStep: (event) => seen.push(event), ...change }, toySaga(['a', 'b']));
    return { outcome, seen, states: seen.map(({ step, state }) => `${step} ${state}`) };
  };

  test('is told of each step as it runs and ends, with its time', async () => {
    const { seen, states } = await watch(new ToyWorld());

    expect(states).toEqual(['a running', 'a done', 'b running', 'b done']);
    expect(seen.every(({ flow, flowId }) => flow === 'toy' && flowId === 'flow-1')).toBe(true);
    expect(seen.filter(({ state }) => state === 'done').every(({ ms }) => ms !== undefined && ms >= 0)).toBe(true);
  });

  test('is told of the failure, of each undo, and of the one that is stuck', async () => {
    const world = new ToyWorld();
    world.disturb = (moment, step) => {
      if (`${moment} ${step}` === 'before run b') throw new Error('refused');
      if (`${moment} ${step}` === 'before undo a') throw new Error('HMC is away');
    };

    const { seen, states } = await watch(world);

    expect(states).toEqual([
      'a running',
      'a done',
      'b running',
      'b failed',
      'b undoing',
      'b undone',
      'a undoing',
      'a stuck',
    ]);
    expect(seen.find(({ state }) => state === 'failed')?.detail).toBe('refused');
    expect(seen.at(-1)?.detail).toContain('HMC is away');
  });

  test('hears what a step waits for', async () => {
    const seen: StepEvent[] = [];
    const saga = defineSaga<null, null>('slow', z.null()).step({
      name: 'start',
      output: z.null(),
      run: ({ progress }) => {
        progress('trying the next path');
        return Promise.resolve(null);
      },
      undo: { nothingToUndo: 'a test' },
    });

    const options = { ...toyOptions(new ToyWorld()), deps: null, onStep: (event: StepEvent) => seen.push(event) };
    await execute(saga, null, toyIdentity, options);

    expect(seen[1]).toMatchObject({ step: 'start', state: 'progress', detail: 'trying the next path' });
  });

  test('and fails at it, neither ends the flow nor stops an undo', async () => {
    const onStep = () => {
      throw new Error('the terminal is gone');
    };
    const failing = new ToyWorld();
    failAt(failing, 'after run b');

    const { outcome: good } = await watch(new ToyWorld(), { onStep });
    const { outcome: bad } = await watch(failing, { onStep });

    expect(good.kind).toBe('completed');
    expect(bad.kind).toBe('rolled-back');
    expect([...failing.things]).toEqual([]);
  });
});

describe('a failpoint', () => {
  test('is passed before and after each run and each undo', async () => {
    const world = new ToyWorld();
    failAt(world, 'before run b');
    const points: string[] = [];
    const failpoint = ({ flow, step, at }: Failpoint) => {
      points.push(`${flow}/${step} ${at}`);
      return Promise.resolve();
    };

    await runToy(world, { failpoint }, toySaga(['a', 'b']));

    expect(points).toEqual([
      'toy/a before-run',
      'toy/a after-run',
      'toy/b before-run',
      'toy/b before-undo',
      'toy/b after-undo',
      'toy/a before-undo',
      'toy/a after-undo',
    ]);
  });

  test.each(['before-run', 'after-run'] as const)('that throws %s is a failure of the step', async (at) => {
    const world = new ToyWorld();
    const failpoint = async (point: Failpoint) => {
      if (point.step === 'b' && point.at === at) throw new Error('struck');
    };

    const { outcome } = await runToy(world, { failpoint });

    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: 'b' });
    expect([...world.things]).toEqual([]);
    expect(world.diary).toContain(at === 'after-run' ? 'undo b' : 'undo b, unconfirmed');
  });
});

test('a warning is in the journal, shown to who watches, and no obstacle to taking the flow up', async () => {
  const seen: StepEvent[] = [];
  const world = new ToyWorld();
  const saga = defineSaga<typeof toyInput, ToyWorld>('warned', z.object({ subject: z.string() })).step({
    name: 'look',
    output: z.null(),
    run: async ({ warn }) => {
      await warn({ event: 'orphan' }, 'orphan: a path is still there');
      return null;
    },
    undo: { nothingToUndo: 'it only looks' },
  });
  const options = toyOptions(world, { onStep: (event) => seen.push(event) });

  const outcome = await execute(saga, toyInput, toyIdentity, options);

  const events = await options.journal.read('flow-1');
  expect(outcome.kind).toBe('completed');
  expect(events).toContainEqual({ kind: 'warning', step: 'look', text: 'orphan: a path is still there' });
  expect(seen).toContainEqual(expect.objectContaining({ state: 'progress', detail: 'orphan: a path is still there' }));
  expect(replay('flow-1', events.slice(0, -1)).steps.get('look')).toEqual({ state: 'done', output: null });
});
