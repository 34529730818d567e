import { randomUUID } from 'node:crypto';
import type { Failpoint } from '../../../src/saga/index.ts';
import type { RequestContext } from '../../../src/virt/index.ts';
import type { Rest } from './judge.ts';
import type { Stage } from './stage.ts';

/** One flow under test: how to get to its beginning, and the flow. */
export interface Scenario {
  readonly name: string;
  /** @returns the name of the server that {@link Scenario.act} works on */
  readonly prepare: (stage: Stage) => Promise<string>;
  readonly act: (stage: Stage, server: string, context: RequestContext) => Promise<unknown>;
  /** Set where the way back is under test: the flow fails here, and what is struck is its undo. */
  readonly failsAt?: Failpoint;
  /** Can the act be made once more after it was rolled back? */
  readonly isRepeatable: boolean;
  readonly rests: Rest;
}

/** Of the simulator's volumes: two bootable, two empty. */
const [boot, extra, late] = [0, 2, 3];

const newName = () => `s-${randomUUID().slice(0, 8)}`;

async function create({ manager, world }: Stage, name: string, volumes: readonly number[], context = world.context) {
  const request = { name, vcpus: 1, memoryMib: 1024, start: true };
  const chosen = volumes.map((index, position) => ({
    volumeId: world.sim.volumes[index]!.id,
    ...(position === 0 ? { bootIndex: 0 } : {}),
  }));
  await manager.create({ ...request, volumes: chosen }, context);
  return name;
}

const spawn: Scenario = {
  name: 'spawn',
  prepare: async () => newName(),
  act: async (stage, server, context) => await create(stage, server, [boot, extra], context),
  isRepeatable: false, // a server in ERROR keeps its name until it is deleted
  rests: 'as before',
};

const remove: Scenario = {
  name: 'delete',
  prepare: async (stage) => await create(stage, newName(), [boot, extra]),
  act: async ({ manager }, server, context) => await manager.delete(server, context),
  isRepeatable: true,
  rests: 'as after',
};

const attach: Scenario = {
  name: 'attach',
  prepare: async (stage) => await create(stage, newName(), [boot]),
  act: async ({ manager, world }, server, context) =>
    await manager.addVolume(server, world.sim.volumes[late]!.id, {}, context),
  isRepeatable: true,
  rests: 'as before',
};

const detach: Scenario = {
  name: 'detach',
  prepare: async (stage) => {
    const server = await create(stage, newName(), [boot]);
    await stage.manager.addVolume(server, stage.world.sim.volumes[late]!.id, {}, stage.world.context);
    return server;
  },
  act: async ({ manager, world }, server, context) =>
    await manager.removeVolume(server, world.sim.volumes[late]!.id, context),
  isRepeatable: true,
  rests: 'either',
};

export const scenarios = { spawn, delete: remove, attach, detach } as const;

/** The same flow, failing at its end: what is struck is the way back. */
export function undone(scenario: Scenario, failsAt: Failpoint): Scenario {
  return { ...scenario, name: `undo of ${scenario.name}`, failsAt };
}
