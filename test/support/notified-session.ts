import { pino } from 'pino';
import type { HmcNotification, HmcSession, HmcSessionOptions } from '../../src/hmc-client/index.ts';
import { ManualClock, startSimulator } from '../../src/simulator/index.ts';
import type { FaultKind, SimulatedBroker, Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import { cpcUriOf, openSession, w } from './hmc-session.ts';
import { quickPolicies } from './hmc-policies.ts';

/** Longer than a test: what waits so long for a poll has not noticed a message. */
const NEVER_MS = 600_000;

/** Polls are so rare that a wait ends in time only by a notification. */
export const eventPolicies = {
  ...quickPolicies,
  poll: { minDelayMs: NEVER_MS, maxDelayMs: NEVER_MS },
  events: { ...quickPolicies.events, safetyNetMs: NEVER_MS },
};

export interface Scene extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly broker: SimulatedBroker;
  readonly clock: ManualClock;
  readonly hmc: HmcSession;
  /** Every line of the client's log. */
  readonly logged: readonly string[];
  readonly heard: readonly HmcNotification[];
  readonly fault: (kind: FaultKind, operation: string, more?: { path?: string; times?: number }) => void;
  /** Returns the number of requests of these operations at the HMC. */
  readonly count: (...operations: readonly string[]) => number;
  /** Creates a partition. */
  readonly partition: (name: string) => Promise<string>;
  /** Moves the clock; what is due then happens. */
  readonly pass: (ms: number) => void;
}

/** An HMC with a message broker, a clock that the test moves, and a session with it. */
export async function scene(options: SimulatorOptions = {}, session: Partial<HmcSessionOptions> = {}): Promise<Scene> {
  const clock = new ManualClock();
  const simulator = await startSimulator({ machine: 'z16', tls: true, clock, timing: { startMs: 60_000 }, ...options });
  const { broker } = simulator.hmc;
  if (broker === undefined) throw new Error('the broker is off');
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  const hmc = openSession(simulator, { messagePort: broker.port, policies: eventPolicies, log, ...session });
  const heard: HmcNotification[] = [];
  hmc.events.onNotification((notification) => heard.push(notification));
  let faults = 0;
  return {
    simulator,
    broker,
    clock,
    hmc,
    logged,
    heard,
    fault: (kind, operation, { path, times } = {}) => {
      faults += 1;
      const match = path === undefined ? {} : { match: { path } };
      const when = times === undefined ? {} : { when: { times } };
      simulator.faults.add({ id: `fault-${faults}`, server: 'broker', operation, kind, ...match, ...when });
    },
    count: (...operations) =>
      simulator.log.count(({ server, operation }) => server === 'hmc' && operations.includes(operation)),
    partition: async (name) =>
      await hmc.partitions.create(
        cpcUriOf(simulator),
        { name, iflProcessors: 1, initialMemory: 4096, maximumMemory: 4096 },
        w,
      ),
    pass: (ms) => {
      clock.advance(ms);
      simulator.hmc.settle();
    },
    [Symbol.asyncDispose]: async () => {
      await hmc.close(w);
      await simulator.close();
    },
  };
}

/** Waits for the next event of this kind. */
export async function next(hmc: HmcSession, kind: 'resync' | 'interruption'): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = hmc.events[kind === 'resync' ? 'onResync' : 'onInterruption'](() => {
      end();
      resolve();
    });
  });
}

/** Waits until notifications arrive. */
export async function live(hmc: HmcSession): Promise<void> {
  const arrives = next(hmc, 'resync');
  hmc.events.open();
  await arrives;
}

/** Waits for a notification. */
export async function notified(hmc: HmcSession, is: (notification: HmcNotification) => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = hmc.events.onNotification((notification) => {
      if (!is(notification)) return;
      end();
      resolve();
    });
  });
}
