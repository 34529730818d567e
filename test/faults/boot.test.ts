/* The fault matrix of other boot sources than volumes: what is struck elsewhere too is not struck again. */
import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { Sample, stepOf } from './sample.ts';
import { scenarios } from './scenarios.ts';

const ownOfRescue = ['stop-guest', 'switch-boot', 'start-guest', 'record-state', 'swap-boot-volume', 'detach-of-old'];
const own = ['prepare-boot-source', 'read-boot', 'switch-boot', 'switch-boot-source', 'release-boot-media'];
const only = (steps: readonly string[], oneKeyIn: number) =>
  new Sample((draft) => !steps.some((step) => stepOf(draft).endsWith(`/${step}`)), oneKeyIn);

it('z16, boot from an ISO image, then from its volume: nothing is left behind', { timeout: 3_600_000 }, async () => {
  await checkMatrix({
    title: 'z16, boot sources',
    world: { machine: 'z16' },
    scenarios: [scenarios.spawnFromIso, scenarios.setBoot],
    sample: only(own, 6),
  });
});

it('z16, rescue, unrescue and rebuild: nothing is left behind', { timeout: 3_600_000 }, async () => {
  await checkMatrix({
    title: 'z16, rescue',
    world: { machine: 'z16' },
    scenarios: [scenarios.rescue, scenarios.unrescue, scenarios.rebuild],
    sample: only(ownOfRescue, 30),
  });
});
