/* Two local-attach or local-detach commands at the same time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { backend } from '../../src/cli/open.ts';
import { openManager, Ownership } from '../../src/compute/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import { SanHost } from '../support/fake-host/san-host.ts';
import { quickPolicies as hostPolicies } from '../support/fake-host/scenes.ts';
import { startStage } from '../support/stage.ts';
import { waysOf } from '../support/witness.ts';
import { quickCinder, quickPolicies, scratch } from '../support/world.ts';
import { everything, startScene } from './scene.ts';
import type { Scene } from './scene.ts';

describe('commands of one state directory', () => {
  /** What two commands do to the host, one after the other in either order. */
  async function startHostStage() {
    let host: SanHost | undefined;
    const stage = await startStage({ linux: (sim) => (host = new SanHost(sim.san)) });
    return Object.assign(stage, { host: host! }); // the line before has made it
  }

  test('attach one volume at once: one waits for the other, and both tell the same', async () => {
    await using stage = await startHostStage();
    const { host, sim } = stage;
    const before = { host: host.snapshot(), sim: sim.snapshot() };
    const attach = async () => await stage.dpm('local-attach', 'data-1', '--multipath', 'True');
    const detach = async () => await stage.dpm('local-detach', 'data-1');

    const [one, other] = await Promise.all([attach(), attach()]);
    expect([one.code, other.code], one.stderr + other.stderr).toEqual([0, 0]);
    expect(other.printed).toEqual(one.printed);
    expect(one.stderr + other.stderr).toMatch(/waiting for process \d+ \(dpm local-attach/);
    expect(sim.snapshot().cinder.attachments).toHaveLength(1);

    const gone = await Promise.all([detach(), detach()]);
    expect(gone.map(({ code }) => code)).toEqual([0, 0]);
    const did = gone.map(({ printed }) => (printed as { detached: boolean }).detached); // as interfaces.md has it
    expect(did.toSorted()).toEqual([false, true]);
    host.settle();
    expect({ host: host.snapshot(), sim: sim.snapshot() }).toEqual(before);
    expect(host.violations).toEqual([]);
  });

  test('attach two volumes at once: the devices of one are all there before those of the other are asked for', async () => {
    await using stage = await startHostStage();
    const { host } = stage;
    const attach = async (volume: string) => await stage.dpm('local-attach', volume, '--multipath', 'True');

    const both = await Promise.all([attach('data-1'), attach('data-2')]);

    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const scans = host.log.flatMap((line) => /\/scan .* (\d+)$/.exec(line)?.[1] ?? []);
    expect(new Set(scans).size, 'LUNs that were scanned for').toBe(2);
    expect(scans).toEqual(scans.toSorted());
    expect(host.maps.map(({ slaves }) => slaves.length)).toEqual([4, 4]);
    expect(host.violations).toEqual([]);
  });
});

test('a command waits for another one that works on volumes of this host, and says for which', async () => {
  await using scene = await startScene();
  let reached = (): void => undefined;
  const there = new Promise<void>((resolve) => (reached = resolve));
  let go = (): void => undefined;
  const free = new Promise<void>((resolve) => (go = resolve));
  const failpoint = async ({ step, at }: { step: string; at: string }) => {
    if (step !== 'connect-volume' || at !== 'before-run') return;
    reached();
    await free;
  };
  await using first = await scene.open({ failpoint, purpose: 'dpm local-attach', pid: 4711 });
  const request = { volume: 'data-1', multipath: true, enforceMultipath: false, mode: 'rw' } as const;
  const attaching = first.localAttach(request, scene.world.context);
  await there;
  const waitedFor: string[] = [];
  const onWait = (other: string) => {
    waitedFor.push(other);
    go();
  };
  await using second = await scene.open({ onWait });

  const attached = await second.localAttach(request, scene.world.context);

  expect(waitedFor).toHaveLength(1);
  expect(waitedFor[0]).toContain('process 4711 (dpm local-attach, since ');
  expect(attached).toEqual(await attaching);
});

