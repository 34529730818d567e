import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConflictError, neverAborted, NotFoundError, silentLogger } from '../../base/index.ts';
import {
  inShort,
  journalOf,
  quickUndo,
  toyOptions,
  toySaga,
  ToyWorld,
  WatchedJournal,
} from '../../../test/support/toy-saga.ts';
import type { Moment, ToySaga } from '../../../test/support/toy-saga.ts';
import {
  execute,
  FlowRolledBackError,
  FlowStuckError,
  FlowWaitingError,
  JournalError,
  MemoryJournal,
  replay,
  resume,
} from './index.ts';
import { resumeFlow, runFlow } from './index.ts';
import type { JournalEvent, Saga } from './index.ts';

const input = { subject: 'web1' };
const start: JournalEvent = { kind: 'flow-started', flow: 'toy', input };
const started = (step: string): JournalEvent => ({ kind: 'started', step });
const succeeded = (step: string): JournalEvent => ({ kind: 'succeeded', step, output: { made: step } });

async function takeUp(saga: ToySaga, events: readonly JournalEvent[], world: ToyWorld) {
  const journal = await journalOf('f', events);
  const outcome = await resume(saga, 'f', toyOptions(world, { journal }));
  return { outcome, journal };
}

describe('a flow whose process ended in the middle', () => {
  test('goes back, told of each step what its journal knows', async () => {
    const world = new ToyWorld(['a', 'b']);

    const { outcome } = await takeUp(toySaga(['a', 'b']), [start, started('a'), succeeded('a'), started('b')], world);

    expect(world.diary).toEqual(['undo b, unconfirmed', 'undo a']);
    expect([...world.things]).toEqual([]);
    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: 'b' });
    expect(outcome).toHaveProperty('error.message', 'the process ended before the flow finished');
  });

  test('goes on where the flow is one that is finished, and does again what is not confirmed', async () => {
    const world = new ToyWorld(['a', 'b']);
    const saga = toySaga(['a', 'b', 'c'], 'forward');

    const { outcome } = await takeUp(saga, [start, started('a'), succeeded('a'), started('b')], world);

    expect(world.diary).toEqual(['run b', 'run c']);
    expect(outcome).toMatchObject({ kind: 'completed', state: { input, a: { made: 'a' }, b: { made: 'b' } } });
  });

  test('goes on once a pivot was started, whatever the flow says', async () => {
    const world = new ToyWorld();
    const saga = toySaga(['a', { name: 'b', pivot: true }, { name: 'c', pivot: true }]);

    const { outcome } = await takeUp(saga, [start, started('a'), succeeded('a'), started('b')], world);

    expect(outcome.kind).toBe('completed');
    expect(world.diary).toEqual(['run b', 'run c']);
  });

  test('goes back once an undo has begun, even if it is one that is finished', async () => {
    const world = new ToyWorld(['a']);
    const events: JournalEvent[] = [
      start,
      started('a'),
      succeeded('a'),
      started('b'),
      { kind: 'failed', step: 'b', error: 'refused' },
      { kind: 'undo-started', step: 'b' },
      { kind: 'undo-finished', step: 'b' },
    ];

    const { outcome } = await takeUp(toySaga(['a', 'b'], 'forward'), events, world);

    expect(world.diary).toEqual(['undo a']);
    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: 'b' });
    expect(outcome).toHaveProperty('error.message', 'refused');
  });

  test('has an undo that was interrupted done again, with what was known before it', async () => {
    const world = new ToyWorld(['a']);
    const events: JournalEvent[] = [start, started('a'), succeeded('a'), { kind: 'undo-started', step: 'a' }];

    await takeUp(toySaga(['a', 'b']), events, world);

    expect(world.diary).toEqual(['undo a']);
  });

  test('with every step done is completed: only its last line was missing', async () => {
    const world = new ToyWorld(['a', 'b']);
    const events = [start, started('a'), succeeded('a'), started('b'), succeeded('b')];

    const { outcome, journal } = await takeUp(toySaga(['a', 'b']), events, world);

    expect(outcome).toEqual({ kind: 'completed', state: { input, a: { made: 'a' }, b: { made: 'b' } } });
    expect(world.diary).toEqual([]);
    expect(inShort(await journal.read('f')).at(-1)).toBe('flow-ended completed');
  });

  test('that had not begun a step ends at once', async () => {
    const world = new ToyWorld();

    const { outcome, journal } = await takeUp(toySaga(['a']), [start], world);

    expect(outcome).toMatchObject({ kind: 'rolled-back', failedStep: '(none)' });
    expect(inShort(await journal.read('f'))).toEqual(['flow-started', 'flow-ended rolled-back']);
  });
});

