import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../base/index.ts';
import { inShort, quickUndo, toyOptions, toySaga, ToyWorld, WatchedJournal } from '../../test/support/toy-saga.ts';
import {
  defineSaga,
  execute,
  FlowRolledBackError,
  FlowStuckError,
  JournalError,
  MemoryJournal,
  replay,
  resume,
} from './index.ts';
import type { ExecuteOptions, Failpoint, StepEvent } from './index.ts';

const input = { subject: 'web1' };
const identity = { id: 'flow-1', subject: 'web1' };
const names = ['a', 'b', 'c', 'd'];

/** Runs a flow of plain steps in a world, and gives all that can be asked about it afterwards. */
async function run(world: ToyWorld, change: Partial<ExecuteOptions<ToyWorld>> = {}, saga = toySaga(names)) {
  const options = toyOptions(world, change);
  const outcome = await execute(saga, input, identity, options);
  return { outcome, events: await options.journal.read('flow-1'), journal: options.journal };
}

function failAt(world: ToyWorld, moment: string, error = new Error('refused')) {
  world.disturb = (at, step) => {
    if (`${at} ${step}` === moment) throw error;
  };
  return error;
}

describe('a flow that goes well', () => {
  test('runs its steps in order, and each is in the journal before it starts and after it ended', async () => {
    const world = new ToyWorld();
    const journal = new WatchedJournal((event) => {
      if ('step' in event) world.diary.push(`${event.kind} ${event.step}`);
    });

    const { outcome, events } = await run(world, { journal }, toySaga(['a', 'b']));

    expect(world.diary).toEqual(['started a', 'run a', 'succeeded a', 'started b', 'run b', 'succeeded b']);
    expect(outcome).toEqual({ kind: 'completed', state: { input, a: { made: 'a' }, b: { made: 'b' } } });
    expect(events[0]).toEqual({ kind: 'flow-started', flow: 'toy', input, subject: 'web1', parent: undefined });
    expect(events.at(-1)).toEqual({ kind: 'flow-ended', outcome: 'completed' });
  });

  test('hands each step what is known so far, and the live things', async () => {
    const seen: unknown[] = [];
    const step = <Name extends string>(name: Name) => ({
      name,
      output: z.string(),
      run: async (ctx: { state: unknown; deps: string; flowId: string }) => {
        seen.push({ ...(ctx.state as object), deps: ctx.deps, flowId: ctx.flowId }); // an object, whatever its type
        return `made by ${name}`;
      },
      undo: { nothingToUndo: 'a test' } as const,
    });
    const saga = defineSaga<string, string>('state', z.string()).step(step('a')).step(step('b'));

    await execute(saga, 'in', { id: 'f' }, { ...toyOptions(new ToyWorld()), deps: 'live' });

    expect(seen).toEqual([
      { input: 'in', deps: 'live', flowId: 'f' },
      { input: 'in', a: 'made by a', deps: 'live', flowId: 'f' },
    ]);
  });

  test('cannot have two steps of one name', () => {
    expect(() => toySaga(['a', 'a'])).toThrow('flow toy has two steps "a"');
  });
});

