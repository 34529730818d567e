/* The fault matrix of other boot sources than volumes: what is struck elsewhere too is not struck again. */
import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { Sample, stepOf } from './sample.ts';
import { scenarios } from './scenarios.ts';

const own = ['prepare-boot-source', 'read-boot', 'switch-boot', 'switch-boot-source', 'release-boot-media'];
const sample = new Sample((draft) => !own.some((step) => stepOf(draft).endsWith(`/${step}`)), 6);

it('z16, boot from an ISO image, then from its volume: nothing is left behind', { timeout: 3_600_000 }, async () => {
  await checkMatrix({
    title: 'z16, boot sources',
    world: { machine: 'z16' },
    scenarios: [scenarios.spawnFromIso, scenarios.setBoot],
    sample,
  });
});
