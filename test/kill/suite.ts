import { expect, it } from 'vitest';
import type { WorldOptions } from '../support/world.ts';
import type { KillPoint } from '../support/worker/order.ts';
import { journaled } from './flows.ts';
import type { Flow } from './flows.ts';
import { describeToll, killAll } from './kill.ts';
import type { Plan } from './kill.ts';
import { openStage } from './stage.ts';

/** What a world is made of, and the word for it in what is printed. */
export interface Setting {
  readonly machine: 'z13' | 'z16';
  readonly order: 'deferred' | 'stock';
  readonly cinder: 'attachments' | 'legacy';
  readonly timing?: WorldOptions['timing'];
  /** For volumes without Nova. */
  readonly withPayroll?: boolean;
}

/** `KILL_TEST=full` leaves nothing out. */
export const isFull = process.env.KILL_TEST === 'full';

/** Every n-th of something, or all. */
export function stride(n: number): number {
  return isFull ? 1 : n;
}

/** Every n-th point. Points come in pairs (before and after a record), so an odd n goes through both. */
export function everyNth(n: number, offset = 0): (points: readonly KillPoint[]) => readonly KillPoint[] {
  return (points) => {
    const step = Math.min(stride(n), points.length); // at least one point, also of a short flow
    return points.filter((_, index) => index % step === offset % step);
  };
}

/**
 * Build and delete of a server, and every fourth of the other flows: for tests that cost much for each flow. Tests with other
 * turns have others.
 */
export function someJournaled(turn: number): readonly Flow[] {
  return isFull ? journaled : journaled.filter((_, index) => index < 2 || index % 4 === turn % 4);
}

/** One test: in one world, the deaths of these flows. Prints a line for each flow. */
export function killTest(what: string, setting: Setting, flows: readonly Flow[], plan: Plan): void {
  const title = `${setting.machine}, ${setting.cinder}, ${setting.order}`;
  it(`${title}: ${what}`, { timeout: 3_600_000 }, async () => {
    await using stage = await openStage(optionsOf(setting), setting.withPayroll);
    const problems: string[] = [];
    for (const flow of flows) {
      const toll = await killAll(stage, flow, plan);
      console.log(describeToll(title, toll));
      const kills = toll.outcomes.length + toll.problems.length;
      expect(kills).toBeGreaterThan(0);
      if (plan.isWhole === true) expect(kills).toBe(toll.moments);
      problems.push(...toll.problems);
    }
    expect(problems).toEqual([]);
  });
}

export function optionsOf({ machine, order, cinder, timing }: Setting): WorldOptions {
  return {
    machine,
    set: { 'dpm.spawn_order': order },
    ...(timing === undefined ? {} : { timing }),
    ...(cinder === 'legacy' ? { cinder: { maxMicroversion: '3.43' } } : {}),
  };
}
