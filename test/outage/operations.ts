import type { ComputeManager } from '../../src/compute/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import type { RequestContext } from '../../src/virt/index.ts';
import type { Act } from '../support/worker/order.ts';
import type { World } from '../support/world.ts';

/** What is done when a peer goes away. */
export interface Operation {
  readonly name: string;
  /** Of a whole server. */
  readonly isWhole?: boolean;
  readonly prepare: (manager: ComputeManager, context: RequestContext) => Promise<unknown>;
  readonly act: (manager: ComputeManager, context: RequestContext) => Promise<unknown>;
  /** The same for a process of its own. */
  readonly order: Act;
  /** The same for the command: what comes before it, and itself. */
  readonly commands: readonly (readonly string[])[];
}

export type Acts = Pick<Operation, 'prepare' | 'act'>;

const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };
const create: Operation['act'] = async (manager, context) => await manager.create(request, context);
const attach: Operation['act'] = async (manager, context) => await manager.addVolume('web1', 'data-1', {}, context);

const creation = 'server create web1 --vcpus 1 --memory 1024 --volume boot-1'.split(' ');
const attachment = 'server add volume web1 data-1'.split(' ');

export const operations: readonly Operation[] = [
  {
    name: 'build',
    isWhole: true,
    prepare: async () => undefined,
    act: create,
    order: { verb: 'create', server: 'web1', volumes: ['boot-1'] },
    commands: [creation],
  },
  {
    name: 'delete',
    isWhole: true,
    prepare: create,
    act: async (manager, context) => await manager.delete('web1', context),
    order: { verb: 'delete', server: 'web1' },
    commands: [creation, 'server delete web1'.split(' ')],
  },
  {
    name: 'attach',
    prepare: create,
    act: attach,
    order: { verb: 'add-volume', server: 'web1', volume: 'data-1' },
    commands: [creation, attachment],
  },
  {
    name: 'detach',
    prepare: async (manager, context) => {
      await create(manager, context);
      await attach(manager, context);
    },
    act: async (manager, context) => await manager.removeVolume('web1', 'data-1', context),
    order: { verb: 'remove-volume', server: 'web1', volume: 'data-1' },
    commands: [creation, attachment, 'server remove volume web1 data-1'.split(' ')],
  },
];

export async function deleteAll(manager: ComputeManager, context: RequestContext): Promise<void> {
  for (const { id } of await manager.list(context)) await manager.delete(id, context);
}

export async function openFlows(manager: ComputeManager): Promise<readonly string[]> {
  return (await manager.listFlows({ open: true })).map(({ flow, state }) => `${flow} ${state}`);
}

/** What is there of servers and flows. */
export async function seenOf(manager: ComputeManager, context: RequestContext) {
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

export function requestsOf({ log }: Simulator, peer: 'hmc' | 'cinder' = 'hmc'): number {
  return log.count(({ server }) => server === peer);
}

/** How many requests it makes of each peer, and what comes of it. */
export async function undisturbed({ sim, context }: World, manager: ComputeManager, { prepare, act }: Acts) {
  await prepare(manager, context);
  const [hmc, cinder] = [requestsOf(sim), requestsOf(sim, 'cinder')];
  await act(manager, context);
  const counts = { hmc: requestsOf(sim) - hmc, cinder: requestsOf(sim, 'cinder') - cinder };
  const result = await seenOf(manager, context);
  await deleteAll(manager, context);
  return { counts, result };
}

export async function countOf(world: World, acts: Acts): Promise<number> {
  await using manager = await world.open();
  return (await undisturbed(world, manager, acts)).counts.hmc;
}
