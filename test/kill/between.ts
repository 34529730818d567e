import { describeError } from '../../src/base/index.ts';
import type { Stage } from './stage.ts';

/** HMC and Cinder restart: every connection is cut, sessions, topics and tokens are gone; jobs go on, volumes stay. */
export async function restartPeers({ world: { sim } }: Stage): Promise<void> {
  for (const { server } of [sim.hmc, sim.cinder, sim.keystone]) {
    await server.refuseConnections(true);
    await server.refuseConnections(false);
  }
  sim.hmc.restart();
  sim.keystone.revokeAll();
}

/** The HMC is away when the successor comes: it says so and does nothing, so that the next one finds all as it was. */
export async function comeWithoutHmc(stage: Stage): Promise<void> {
  const { sim } = stage.world;
  await sim.hmc.server.refuseConnections(true);
  const failure = await stage.world.open().then(
    async (manager) => {
      await manager[Symbol.asyncDispose]();
      return 'nothing';
    },
    (error: unknown) => describeError(error),
  );
  await sim.hmc.server.refuseConnections(false);
  if (!failure.includes('HMC')) throw new Error(`without an HMC, the successor says ${failure}`);
}

/**
 * Cinder is away when the successor comes: what cannot be undone yet waits for it, and nothing worse; once Cinder is there
 * again, the next process or `verify --repair` brings it to an end.
 */
export async function comeWithoutCinder(stage: Stage): Promise<void> {
  const { world } = stage;
  const { cinder, keystone } = world.sim;
  for (const { server } of [cinder, keystone]) await server.refuseConnections(true);
  await (await world.open())[Symbol.asyncDispose]();
  for (const { server } of [cinder, keystone]) await server.refuseConnections(false);
  await using manager = await world.open();
  const found = await manager.verify(world.context);
  const repaired = await manager.repair(found, world.context);
  const failed = repaired.filter(({ kind, outcome }) => kind === 'flow' && outcome !== 'repaired');
  if (failed.length > 0) throw new Error(`not repaired: ${JSON.stringify(failed)}`);
}