describe('a step that fails', () => {
  const rows = names.flatMap((step) => ['before run', 'after run'].map((moment) => ({ step, moment })));

  test.each(rows)('($moment $step) has all that was started undone in reverse', async ({ step, moment }) => {
    const world = new ToyWorld();
    const error = failAt(world, `${moment} ${step}`);

    const { outcome, events } = await run(world);

    const started = names.slice(0, names.indexOf(step) + 1);
    const undone = started.toReversed().map((name) => (name === step ? `undo ${name}, unconfirmed` : `undo ${name}`));
    expect(outcome).toEqual({ kind: 'rolled-back', failedStep: step, error });
    expect(world.diary).toEqual([...started.map((name) => `run ${name}`), ...undone]);
    expect([...world.things]).toEqual([]);
    expect(events.at(-1)).toEqual({ kind: 'flow-ended', outcome: 'rolled-back', error: 'refused' });
    expect(inShort(events)).toContain(`failed ${step}`);
  });

  test('has the output of each earlier step handed to its undo', async () => {
    const undone: unknown[] = [];
    const saga = defineSaga<null, null>('outputs', z.null())
      .step({
        name: 'make',
        output: z.object({ uri: z.string() }),
        run: () => Promise.resolve({ uri: '/api/partitions/1' }),
        undo: (_ctx, was) => {
          undone.push(was);
          return Promise.resolve();
        },
      })
      .step({
        name: 'fail',
        output: z.null(),
        run: () => Promise.reject(new Error('refused')),
        undo: ({ state }, was) => {
          undone.push(was, Object.keys(state));
          return Promise.resolve();
        },
      });

    await execute(saga, null, identity, { ...toyOptions(new ToyWorld()), deps: null });

    expect(undone).toEqual([
      { kind: 'unconfirmed' },
      ['input', 'make'],
      { kind: 'done', output: { uri: '/api/partitions/1' } },
    ]);
  });

  test('leaves alone what has nothing to undo, and journals no undo of it', async () => {
    const world = new ToyWorld();
    failAt(world, 'before run b');

    const { events } = await run(world, {}, toySaga([{ name: 'look', looksOnly: true }, 'b']));

    expect(world.diary).toEqual(['run look', 'run b', 'undo b, unconfirmed']);
    expect(inShort(events)).toEqual([
      'flow-started',
      'started look',
      'succeeded look',
      'started b',
      'failed b',
      'undo-started b',
      'undo-finished b',
      'flow-ended rolled-back',
    ]);
  });

  test('is not tried again: repeats are the business of the clients', async () => {
    const world = new ToyWorld();
    failAt(world, 'before run a');
    await run(world);

    expect(world.diary.filter((line) => line === 'run a')).toHaveLength(1);
  });
});

