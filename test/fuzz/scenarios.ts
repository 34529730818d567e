import { randomUUID } from 'node:crypto';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { World } from '../support/world.ts';

/** One flow whose answers are spoilt: how to get to its beginning, and the flow. */
export interface Scenario {
  readonly name: 'spawn' | 'delete' | 'attach' | 'detach';
  /** @returns the name of the server that {@link Scenario.act} works on */
  readonly prepare: (world: World, manager: ComputeManager) => Promise<string>;
  readonly act: (world: World, manager: ComputeManager, server: string) => Promise<unknown>;
}

const newName = () => `s-${randomUUID().slice(0, 8)}`;
const bootVolume = ({ sim }: World) => sim.volumes[0]?.id ?? '';
const dataVolume = ({ sim }: World) => sim.volumes[2]?.id ?? '';

async function create(world: World, manager: ComputeManager, name = newName()): Promise<string> {
  const volumes = [{ volumeId: bootVolume(world) }];
  await manager.create({ name, vcpus: 1, memoryMib: 1024, volumes }, world.context);
  return name;
}

const attach: Scenario['act'] = async (world, manager, server) =>
  await manager.addVolume(server, dataVolume(world), {}, world.context);

/** The flows that change anything; in turn. */
export const scenarios: readonly Scenario[] = [
  { name: 'spawn', prepare: async () => newName(), act: create },
  {
    name: 'delete',
    prepare: create,
    act: async (world, manager, server) => await manager.delete(server, world.context),
  },
  { name: 'attach', prepare: create, act: attach },
  {
    name: 'detach',
    prepare: async (world, manager) => {
      const server = await create(world, manager);
      await attach(world, manager, server);
      return server;
    },
    act: async (world, manager, server) => await manager.removeVolume(server, dataVolume(world), world.context),
  },
];
