import { expect } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import type { OpenManagerOptions } from '../../src/compute/index.ts';
import { SanHost } from '../support/fake-host/san-host.ts';
import type { SanHostOptions } from '../support/fake-host/san-host.ts';
import { quickPolicies as hostPolicies } from '../support/fake-host/scenes.ts';
import { createPayroll, otherHmc } from '../support/payroll.ts';
import { startWorld } from '../support/world.ts';
import { waysOf, Witness } from '../support/witness.ts';
import type { World, WorldOptions } from '../support/world.ts';

export interface Scene extends AsyncDisposable {
  readonly world: World;
  readonly host: SanHost;
  /** The path service of the host. */
  readonly witness: Witness;
  /** Deletes somebody's partition, behind everybody's back. */
  readonly deletePartition: () => Promise<void>;
  readonly open: (more?: Partial<OpenManagerOptions>) => ReturnType<World['open']>;
}

interface SceneOptions extends WorldOptions {
  /** What the Linux host is like. */
  readonly linux?: SanHostOptions;
}

/** A machine with somebody's partition on it, and a Linux host; a volume that holds a file system, and a place for it. */
export async function startScene({ linux, ...options }: SceneOptions = {}): Promise<Scene> {
  const world = await startWorld(options);
  const host = new SanHost(world.sim.san, linux);
  host.directories.add('/mnt/data');
  for (const { id } of world.sim.volumes) {
    const uuid = world.sim.san.findVolume(id)?.uuid ?? '';
    host.contents.set(host.identityOf(uuid), 'TYPE=ext4\nUSAGE=filesystem');
  }
  const localHost = { system: host, isRoot: true, policies: hostPolicies };
  const uri = await createPayroll(world);
  const witness = await Witness.start(world, host);
  return {
    world,
    host,
    witness,
    deletePartition: async () => {
      await using hmc = otherHmc(world);
      await hmc.partitions.delete(uri, { signal: neverAborted() });
    },
    open: async (more) => await world.open({ localHost, ...more }),
    [Symbol.asyncDispose]: async () => {
      await witness[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** All that there is, on every side; no part of it is told by the code under test. */
export function everything({ world, host }: Scene): unknown {
  host.settle();
  return { sim: world.sim.snapshot(), host: host.snapshot(), mounts: [...host.mounts] };
}

/**
 * Nothing is left of what was attached, by the simulators and by each answer of the path service; and nothing was done on
 * the way that would lose data.
 */
export async function expectNothingLeft(scene: Scene, before: unknown, where: string): Promise<void> {
  const { witness, host, world } = scene;
  expect(everything(scene), where).toEqual(before);
  const told = await Promise.all([
    witness.paths(),
    witness.pathsOf(world.sim.volumes.find(({ name }) => name === 'data-1')!.id), // every scene has it
    witness.orphans(),
  ]);
  expect(told, where).toEqual([[], [], []]);
  expect(host.violations, where).toEqual([]);
}

/** It is attached: its paths are those of the simulated SAN, and nothing is orphaned. */
export async function expectAttached({ witness }: Scene, where: string): Promise<void> {
  const paths = await witness.paths();
  const ofHost = paths.filter(({ kind, state }) => kind === 'host' && state === 'active');
  const ofPartition = paths.filter(({ kind }) => kind === 'partition').map((path) => path.initiator_wwpn);
  expect(waysOf(ofHost), where).toEqual(witness.mapped());
  expect([...new Set(ofPartition)].toSorted(), where).toEqual(witness.maskedElsewhere());
  expect(paths.length, where).toBeGreaterThan(0);
  expect(await witness.orphans(), where).toEqual([]);
}
