import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withNamedVolumes } from '../support/snapshots.ts';
import { startWorld } from '../support/world.ts';
import { goAway, ways } from './away.ts';
import type { Way } from './away.ts';
import { deleteAll, operations, seenOf, undisturbed } from './operations.ts';
import { patient } from './patient.ts';
import { Told } from './told.ts';
import { time } from './virtual-time.ts';

vi.mock(import('../../src/base/abort.ts'), async (importOriginal) => {
  const { time: virtual } = await import('./virtual-time.ts');
  return { ...(await importOriginal()), sleep: virtual.sleep };
});

beforeEach(() => time.install());

const AWAY_MS = 90_000;

/** Which of them goes away; tokens are only asked for when the ones at hand are refused. */
const peers = [
  { peer: 'cinder', word: 'Cinder', way: ways[0] },
  { peer: 'cinder', word: 'Cinder', way: ways[1] },
  { peer: 'keystone', word: 'Keystone', way: ways[0] },
] as const satisfies readonly { readonly peer: string; readonly word: string; readonly way: Way }[];

describe.each(['z13', 'z16'] as const)('on a %s', (machine) => {
  describe.each(operations)('$name', ({ name, prepare, act }) => {
    it.each(peers)(
      'continues after a 90 s outage of $word that begins at any request to Cinder: $way.name',
      async ({ peer, word, way }) => {
        await using world = await startWorld({ machine });
        const { sim, context } = world;
        const before = withNamedVolumes(sim.snapshot());
        const told = new Told();
        await using manager = await world.open({ ...patient, ...told.options });
        await undisturbed(world, manager, { prepare, act }); // what is asked only once is asked here
        const { counts, result } = await undisturbed(world, manager, { prepare, act });

        for (let skip = 0; skip < counts.cinder; skip += 1) {
          await prepare(manager, context);
          told.clear();
          let isBack = false;
          const absence = goAway(sim, { peer, at: 'cinder', skip, way }, () => {
            if (peer === 'keystone') sim.keystone.revokeAll();
            time.after(AWAY_MS, async () => {
              isBack = true;
              await absence.end();
            });
          });

          await act(manager, context);

          expect({ skip, isBack }).toEqual({ skip, isBack: true });
          expect({ skip, ...told.outageOf(word) }).toEqual({ skip, isAway: true, isBack: true });
          expect({ skip, ...(await seenOf(manager, context)) }).toEqual({ skip, ...result });
          expect({ skip, orphans: await manager.verify(context) }).toEqual({ skip, orphans: [] });
          await deleteAll(manager, context);
          expect({ skip, after: withNamedVolumes(sim.snapshot()) }).toEqual({ skip, after: before });
        }
        console.log(`${word} away 90 s, ${machine}, ${name}: ${counts.cinder} requests`);
        expect(counts.cinder).toBeGreaterThan(0);
      },
      600_000,
    );
  });
});