describe('a flow whose way back lacks a peer', () => {
  const unreachable = (step: string) => (moment: string, at: string) => {
    if (at !== step) return;
    if (moment === 'before undo') throw new NotFoundError('no answer', { unreachable: 'HMC hmc1:6794' });
    if (moment === 'after run') throw new ConflictError('no');
  };

  test('waits, names what is left and for whom, and is taken up when the peer answers', async () => {
    const world = new ToyWorld();
    world.disturb = unreachable('b');
    const journal = new MemoryJournal();
    const saga = toySaga(['a', 'b']);

    const outcome = await execute(saga, input, { id: 'f' }, toyOptions(world, { journal }));
    const [waiting] = await journal.list({ open: true });
    world.disturb = () => undefined;
    const resumed = await resume(saga, 'f', toyOptions(world, { journal }));

    expect(outcome).toMatchObject({ kind: 'waiting', waitsFor: 'HMC hmc1:6794', stuckStep: 'b' });
    expect(waiting).toMatchObject({ state: 'waiting', waitsFor: 'HMC hmc1:6794' });
    expect(waiting?.leftBehind).toHaveLength(2);
    expect(resumed.kind).toBe('rolled-back');
    expect([...world.things]).toEqual([]);
    expect(await journal.list({ open: true })).toEqual([]);
  });

  test('throws what waits as another, with the peer and what is left behind', async () => {
    const world = new ToyWorld();
    world.disturb = unreachable('a');
    const services = { journal: new MemoryJournal(), undo: quickUndo, log: silentLogger };
    const run = { what: 'build web1', subject: 'web1', signal: neverAborted() };

    const failure = await runFlow(toySaga(['a']), input, world, run, services).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(FlowWaitingError);
    expect(failure).toMatchObject({
      code: 'FLOW_WAITING',
      message: 'build web1 waits in a for HMC hmc1:6794',
      waitsFor: 'HMC hmc1:6794',
      leftBehind: [expect.any(String)],
    });
  });

  test('is stuck when something else is in the way as well', async () => {
    const world = new ToyWorld();
    world.disturb = (moment, step) => {
      if (step === 'a' && moment === 'before undo') throw new ConflictError('mine');
      unreachable('b')(moment, step);
    };

    const outcome = await execute(toySaga(['a', { name: 'b', pivot: true }]), input, { id: 'f' }, toyOptions(world));
    const other = await execute(
      toySaga(['b', 'a']),
      input,
      { id: 'g' },
      {
        ...toyOptions(world),
        missingPeer: () => undefined,
      },
    );

    expect(outcome.kind).toBe('stuck');
    expect(other.kind).toBe('stuck');
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
    await execute(saga, input, { id: 'f' }, toyOptions(world, { journal }));
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
    await execute(saga, input, { id: 'f' }, toyOptions(world, { journal }));
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
      const events: JournalEvent[] = [start, started('a'), succeeded('a'), { kind: 'flow-ended', outcome }];

      await expect(takeUp(toySaga(['a']), events, world)).rejects.toThrow(ConflictError);
      expect(world.diary).toEqual([]);
    },
  );

  test.each<[string, JournalEvent[], RegExp]>([
    ['that does not exist', [], /does not begin with its start/],
    ['of another flow', [{ ...start, flow: 'spawn' }], /is a "spawn", not a "toy"/],
    ['with a step that the flow has not', [start, started('x')], /no step "x" in "toy"/],
    ['with an input of another form', [{ ...start, input: { subject: 7 } }], /journaled input is invalid/],
    ['that makes no sense', [start, succeeded('a')], /cannot be followed/],
  ])('%s: nothing is done', async (_what, events, message) => {
    const world = new ToyWorld(['a']);

    await expect(takeUp(toySaga(['a']), events, world)).rejects.toThrow(message);
    await expect(takeUp(toySaga(['a']), events, world)).rejects.toThrow(JournalError);
    expect(world.diary).toEqual([]);
  });
});

