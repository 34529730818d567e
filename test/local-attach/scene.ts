import { neverAborted, Secret } from '../../src/base/index.ts';
import type { OpenManagerOptions } from '../../src/compute/index.ts';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import { SanHost } from '../support/fake-host/san-host.ts';
import { quickPolicies as hostPolicies } from '../support/fake-host/scenes.ts';
import { startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

export interface Scene extends AsyncDisposable {
  readonly world: World;
  readonly host: SanHost;
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
  const uri = await createPartition(world);
  return {
    world,
    host,
    deletePartition: async () => {
      await using hmc = otherHmc(world);
      await hmc.partitions.delete(uri, { signal: neverAborted() });
    },
    open: async (more) => await world.open({ localHost, ...more }),
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  };
}

/** Somebody else at the HMC. */
function otherHmc({ settings: { dpm } }: World) {
  const password = async () => new Secret(dpm.hmcPassword.reveal());
  return openHmcSession({ urls: dpm.hmcUrls, userid: dpm.hmcUsername, password, tls: {} });
}

async function createPartition(world: World): Promise<string> {
  await using hmc = otherHmc(world);
  return await hmc.partitions.create(
    `/api/cpcs/${world.sim.hmc.cpcObjectId}`,
    {
      name: 'payroll',
      description: '',
      type: 'linux',
      iflProcessors: 1,
      processorMode: 'shared',
      initialMemory: 1024,
      maximumMemory: 1024,
    },
    { signal: neverAborted() },
  );
}

/** All that there is, on every side; no part of it is told by the code under test. */
export function everything({ world, host }: Scene): unknown {
  host.settle();
  return { sim: world.sim.snapshot(), host: host.snapshot(), mounts: [...host.mounts] };
}
