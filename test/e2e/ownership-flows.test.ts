import type { Failpoint } from '../../src/base/index.ts';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { describeError } from '../../src/base/index.ts';
import { outcomeOf } from '../support/ownership.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** Flows that were cut off, and whose partition a person has changed before they are taken up again. */

const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };
const machines = ['z13', 'z16'] as const;

/** What happens to the partition while the flow lies there. */
const meanwhile = [
  { what: 'was renamed', props: { name: 'shop' }, isDoubt: false },
  { what: 'was given another description', props: { description: 'shop' }, isDoubt: false },
  { what: 'was given the mark of another host', props: { description: 'CPCSubset=compute2' }, isDoubt: true },
];

const rows = machines.flatMap((machine) => meanwhile.map((change) => ({ machine, ...change })));

function partitionOf({ sim }: World) {
  return sim.hmc.model.all('partition')[0]!;
}

function masksOf({ sim }: World) {
  return sim.san.snapshot().arrays.flatMap(({ masks }) => masks);
}

/** Fails for good at one point, as often as it comes there. */
function failingAt(step: string, at: Failpoint['at'], flow: string) {
  const state = { isOn: true };
  const failpoint = async (point: Failpoint) => {
    if (state.isOn && point.flow === flow && point.step === step && point.at === at) throw new Error('power cut');
  };
  return { state, failpoint };
}

it.each(rows)(
  'on a $machine, a delete that stopped before the masks does not unmap a running guest whose partition $what',
  async ({ machine, props, isDoubt }) => {
    await using world = await startWorld({ machine });
    const { context, sim } = world;
    const { state, failpoint } = failingAt('unmap-volumes', 'before-run', 'destroy');
    await using manager = await world.open({ failpoint });
    const before = sim.snapshot();
    await manager.create(request, context);
    const masks = masksOf(world);
    await expect(manager.delete('web1', context)).rejects.toMatchObject({ code: 'FLOW_STUCK' });
    expect(partitionOf(world).props.status).toBe('stopped');
    Object.assign(partitionOf(world).props, { ...props, status: 'active' });
    state.isOn = false;
    const flow = (await manager.listFlows({ open: true })).find(({ flow: name }) => name === 'delete')!;
    sim.log.clear();

    const resumed = manager.resumeFlow(flow.id, context);

    if (isDoubt) {
      expect(describeError(await outcomeOf(resumed))).toMatch(/CPCSubset=compute2/);
      expect(masksOf(world)).toEqual(masks);
      expect(partitionOf(world).props.status).toBe('active');
      Object.assign(partitionOf(world).props, { description: '' });
      await manager.resumeFlow(flow.id, context);
    } else {
      await expect(resumed).resolves.toBe('completed');
    }
    // The guest that ran was stopped before its disk went.
    const at = (operation: string) => sim.log.entries.find((entry) => entry.operation === operation)!.startedAt;
    expect(at('Stop Partition')).toBeLessThanOrEqual(at('Delete Attachment'));
    expect(sim.snapshot()).toEqual(before);
  },
);

it.each(rows)(
  'on a $machine, the rollback of a build does not unmap a running guest whose partition $what and that an administrator started',
  async ({ machine, props, isDoubt }) => {
    await using world = await startWorld({ machine });
    const { context, sim } = world;
    const { state, failpoint } = failingAt('unmap-volumes', 'before-run', 'destroy');
    const start = failingAt('start-partition', 'before-run', 'spawn');
    await using manager = await world.open({
      failpoint: async (point) => {
        for (const each of [start.failpoint, failpoint]) await each(point);
      },
    });
    const before = sim.snapshot();
    await expect(manager.create(request, context)).rejects.toMatchObject({ code: 'FLOW_STUCK' });
    const masks = masksOf(world);
    expect(masks.length).toBeGreaterThan(0);
    Object.assign(partitionOf(world).props, { ...props, status: 'active' });
    state.isOn = false;
    const [flow, ...others] = await manager.listFlows({ open: true });
    expect([flow?.flow, ...others]).toEqual(['build']);
    sim.log.clear();

    const resumed = manager.resumeFlow(flow!.id, context);

    if (isDoubt) {
      expect(describeError(await outcomeOf(resumed))).toMatch(/CPCSubset=compute2/);
      expect(masksOf(world)).toEqual(masks);
      expect(partitionOf(world).props.status).toBe('active');
      // What the message advises: it is ours again.
      Object.assign(partitionOf(world).props, { description: '' });
      await manager.resumeFlow(flow!.id, context);
    } else {
      await expect(resumed).resolves.toBe('rolled-back');
    }
    // The guest that ran was stopped before its disk went.
    const at = (operation: string) => sim.log.entries.find((entry) => entry.operation === operation)!.startedAt;
    expect(at('Stop Partition')).toBeLessThanOrEqual(at('Delete Attachment'));
    await manager.delete('web1', context);
    expect(sim.snapshot()).toEqual(before);
  },
);

it.each(machines)(
  'on a %s, a delete of a partition that was absent does not forget one that is restored before the delete is resumed',
  async (machine) => {
    await using world = await startWorld({ machine });
    const { context, sim } = world;
    const { state, failpoint } = failingAt('unmap-volumes', 'before-run', 'destroy');
    await using manager = await world.open({ failpoint });
    await manager.create(request, context);
    await manager.stop('web1', {}, context);
    const partition = partitionOf(world);
    const children = sim.hmc.model.childrenOf(partition);
    sim.hmc.model.remove(partition);
    const masks = masksOf(world);
    const rest = sim.hmc.model
      .all('virtual-storage-resource')
      .map((resource) => [resource, { ...resource.props }] as const);
    for (const [resource] of rest) delete resource.props['partition-uri'];
    await expect(manager.delete('web1', context)).rejects.toMatchObject({ code: 'FLOW_STUCK' });
    expect(masksOf(world)).toEqual(masks);

    sim.hmc.model.add('partition', partition.parent, { ...partition.props, status: 'active' });
    for (const child of children) sim.hmc.model.add(child.class, partition.uri, child.props);
    for (const [resource, props] of rest) Object.assign(resource.props, props);
    state.isOn = false;
    const flow = (await manager.listFlows({ open: true })).find(({ flow: name }) => name === 'delete')!;
    sim.log.clear();
    await expect(manager.resumeFlow(flow.id, context)).resolves.toBe('completed');

    const at = (operation: string) => sim.log.entries.find((entry) => entry.operation === operation)!.startedAt;
    expect(at('Stop Partition')).toBeLessThanOrEqual(at('Delete Attachment'));
    expect(sim.hmc.snapshot().partition).toEqual([]);
  },
);

it.each(machines)(
  'on a %s, verify --repair neither stops nor changes a running partition without a server',
  async (machine) => {
    await using world = await startWorld({ machine });
    const { context, sim, statePath } = world;
    const first = await world.open();
    await first.create(request, context);
    await first[Symbol.asyncDispose]();
    const database = new DatabaseSync(`${statePath}/state.db`);
    database.exec('pragma foreign_keys = on; delete from instance; delete from instance_partition;');
    database.close();
    Object.assign(partitionOf(world).props, { name: 'shop', description: 'shop' });
    const before = sim.snapshot();
    await using manager = await world.open();

    const repaired = await manager.repair(await manager.verify(context), context);

    expect(repaired.map(({ kind }) => kind)).toContain('attachment');
    expect(repaired.filter(({ outcome }) => outcome === 'repaired')).toEqual([]);
    expect(sim.snapshot()).toEqual(before);
  },
);
