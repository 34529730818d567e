import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../../base/index.ts';
import {
  failAt,
  inShort,
  quickUndo,
  runToy,
  toyIdentity,
  toyInput,
  toyNames,
  toyOptions,
  toySaga,
  ToyWorld,
  WatchedJournal,
} from '../../../test/support/toy-saga.ts';
import { defineSaga, execute } from './index.ts';

describe('a flow that goes well', () => {
  test('runs its steps in order, and each is in the journal before it starts and after it ended', async () => {
    const world = new ToyWorld();
    const journal = new WatchedJournal((event) => {
      if ('step' in event) world.diary.push(`${event.kind} ${event.step}`);
    });

    const { outcome, events } = await runToy(world, { journal }, toySaga(['a', 'b']));

    expect(world.diary).toEqual(['started a', 'run a', 'succeeded a', 'started b', 'run b', 'succeeded b']);
    expect(outcome).toEqual({ kind: 'completed', state: { input: toyInput, a: { made: 'a' }, b: { made: 'b' } } });
    expect(events[0]).toEqual({
      kind: 'flow-started',
      flow: 'toy',
      input: toyInput,
      subject: 'web1',
    });
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
  const rows = toyNames.flatMap((step) => ['before run', 'after run'].map((moment) => ({ step, moment })));

  test.each(rows)('($moment $step) has all that was started undone in reverse', async ({ step, moment }) => {
    const world = new ToyWorld();
    const error = failAt(world, `${moment} ${step}`);

    const { outcome, events } = await runToy(world);

    const started = toyNames.slice(0, toyNames.indexOf(step) + 1);
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

    await execute(saga, null, toyIdentity, { ...toyOptions(new ToyWorld()), deps: null });

    expect(undone).toEqual([
      { kind: 'unconfirmed' },
      ['input', 'make'],
      { kind: 'done', output: { uri: '/api/partitions/1' } },
    ]);
  });

  test('leaves alone what has nothing to undo, and journals no undo of it', async () => {
    const world = new ToyWorld();
    failAt(world, 'before run b');

    const { events } = await runToy(world, {}, toySaga([{ name: 'look', looksOnly: true }, 'b']));

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
    await runToy(world);

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

    const { outcome } = await runToy(world);

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

    const { outcome, events } = await runToy(world, {}, saga);

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

  test('tells its namer when it is unknown whether the act took effect', async () => {
    const world = new ToyWorld();
    world.disturb = () => {
      throw new Error('everything fails');
    };

    const { outcome } = await runToy(world, {}, toySaga([{ name: 'a', leaves: ({ kind }) => [`a, ${kind}`] }]));

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

    const { outcome } = await runToy(world, { undo });

    expect(outcome).toMatchObject({ kind: 'stuck', stuckStep: 'a' });
    expect(outcome).toHaveProperty('error.errors.1.code', 'TIMEOUT');
  });

  test('is told to the log once, with all that a person needs', async () => {
    const world = new ToyWorld();
    failUndo(world, Number.POSITIVE_INFINITY);
    const lines: unknown[] = [];
    const log = { ...silentLogger, error: (line: unknown) => lines.push(line), child: () => silentLogger };

    await runToy(world, { log: log as unknown as typeof silentLogger }); // only what the engine calls

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
