import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resumeToy, toyInput, toyOptions, toySaga, ToyWorld, WatchedJournal } from '../../../test/support/toy-saga.ts';
import type { Moment, ToySaga } from '../../../test/support/toy-saga.ts';
import { execute, replay, resume } from './index.ts';
import type { JournalEvent } from './index.ts';

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
 * Runs a flow in trouble, or resumes one that ended `from` here, and takes a picture of journal and world before and
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
  await (from === undefined ? execute(saga, toyInput, { id: 'f' }, options) : resume(saga, 'f', options));
  take();
  return pictures.filter(({ events }) => events.length > 0);
}

/** Is it one that a restart resumes? */
const isOpen = ({ events }: Moments) => [undefined, 'stuck'].includes(replay('f', events).ended);

/** Resumes a flow in a world without trouble, and checks that all is there or nothing. @returns how it ended */
async function expectAnEnd(saga: ToySaga, { events, things }: Moments): Promise<string> {
  const world = new ToyWorld(things);
  const { outcome, journal } = await resumeToy(saga, events, world);
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
