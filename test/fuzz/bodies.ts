import * as fc from 'fast-check';
import { DpmError } from '../../src/base/index.ts';
import { count, inLanes } from './lanes.ts';
import { PlayError } from '../support/conversations.ts';
import { mutate, mutation } from './mutate.ts';
import type { Mutation } from './mutate.ts';
import { allTargets } from './targets.ts';
import type { Target } from './targets.ts';
import { stubTransport } from './wire.ts';

/** What came of a run. */
export interface BodyReport {
  /** Bodies by operation. */
  readonly operations: ReadonlyMap<string, number>;
  /** How reading ended: `value`, or the code of the error. */
  readonly ends: ReadonlyMap<string, number>;
  /** What must never happen, with all that is needed to see it again. */
  readonly problems: readonly string[];
}

/** Bodies under way at once: most of their time is the waiting of clients that repeat. */
const LANES = 32;
const CHUNK = 1_000;
/** No play waits longer by itself: one that does hangs. */
const HANG_MS = 60_000;
/** A run with more of them has been understood. */
const MAX_PROBLEMS = 20;

/** Statuses that an answer of another status gets now and then. */
const statuses = [200, 201, 202, 204, 206, 300, 302, 400, 401, 403, 404, 409, 413, 418, 500, 503, 599] as const;

/** Spoils bodies, gives them to their readers, and looks at what comes of it. */
export async function fuzzBodies(options: {
  readonly bodies: number;
  readonly seed: number;
  /** What is spoilt; without it, everything that there is. */
  readonly targets?: readonly Target[];
}): Promise<BodyReport> {
  using _stub = stubTransport();
  using rejections = watchRejections();
  const targetFor = byTurns(options.targets ?? allTargets());
  const run = new Run();
  for (let from = 0; from < options.bodies && run.problems.length < MAX_PROBLEMS; from += CHUNK) {
    const count = Math.min(CHUNK, options.bodies - from);
    const mutations = fc.sample(mutation, { numRuns: count, seed: options.seed + from });
    const jobs = mutations.map((each, index) => ({ each, target: targetFor(from + index) }));
    await inLanes(LANES, jobs, async ({ each, target }) => await run.one(target, each));
  }
  run.problems.push(...rejections.seen);
  return run;
}

/** Every operation as often as every other, and within it every valid body. */
function byTurns(targets: readonly Target[]): (turn: number) => Target {
  const names = [...new Set(targets.map(({ operation }) => operation))];
  const operations = names.map((name) => targets.filter(({ operation }) => operation === name));
  return (turn) => {
    const some = operations[turn % operations.length]!; // within the list, as below
    return some[Math.floor(turn / operations.length) % some.length]!;
  };
}

class Run implements BodyReport {
  readonly operations = new Map<string, number>();
  readonly ends = new Map<string, number>();
  readonly problems: string[] = [];

  async one(target: Target, how: Mutation): Promise<void> {
    const text = mutate(target.body, how);
    const status = how.otherPlace % 8 === 0 ? statuses[how.place % statuses.length]! : target.status; // within the list
    count(this.operations, target.operation);
    const problem = await this.#read(target, status, text);
    if (problem === undefined) return;
    const shown = text.length > 600 ? `${text.slice(0, 600)}… (${text.length} characters)` : text;
    this.problems.push(`${target.operation}, "${target.title}", ${how.kind}, status ${status}, ${shown}: ${problem}`);
  }

  async #read(target: Target, status: number, text: string): Promise<string | undefined> {
    try {
      const strays = await orHang(target.read(status, text));
      count(this.ends, 'value');
      if (strays.length > 0) return strays.join(', ');
    } catch (error) {
      if (error instanceof Hang) return error.message;
      if (error instanceof DpmError && error.code !== 'INTERNAL') count(this.ends, error.code);
      else if (error instanceof PlayError) count(this.ends, 'value');
      else return `not an error of ours: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    }
    return isPolluted() ? 'the prototype of all objects has changed' : undefined;
  }
}

class Hang extends Error {}

async function orHang<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Hang(`no end within ${HANG_MS / 1000} s`));
    }, HANG_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype];
const asTheyWere = prototypes.map((each) => Object.getOwnPropertyNames(each).length);

/** Has a body found its way into what all objects share? */
export function isPolluted(): boolean {
  return 'polluted' in {} || prototypes.some((each, i) => Object.getOwnPropertyNames(each).length !== asTheyWere[i]);
}

/** Notes the rejections that nobody handles. */
export function watchRejections(): Disposable & { readonly seen: readonly string[] } {
  const seen: string[] = [];
  const note = (reason: unknown) => {
    seen.push(`unhandled rejection: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`);
  };
  process.on('unhandledRejection', note);
  return {
    seen,
    [Symbol.dispose]: () => {
      process.off('unhandledRejection', note);
    },
  };
}
