import { describe, expect, it } from 'vitest';
import { defaultOutagePolicy, InterruptedError } from '../../src/base/index.ts';
import type { OpenManagerOptions } from '../../src/compute/index.ts';
import type { Journal } from '../../src/compute/journal/index.ts';
import { withNamedVolumes } from '../support/snapshots.ts';
import { quickPolicies, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { goAway, ways } from './away.ts';
import { deleteAll, openFlows, operations, requestsOf } from './operations.ts';

/*
 * A long-running process resumes waiting flows without a command. The time between its looks is controlled by
 * the test.
 */

const { hmc } = quickPolicies ?? {};
/** Waits for as long as a process does. */
const patient: OpenManagerOptions['policies'] = {
  ...quickPolicies,
  hmc: { policies: { ...hmc?.policies, outage: { ...defaultOutagePolicy, firstDelayMs: 1, maxDelayMs: 5 } } },
};

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}

/** Each call of `next` lets one look begin, and returns when it has ended. */
function stepwise(): {
  readonly pause: NonNullable<OpenManagerOptions['resumePause']>;
  readonly next: () => Promise<void>;
} {
  let [go, paused] = [deferred(), deferred()];
  return {
    pause: async (_ms, signal) => {
      paused.resolve();
      const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      await Promise.race([go.promise, ended]);
    },
    next: async () => {
      await paused.promise;
      paused = deferred();
      const begun = go;
      go = deferred();
      begun.resolve();
      await paused.promise;
    },
  };
}

const [build] = operations;

/** A process builds a server, and is ended while the HMC is away. @returns what brings the HMC back */
async function leaveWaiting(world: World): Promise<() => Promise<void>> {
  const { sim, context } = world;
  await using manager = await world.open();
  const user = new AbortController();
  const absence = goAway(sim, { peer: 'hmc', skip: 2, way: ways[1] }, () =>
    user.abort(new InterruptedError('interrupted by SIGINT')),
  );
  await expect(build!.act(manager, { ...context, signal: user.signal })).rejects.toThrow();
  expect(await openFlows(manager)).toEqual(['build waiting']);
  return absence.end;
}

describe.each(['z13', 'z16'] as const)('a manager that stays open, on a %s', (machine) => {
  it('resumes a waiting flow when the HMC answers again', async () => {
    await using world = await startWorld({ machine });
    const { sim, context } = world;
    const before = withNamedVolumes(sim.snapshot());
    const looks = stepwise();
    await using manager = await world.open({ resumePause: looks.pause });
    const bringBack = await leaveWaiting(world);

    await looks.next();
    expect(await openFlows(manager)).toEqual(['build waiting']);
    await bringBack();
    await looks.next();

    expect(await openFlows(manager)).toEqual([]);
    expect(await manager.verify(context)).toEqual([]);
    await deleteAll(manager, context);
    expect(withNamedVolumes(sim.snapshot())).toEqual(before);
  });

  it('does not resume the flow of a living process', async () => {
    await using world = await startWorld({ machine });
    const { sim, context } = world;
    const looks = stepwise();
    await using manager = await world.open({ resumePause: looks.pause });
    const [reached, goOn] = [deferred(), deferred()];
    const wrapJournal = (journal: Journal): Journal => ({
      append: async (flowId, event) => {
        await journal.append(flowId, event);
        if (event.kind !== 'started' || event.step !== 'spawn') return;
        reached.resolve();
        await goOn.promise;
      },
      read: async (flowId) => await journal.read(flowId),
      list: async (filter) => await journal.list(filter),
      mentions: async (identifiers) => await journal.mentions(identifiers),
    });
    await using other = await world.open({ wrapJournal });
    const built = build!.act(other, context);
    await reached.promise;
    const earlier = requestsOf(sim);

    await looks.next();

    expect({ open: await openFlows(manager), asked: requestsOf(sim) - earlier }).toEqual({
      open: ['build running'],
      asked: 0,
    });
    goOn.resolve();
    await expect(built).resolves.toMatchObject({ status: 'ACTIVE' });
  });

  it('closes at once while it waits for the HMC, and the next process resumes the flow', async () => {
    await using world = await startWorld({ machine });
    const looks = stepwise();
    const manager = await world.open({ resumePause: looks.pause, policies: patient });
    const bringBack = await leaveWaiting(world);
    const taking = looks.next();
    await expect.poll(async () => await openFlows(manager), { timeout: 60_000 }).toEqual(['build running']);

    // Without an end of its own it would take five minutes.
    await manager[Symbol.asyncDispose]();

    void taking;
    await bringBack();
    await using next = await world.open();
    expect(await openFlows(next)).toEqual([]);
    expect(await next.verify(world.context)).toEqual([]);
  });

  it('lets a later command for the same server run', async () => {
    await using world = await startWorld({ machine });
    const { sim, context } = world;
    const looks = stepwise();
    await using manager = await world.open({ resumePause: looks.pause, policies: patient });
    const bringBack = await leaveWaiting(world);
    const taking = looks.next();
    await expect.poll(async () => await openFlows(manager), { timeout: 60_000 }).toEqual(['build running']);

    const deleted = manager.delete('web1', context);
    await bringBack();
    await Promise.all([taking, deleted]);

    expect(await manager.list(context)).toEqual([]);
    expect(await openFlows(manager)).toEqual([]);
    expect(sim.snapshot().hmc.partition).toEqual([]);
  });
});
