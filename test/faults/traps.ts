import type { Failpoint } from '../../src/base/index.ts';

/** A failpoint that a row arms: it throws there, or does what the row says, so many times. */
export interface Trap {
  readonly point: Failpoint;
  times: number;
  readonly act: () => void;
  hits: number;
}

export function samePoint(a: Failpoint, b: Failpoint): boolean {
  return a.flow === b.flow && a.step === b.step && a.at === b.at;
}

export function namePoint({ flow, step, at }: Failpoint): string {
  return `${at} ${flow}/${step}`;
}

/** Hears of every failpoint, remembers which were passed, and springs the traps that are set. */
export class Traps {
  readonly #traps: Trap[] = [];
  /** Set while the first undo that comes is to fail, whichever it is. */
  #firstUndo: { times: number; point: Failpoint | undefined; hits: number } | undefined;
  passed: Failpoint[] = [];
  /** Told of each point before anything springs; until {@link Traps.clear}. */
  onPass: ((point: Failpoint) => void) | undefined;

  /** @param times - how often it springs; infinity for ever */
  set(point: Failpoint, times: number, act: () => void = throwAt(point)): Trap {
    const trap: Trap = { point, times, act, hits: 0 };
    this.#traps.push(trap);
    return trap;
  }

  /** Whichever step is undone first cannot be undone, so many times. */
  setFirstUndo(times: number): void {
    this.#firstUndo = { times, point: undefined, hits: 0 };
  }

  /** How often an undo was made to fail by {@link Traps.setFirstUndo}. */
  get undoHits(): number {
    return this.#firstUndo?.hits ?? 0;
  }

  clear(): void {
    this.#traps.length = 0;
    this.#firstUndo = undefined;
    this.passed = [];
    this.onPass = undefined;
  }

  // Async: what is thrown here has to arrive as a rejection, as everything does that a step throws.
  readonly failpoint = async (point: Failpoint): Promise<void> => {
    this.passed.push(point);
    this.onPass?.(point);
    this.#springFirstUndo(point);
    const trap = this.#traps.find((candidate) => samePoint(candidate.point, point) && candidate.times > 0);
    if (trap === undefined) return;
    trap.times -= 1;
    trap.hits += 1;
    trap.act();
  };

  #springFirstUndo(point: Failpoint): void {
    const trap = this.#firstUndo;
    if (trap === undefined || trap.times === 0 || point.at !== 'before-undo') return;
    trap.point ??= point;
    if (!samePoint(trap.point, point)) return;
    trap.times -= 1;
    trap.hits += 1;
    throwAt(point)();
  }
}

function throwAt(point: Failpoint): () => void {
  return () => {
    throw new Error(`made to fail ${namePoint(point)}`);
  };
}
