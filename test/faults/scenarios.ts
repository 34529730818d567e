import { randomUUID } from 'node:crypto';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { World } from '../support/world.ts';

/** One flow under test: how to get to its beginning, and the flow. */
export interface Scenario {
  readonly name: string;
  /** @returns the name of the server that {@link Scenario.act} works on */
  readonly prepare: (world: World, manager: ComputeManager) => Promise<string>;
  readonly act: (world: World, manager: ComputeManager, server: string) => Promise<unknown>;
}

const [boot, data] = [0, 2]; // of the simulator's volumes: two bootable, two empty

async function create(world: World, manager: ComputeManager, name: string): Promise<string> {
  const volumes = [{ volumeId: world.sim.volumes[boot]!.id }];
  await manager.create({ name, vcpus: 1, memoryMib: 1024, volumes }, world.context);
  return name;
}

const newName = () => `s-${randomUUID().slice(0, 8)}`;

export const scenarios: readonly Scenario[] = [
  {
    name: 'spawn',
    prepare: async () => newName(),
    act: async (world, manager, server) => await create(world, manager, server),
  },
  {
    name: 'delete',
    prepare: async (world, manager) => await create(world, manager, newName()),
    act: async (world, manager, server) => await manager.delete(server, world.context),
  },
  {
    name: 'attach',
    prepare: async (world, manager) => await create(world, manager, newName()),
    act: async (world, manager, server) =>
      await manager.addVolume(server, world.sim.volumes[data]!.id, {}, world.context),
  },
  {
    name: 'detach',
    prepare: async (world, manager) => {
      const server = await create(world, manager, newName());
      await manager.addVolume(server, world.sim.volumes[data]!.id, {}, world.context);
      return server;
    },
    act: async (world, manager, server) =>
      await manager.removeVolume(server, world.sim.volumes[data]!.id, world.context),
  },
];
