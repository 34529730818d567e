import { it } from 'vitest';
import { checkMatrix } from './check.ts';
import { Sample, stepOf } from './sample.ts';
import { GROUP, scenarios } from './scenarios.ts';

/** Only these steps do something else here than everywhere; the same requests are struck in other steps too. */
function only(...steps: readonly string[]): Sample {
  return new Sample((draft) => !steps.some((step) => stepOf(draft).endsWith(`/${step}`)), 2);
}

const timeout = 3_600_000;
const first = { 'dpm.login_before_zoning': 'true' };
const san = { zoning: { lookup: true } };

it.each(['z13', 'z16'] as const)(
  '%s, ports log in before they are zoned: nothing is left behind',
  { timeout },
  async (machine) => {
    await checkMatrix({
      title: `${machine}, login before zoning`,
      world: { machine, san, set: first },
      scenarios: [scenarios.spawn],
      sample: only('create-ports', 'log-in-ports'),
    });
  },
);

it('z16, from a prepared storage group: nothing is left behind, and the group is unchanged', { timeout }, async () => {
  const volumes = [{ name: 'root', sizeGib: 20, usage: 'boot' }] as const;
  await checkMatrix({
    title: 'z16, prepared storage group',
    world: { machine: 'z16', storageGroups: [{ name: GROUP, type: 'fcp', volumes }] },
    scenarios: [scenarios.spawnFromGroup, scenarios.deleteFromGroup],
    sample: only('find-storage-group', 'attach-storage-group', 'set-boot', 'detach-storage-groups'),
  });
});