test('dpm verify --repair on the host waits for the process that works on it, and names it', async () => {
  await using scene = await startScene();
  const { world, host } = scene;
  const facts = { pid: 1, baseDir: world.statePath, isRoot: true, host: { system: host, cinder: quickCinder } };
  const waitedFor: string[] = [];
  const { signal } = world.context;
  using other = new Ownership(world.statePath, { pid: 4711, purpose: 'dpm local-attach', since: 'now' });
  const owned = await other.acquire('this host', { signal });
  // It waits until it is told so; then the other comes to its end.
  const onWait = (text: string) => {
    waitedFor.push(text);
    owned[Symbol.dispose]();
  };
  const common = { log: silentLogger, requestId: 'req-test', purpose: 'dpm verify', onWait };
  using view = await backend(facts).openHost(world.settings, common);

  expect(await view.verify({ signal })).toEqual([]);
  expect(waitedFor).toEqual([]);
  expect(await view.repair({ signal })).toEqual([]);
  expect(waitedFor).toEqual(['process 4711 (dpm local-attach, since now)']);
});

/** Another program on the same host: with a state directory of its own, nothing makes it wait. */
async function openStranger({ world, host }: Scene): Promise<ComputeManager & AsyncDisposable> {
  const statePath = mkdtempSync(join(scratch(), 'nova-dpm-stranger-'));
  const manager = await openManager(
    { ...world.settings, statePath },
    {
      context: world.context,
      baseDir: statePath,
      policies: quickPolicies,
      cinder: quickCinder,
      localHost: { system: host, isRoot: true, policies: hostPolicies },
    },
  );
  const close = manager[Symbol.asyncDispose].bind(manager);
  return Object.assign(manager, {
    [Symbol.asyncDispose]: async () => {
      await close();
      rmSync(statePath, { recursive: true, force: true });
    },
  });
}

describe('programs with state directories of their own', () => {
  const choice = { multipath: true, enforceMultipath: false } as const;
  const attach = { ...choice, mode: 'rw' } as const;
  const detach = { ...choice, force: false } as const;

  test('attach one volume at once: one gets it, the other is told whose it is, and leaves nothing', async () => {
    await using scene = await startScene();
    const { world, witness } = scene;
    const before = everything(scene);
    await using manager = await scene.open();
    await using stranger = await openStranger(scene);
    const managers = [manager, stranger];

    const results = await Promise.allSettled(
      managers.map(async (each) => await each.localAttach({ ...attach, volume: 'data-1' }, world.context)),
    );

    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'FLOW_ROLLED_BACK' } });
    expect(waysOf((await witness.paths()).filter(({ state }) => state === 'active'))).toEqual(witness.mapped());
    expect(world.sim.snapshot().cinder.attachments).toHaveLength(1);

    const winner = managers[results.findIndex(({ status }) => status === 'fulfilled')]!;
    await winner.localDetach({ ...detach, volume: 'data-1' }, world.context);
    expect(everything(scene)).toEqual(before);
    expect(scene.host.violations).toEqual([]);
  });

  test('attach and detach volumes of their own at once, again and again: neither touches the other’s', async () => {
    await using scene = await startScene();
    const { world, host, witness } = scene;
    const before = everything(scene);
    await using manager = await scene.open();
    await using stranger = await openStranger(scene);
    const mine = { ...attach, volume: 'data-1' };
    const theirs = { ...attach, volume: 'data-2' };

    for (let round = 0; round < 4; round += 1) {
      await Promise.all([
        manager.localAttach(mine, world.context),
        round === 0
          ? stranger.localAttach(theirs, world.context)
          : stranger.localDetach({ ...detach, ...theirs }, world.context),
      ]);
      if (round > 0) await stranger.localAttach(theirs, world.context);
      expect(waysOf((await witness.paths()).filter(({ state }) => state === 'active'))).toEqual(witness.mapped());
      await Promise.all([
        manager.localDetach({ ...detach, ...mine }, world.context),
        stranger.localAttach(theirs, world.context),
      ]);
      expect(waysOf((await witness.paths()).filter(({ state }) => state === 'active'))).toEqual(witness.mapped());
    }
    await stranger.localDetach({ ...detach, ...theirs }, world.context);

    expect(everything(scene)).toEqual(before);
    expect(await witness.paths()).toEqual([]);
    expect(host.violations).toEqual([]);
  });
});
