import { describe, expect, it } from 'vitest';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** What the peers were asked, in which order: the order in which a disk cannot come into other hands. */

const web1 = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };
const scenes = (['z13', 'z16'] as const).flatMap((machine) =>
  (['attachments', 'legacy'] as const).map((flow) => ({
    machine,
    flow,
    options: { machine, ...(flow === 'legacy' ? { cinder: { maxMicroversion: '3.43' } } : {}) },
  })),
);

/** Begin and end of the requests with these operations, in milliseconds of the simulators' clock. */
function span({ sim }: World, operations: readonly string[]): { first: number; last: number; count: number } {
  const found = sim.log.entries
    .flatMap((entry) => [entry, ...(entry.children ?? [])])
    .filter(({ operation }) => operations.includes(operation));
  return {
    first: Math.min(...found.map(({ startedAt }) => startedAt)),
    last: Math.max(...found.map(({ endedAt }) => endedAt ?? Number.POSITIVE_INFINITY)),
    count: found.length,
  };
}

const unmasking = ['Delete Attachment', 'os-terminate_connection'];
const givingUpWwpns = ['Delete Partition', 'Delete HBA', 'Delete Storage Group'];

describe.each(scenes)('on a $machine with Cinder flow $flow', ({ machine, options }) => {
  it('a delete that fails before its first change is rolled back, and the server is unchanged', async () => {
    await using world = await startWorld(options);
    await using manager = await world.open();
    const { sim, context } = world;
    await manager.create(web1, context);
    const before = sim.snapshot();
    const operation = 'Get Partition Properties'; // by which the partition that is recorded is looked up
    const kind = { type: 'refuse', status: 409, reason: 1 } as const;
    sim.faults.add({ id: 'look', server: 'hmc', operation, when: { times: -1 }, kind });

    await expect(manager.delete('web1', context)).rejects.toMatchObject({ code: 'FLOW_ROLLED_BACK' });

    sim.faults.clear();
    expect(sim.snapshot()).toEqual(before);
    expect(await manager.show('web1', context)).toMatchObject({ status: 'ACTIVE', task_state: null });
    expect(await manager.verify(context)).toEqual([]);
    await manager.delete('web1', context);
    expect(sim.hmc.snapshot().partition).toEqual([]);
  });

  it('a delete stops the partition, then removes the masks, then releases the WWPNs', async () => {
    await using world = await startWorld(options);
    await using manager = await world.open();
    const { sim, context } = world;
    await manager.create(web1, context);
    await manager.addVolume('web1', 'data-1', {}, context);
    sim.log.clear();

    await manager.delete('web1', context);

    const [stop, unmask, giveUp] = [['Stop Partition'], unmasking, givingUpWwpns].map((names) => span(world, names));
    expect(stop?.count).toBe(1);
    expect(unmask?.count).toBe(2);
    expect(giveUp?.count).toBe(machine === 'z13' ? 1 : 2);
    expect(stop!.last).toBeLessThanOrEqual(unmask!.first);
    expect(unmask!.last).toBeLessThanOrEqual(giveUp!.first);
  });

  it('while a mask cannot be removed, no WWPN is released, and the error names the partition', async () => {
    await using world = await startWorld(options);
    await using manager = await world.open();
    const { sim, context } = world;
    const before = sim.snapshot();
    const { id } = await manager.create(web1, context);
    for (const operation of unmasking) {
      const rule = { id: operation, server: 'cinder', operation, when: { times: -1 } } as const;
      sim.faults.add({ ...rule, kind: { type: 'refuse', status: 500 } });
    }

    await expect(manager.delete('web1', context)).rejects.toMatchObject({ code: 'FLOW_STUCK' });

    expect(span(world, givingUpWwpns).count).toBe(0);
    expect(sim.snapshot().san.arrays.flatMap(({ masks }) => masks).length).toBeGreaterThan(0);
    sim.faults.clear();
    await manager.delete(id, context);
    expect(sim.snapshot()).toEqual(before);
  });

  it('refuses to detach a boot volume, from a running and from a stopped server', async () => {
    await using world = await startWorld(options);
    await using manager = await world.open();
    const { sim, context } = world;
    await manager.create(web1, context);
    const refused = { code: 'CONFLICT', message: expect.stringMatching(/boot volume of server "web1"/) as string };

    sim.log.clear();
    await expect(manager.removeVolume('web1', 'boot-1', context)).rejects.toMatchObject(refused);
    await manager.stop('web1', {}, context);
    await expect(manager.removeVolume('web1', 'boot-1', context)).rejects.toMatchObject(refused);

    expect(span(world, unmasking).count).toBe(0);
  });
});
