import { describe, expect, it } from 'vitest';
import { startStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

/** What a person edits at the HMC, and what the command line then says and does. */

const create = 'server create web1 --vcpus 2 --memory 4096 --volume boot-1'.split(' ');

function partitions({ sim }: Stage) {
  return sim.hmc.model.all('partition');
}

function masks({ sim }: Stage) {
  return sim.san.snapshot().arrays.flatMap((array) => array.masks);
}

describe.each(['z13', 'z16'] as const)('on a %s', (machine) => {
  it.each([
    ['re-described', { description: 'web server of the shop' }],
    ['renamed', { name: 'web server' }],
  ])(
    "a running partition that was %s is verified as its server's, and stopped before its disk goes",
    async (_what, props) => {
      await using stage = await startStage({ machine });
      const { dpm, sim } = stage;
      expect(await dpm(...create)).toMatchObject({ code: 0 });
      Object.assign(partitions(stage)[0]!.props, props);

      expect(await dpm('verify')).toMatchObject({ code: 0, printed: [] });
      sim.log.clear();
      expect(await dpm('server', 'delete', 'web1')).toMatchObject({ code: 0 });

      const at = (operation: string) =>
        sim.log.entries.find((entry) => entry.operation === operation)?.startedAt ?? NaN;
      expect(at('Stop Partition')).toBeLessThanOrEqual(at('Delete Attachment'));
      expect(partitions(stage)).toEqual([]);
      expect(masks(stage)).toEqual([]);
    },
  );

  it('a partition with the mark of another host is in doubt: verify and show say so, and a delete is refused without a change', async () => {
    await using stage = await startStage({ machine });
    const { dpm, sim } = stage;
    await dpm(...create);
    const [partition] = partitions(stage);
    Object.assign(partition!.props, { description: 'OpenStack CPCSubset=compute2' });
    const before = sim.snapshot();

    const verified = await dpm('verify');
    const shown = await dpm('server', 'show', 'web1');
    const deleted = await dpm('server', 'delete', 'web1');

    expect(JSON.stringify(verified.printed)).toMatch(/in doubt: .*CPCSubset=compute2/);
    expect(shown).toMatchObject({
      code: 0,
      printed: {
        partition_uri: partition!.uri,
        partition_doubt: expect.stringContaining('CPCSubset=compute2') as string,
      },
    });
    expect(deleted.code).not.toBe(0);
    expect(deleted.stderr).toContain(partition!.uri);
    expect(deleted.stderr).toContain('Nothing was changed');
    expect(sim.snapshot()).toEqual(before);
  });
});
