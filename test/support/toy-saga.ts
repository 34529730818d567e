import { z } from 'zod';
import { neverAborted, silentLogger } from '../../src/base/index.ts';
import type { JsonValue, UndoPolicy } from '../../src/base/index.ts';
import { defineSaga, execute, MemoryJournal, resume } from '../../src/compute/journal/index.ts';
import type { ExecuteOptions, Journal, JournalEvent, Saga, Settled, Step } from '../../src/compute/journal/index.ts';

/** Undo is tried three times, without a wait that a test would feel. */
export const quickUndo: UndoPolicy = {
  retry: { attempts: 3, firstDelayMs: 0, maxDelayMs: 0, factor: 1, budgetMs: 60_000 },
  timeoutMs: 60_000,
};

/** Moments of a step at which a test may disturb it: before its effect, and between the effect and the answer. */
export type Moment = 'before run' | 'after run' | 'before undo' | 'after undo';

/** A world of things that steps make and take away, and a diary of what was done in it. */
export class ToyWorld {
  readonly things: Set<string>;
  readonly diary: string[] = [];
  /** Throws to make a step fail at this moment. */
  disturb: (moment: Moment, step: string, signal: AbortSignal) => Promise<void> | void = () => undefined;

  constructor(things: Iterable<string> = []) {
    this.things = new Set(things);
  }
}

export interface ToyStep {
  readonly name: string;
  /** There is no way back from it, and nothing to undo. */
  readonly pivot?: boolean;
  /** It only looks. */
  readonly looksOnly?: boolean;
  /** Default: its name in words. */
  readonly leaves?: (was: Settled<JsonValue>) => readonly string[];
  readonly output?: JsonValue;
}

const inputSchema = z.object({ subject: z.string() });
export type ToyInput = z.infer<typeof inputSchema>;
export type ToySaga = Saga<ToyInput, unknown, ToyWorld>;

/** A flow whose every step makes the thing of its name, and whose undo takes it away. Both may run twice. */
export function toySaga(
  steps: readonly (string | ToyStep)[],
  recovery: 'back' | 'forward' = 'back',
  name = 'toy',
): ToySaga {
  const empty = defineSaga<ToyInput, ToyWorld>(name, inputSchema, { recovery }) as unknown as ToySaga; // its state grows at run time only
  return steps.reduce<ToySaga>(
    (saga, step) => saga.step(toStep(typeof step === 'string' ? { name: step } : step)),
    empty,
  );
}

function toStep({ name, pivot, looksOnly, leaves, output }: ToyStep): Step<string, unknown, JsonValue, ToyWorld> {
  const change = async (
    deps: ToyWorld,
    verb: 'run' | 'undo',
    note: string,
    signal: AbortSignal,
    effect: () => void,
  ) => {
    deps.diary.push(`${verb} ${name}${note}`);
    await deps.disturb(`before ${verb}`, name, signal);
    effect();
    await deps.disturb(`after ${verb}`, name, signal);
  };
  return {
    name,
    output: z.json(),
    run: async ({ deps, signal }) => {
      await change(deps, 'run', '', signal, () => {
        if (looksOnly !== true) deps.things.add(name);
      });
      return output ?? { made: name };
    },
    undo:
      pivot === true || looksOnly === true
        ? { nothingToUndo: 'in this toy' }
        : async ({ deps, signal }, was) => {
            const note = was.kind === 'done' ? '' : ', unconfirmed';
            await change(deps, 'undo', note, signal, () => void deps.things.delete(name));
          },
    ...(pivot === undefined ? {} : { pivot }),
    ...(leaves === undefined ? {} : { leaves: (_state: unknown, was: Settled<JsonValue>) => leaves(was) }),
  };
}

export function toyOptions(
  world: ToyWorld,
  change: Partial<ExecuteOptions<ToyWorld>> = {},
): ExecuteOptions<ToyWorld> & { readonly journal: Journal } {
  return {
    deps: world,
    journal: new MemoryJournal(),
    signal: neverAborted(),
    undo: quickUndo,
    log: silentLogger,
    ...change,
  };
}

/** A journal that does something at each append: watches, or throws instead of writing. */
export class WatchedJournal extends MemoryJournal {
  readonly #before: (event: JournalEvent, position: number) => void;
  #position = 0;

  constructor(before: (event: JournalEvent, position: number) => void) {
    super();
    this.#before = before;
  }

  override async append(flowId: string, event: JournalEvent): Promise<void> {
    const position = this.#position;
    this.#position += 1;
    this.#before(event, position);
    await super.append(flowId, event);
  }
}

/** A journal that holds a history already. */
export async function journalOf(flowId: string, events: readonly JournalEvent[]): Promise<MemoryJournal> {
  const journal = new MemoryJournal();
  for (const event of events) await journal.append(flowId, event);
  return journal;
}

/** `kind` or `kind step`, one a line: a history that a person can read. */
export function inShort(events: readonly JournalEvent[]): string[] {
  return events.map((event) => {
    if (event.kind === 'flow-ended') return `${event.kind} ${event.outcome}`;
    return 'step' in event ? `${event.kind} ${event.step}` : event.kind;
  });
}

/** What the flows of the engine's tests are about: the id is the journal's, the subject the server's. */
export const toyInput: ToyInput = { subject: 'web1' };
export const toyIdentity = { id: 'flow-1', subject: 'web1' };
/** Steps of a plain flow. */
export const toyNames = ['a', 'b', 'c', 'd'];

/** Runs a flow of plain steps in a world, and gives all that can be asked about it afterwards. */
export async function runToy(
  world: ToyWorld,
  change: Partial<ExecuteOptions<ToyWorld>> = {},
  saga = toySaga(toyNames),
) {
  const options = toyOptions(world, change);
  const outcome = await execute(saga, toyInput, toyIdentity, options);
  return { outcome, events: await options.journal.read(toyIdentity.id), journal: options.journal };
}

/** @param moment - `before run b` */
export function failAt(world: ToyWorld, moment: string, error = new Error('refused')): Error {
  world.disturb = (at, step) => {
    if (`${at} ${step}` === moment) throw error;
  };
  return error;
}

/** Events of a flow of `toySaga` with the usual input. */
export const toyStart = { kind: 'flow-started', flow: 'toy', input: toyInput } as const satisfies JournalEvent;
export const started = (step: string): JournalEvent => ({ kind: 'started', step });
export const succeeded = (step: string): JournalEvent => ({ kind: 'succeeded', step, output: { made: step } });

/** Resumes a flow whose journal holds these events. */
export async function resumeToy(saga: ToySaga, events: readonly JournalEvent[], world: ToyWorld) {
  const journal = await journalOf('f', events);
  const outcome = await resume(saga, 'f', toyOptions(world, { journal }));
  return { outcome, journal };
}
