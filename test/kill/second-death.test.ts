import { expect, it } from 'vitest';
import { killTheSuccessor } from './second-death.ts';
import { openStage } from './stage.ts';
import { optionsOf, someJournaled, stride } from './suite.ts';

/** Where the first one dies: most of a build is there to be undone, half of the others is done. */
const shares: Readonly<Record<string, number>> = { build: 0.85, delete: 0.4, 'add-volume': 0.7, 'remove-volume': 0.6 };

it.each([
  { machine: 'z13', order: 'deferred', cinder: 'attachments', nth: 23, turn: 0 },
  { machine: 'z16', order: 'stock', cinder: 'legacy', nth: 27, turn: 1 },
] as const)(
  '$machine, $cinder, $order: a process that is killed in taking up what a killed one left has a successor that ends it',
  { timeout: 3_600_000 },
  async ({ nth, turn, ...setting }) => {
    await using stage = await openStage(optionsOf(setting));
    for (const flow of someJournaled(turn)) {
      const toll = await killTheSuccessor(stage, flow, { share: shares[flow.name] ?? 0.5, nth: stride(nth) });
      console.log(
        `kill test, ${setting.machine}, ${setting.cinder}, ${setting.order}, ${flow.name} (${toll.first}) and its recovery: ${toll.kills} kills`,
      );
      expect(toll.problems).toEqual([]);
      expect(toll.kills).toBeGreaterThan(1);
    }
  },
);