describe('an undo that fails', () => {
  /** Step d fails; the undo of b fails so many times. */
  function failUndo(world: ToyWorld, times: number) {
    let left = times;
    world.disturb = (moment, step) => {
      if (moment === 'before run' && step === 'd') throw new Error('refused');
      if (moment === 'before undo' && step === 'b') {
        left -= 1;
        if (left >= 0) throw new Error('HMC is away');
      }
    };
  }

  test.each([1, 2])('%i times of three is tried again, and the world is as before', async (times) => {
    const world = new ToyWorld();
    failUndo(world, times);

    const { outcome } = await run(world);

    expect(outcome.kind).toBe('rolled-back');
    expect([...world.things]).toEqual([]);
    expect(world.diary.filter((line) => line === 'undo b')).toHaveLength(times + 1);
  });

  test('for good leaves the flow stuck, and names what is left: that step and the earlier ones', async () => {
    const world = new ToyWorld();
    failUndo(world, Number.POSITIVE_INFINITY);
    const saga = toySaga([
      { name: 'look', looksOnly: true },
      'a',
      { name: 'b', leaves: (was) => [`thing b (${was.kind})`, 'mask of b'] },
      { name: 'c', leaves: () => ['thing c'] },
      'd',
    ]);

    const { outcome, events } = await run(world, {}, saga);

    const leftBehind = ['thing b (done)', 'mask of b', 'what step "a" made'];
    expect(outcome).toMatchObject({ kind: 'stuck', failedStep: 'd', stuckStep: 'b', leftBehind });
    expect(outcome).toHaveProperty('error.message', 'd failed, and b could not be undone');
    expect(outcome).toHaveProperty('error.errors.0.message', 'refused');
    expect(outcome).toHaveProperty('error.errors.1.attempts.length', 3);
    expect([...world.things]).toEqual(['a', 'b']);
    expect(inShort(events).slice(-4)).toEqual([
      'undo-finished c',
      'undo-started b',
      'undo-failed b',
      'flow-ended stuck',
    ]);
    expect(events.at(-1)).toMatchObject({ leftBehind });
  });

  test('says to its namer when nobody knows whether the effect came to be', async () => {
    const world = new ToyWorld();
    world.disturb = () => {
      throw new Error('everything fails');
    };

    const { outcome } = await run(world, {}, toySaga([{ name: 'a', leaves: ({ kind }) => [`a, ${kind}`] }]));

    expect(outcome).toMatchObject({ kind: 'stuck', leftBehind: ['a, unconfirmed'] });
  });

  test('by taking too long is ended by its own deadline', async () => {
    const world = new ToyWorld();
    world.disturb = async (moment, step, signal) => {
      if (moment === 'before run' && step === 'b') throw new Error('refused');
      if (moment === 'before undo' && step === 'a') {
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
        });
      }
    };
    const undo = { retry: { ...quickUndo.retry, attempts: 1 }, timeoutMs: 5 };

    const { outcome } = await run(world, { undo });

    expect(outcome).toMatchObject({ kind: 'stuck', stuckStep: 'a' });
    expect(outcome).toHaveProperty('error.errors.1.code', 'TIMEOUT');
  });

  test('is told to the log once, with all that a person needs', async () => {
    const world = new ToyWorld();
    failUndo(world, Number.POSITIVE_INFINITY);
    const lines: unknown[] = [];
    const log = { ...silentLogger, error: (line: unknown) => lines.push(line), child: () => silentLogger };

    await run(world, { log: log as unknown as typeof silentLogger }); // only what the engine calls

    expect(lines).toEqual([
      expect.objectContaining({
        event: 'saga.stuck',
        flow: 'toy',
        flowId: 'flow-1',
        failedStep: 'd',
        stuckStep: 'b',
        leftBehind: ['what step "b" made', 'what step "a" made'],
      }),
    ]);
  });
});

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

    const { outcome } = await run(world, {}, forward());

    expect(outcome.kind).toBe('rolled-back');
    expect([...world.things]).toEqual([]);
  });

  test('a step is tried as often as an undo is', async () => {
    const world = new ToyWorld();
    let left = 2;
    world.disturb = (moment, step) => {
      if (moment === 'before run' && step === 'unmask' && left-- > 0) throw new Error('busy');
    };

    const { outcome } = await run(world, {}, forward());

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

    const { outcome, events } = await run(world, {}, forward());

    expect(outcome).toMatchObject({ kind: 'stuck', failedStep: step, stuckStep: step, leftBehind });
    expect(outcome).toHaveProperty('error.message', `${step} failed, and ${step} cannot be finished`);
    expect(world.diary.filter((line) => line.startsWith('undo'))).toEqual([]);
    expect(events.at(-1)).toMatchObject({ kind: 'flow-ended', outcome: 'stuck', leftBehind });
  });

  test('a pivot whose own flow put everything back was never begun: the flow goes back', async () => {
    const world = new ToyWorld();
    failAt(world, 'before run stop', new FlowRolledBackError('inner', 'look', {}, new Error('nobody answers')));

    const { outcome, events } = await run(world, {}, forward());

    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: 'stop' });
    expect([...world.things]).toEqual([]);
    expect(events.at(-1)).toMatchObject({ kind: 'flow-ended', outcome: 'rolled-back' });
  });

  test('nor is there a way back when an earlier attempt at the pivot had left something', async () => {
    const world = new ToyWorld();
    const errors = [new FlowStuckError('inner', 'flow-2', ['mask'], new Error('refused'))];
    world.disturb = (moment, step) => {
      if (moment !== 'before run' || step !== 'stop') return;
      throw errors.shift() ?? new FlowRolledBackError('inner', 'look', {}, new Error('nobody answers'));
    };

    const { outcome } = await run(world, {}, forward());

    expect(outcome).toMatchObject({ kind: 'stuck', stuckStep: 'stop' });
  });

  test('nor when a process before this one had begun the pivot', async () => {
    const world = new ToyWorld();
    const journal = new MemoryJournal();
    await journal.append('flow-1', { kind: 'flow-started', flow: 'toy', input, subject: 'web1', parent: undefined });
    await journal.append('flow-1', { kind: 'started', step: 'stop' });
    failAt(world, 'before run stop', new FlowRolledBackError('inner', 'look', {}, new Error('nobody answers')));

    const outcome = await resume(forward(), 'flow-1', toyOptions(world, { journal }));

    expect(outcome).toMatchObject({ kind: 'stuck', stuckStep: 'stop' });
  });

  test('nor when a pivot was done at the moment in which its caller went away', async () => {
    const world = new ToyWorld();
    const caller = new AbortController();
    world.disturb = (moment, step) => {
      if (moment === 'after run' && step === 'stop') caller.abort(new Error('enough'));
    };

    const { outcome } = await run(world, { signal: caller.signal }, forward());

    expect(outcome).toMatchObject({ kind: 'stuck', leftBehind: ['mask', 'partition'] });
  });

  test('a cancellation stops the flow where it is', async () => {
    const world = new ToyWorld();
    const caller = new AbortController();
    world.disturb = (moment, step) => {
      if (moment === 'after run' && step === 'unmask') caller.abort(new Error('enough'));
    };

    const { outcome } = await run(world, { signal: caller.signal }, forward());

    expect(outcome.kind).toBe('stuck');
    expect(world.diary).toEqual(['run find', 'run stop', 'run unmask']);
  });
});

