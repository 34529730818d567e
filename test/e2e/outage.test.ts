import type { StepEvent } from '../../src/base/index.ts';
import { describe, expect, it } from 'vitest';
import { findError, InterruptedError } from '../../src/base/index.ts';
import type { ComputeManager, OpenManagerOptions } from '../../src/compute/index.ts';
import type { FaultKind, Simulator } from '../../src/simulator/index.ts';
import type { RequestContext } from '../../src/virt/index.ts';
import { withNamedVolumes } from '../support/snapshots.ts';
import { quickPolicies, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import type { Act } from '../support/worker/order.ts';
import { WorkerPool } from '../support/worker/pool.ts';

/*
 * The HMC goes away at every request of a build, a delete, an attach and a detach. How long it is away is told in requests
 * that it does not answer, far more than any number of attempts: the budget is time, and there is plenty of it.
 */

const AWAY = 12;
const outage = { budgetMs: 100_000, firstDelayMs: 1, maxDelayMs: 2 };
const patient: OpenManagerOptions['policies'] = {
  ...quickPolicies,
  lifecycle: { timeoutMs: 100_000, poll: { minDelayMs: 1, maxDelayMs: 5 }, settleMs: 20 },
  hmc: { policies: { ...quickPolicies?.hmc?.policies, outage } },
};

const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };

interface Operation {
  readonly name: string;
  /** Of a whole server. */
  readonly isWhole?: boolean;
  readonly prepare: (manager: ComputeManager, context: RequestContext) => Promise<unknown>;
  /** The same for a process of its own. */
  readonly order: Act;
  readonly act: (manager: ComputeManager, context: RequestContext) => Promise<unknown>;
}

const create: Operation['act'] = async (manager, context) => await manager.create(request, context);
const attach: Operation['act'] = async (manager, context) => await manager.addVolume('web1', 'data-1', {}, context);

const operations: readonly Operation[] = [
  {
    name: 'build',
    isWhole: true,
    prepare: async () => undefined,
    act: create,
    order: { verb: 'create', server: 'web1', volumes: ['boot-1'] },
  },
  {
    name: 'delete',
    isWhole: true,
    prepare: create,
    act: async (manager, context) => await manager.delete('web1', context),
    order: { verb: 'delete', server: 'web1' },
  },
  { name: 'attach', prepare: create, act: attach, order: { verb: 'add-volume', server: 'web1', volume: 'data-1' } },
  {
    name: 'detach',
    prepare: async (manager, context) => {
      await create(manager, context);
      await attach(manager, context);
    },
    act: async (manager, context) => await manager.removeVolume('web1', 'data-1', context),
    order: { verb: 'remove-volume', server: 'web1', volume: 'data-1' },
  },
];

/** How it goes away, and what stands in its place until it is back. */
const ways: readonly (readonly [name: string, first: FaultKind, then: FaultKind])[] = [
  ['its answer lost, connections cut', { type: 'drop', when: 'after' }, { type: 'drop', when: 'before' }],
  ['restarted, pages in its place', { type: 'restart' }, { type: 'html' }],
];

/** From the request `skip` on. */
function goAway({ faults }: Simulator, skip: number, [, first, then]: (typeof ways)[number], times: number): void {
  const every = { server: 'hmc', operation: '*', match: { path: '.' } } as const;
  faults.add({ id: 'first', ...every, when: { skip, times: 1 }, kind: first });
  // Asked only about what the first rule leaves alone.
  faults.add({ id: 'then', ...every, when: { skip, times }, kind: then });
}

function requestsOf({ log }: Simulator): number {
  return log.entries.filter(({ server }) => server === 'hmc').length;
}

async function deleteAll(manager: ComputeManager, context: RequestContext): Promise<void> {
  for (const { id } of await manager.list(context)) await manager.delete(id, context);
}

async function openFlows(manager: ComputeManager): Promise<readonly string[]> {
  return (await manager.listFlows({ open: true })).map(({ flow, state }) => `${flow} ${state}`);
}

