import { startSimulator } from '../../../src/simulator/index.ts';
import type { Simulator, SimulatorOptions } from '../../../src/simulator/index.ts';
import { HeldClock } from './held-clock.ts';
import type { Command, Reply, Seen } from './messages.ts';
import { Witness } from './witness.ts';

/*
 * A simulator in a process of its own, so that whoever starts many others does not keep it from answering:
 * `node main.ts OPTIONS`, as JSON. It answers each command of its parent, and ends with it.
 */
const options = JSON.parse(process.argv[2] ?? '{}') as SimulatorOptions; // as its parent wrote them
const clock = new HeldClock();
const sim = await startSimulator({ ...options, clock });
const witness = new Witness(sim);

process.on('message', (message) => {
  const command = message as Command; // the only messages of its parent
  void answer(sim, command).then((reply) => process.send?.(reply));
});
process.once('disconnect', () => process.exit());
process.send?.({ seen: seen(), settings: sim.settings(), volumes: sim.volumes } satisfies Reply);

async function answer(simulator: Simulator, { verb }: Command): Promise<Reply> {
  if (verb === 'away' || verb === 'back') await simulator.hmc.server.refuseConnections(verb === 'away');
  if (verb === 'hold') clock.hold();
  if (verb === 'release') clock.release();
  return { seen: seen(), settings: simulator.settings(), volumes: simulator.volumes };
}

function seen(): Seen {
  return { ...witness.seen(), snapshot: sim.snapshot() };
}
