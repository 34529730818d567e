import type { Failpoint } from '../../../src/saga/index.ts';

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
  passed: Failpoint[] = [];

  /** @param times - how often it springs; infinity for ever */
  set(point: Failpoint, times: number, act: () => void = throwAt(point)): Trap {
    const trap: Trap = { point, times, act, hits: 0 };
    this.#traps.push(trap);
    return trap;
  }

  clear(): void {
    this.#traps.length = 0;
    this.passed = [];
  }

  readonly failpoint = async (point: Failpoint): Promise<void> => {
    this.passed.push(point);
    const trap = this.#traps.find((candidate) => samePoint(candidate.point, point) && candidate.times > 0);
    if (trap === undefined) return;
    trap.times -= 1;
    trap.hits += 1;
    trap.act();
  };
}

function throwAt(point: Failpoint): () => void {
  return () => {
    throw new Error(`made to fail ${namePoint(point)}`);
  };
}
