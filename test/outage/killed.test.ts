import { describe, expect, it } from 'vitest';
import { withNamedVolumes } from '../support/snapshots.ts';
import type { Act } from '../support/worker/order.ts';
import { WorkerPool } from '../support/worker/pool.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { goAway, ways } from './away.ts';
import type { Way } from './away.ts';
import { countOf, deleteAll, openFlows, operations, requestsOf } from './operations.ts';

/*
 * The HMC goes away, and the process dies before it is back. Every journal record and every act is a place to die at in
 * test/kill: here, the places are the requests to the HMC. `KILL_TEST=full` leaves none out.
 */

const STRIDE = process.env.KILL_TEST === 'full' ? 1 : 5;

describe.each(['z13', 'z16'] as const)('on a %s', (machine) => {
  describe.each(operations)('$name', ({ name, prepare, act, order }) => {
    it('is finished by the next process when its own is killed during an HMC outage', async () => {
      await using world = await startWorld({ machine });
      await using pool = new WorkerPool(1);
      const { sim, context } = world;
      const before = withNamedVolumes(sim.snapshot());
      const count = await countOf(world, { prepare, act });

      let kills = 0;
      for (const [number, way] of [ways[0], ways[1]].entries()) {
        // The second way at other requests than the first.
        for (let skip = number * Math.floor(STRIDE / 2); skip < count; skip += STRIDE) {
          {
            await using manager = await world.open();
            await prepare(manager, context);
          }
          await killWhenAway(world, pool, order, { skip, way });
          kills += 1;

          await using next = await world.open();
          expect({ way, skip, open: await openFlows(next) }).toEqual({ way, skip, open: [] });
          expect({ way, skip, orphans: await next.verify(context) }).toEqual({ way, skip, orphans: [] });
          await deleteAll(next, context);
          expect({ way, skip, after: withNamedVolumes(sim.snapshot()) }).toEqual({ way, skip, after: before });
        }
      }
      console.log(`killed while the HMC is away, ${machine}, ${name}: ${count} requests, ${kills} kills`);
    }, 3_600_000);
  });
});

/** A worker begins it, and is killed as soon as the HMC is away. */
async function killWhenAway(
  world: World,
  pool: WorkerPool,
  act: Act,
  { skip, way }: { readonly skip: number; readonly way: Way },
): Promise<void> {
  const { sim, settingsText, statePath } = world;
  const opening = await requestsOfOpening(world);
  const absence = goAway(sim, { peer: 'hmc', skip: opening + skip, way });
  const end = await pool.run({ settingsText, statePath, act, kill: null }, absence.begun);
  await absence.end();
  expect({ skip, end: end.kind }).toEqual({ skip, end: 'killed' });
}

/** What a process asks the HMC before it begins with its command, without the logoff at its end. */
async function requestsOfOpening(world: World): Promise<number> {
  const earlier = requestsOf(world.sim);
  await using _manager = await world.open();
  return requestsOf(world.sim) - earlier;
}
