/*
 * Many dpm processes work on one state directory at once, some of them are killed, and the share of the CPC subset is
 * never exceeded.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { VolumeOptions } from '../../src/simulator/index.ts';
import { withNamedVolumes } from '../support/snapshots.ts';
import { creation, kill, ProcessCrowd } from './processes.ts';
import type { Running } from './processes.ts';

const COMMANDS = 40;
const START_MS = 20_000;
const MEMORY_MIB = 1024;

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const bootable = (names: readonly string[]): readonly VolumeOptions[] =>
  names.map((name) => ({ name: `boot-of-${name}`, size: 10, bootable: true }));
const machineOf = (machine: 'z13' | 'z16') => ({ machine, adapters: 2, adapterCapacity: 254, cpcIfls: 100 }) as const;

const isFull = process.env.CROWD === 'full';

describe.each(['z13', 'z16'] as const)('commands in processes of their own, on a %s', (machine) => {
  // The simultaneous starts do not depend on the machine: one has them, CROWD=full both.
  it.runIf(isFull || machine === 'z13')(
    'start forty partitions at the same time',
    async () => {
      const names = numbered('web', COMMANDS);
      const options = { ...machineOf(machine), volumes: bootable(names), timing: { startMs: 1 } };
      await using crowd = await ProcessCrowd.open(options, {});
      await crowd.sim.ask('hold');

      const running = names.map((name) => crowd.begin(...creation(name)));
      // A start ends only when the last one has begun: with anything in turn, this would wait for ever.
      await until(crowd, ({ most }) => most.starting === COMMANDS, running);
      await crowd.sim.ask('release');

      expect((await Promise.all(running.map(({ end }) => end))).map(({ code }) => code)).toEqual(names.map(() => 0));
    },
    600_000,
  );

  it('of all kinds, some of them killed, succeed and never exceed the share of the CPC subset', async () => {
    const [old, fresh] = [numbered('old', 6), numbered('web', 24)];
    const fitting = 18;
    const limit = { memoryMib: MEMORY_MIB * (old.length + 1 + fitting), processors: 100 };
    const data = numbered('data', 6).map((name) => ({ name, size: 10 }));
    const volumes = [...bootable([...old, ...fresh, 'alone']), ...data];
    const options = { ...machineOf(machine), volumes, timing: { startMs: START_MS } };
    await using crowd = await ProcessCrowd.open(options, { 'dpm.max_memory': String(limit.memoryMib) });
    const before = withNamedVolumes(crowd.sim.first.seen.snapshot);
    await Promise.all(old.map(async (name) => await crowd.run(...creation(name, '--no-start'))));
    await crowd.run('server', 'add', 'volume', 'old-0', 'data-0');
    const oneMs = await timed(async () => await crowd.run(...creation('alone')));

    const creations = fresh.map((name) => crowd.begin(...creation(name)));
    const others = [
      ['start', 'old-1'],
      ['start', 'old-2'],
      ['delete', 'old-3'],
      ['add', 'volume', 'old-4', 'data-1'],
      ['remove', 'volume', 'old-0', 'data-0'],
      ['delete', 'old-5'],
    ].map((words) => crowd.begin('server', ...words));
    let second: Running[] = [];
    let killed = 0;
    const ms = await timed(async () => {
      const begun = await firstToBegin(creations, 10);
      const name = (index: number) => String(begun[index]?.argv[2]);
      second = [
        ...[4, 5, 6].map((index) => crowd.begin('server', 'stop', name(index))),
        ...[7, 8].map((index) => crowd.begin('server', 'delete', name(index))),
        crowd.begin('server', 'add', 'volume', name(9), 'data-2'),
      ];
      // Each at another moment: while it is built, when it starts, and late in the start.
      for (const [index, pauseMs] of [0, 1_000, 3_000, 5_000].entries()) {
        await sleep(pauseMs);
        if (await kill(begun[index]!)) killed += 1; // ten have begun
        second.push(crowd.begin('server', 'delete', name(index)));
      }
      await Promise.all([...creations, ...others, ...second].map(({ end }) => end));
    });

    const ends = await Promise.all([...creations, ...others, ...second].map(async (each) => await endOf(each)));
    expect(ends).toHaveLength(COMMANDS);
    expect(ends.filter(({ how }) => how === 'killed')).toHaveLength(killed);
    expect(killed).toBeGreaterThan(0);
    const refused = ends.filter(({ how }) => how === 'NO_RESOURCES');
    expect(ends.filter(({ how }) => !['done', 'killed', 'NO_RESOURCES'].includes(how))).toEqual([]);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ what }) => what.startsWith('server create'))).toBe(true);

    const { seen } = await crowd.sim.ask('look');
    expect(seen.looks).toBeGreaterThan(100);
    expect(seen.most.memoryMib).toBeLessThanOrEqual(limit.memoryMib);
    // The share was given out to the last MiB, or the limit would prove nothing.
    expect(seen.most.memoryMib).toBeGreaterThan(limit.memoryMib - 4 * MEMORY_MIB);
    expect(seen.most.starting).toBeGreaterThan(1);
    console.log(
      `forty processes, ${machine}: one took ${seconds(oneMs)}, the thirty that came together ${seconds(ms)}, ratio ${(ms / oneMs).toFixed(2)}; ` +
        `${seen.most.starting} starts at once, ${refused.length} refused, ${killed} killed, ` +
        `${seen.most.memoryMib} of ${limit.memoryMib} MiB at most`,
    );

    const flows = (await crowd.run('flow', 'list')) as { state: string }[];
    expect(flows.filter(({ state }) => state !== 'completed' && state !== 'rolled-back')).toEqual([]);
    expect(await crowd.run('verify')).toEqual([]);
    const servers = (await crowd.run('server', 'list')) as { name: string; status: string }[];
    expect(servers.filter(({ status }) => !['ACTIVE', 'SHUTOFF'].includes(status))).toEqual([]);
    await crowd.run('server', 'delete', ...servers.map(({ name }) => name));
    expect(withNamedVolumes((await crowd.sim.ask('look')).seen.snapshot)).toEqual(before);
  }, 900_000);
});

type Seen = Awaited<ReturnType<ProcessCrowd['sim']['ask']>>['seen'];

/** Waits for the simulator to show it. @throws Error when all commands have ended before */
async function until(crowd: ProcessCrowd, isSo: (seen: Seen) => boolean, running: readonly Running[]): Promise<void> {
  while (!isSo((await crowd.sim.ask('look')).seen)) {
    const early = running.find(({ child }) => child.exitCode !== null);
    if (early !== undefined) throw new Error(`a command has ended: ${(await early.end).stderr}`);
    await sleep(200);
  }
}

/** So many of them, in the order in which their first step was done; those that are refused never begin. */
async function firstToBegin(running: readonly Running[], count: number): Promise<readonly Running[]> {
  const begun: Running[] = [];
  await new Promise<void>((resolve, reject) => {
    const waiting = running.map(async (each) => {
      if (await each.hasBegun) begun.push(each);
      if (begun.length === count) resolve();
    });
    void Promise.all(waiting).then(() => reject(new Error(`only ${begun.length} have begun`)));
  });
  return begun.slice(0, count);
}

/** How a command ended: `done`, `killed`, or the code of its error. */
async function endOf({ argv, child, end }: Running): Promise<{ readonly what: string; readonly how: string }> {
  const { code, stdout, stderr } = await end;
  const what = argv.join(' ');
  if (child.signalCode === 'SIGKILL') return { what, how: 'killed' };
  if (code === 0) return { what, how: 'done' };
  const { error } = JSON.parse(stdout) as { error: { code: string } }; // as every command prints its failure
  return { what, how: error.code === 'NO_RESOURCES' && code === 1 ? error.code : `${code}: ${stderr}` };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
