/* Limits for the number of HMC requests of common commands. */
import { expect, it } from 'vitest';
import { listCounts, spawnCount } from '../../bench/requests.ts';
import { startWorld } from '../support/world.ts';

it('spawn with two vHBAs and one volume needs at most 9 HMC requests besides logon and job polling, 6 in sequence', async () => {
  const { requests, inSequence } = await spawnCount({ adapters: 2 });

  expect(requests).toBeLessThanOrEqual(9);
  expect(inSequence).toBeLessThanOrEqual(6);
});

it.each(['z14', 'z15', 'z16', 'z17'] as const)(
  'on a %s, spawn with connectivity 2 and one volume needs at most 12 HMC requests besides logon and job polling',
  async (machine) => {
    const { requests } = await spawnCount({ adapters: 2, machine });

    expect(requests).toBeLessThanOrEqual(12);
  },
);

it('four vHBAs need no more HMC requests in sequence than two', async () => {
  const two = await spawnCount({ adapters: 2 });
  const four = await spawnCount({ adapters: 4 });

  expect(four.inSequence).toBeLessThanOrEqual(two.inSequence);
});

it(
  'server list and hypervisor show cost the same number of HMC requests with 85 partitions as with one',
  { timeout: 300_000 },
  async () => {
    const one = await listCounts(1);
    const many = await listCounts(85);

    expect(many.list.requests).toBe(one.list.requests);
    expect(many.hypervisor.requests).toBe(one.hypervisor.requests);
  },
);

it('no more builds run at once than dpm.max_concurrent_builds says', async () => {
  await using world = await startWorld({ set: { 'dpm.max_concurrent_builds': '1' } });
  const { context, sim } = world;
  const running = new Set<string>();
  let most = 0;
  await using manager = await world.open({
    onStep: ({ flow, flowId, step, state }) => {
      if (flow !== 'spawn') return;
      running.add(flowId);
      most = Math.max(most, running.size);
      if (step === 'start-partition' && state === 'done') running.delete(flowId);
    },
  });

  await Promise.all(
    ['boot-1', 'boot-2'].map(
      async (volumeId, index) =>
        await manager.create({ name: `s${index}`, vcpus: 1, memoryMib: 1024, volumes: [{ volumeId }] }, context),
    ),
  );

  expect(most).toBe(1);
  expect(sim.hmc.snapshot().partition).toHaveLength(2);
});
