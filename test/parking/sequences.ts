import fc from 'fast-check';
import { expect } from 'vitest';
import { describeError } from '../../src/base/index.ts';
import type { MachineName } from '../../src/simulator/index.ts';
import type { VirtApi } from '../../src/virt/index.ts';

import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { strangersDisks } from './judge.ts';
import { StockManager } from './stock-manager.ts';
import type { Server } from './stock-manager.ts';

/** Fixed, so that a build does not fail for what it did not change. */
const seed = Number(process.env.PARKING_SEED ?? 20_261_129);

const count = 3;

/** What may be done with a server in a state, and the state that it leads to. */
type State = 'none' | 'active' | 'doomed' | 'unmapped' | 'offloading' | 'offloaded';
type Act = (manager: StockManager, server: Server) => Promise<void>;

const acts: Readonly<Record<State, readonly { readonly name: string; readonly run: Act; readonly to: State }[]>> = {
  none: [
    { name: 'build', run: (m, s) => m.build(s), to: 'active' },
    { name: 'fail to build', run: (m, s) => m.failBuild(s), to: 'doomed' },
  ],
  active: [
    { name: 'destroy', run: (m, s) => m.destroy(s), to: 'doomed' },
    { name: 'rebuild', run: (m, s) => m.rebuild(s), to: 'active' },
    { name: 'offload', run: (m, s) => m.offload(s), to: 'offloading' },
  ],
  doomed: [
    { name: 'unmap', run: (m, s) => m.unmap(s), to: 'unmapped' },
    { name: 'ask for the connector of', run: asksForPorts, to: 'doomed' },
    { name: 'destroy again', run: (m, s) => m.destroy(s), to: 'doomed' },
  ],
  unmapped: [
    { name: 'remove what is parked for', run: (m, s) => m.removeParked(s), to: 'none' },
    { name: 'build again', run: (m, s) => m.build(s), to: 'active' },
  ],
  offloading: [
    { name: 'unmap the offloaded', run: (m, s) => m.finishOffload(s), to: 'offloaded' },
    { name: 'ask for the connector of', run: asksForPorts, to: 'offloading' },
  ],
  offloaded: [
    { name: 'unshelve', run: (m, s) => m.unshelve(s), to: 'active' },
    { name: 'ask for the connector of', run: asksForPorts, to: 'offloaded' },
  ],
};

/** The ways home, from every state. */
const home: Readonly<Record<Exclude<State, 'none'>, State>> = {
  active: 'doomed',
  doomed: 'unmapped',
  unmapped: 'none',
  offloading: 'offloaded',
  offloaded: 'active',
};

/** Its ports are those to which its volumes were mapped last. */
async function asksForPorts(manager: StockManager, server: Server): Promise<void> {
  const mapped = server.devices.flatMap(({ connector }) => connector?.wwpns ?? []);
  const { wwpns } = await manager.connector(server);
  expect(wwpns.length).toBeGreaterThan(0);
  expect(wwpns).toEqual(expect.arrayContaining(mapped));
}

export interface Parking extends AsyncDisposable {
  readonly world: World;
  readonly manager: StockManager;
  /** Acts that were done, by name. */
  readonly tally: Map<string, number>;
  play(moves: readonly Move[]): Promise<void>;
}

/** A server, and which of the acts that its state allows; `restart` first forgets everything that the driver remembers. */
interface Move {
  readonly server: number;
  readonly choice: number;
  readonly restart: boolean;
}

const moves = fc.array(
  fc.record({
    server: fc.nat(count - 1),
    choice: fc.nat(5),
    restart: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  }),
  { minLength: 3, maxLength: 12 },
);

/** A machine that deals freed WWPNs out at once. */
export async function startParking(machine: MachineName, virtapi?: VirtApi): Promise<Parking> {
  const volumes = Array.from({ length: count }, (_, index) => [
    { name: `boot-${index}`, size: 10, bootable: true },
    { name: `data-${index}`, size: 10 },
  ]).flat();
  const world = await startWorld({ machine, reuseWwpns: true, volumes });
  const manager = await StockManager.start(world, virtapi);
  const idOf = (name: string) => world.sim.volumes.find((volume) => volume.name === name)!.id;
  const tally = new Map<string, number>();
  let sequence = 0;

  const play = async (wanted: readonly Move[]) => {
    sequence += 1;
    const story: string[] = [];
    const servers = Array.from<unknown, { state: State; server: Server }>({ length: count }, (_, index) => {
      const uuid = `${String(sequence).padStart(8, '0')}-0000-4000-8000-00000000000${index}`;
      return {
        state: 'none',
        server: manager.server(uuid, `s${index}`, [idOf(`boot-${index}`), idOf(`data-${index}`)]),
      };
    });
    const step = async (one: (typeof servers)[number], { name, run, to }: (typeof acts)[State][number]) => {
      story.push(`${name} ${one.server.instance.name}`);
      await run(manager, one.server);
      one.state = to;
      tally.set(name, (tally.get(name) ?? 0) + 1);
      const owners = new Map(servers.flatMap(({ server }) => server.volumes.map((id) => [id, server.instance.uuid])));
      const strange = strangersDisks(world.sim, owners);
      if (strange.length > 0) throw new Error(strange.join('; '));
      const alive = servers.filter(({ state }) => state === 'active').map(({ server }) => server.instance.uuid);
      expect([...(await manager.driver.listInstanceUuids())].toSorted()).toEqual(alive.toSorted());
    };
    try {
      for (const { server, choice, restart } of wanted) {
        if (restart) await manager.restart();
        if (restart) story.push('restart');
        const one = servers[server]!;
        const possible = acts[one.state];
        await step(one, possible[choice % possible.length]!);
      }
      for (const one of servers) {
        while (one.state !== 'none') {
          const next = home[one.state];
          await step(
            one,
            acts[one.state].find(({ to }) => to === next)!,
          );
        }
      }
    } catch (error) {
      throw new Error(`${story.join(', ')}: ${describeError(error)}`, { cause: error });
    }
  };
  return {
    world,
    manager,
    tally,
    play,
    [Symbol.asyncDispose]: async () => {
      await manager[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** Random sequences; each ends with nothing left, so that one machine serves them all. */
export async function runSequences(machine: MachineName, numRuns: number): Promise<void> {
  await using parking = await startParking(machine);
  const { world, tally } = parking;
  const clean = world.sim.snapshot();
  const property = fc.asyncProperty(moves, async (wanted) => {
    await parking.play(wanted);
    expect(world.sim.snapshot()).toEqual(clean);
  });
  // A sequence that fails leaves the machine as it is: a shorter one would not start from the same.
  const details = await fc.check(property, { seed, numRuns, endOnFailure: true });
  const done = [...tally].map(([name, times]) => `${name} ${times}`).join(', ');
  console.log(`parking, ${machine}: ${details.numRuns} sequences (seed ${seed}): ${done}`);
  if (details.failed) throw new Error(fc.defaultReportMessage(details) ?? 'failed', { cause: details.errorInstance });
  if (numRuns < 30) return;
  expect([...tally.keys()].toSorted()).toEqual(
    [
      ...new Set(
        Object.values(acts)
          .flat()
          .map(({ name }) => name),
      ),
    ].toSorted(),
  );
}