/** What a disturbed world does: which step fails for good and when, and how often each undo fails. */
interface Trouble {
  readonly failing: { readonly step: string; readonly moment: Moment } | undefined;
  readonly badUndo: string | undefined;
  /** The journal refuses these appends, by position. */
  readonly unwritten: ReadonlySet<number>;
}

const all = ['a', 'b', 'c', 'd'];
const trouble: fc.Arbitrary<Trouble> = fc.record({
  failing: fc.option(
    fc.record({ step: fc.constantFrom(...all), moment: fc.constantFrom<Moment>('before run', 'after run') }),
    { nil: undefined },
  ),
  badUndo: fc.option(fc.constantFrom(...all), { nil: undefined }),
  unwritten: fc
    .oneof(fc.constant([]), fc.array(fc.integer({ min: 1, max: 16 }), { maxLength: 4 }))
    .map((at) => new Set(at)),
});

/** Where the first step is that has no way back; `all.length` is nowhere. */
const pivotAt = fc.nat(all.length);
const sagaWith = (from: number, recovery: 'back' | 'forward') =>
  toySaga(
    all.map((name, index) => ({ name, ...(index >= from ? { pivot: true } : {}) })),
    recovery,
  );

/** The world at one moment of a run: what the journal says, and what there is. */
interface Moments {
  readonly events: readonly JournalEvent[];
  readonly things: readonly string[];
}

/**
 * Runs a flow in trouble, or takes up one that ended `from` here, and takes a picture of journal and world before and
 * after each line is written.
 */
async function picturesOf(saga: ToySaga, { failing, badUndo, unwritten }: Trouble, from?: Moments): Promise<Moments[]> {
  const world = new ToyWorld(from?.things);
  world.disturb = (moment, step) => {
    if (moment === failing?.moment && step === failing.step) throw new Error('refused');
    if (moment === 'before undo' && step === badUndo) throw new Error('away');
  };
  const written: JournalEvent[] = [];
  const pictures: Moments[] = [];
  const take = () => pictures.push({ events: [...written], things: [...world.things] });
  const isOld = (position: number) => position < (from?.events.length ?? 0);
  const journal = new WatchedJournal((event, position) => {
    if (!isOld(position)) take();
    if (!isOld(position) && unwritten.has(position)) throw new Error('disk full');
    written.push(event);
    if (!isOld(position)) take();
  });
  for (const event of from?.events ?? []) await journal.append('f', event);
  const options = toyOptions(world, { journal });
  await (from === undefined ? execute(saga, input, { id: 'f' }, options) : resume(saga, 'f', options));
  take();
  return pictures.filter(({ events }) => events.length > 0);
}

/** Is it one that a restart takes up? */
const isOpen = ({ events }: Moments) => [undefined, 'stuck'].includes(replay('f', events).ended);

/** Takes up a flow in a world without trouble, and checks that all is there or nothing. @returns how it ended */
async function expectAnEnd(saga: ToySaga, { events, things }: Moments): Promise<string> {
  const world = new ToyWorld(things);
  const { outcome, journal } = await takeUp(saga, events, world);
  expect([...world.things].toSorted()).toEqual(outcome.kind === 'completed' ? all : []);
  expect(replay('f', await journal.read('f')).ended).toBe(outcome.kind);
  return outcome.kind;
}

