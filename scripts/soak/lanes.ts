import { describeError, DpmError, findError } from '../../src/base/index.ts';
import type { ComputeManager, ServerSummary } from '../../src/compute/index.ts';
import { createRandom, randomInteger } from '../../src/simulator/server/index.ts';
import type { Random } from '../../src/simulator/server/index.ts';
import type { RequestContext } from '../../src/virt/index.ts';
import type { End, WorkerOrder, WorkerReport } from './messages.ts';

interface Lane {
  readonly manager: ComputeManager;
  readonly context: RequestContext;
  readonly order: WorkerOrder;
  readonly random: Random;
  readonly tell: (report: WorkerReport) => void;
  readonly isWanted: () => boolean;
}

type Verb = 'create' | 'delete' | 'start' | 'stop' | 'reboot' | 'attach' | 'detach' | 'resume';

/** Works on the servers until it is stopped. Each lane works on its own slots. */
export async function runLanes(common: Omit<Lane, 'random'>): Promise<void> {
  const { seed, lanes, slots } = common.order;
  const work = Array.from({ length: lanes }, async (_, index) => {
    const own = Array.from({ length: slots }, (_each, slot) => slot).filter((slot) => slot % lanes === index);
    await runLane({ ...common, random: createRandom(seed * 1009 + index) }, own);
  });
  await Promise.all(work);
}

async function runLane(lane: Lane, own: readonly number[]): Promise<void> {
  while (lane.isWanted()) {
    const verb = { name: 'list' };
    const end = await settle(lane, async () => {
      const servers = await lane.manager.list(lane.context);
      const slot = chooseSlot(own, servers, lane.random);
      const server = servers.find(({ name }) => name === nameOf(slot));
      verb.name = choose(server, lane.random);
      await act(lane, slot, server, verb.name as Verb); // verb.name is one of them
    });
    lane.tell({ kind: 'operation', verb: verb.name, end, rssMib: Math.round(process.memoryUsage().rss / 2 ** 20) });
  }
}

/** Prefers a slot without a server, to keep the machine full. */
function chooseSlot(own: readonly number[], servers: readonly ServerSummary[], random: Random): number {
  const there = new Set(servers.map(({ name }) => name));
  const missing = own.filter((slot) => !there.has(nameOf(slot)));
  const among = missing.length > 0 && random() < 0.7 ? missing : own;
  return among[randomInteger(random, among.length)] ?? 0;
}

function nameOf(slot: number): string {
  return `soak-${slot}`;
}

/** Selects the next operation. Most operations are not a delete, so that most servers exist. */
function choose(server: ServerSummary | undefined, random: Random): Verb {
  const dice = random();
  if (server === undefined) return 'create';
  if (server.status === 'ERROR') return dice < 0.3 ? 'resume' : 'delete';
  if (dice < 0.12) return 'delete';
  if (dice < 0.4) return 'attach';
  if (dice < 0.65) return 'detach';
  if (dice < 0.7) return 'resume';
  if (server.status === 'SHUTOFF') return 'start';
  return dice < 0.85 ? 'stop' : 'reboot';
}

async function act(lane: Lane, slot: number, server: ServerSummary | undefined, verb: Verb): Promise<void> {
  const { manager, context, order, random } = lane;
  const { dataVolumes } = order;
  const volume = dataVolumes[randomInteger(random, dataVolumes.length)] ?? '';
  const id = server?.id ?? '';
  switch (verb) {
    case 'create': {
      const volumes = [{ volumeId: `boot-${slot}`, bootIndex: 0 }];
      await manager.create({ name: nameOf(slot), vcpus: 1, memoryMib: 1024, volumes, start: random() < 0.8 }, context);
      return;
    }
    case 'delete':
      await manager.delete(id, context);
      return;
    case 'start':
      await manager.start(id, context);
      return;
    case 'stop':
      await manager.stop(id, {}, context);
      return;
    case 'reboot':
      await manager.reboot(id, { hard: true }, context);
      return;
    case 'attach':
      await manager.addVolume(id, volume, {}, context);
      return;
    case 'detach': {
      const { volumes } = await manager.show(id, context);
      const data = volumes.filter(({ boot_index: index }) => index !== 0);
      await manager.removeVolume(id, data[randomInteger(random, data.length)]?.volume_id ?? volume, context);
      return;
    }
    case 'resume': {
      const open = await manager.listFlows({ open: true });
      const stuck = open.filter(
        ({ subject, parent, state }) => subject === id && !parent && (state === 'stuck' || state === 'waiting'),
      );
      for (const flow of stuck) await manager.resumeFlow(flow.id, context);
    }
  }
}

/** A typed error is expected under faults; any other error is a defect. */
async function settle({ tell }: Lane, work: () => Promise<void>): Promise<End> {
  try {
    await work();
    return 'done';
  } catch (error) {
    const isOurs = error instanceof DpmError && error.code !== 'INTERNAL';
    if (!isOurs) tell({ kind: 'problem', text: `an untyped error:  ${describeError(error)}` });
    const flow = findError(error, 'FLOW_STUCK', 'FLOW_WAITING', 'FLOW_ROLLED_BACK')?.code;
    return flow === 'FLOW_STUCK' || flow === 'FLOW_WAITING'
      ? 'stuck'
      : flow === 'FLOW_ROLLED_BACK'
        ? 'rolled-back'
        : 'refused';
  }
}
