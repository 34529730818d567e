/*
 * npm run bench: counts HMC requests at the simulator, and compares times with the sum of simulated service times. All
 * results are counts or ratios of one run, so that figures of different machines
 * can be compared.
 */
import type { StepEvent } from '../src/base/index.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openManager } from '../src/compute/index.ts';
import type { ComputeManager } from '../src/compute/index.ts';
import { startSimulator } from '../src/simulator/index.ts';
import type { RequestLogEntry, Simulator, SimulatorOptions } from '../src/simulator/index.ts';
import { settingsFor } from '../test/support/world.ts';

export const context = { requestId: 'req-bench', signal: new AbortController().signal };

/**
 * Logon and polling of jobs are not counted. A logon happens once. A job is polled as long as it takes, and deleted in
 * the background.
 */
const uncounted = new Set(['Logon', 'Logoff', 'Query Job Status', 'Delete Completed Job Status']);
const isCounted = ({ server, operation }: RequestLogEntry) => server === 'hmc' && !uncounted.has(operation);

export interface Count {
  readonly requests: number;
  readonly inSequence: number;
}

export function countHmc(sim: Simulator): Count {
  return { requests: sim.log.count(isCounted), inSequence: sim.log.longestChain(isCounted) };
}

/**
 * The same without the polls of the status after the end of a job: they belong to the job, and their number depends on
 * the machine. For methods that end with their job.
 */
export function countWithoutWaits(sim: Simulator): Count {
  const waits = new Set<RequestLogEntry>();
  let isAfterJob = false;
  for (const entry of sim.log.entries.filter(isCounted)) {
    if (isAfterJob && entry.operation === 'Get Partition Properties') waits.add(entry);
    else isAfterJob = /^(Start|Stop) Partition$/.test(entry.operation);
  }
  const isAct = (entry: RequestLogEntry) => isCounted(entry) && !waits.has(entry);
  return { requests: sim.log.count(isAct), inSequence: sim.log.longestChain(isAct) };
}

interface Bench extends AsyncDisposable {
  readonly sim: Simulator;
  readonly manager: ComputeManager;
}

export async function openBench(options: SimulatorOptions, onStep?: (event: StepEvent) => void): Promise<Bench> {
  const sim = await startSimulator(options);
  const statePath = mkdtempSync(join(tmpdir(), 'nova-dpm-bench-'));
  const manager = await openManager(settingsFor(sim, { 'DEFAULT.state_path': statePath }), {
    context,
    baseDir: statePath,
    onStep,
  });
  return {
    sim,
    manager,
    [Symbol.asyncDispose]: async () => {
      await manager[Symbol.asyncDispose]();
      await sim.close();
      rmSync(statePath, { recursive: true, force: true });
    },
  };
}

/** Spawns from one volume, over this many FCP adapters, with an open manager; counts until the end of the flow. */
export async function spawnCount(options: SimulatorOptions): Promise<Count> {
  let requests: readonly RequestLogEntry[] | undefined;
  // Counts only requests until the last step ended, not those that show the server afterwards.
  const onStep = ({ flow, step, state }: StepEvent) => {
    if (flow === 'spawn' && step === 'start-partition' && state === 'done') requests = [...bench.sim.log.entries];
  };
  // Concurrent requests are recognised only if they take time.
  await using bench = await openBench({ latencyMs: 150, ...options }, onStep);
  bench.sim.log.clear();
  await bench.manager.create(
    { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: bench.sim.volumes[0]?.id ?? '' }], start: true },
    context,
  );
  if (requests === undefined) throw new Error('the spawn has no last step');
  const entries = new Set(requests);
  const ofSpawn = (entry: RequestLogEntry) => isCounted(entry) && entries.has(entry);
  return { requests: bench.sim.log.count(ofSpawn), inSequence: bench.sim.log.longestChain(ofSpawn) };
}

/** Returns the requests of a command with this many partitions on the CPC. */
export async function listCounts(partitions: number): Promise<{ list: Count; hypervisor: Count }> {
  const volumes = Array.from({ length: partitions }, (_, index) => ({
    name: `boot-${index}`,
    size: 1,
    bootable: true,
  }));
  await using bench = await openBench({ adapters: 2, volumes, cpcIfls: 200, adapterCapacity: 254 });
  await Promise.all(
    volumes.map(({ name }, index) =>
      bench.manager.create(
        { name: `s${index}`, vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: name }], start: false },
        context,
      ),
    ),
  );
  bench.sim.log.clear();
  await bench.manager.list(context);
  const list = countHmc(bench.sim);
  bench.sim.log.clear();
  await bench.manager.hypervisorShow(context);
  return { list, hypervisor: countHmc(bench.sim) };
}

/** Wall time of a spawn, divided by the sum of the service times of its requests: below 1 if they overlap. */
export async function overlap(adapters: number, latencyMs: number): Promise<number> {
  await using bench = await openBench({ adapters, latencyMs });
  bench.sim.log.clear();
  const startedAt = performance.now();
  await bench.manager.create(
    { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: bench.sim.volumes[0]?.id ?? '' }] },
    context,
  );
  const wallMs = performance.now() - startedAt;
  const serviceMs = bench.sim.log.entries.reduce((total, entry) => total + entry.serviceMs, 0);
  return wallMs / serviceMs;
}