describe.each(['z13', 'z16'] as const)('on a %s', (machine) => {
  describe.each(operations)('$name', ({ prepare, act, order, isWhole }) => {
    it.each(ways)('goes on by itself, whichever request the HMC goes away at: %s', async (...way) => {
      await using world = await startWorld({ machine });
      const { sim, context } = world;
      const before = withNamedVolumes(sim.snapshot());
      const steps: StepEvent[] = [];
      await using manager = await world.open({ policies: patient, onStep: (event) => steps.push(event) });
      const { count, result } = await undisturbed(world, manager, { prepare, act });

      let outages = 0;
      for (let skip = 0; skip < count; skip += 1) {
        await prepare(manager, context);
        goAway(sim, skip, way, AWAY);
        steps.length = 0;

        await act(manager, context);

        if (sim.faults.struck('then') === AWAY) outages += 1;
        const isTold = steps.some(({ detail }) => /^HMC .* has not answered since/.test(detail ?? ''));
        sim.faults.clear();
        expect({ skip, ...(await seenOf(manager, context)) }).toEqual({ skip, ...result });
        expect({ skip, orphans: await manager.verify(context) }).toEqual({ skip, orphans: [] });
        if (skip === 1) expect(isTold).toBe(true);
        await deleteAll(manager, context);
        expect({ skip, after: withNamedVolumes(sim.snapshot()) }).toEqual({ skip, after: before });
      }
      expect(outages).toBeGreaterThan(count / 2);
    });

    it('waits when it is interrupted meanwhile, and the next process finishes it once the HMC is back', async () => {
      await using world = await startWorld({ machine });
      const { sim, context } = world;
      const before = withNamedVolumes(sim.snapshot());
      const count = await countOf(world, { prepare, act });

      let waiting = 0;
      for (let skip = 0; skip < count; skip += 1) {
        const { failure, open } = await giveUp(world, { prepare, act }, skip);
        if (open.some((flow) => flow.endsWith('waiting'))) waiting += 1;
        expect({ skip, stuck: findError(failure, 'FLOW_STUCK'), open }).toEqual({
          skip,
          stuck: undefined,
          open: open.filter((flow) => !flow.endsWith('stuck')),
        });

        await using next = await world.open();
        expect({ skip, open: await openFlows(next) }).toEqual({ skip, open: [] });
        expect({ skip, orphans: await next.verify(context) }).toEqual({ skip, orphans: [] });
        await deleteAll(next, context);
        expect({ skip, after: withNamedVolumes(sim.snapshot()) }).toEqual({ skip, after: before });
      }
      // On a z13, the HMC has no part in the way back of an attach or a detach.
      if (machine === 'z16' || isWhole) expect(waiting).toBeGreaterThan(0);
    });

    it('is finished by the next process when its own is killed while the HMC is away', async () => {
      await using world = await startWorld({ machine });
      await using pool = new WorkerPool(1);
      const { sim, context } = world;
      const before = withNamedVolumes(sim.snapshot());
      const count = await countOf(world, { prepare, act });

      // Every journal record and every act is a place to die at in test/kill: here, the places are those of the HMC.
      for (const skip of new Set([Math.floor(count / 2), count - 2])) {
        const manager = await world.open();
        await prepare(manager, context);
        await manager[Symbol.asyncDispose]();
        await killWhenAway(world, pool, order, skip);

        await using next = await world.open();
        expect({ skip, open: await openFlows(next) }).toEqual({ skip, open: [] });
        expect({ skip, orphans: await next.verify(context) }).toEqual({ skip, orphans: [] });
        await deleteAll(next, context);
        expect({ skip, after: withNamedVolumes(sim.snapshot()) }).toEqual({ skip, after: before });
      }
    });
  });
});

type Acts = Pick<Operation, 'prepare' | 'act'>;

/** What is there of servers and flows. */
async function seenOf(manager: ComputeManager, context: RequestContext) {
  const servers = await Promise.all(
    (await manager.list(context)).map(async ({ id }) => await manager.show(id, context)),
  );
  const shown = servers.map(({ status, task_state, partition_status, volumes }) => ({
    status,
    task_state,
    partition_status,
    volumes: volumes.map(({ volume_id: id, paths }) => ({ id, paths: paths.length })),
  }));
  return { shown, open: await openFlows(manager) };
}

/** How many requests it makes of the HMC, and what comes of it. */
async function undisturbed({ sim, context }: World, manager: ComputeManager, { prepare, act }: Acts) {
  await prepare(manager, context);
  const earlier = requestsOf(sim);
  await act(manager, context);
  const count = requestsOf(sim) - earlier;
  const result = await seenOf(manager, context);
  await deleteAll(manager, context);
  return { count, result };
}

async function countOf(world: World, acts: Acts): Promise<number> {
  await using manager = await world.open();
  return (await undisturbed(world, manager, acts)).count;
}

/** The user ends the command as soon as the HMC is away; it stays away for as long as this process lives. */
async function giveUp(world: World, { prepare, act }: Acts, skip: number) {
  const { sim, context } = world;
  await using manager = await world.open();
  await prepare(manager, context);
  const user = new AbortController();
  goAway(sim, skip, ways[0]!, -1);
  const decide = sim.faults.decide.bind(sim.faults);
  sim.faults.decide = (...asked) => {
    const rule = decide(...asked);
    if (rule?.id === 'first') user.abort(new InterruptedError('interrupted by SIGINT'));
    return rule;
  };
  const failure: unknown = await act(manager, { requestId: 'req-2', signal: user.signal }).catch(
    (error: unknown) => error,
  );
  Reflect.deleteProperty(sim.faults, 'decide');
  const open = await openFlows(manager);
  sim.faults.clear();
  return { failure, open };
}

/** A worker begins it, and is killed as soon as the HMC is away. */
async function killWhenAway(world: World, pool: WorkerPool, act: Act, skip: number): Promise<void> {
  const { sim, settingsText, statePath } = world;
  const opening = await requestsOfOpening(world);
  goAway(sim, opening + skip, ways[0]!, -1);
  const decide = sim.faults.decide.bind(sim.faults);
  const struck = new Promise<void>((resolve) => {
    sim.faults.decide = (...asked) => {
      const rule = decide(...asked);
      if (rule?.id === 'first') resolve();
      return rule;
    };
  });
  const end = await pool.run({ settingsText, statePath, act, kill: null }, struck);
  Reflect.deleteProperty(sim.faults, 'decide');
  expect(end.kind).toBe('killed');
  sim.faults.clear();
}

/** What a process asks the HMC before it begins with its command, without the logoff at its end. */
async function requestsOfOpening(world: World): Promise<number> {
  const earlier = requestsOf(world.sim);
  await using _manager = await world.open();
  return requestsOf(world.sim) - earlier;
}
