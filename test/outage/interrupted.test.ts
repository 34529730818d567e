/*
 * The user interrupts a command while the HMC does not answer; the next process completes or rolls back the operation.
 */
import { describe, expect, it } from 'vitest';
import { findError, InterruptedError } from '../../src/base/index.ts';
import { withNamedVolumes } from '../support/snapshots.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { goAway, ways } from './away.ts';
import { countOf, deleteAll, openFlows, operations } from './operations.ts';
import type { Acts } from './operations.ts';

describe.each(['z13', 'z16'] as const)('on a %s', (machine) => {
  describe.each(operations)('$name', ({ prepare, act, isWhole }) => {
    it('waits when it is interrupted during an HMC outage, and the next process finishes it', async () => {
      await using world = await startWorld({ machine });
      const { sim, context } = world;
      const before = withNamedVolumes(sim.snapshot());
      const count = await countOf(world, { prepare, act });

      let waiting = 0;
      for (let skip = 0; skip < count; skip += 1) {
        const { failure, open } = await giveUp(world, { prepare, act }, skip);
        if (open.some((flow) => flow.endsWith('waiting'))) waiting += 1;
        expect({ skip, stuck: findError(failure, 'FLOW_STUCK'), open }).toEqual({
          skip,
          stuck: undefined,
          open: open.filter((flow) => !flow.endsWith('stuck')),
        });

        await using next = await world.open();
        expect({ skip, open: await openFlows(next) }).toEqual({ skip, open: [] });
        expect({ skip, orphans: await next.verify(context) }).toEqual({ skip, orphans: [] });
        await deleteAll(next, context);
        expect({ skip, after: withNamedVolumes(sim.snapshot()) }).toEqual({ skip, after: before });
      }
      // On a z13, the HMC has no part in the way back of an attach or a detach.
      if (machine === 'z16' || isWhole) expect(waiting).toBeGreaterThan(0);
    }, 600_000);
  });
});

/** The user ends the command as soon as the HMC is away; it stays away for as long as this process lives. */
async function giveUp(world: World, { prepare, act }: Acts, skip: number) {
  const { sim, context } = world;
  await using manager = await world.open();
  await prepare(manager, context);
  const user = new AbortController();
  const absence = goAway(sim, { peer: 'hmc', skip, way: ways[1] }, () =>
    user.abort(new InterruptedError('interrupted by SIGINT')),
  );
  const failure: unknown = await act(manager, { requestId: 'req-2', signal: user.signal }).catch(
    (error: unknown) => error,
  );
  const open = await openFlows(manager);
  await absence.end();
  return { failure, open };
}
