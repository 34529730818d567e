import { neverAborted } from '../../src/base/index.ts';
import type { OpenManagerOptions } from '../../src/compute/index.ts';
import { SanHost } from '../support/fake-host/san-host.ts';
import { quickPolicies as hostPolicies } from '../support/fake-host/scenes.ts';
import { createPayroll, otherHmc } from '../support/payroll.ts';
import { startWorld } from '../support/world.ts';
import { Witness } from '../support/witness.ts';
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

/** A machine with somebody's partition on it, and a Linux host; a volume that holds a file system, and a place for it. */
export async function startScene(options: WorldOptions = {}): Promise<Scene> {
  const world = await startWorld(options);
  const host = new SanHost(world.sim.san);
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
