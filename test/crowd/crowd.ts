import { describeError, findError } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { FaultKind, RequestLog, SimulatorOptions } from '../../src/simulator/index.ts';
import type { World, WorldOptions } from '../support/world.ts';

/** What no machine of these can have more of (z13; the CPC's own limit). */
export const PARTITIONS = 85;

/** What goes wrong with a request, each as likely as the others. All of it happens to people who run such machines. */
const mishaps: readonly FaultKind[] = [
  { type: 'refuse', status: 503, reason: 1 },
  { type: 'drop', when: 'before' },
  { type: 'drop', when: 'after' },
  { type: 'html', effect: 'none' },
  { type: 'truncate', effect: 'done' },
];
const SHARE_OF_FAULTS = 0.02;

/** One millisecond a request, so that requests can overlap at all, and room for every partition's ports. */
export function crowdedMachine(machine: NonNullable<SimulatorOptions['machine']>): WorldOptions {
  const volumes = Array.from({ length: PARTITIONS }, (_, index) => ({ name: volume(index), size: 10, bootable: true }));
  return { machine, adapters: 2, adapterCapacity: 254, cpcIfls: 100, latencyMs: 1, volumes };
}

const volume = (index: number) => `boot-of-${index}`;
const server = (index: number) => `server-${index}`;
const indices = (size: number) => Array.from({ length: size }, (_, index) => index);

export interface Round {
  readonly size: number;
  readonly active: number;
  readonly refused: number;
  /** Creations that were refused otherwise than they may be, and deletions that did not come to their end. */
  readonly problems: readonly string[];
  readonly struck: number;
  readonly requests: number;
  /** Partitions and masks that were there between the two crowds. */
  readonly seen: { readonly partitions: number; readonly masks: number };
  /** What {@link ComputeManager.verify} found, between the two crowds and after them. */
  readonly findings: readonly string[];
  /** After the deletions, HMC, SAN and Cinder are as they were, and no server is listed. */
  readonly isAsBefore: boolean;
  /** The most requests that a peer had to serve at one moment. */
  readonly inFlight: Readonly<Record<'hmc' | 'cinder' | 'keystone', number>>;
  readonly heapMib: number;
}

/** So many creations at once, then so many deletions at once, with faults; between and after them looked at without. */
export async function crowd(world: World, manager: ComputeManager, round: number, size: number): Promise<Round> {
  const { sim, context } = world;
  sim.log.clear();
  const before = JSON.stringify(sim.snapshot());
  const requests = indices(size).map((index) => ({
    name: server(index),
    vcpus: 1,
    memoryMib: 1024,
    volumes: [{ volumeId: volume(index) }],
  }));
  const created = await withFaults(world, round, () => requests.map((request) => manager.create(request, context)));
  const { hmc, san } = sim.snapshot();
  const masked = new Set(san.arrays.flatMap(({ masks }) => masks.map(({ volumeId }) => volumeId)));
  const between = await manager.verify(context);
  const deleted = await withFaults(world, round + 0.5, () =>
    indices(size).map((index) => manager.delete(server(index), context)),
  );
  const problems = [...created.errors.filter(isUnclean), ...deleted.errors].map(describeError);
  const findings = [...between, ...(await manager.verify(context))];
  const listed = await manager.list(context);
  // Nothing of the errors is kept: what they hold on to would be taken for a leak.
  return {
    size,
    active: size - created.errors.length,
    refused: created.errors.length,
    problems,
    struck: created.struck + deleted.struck,
    requests: sim.log.count(),
    seen: { partitions: hmc.partition.length, masks: masked.size },
    findings: findings.map(({ kind, name, detail }) => `${kind} ${name}: ${detail}`),
    isAsBefore: listed.length === 0 && JSON.stringify(sim.snapshot()) === before,
    inFlight: {
      hmc: sim.log.maxInFlightOf('hmc'),
      cinder: sim.log.maxInFlightOf('cinder'),
      keystone: sim.log.maxInFlightOf('keystone'),
    },
    heapMib: await heapMib(sim.log),
  };
}

/** @param round - each throws other dice */
async function withFaults(world: World, round: number, begin: () => readonly Promise<unknown>[]) {
  const { faults } = world.sim;
  const ids = (['hmc', 'cinder'] as const).flatMap((peer) =>
    mishaps.map((kind, index) => {
      const id = `${peer}-${index}-of-${round}`;
      const when = { times: -1, probability: SHARE_OF_FAULTS / mishaps.length };
      faults.add({ id, server: peer, operation: '*', when, kind });
      return id;
    }),
  );
  const ends = await Promise.allSettled(begin());
  const struck = ids.reduce((sum, id) => sum + faults.struck(id), 0);
  faults.clear();
  return { errors: ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : [])), struck };
}

/** A creation was refused with the error of a complete rollback. */
function isUnclean(error: unknown): boolean {
  return findError(error, 'FLOW_STUCK') !== undefined || findError(error, 'FLOW_ROLLED_BACK') === undefined;
}

/** Live objects, in MiB. Again after a turn of the event loop: finalizers of one run let go of what the next takes. */
async function heapMib(log: RequestLog): Promise<number> {
  log.clear(); // the simulator's, not ours
  for (let run = 0; run < 3; run += 1) {
    if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed / 2 ** 20;
}
