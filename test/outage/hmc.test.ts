import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withNamedVolumes } from '../support/snapshots.ts';
import { startWorld } from '../support/world.ts';
import { goAway, ways } from './away.ts';
import { deleteAll, operations, seenOf, undisturbed } from './operations.ts';
import { patient } from './patient.ts';
import { Told } from './told.ts';
import { time } from './virtual-time.ts';

vi.mock(import('../../src/base/abort.ts'), async (importOriginal) => {
  const { time: virtual } = await import('./virtual-time.ts');
  return { ...(await importOriginal()), sleep: virtual.sleep };
});

beforeEach(() => time.install());

/*
 * The HMC is away for 90 seconds from every request of a build, a delete, an attach and a detach on. The budgets and the
 * pauses are those of the defaults; only the attempts of one request follow each other without one.
 */

const AWAY_MS = 90_000;

describe.each(['z13', 'z16'] as const)('on a %s', (machine) => {
  describe.each(operations)('$name', ({ prepare, act }) => {
    it.each(ways)(
      'continues after an HMC outage of 90 s that begins at any request: $name',
      async (way) => {
        await using world = await startWorld({ machine });
        const { sim, context } = world;
        const before = withNamedVolumes(sim.snapshot());
        const told = new Told();
        await using manager = await world.open({ ...patient, ...told.options });
        const { counts, result } = await undisturbed(world, manager, { prepare, act });

        let outages = 0;
        for (let skip = 0; skip < counts.hmc; skip += 1) {
          await prepare(manager, context);
          told.clear();
          let isBack = false;
          const absence = goAway(sim, { peer: 'hmc', skip, way }, () =>
            time.after(AWAY_MS, async () => {
              isBack = true;
              await absence.end();
            }),
          );

          await act(manager, context);

          if (isBack) {
            outages += 1;
            expect({ skip, ...told.outageOf('HMC \\S+') }).toEqual({ skip, isAway: true, isBack: true });
          }
          expect({ skip, hasBegun: absence.hasBegun() }).toEqual({ skip, hasBegun: true });
          if (!isBack) await time.advance(AWAY_MS);
          expect({ skip, ...(await seenOf(manager, context)) }).toEqual({ skip, ...result });
          expect({ skip, orphans: await manager.verify(context) }).toEqual({ skip, orphans: [] });
          await deleteAll(manager, context);
          expect({ skip, after: withNamedVolumes(sim.snapshot()) }).toEqual({ skip, after: before });
        }
        console.log(`HMC away 90 s, ${machine}: ${counts.hmc} requests, ${outages} waited for`);
        // An act may end while the HMC is asked to forget a job: nobody waits for that.
        expect(outages).toBeGreaterThan(counts.hmc / 2);
      },
      600_000,
    );
  });
});
