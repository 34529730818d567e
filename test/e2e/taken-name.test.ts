import { describe, expect, it } from 'vitest';
import { describeError } from '../../src/base/index.ts';
import type { Failpoint } from '../../src/base/index.ts';
import { cpcUriOf, openSession, w } from '../support/hmc-session.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** The name of a server's partition is taken by a partition that the spawn has refused: nothing of ours touches that one. */

const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };
const twins = [
  { description: '', status: 'active' },
  { description: 'shop', status: 'stopped' },
  { description: 'OpenStack CPCSubset=compute1', status: 'active' },
];
const rows = (['z13', 'z16'] as const).flatMap((machine) =>
  (['deferred', 'stock'] as const).flatMap((order) => twins.map((twin) => ({ machine, order, ...twin }))),
);

/** Makes the twin right before the partition of the first server is created. @returns its URI */
async function makeTwin(world: World, uuid: string, { description, status }: (typeof twins)[number]): Promise<string> {
  await using hmc = openSession(world.sim);
  const size = { iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 };
  const name = `OpenStack-compute1-${uuid}`;
  const uri = await hmc.partitions.create(cpcUriOf(world.sim), { name, description, ...size }, w);
  Object.assign(world.sim.hmc.model.find('partition', uri)!.props, { status });
  return uri;
}

describe.each(rows)('$machine, $order order: "$description", $status', ({ machine, order, ...twin }) => {
  it.each([{ isCinderAway: false }, { isCinderAway: true }])(
    'build and delete do not change the other partition; masks cannot be removed at first: $isCinderAway',
    async ({ isCinderAway }) => {
      await using world = await startWorld({ machine, set: { 'dpm.spawn_order': order } });
      const { context, sim } = world;
      const before = sim.snapshot();
      let uri: string | undefined;
      const failpoint = async ({ step, at }: Failpoint): Promise<void> => {
        if (step !== 'create-partition' || at !== 'before-run' || uri !== undefined) return;
        const [server] = await manager.list(context);
        uri = await makeTwin(world, server!.id, twin);
      };
      if (isCinderAway)
        for (const operation of ['Delete Attachment', 'os-terminate_connection'])
          sim.faults.add({
            ...{ id: operation, server: 'cinder', operation, when: { times: -1 } },
            kind: { type: 'refuse', status: 409 },
          });
      const manager = await world.open({ failpoint });

      const failure: unknown = await manager.create(request, context).catch((error: unknown) => error);
      expect(describeError(failure)).toContain('already exists');
      const props = sim.hmc.model.find('partition', uri!)!.props;
      expect(props.status).toBe(twin.status);
      sim.faults.clear();
      await manager[Symbol.asyncDispose]();
      await using next = await world.open();
      await next.delete('web1', context);

      expect(sim.hmc.model.find('partition', uri!)?.props).toBe(props);
      expect(props.status).toBe(twin.status);
      sim.hmc.model.remove(sim.hmc.model.find('partition', uri!)!);
      expect(sim.snapshot()).toEqual(before);
      expect(await next.listFlows({ open: true })).toEqual([]);
    },
  );
});