describe('cancellation', () => {
  test('before the first step leaves no trace', async () => {
    const world = new ToyWorld();
    const journal = new MemoryJournal();
    const signal = AbortSignal.abort(new Error('enough'));

    await expect(run(world, { journal, signal })).rejects.toThrow('enough');
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

    const { outcome } = await run(world, { signal: caller.signal });

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

    const { outcome, events } = await run(world, { signal: caller.signal });

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

    await expect(run(world, { journal })).rejects.toThrow(JournalError);
    expect(world.diary).toEqual([]);
  });

  /** A flow that completes has 10 events for four steps; the first is the start. */
  const positions = Array.from({ length: 8 }, (_, index) => index + 1);

  test.each(positions)('from event %i on starts nothing that is not recorded, and goes back', async (position) => {
    const world = new ToyWorld();
    const journal = new WatchedJournal((_event, at) => {
      if (at >= position) throw new Error('disk full');
    });

    const { outcome, events } = await run(world, { journal });

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

    const { outcome, events } = await run(world, { journal });

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

    const outcome = await execute(toySaga([{ name: 'a', output }]), secretInput, identity, options);

    const history = JSON.stringify(await options.journal.read('flow-1'));
    expect(outcome).toMatchObject({ state: { a: output, input: secretInput } });
    expect(history).not.toContain('sentinel-secret');
    expect(history).toContain('"target":"x"');
  });
});

describe('who watches', () => {
  const watch = async (world: ToyWorld, change: Partial<ExecuteOptions<ToyWorld>> = {}) => {
    const seen: StepEvent[] = [];
    const { outcome } = await run(world, { onStep: (event) => seen.push(event), ...change }, toySaga(['a', 'b']));
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
    await execute(saga, null, identity, options);

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

    await run(world, { failpoint }, toySaga(['a', 'b']));

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

    const { outcome } = await run(world, { failpoint });

    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: 'b' });
    expect([...world.things]).toEqual([]);
    expect(world.diary).toContain(at === 'after-run' ? 'undo b' : 'undo b, unconfirmed');
  });
});

test('a warning is in the journal, shown to who watches, and no obstacle to taking the flow up', async () => {
  const seen: StepEvent[] = [];
  const world = new ToyWorld();
  const saga = defineSaga<typeof input, ToyWorld>('warned', z.object({ subject: z.string() })).step({
    name: 'look',
    output: z.null(),
    run: async ({ warn }) => {
      await warn({ event: 'orphan' }, 'orphan: a path is still there');
      return null;
    },
    undo: { nothingToUndo: 'it only looks' },
  });
  const options = toyOptions(world, { onStep: (event) => seen.push(event) });

  const outcome = await execute(saga, input, identity, options);

  const events = await options.journal.read('flow-1');
  expect(outcome.kind).toBe('completed');
  expect(events).toContainEqual({ kind: 'warning', step: 'look', text: 'orphan: a path is still there' });
  expect(seen).toContainEqual(expect.objectContaining({ state: 'progress', detail: 'orphan: a path is still there' }));
  expect(replay('flow-1', events.slice(0, -1)).steps.get('look')).toEqual({ state: 'done', output: null });
});
