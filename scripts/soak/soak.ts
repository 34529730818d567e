import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom, randomInteger } from '../../src/simulator/server/index.ts';
import { addForeignThings, foreignVolume } from '../../test/support/foreign.ts';
import { startWorld } from '../../test/support/world.ts';
import type { World } from '../../test/support/world.ts';
import { faultRules } from './faults.ts';
import type { WorkerReport } from './messages.ts';
import { lookAt, settleAll } from './settle.ts';
import { Supervisor } from './supervisor.ts';
import { Tally } from './tally.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** Determines which operations run. Their order also depends on the speed of the machine. */
  readonly seed: number;
  readonly machine: 'z13' | 'z16';
  readonly flow: 'attachments' | 'legacy';
  /** Minutes of a round. After each round everything is stopped, repaired and compared. */
  readonly roundMinutes: number;
  readonly print: (line: string) => void;
}

/** As many servers as a machine has partitions. Source: `maximumPartitions` of the simulated machines. */
const slots = 85;
/** Number of concurrent operations: more than the HMC's queue accepts, fewer than the servers. */
const lanes = 12;
const faultShare = 0.05;
const minuteMs = 60_000;
const dataVolumes = Array.from({ length: 60 }, (_, index) => `data-${index}`);

/**
 * Works on 85 servers under faults, kills and restarts. After each round, resumes all flows and deletes all servers,
 * and checks that `verify` finds no orphans and the snapshot is as at the start.
 */
export async function runSoak(options: SoakOptions): Promise<Tally> {
  await using world = await startSoakWorld(options);
  await addForeignThings(world);
  const start = lookAt(world);
  const tally = new Tally();
  const random = createRandom(options.seed);
  const deadline = performance.now() + options.minutes * minuteMs;
  do {
    const round = Math.min(deadline, performance.now() + options.roundMinutes * minuteMs);
    await runRound(world, options, { random, tally, deadline: round });
    tally.problems.push(...(await settleAll(world, start)));
    tally.rounds += 1;
  } while (performance.now() < deadline && tally.problems.length === 0);
  return tally;
}

async function startSoakWorld({ machine, flow, seed }: SoakOptions): Promise<World> {
  return await startWorld({
    machine,
    seed,
    cpcIfls: slots,
    adapterCapacity: 254,
    reuseWwpns: true,
    timing: { startMs: 20, stopMs: 10, statusLagMs: 5, jobMs: 5, stallMs: 200 },
    volumes: [
      ...Array.from({ length: slots }, (_, slot) => ({ name: `boot-${slot}`, size: 20, bootable: true })),
      ...dataVolumes.map((name, index) => ({ name, size: 10 + (index % 3) })),
      { name: foreignVolume, size: 10 },
    ],
    ...(flow === 'legacy' ? { cinder: { maxMicroversion: '3.43' } } : {}),
    set: { 'dpm.start_timeout': '5', 'dpm.discovery_timeout': '5' },
  });
}

interface Round {
  readonly random: () => number;
  readonly tally: Tally;
  readonly deadline: number;
}

async function runRound(world: World, options: SoakOptions, round: Round): Promise<void> {
  const { random, tally, deadline } = round;
  const { settingsText, statePath, sim } = world;
  const order = { settingsText, statePath, lanes, slots, dataVolumes, seed: randomInteger(random, 2 ** 31) };
  // Operations since the current worker opened; undefined while it is starting.
  const life: { operations: number | undefined } = { operations: undefined };
  await using supervisor = new Supervisor(order, (report: WorkerReport) => {
    if (report.kind === 'opened') life.operations = 0;
    if (report.kind === 'operation') life.operations = (life.operations ?? 0) + 1;
    tally.hear(report);
  });
  for (const rule of faultRules(faultShare)) sim.faults.add(rule);
  supervisor.start();
  const patience = { left: 1 + randomInteger(random, 60) };
  // Waits for the first kill, even on a slow machine.
  while (performance.now() < deadline || tally.kills === 0) {
    await sleep(20);
    tally.look(options.print, sim);
    if (!supervisor.isRunning) supervisor.start();
    if (life.operations === undefined || life.operations < patience.left) continue;
    if (random() < 0.6) {
      await supervisor.kill();
      tally.kills += 1;
      life.operations = undefined;
      supervisor.start();
    } else await restartOne(world, random, tally);
    patience.left = (life.operations ?? 0) + 1 + randomInteger(random, 60);
  }
  tally.takeStrikes(sim);
  sim.faults.clear();
  await supervisor.stop();
  sim.log.clear();
}

/** Restarts a server: it is unreachable for a moment, and loses its sessions and tokens. Jobs continue. */
async function restartOne({ sim }: World, random: () => number, tally: Tally): Promise<void> {
  const isHmc = random() < 0.5;
  const server = isHmc ? sim.hmc.server : sim.cinder.server;
  await server.refuseConnections(true);
  await sleep(randomInteger(random, 100));
  if (isHmc) sim.hmc.restart();
  else sim.keystone.revokeAll();
  await server.refuseConnections(false);
  tally.restarts += 1;
}
