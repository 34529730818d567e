/* The driver identifies each LUN although DPM assigned LUNs of equal size to the wrong volumes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases, openIdentityStage } from '../support/identity.ts';

test(
  'Cinder volumes of equal size end on the right storage volumes, whatever order discovery finds them in (1,000 cases)',
  { timeout: 240_000 },
  async () => {
    await using stage = await openIdentityStage();
    const before = stage.sim.snapshot();

    await fc.assert(fc.asyncProperty(cases, stage.live), { numRuns: 1000 });

    console.log(
      `identity of storage volumes: 1,000 cases, DPM had dealt the LUNs otherwise ${stage.corrected()} times`,
    );
    expect(stage.corrected()).toBeGreaterThan(100); // else it was not tried
    expect(stage.sim.snapshot()).toEqual(before);
  },
);
