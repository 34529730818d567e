/*
 * Power states that change without a verb: lifecycle events, and answers from memory that are never older than what the HMC
 * has reported. All partitions were made before, so that nothing but the watch asks the HMC.
 */
import { expect, test } from 'vitest';
import { DriverBench } from '../../bench/driver.ts';
import { context } from '../../bench/requests.ts';
import { quickPolicies } from '../support/hmc-policies.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import type { LifecycleEvent } from '../../src/virt/index.ts';

const uuids = Array.from({ length: 3 }, (_, index) => `00000000-0000-4000-8000-00000000000${index}`);
const [first = '', second = ''] = uuids;
const nameOf = (uuid: string) => `OpenStack-compute1-${uuid}`;
const partitions = uuids.map((uuid) => ({ name: nameOf(uuid), memoryMib: 512 }));
const foreign = { name: 'payroll', memoryMib: 512 };
const policies = {
  hmc: { policies: quickPolicies },
  powerWatch: { safetyNetMs: 600_000, pollMs: 600_000, gapMs: 0 },
};

const uriOf = ({ hmc }: Simulator, name: string) =>
  hmc.model.all('partition').find(({ props }) => props.name === name)?.uri ?? '';
const instanceOf = (uuid: string) => ({
  uuid,
  name: 'web1',
  host: 'compute1',
  flavor: { vcpus: 1, memoryMb: 512 },
});

interface Watched extends AsyncDisposable {
  readonly bench: DriverBench;
  readonly events: readonly LifecycleEvent[];
  /** Returns after the next event, or the next resync. */
  readonly next: (of: 'event' | 'resync') => Promise<void>;
  /** Returns when answers come from memory. */
  readonly current: () => Promise<void>;
  /** Returns when answers come from the HMC. */
  readonly outdated: () => Promise<void>;
  readonly requests: () => number;
  readonly end: (uuid: string, status: 'paused' | 'terminated') => void;
}

async function watched(options: SimulatorOptions = {}, more: object = {}): Promise<Watched> {
  const bench = await DriverBench.open(
    { machine: 'z16', partitions: [...partitions, foreign], ...options },
    { ...policies, ...more },
  );
  const { driver, sim } = bench;
  const events: LifecycleEvent[] = [];
  const waiting = { event: new Set<() => void>(), resync: new Set<() => void>() };
  const wake = (of: 'event' | 'resync') => {
    for (const resolve of waiting[of]) resolve();
    waiting[of].clear();
  };
  const source = driver.lifecycleSource?.();
  source?.onLifecycle((event) => {
    events.push(event);
    wake('event');
  });
  source?.onResync(() => wake('resync'));
  const until = async (isFromMemory: boolean) => {
    for (;;) {
      const before = requests();
      await driver.listPowerStates(context);
      if ((requests() === before) === isFromMemory) return;
      await new Promise(setImmediate);
    }
  };
  const requests = () => sim.log.count(({ server, operation }) => server === 'hmc' && operation !== 'Logon');
  return {
    bench,
    events,
    next: async (of) => await new Promise((resolve) => waiting[of].add(resolve)),
    current: async () => await until(true),
    outdated: async () => await until(false),
    requests,
    end: (uuid, status) => sim.hmc.endFromInside(uriOf(sim, nameOf(uuid)), status),
    [Symbol.asyncDispose]: async () => await bench[Symbol.asyncDispose](),
  };
}

test('a guest that ends is an event of its instance, and known without a request', async () => {
  await using s = await watched();
  const { driver, sim } = s.bench;
  await s.current();
  sim.log.clear();

  const told = s.next('event');
  sim.hmc.endFromInside(uriOf(sim, 'payroll'), 'paused'); // nobody's event
  s.end(first, 'paused');
  await told;

  expect(s.events).toMatchObject([{ instanceUuid: first, transition: 'stopped' }]);
  await expect(driver.getInfo(instanceOf(first), true, context)).resolves.toEqual({ state: 'shutdown' });
  await expect(driver.getInfo(instanceOf(second), true, context)).resolves.toEqual({ state: 'running' });
  await expect(driver.listInstanceUuids(context)).resolves.toHaveLength(uuids.length);
  expect(s.requests()).toBe(0);
  await driver.getInfo(instanceOf(first), false, context); // the caller wants to know it from the HMC
  expect(s.requests()).toBeGreaterThan(0);
});

test('the verbs of the driver are events too', async () => {
  await using s = await watched();
  const { driver } = s.bench;
  await s.current();
  const told = s.next('event');
  await driver.powerOff(instanceOf(first), 0, 0, context);
  await told;

  expect(s.events.map(({ transition }) => transition)).toEqual(['stopped']);
});

test('what was lost is read with one request, and told', async () => {
  await using s = await watched();
  const { sim } = s.bench;
  await s.current();
  s.end(second, 'paused'); // the first message
  await s.current();
  sim.log.clear();
  sim.faults.add({ id: 'lost', server: 'broker', operation: 'MESSAGE', kind: { type: 'lose' } });
  const [told, resync] = [s.next('event'), s.next('resync')];
  s.end(first, 'terminated');
  sim.hmc.endFromInside(uriOf(sim, 'payroll'), 'paused'); // the next message

  await told;
  await resync;
  expect(s.events.at(-1)).toMatchObject({ instanceUuid: first, transition: 'stopped' });
  await s.current();
  await expect(s.bench.driver.getInfo(instanceOf(first), true, context)).resolves.toEqual({ state: 'crashed' });
});

test('while no notifications arrive, every answer comes from the HMC, and what happened is told after the reconnect', async () => {
  await using s = await watched();
  const { driver, sim } = s.bench;
  await s.current();
  await sim.hmc.broker?.refuseConnections(true);
  await s.outdated();
  s.end(first, 'paused');
  await expect(driver.getInfo(instanceOf(first), true, context)).resolves.toMatchObject({ state: 'shutdown' });
  const resync = s.next('resync');
  await sim.hmc.broker?.refuseConnections(false);
  await resync;

  expect(s.events).toMatchObject([{ instanceUuid: first, transition: 'stopped' }]);
});

test('without a broker, the slow poll tells', async () => {
  const powerWatch = { safetyNetMs: 1, pollMs: 1, gapMs: 0 };
  await using s = await watched({ broker: false }, { powerWatch });
  while (s.requests() < 5) await new Promise(setImmediate);
  const told = s.next('event');
  s.end(first, 'paused');
  await told;

  expect(s.events).toMatchObject([{ instanceUuid: first, transition: 'stopped' }]);
});

test('without a listener, the driver neither connects nor reads', async () => {
  await using bench = await DriverBench.open({ machine: 'z16', partitions }, policies);
  const before = bench.sim.log.count(({ server }) => server === 'hmc');
  await bench.driver.listPowerStates(context);
  await bench.driver.listPowerStates(context);

  expect(bench.sim.log.count(({ server }) => server === 'hmc')).toBeGreaterThanOrEqual(before + 2);
  expect(bench.sim.hmc.broker?.connectionCount).toBe(0);
});