describe('whatever happens to a flow', () => {
  test('each prefix of its journal can be followed', async () => {
    await fc.assert(
      fc.asyncProperty(trouble, pivotAt, async (what, from) => {
        for (const { events } of await picturesOf(sagaWith(from, 'back'), what)) {
          expect(() => replay('f', events)).not.toThrow();
        }
      }),
    );
  });

  const recovery = fc.constantFrom('back' as const, 'forward' as const);

  test('a process that dies at any moment leaves what the next one brings to an end, all there or nothing', async () => {
    const endings = new Set<string>();
    await fc.assert(
      fc.asyncProperty(trouble, pivotAt, recovery, async (what, from, way) => {
        const saga = sagaWith(from, way);
        for (const moment of (await picturesOf(saga, what)).filter(isOpen)) {
          endings.add(await expectAnEnd(saga, moment));
        }
      }),
    );

    expect([...endings].toSorted()).toEqual(['completed', 'rolled-back']);
  });

  test('the next process may die as well, in trouble of its own, and the one after it brings it to an end', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(trouble, trouble, pivotAt, recovery, fc.nat(), async (first, second, from, way, dieAt) => {
        const saga = sagaWith(from, way);
        const open = (await picturesOf(saga, first)).filter(isOpen);
        const death = open[dieAt % open.length];
        if (death === undefined) return;
        for (const moment of (await picturesOf(saga, second, death)).filter(isOpen)) {
          await expectAnEnd(saga, moment);
          taken += 1;
        }
      }),
    );

    expect(taken).toBeGreaterThan(100);
  });

  test('an undo whose beginning cannot be recorded is not begun where a restart would finish the flow', async () => {
    const saga = sagaWith(2, 'forward');
    const moments = await picturesOf(saga, { failing: undefined, badUndo: undefined, unwritten: new Set([5, 6]) });

    expect(moments.at(-1)?.things).toEqual(['a', 'b']); // step c was not started, and nothing was undone
    await expect(expectAnEnd(saga, moments.at(-1) ?? { events: [], things: [] })).resolves.toBe('completed');
  });
});

describe('runFlow', () => {
  const services = { journal: new MemoryJournal(), undo: quickUndo, log: silentLogger };
  const run = { what: 'spawn instance web1', subject: 'web1', signal: neverAborted() };

  test('gives the state, and journals for whom it ran', async () => {
    const journal = new MemoryJournal();
    const state = await runFlow(toySaga(['a']), input, new ToyWorld(), run, { ...services, journal });

    expect(state).toEqual({ input, a: { made: 'a' } });
    await expect(journal.list()).resolves.toMatchObject([{ subject: 'web1', state: 'completed' }]);
  });

  test('throws what was put back as one error, with the failed step and the cause', async () => {
    const world = new ToyWorld();
    const cause = new Error('refused');
    world.disturb = (moment) => {
      if (moment === 'before run') throw cause;
    };

    const error: unknown = await runFlow(toySaga(['a']), input, world, run, services).catch(
      (thrown: unknown) => thrown,
    );

    expect(error).toBeInstanceOf(FlowRolledBackError);
    expect(error).toMatchObject({ message: 'spawn instance web1: a failed', failedStep: 'a', cause });
  });

  test('throws what is stuck as another, with what is left behind and the way to take it up', async () => {
    const world = new ToyWorld();
    world.disturb = () => {
      throw new Error('away');
    };
    const journal = new MemoryJournal();

    const error: unknown = await runFlow(toySaga(['a']), input, world, run, { ...services, journal }).catch(
      (thrown: unknown) => thrown,
    );

    const [flow] = await journal.list({ open: true });
    expect(error).toBeInstanceOf(FlowStuckError);
    expect(error).toMatchObject({ flowId: flow?.id, leftBehind: ['what step "a" made'] });
    expect(error).toHaveProperty('facts', { flowId: flow?.id, leftBehind: ['what step "a" made'] });
  });
});

describe('resumeFlow', () => {
  const flows = [toySaga(['a']), toySaga(['a'], 'forward', 'other')] as unknown as readonly Saga<
    never,
    never,
    ToyWorld
  >[]; // as the callers keep them
  const take = async (name: string, world: ToyWorld) => {
    const journal = await journalOf('f', [{ ...start, flow: name }, started('a')]);
    const services = { journal, undo: quickUndo, log: silentLogger };
    return await resumeFlow(flows, { id: 'f', flow: name }, world, neverAborted(), services);
  };

  test('finds the flow by its name', async () => {
    await expect(take('toy', new ToyWorld())).resolves.toBe('rolled-back');
    await expect(take('other', new ToyWorld())).resolves.toBe('completed');
  });

  test('refuses a flow that this program does not know', async () => {
    await expect(take('of-tomorrow', new ToyWorld())).rejects.toThrow(
      /"of-tomorrow", which this program does not know/,
    );
  });

  test('throws when the flow is stuck again', async () => {
    const world = new ToyWorld();
    world.disturb = () => {
      throw new Error('still away');
    };

    await expect(take('toy', world)).rejects.toThrow(FlowStuckError);
  });
});
