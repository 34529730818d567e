import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openCinder } from '../../src/cinder-client/index.ts';
import type { SimulatorSnapshot } from '../../src/simulator/index.ts';
import type { World } from '../support/world.ts';
import { requireSame } from './check.ts';
import type { Outcome } from './check.ts';
import type { Flow } from './flows.ts';
import { look } from './stage.ts';
import type { Stage } from './stage.ts';

/** Nothing of the state directory is left. */
export function loseState({ world: { statePath } }: Stage): Promise<void> {
  for (const name of readdirSync(statePath)) rmSync(join(statePath, name), { recursive: true });
  return Promise.resolve();
}

/**
 * A successor that knows nothing: verify names every partition and storage group of this host, and each can be deleted
 * by its UUID, masks first. What is then left is a reservation, if the process died before there was anything to map to:
 * no disk is shown to anybody, and only its owner can say that it is not wanted.
 */
export async function judgeWithoutState(stage: Stage, _flow: Flow, _before: SimulatorSnapshot): Promise<Outcome> {
  const { world, empty } = stage;
  await using manager = await world.open();
  const found = await manager.verify(world.context);
  const named = new Set(found.map(({ name }) => name));
  const unnamed = oursOnHmc(look(world)).filter((name) => !named.has(name));
  if (unnamed.length > 0) throw new Error(`verify does not name ${unnamed.join()}`);
  for (const uuid of new Set(found.map(({ name }) => name.slice(-36)))) await manager.delete(uuid, world.context);
  const after = look(world);
  requireSame('machine or SAN not clean', { ...empty, cinder: after.cinder }, after);
  await releaseReservations(world);
  requireSame('not clean at the end', empty, look(world));
  const left = await manager.verify(world.context);
  if (left.length > 0) throw new Error(`verify finds ${JSON.stringify(left)}`);
  return 'undone';
}

function oursOnHmc({ hmc }: SimulatorSnapshot): string[] {
  const made = [...hmc.partition, ...(hmc.partition.length > 0 ? [] : hmc['storage-group'])];
  return made.map(({ name }) => JSON.stringify(name).slice(1, -1));
}

async function releaseReservations({ sim, settings, context }: World): Promise<void> {
  using cinder = openCinder({ ...settings.cinder });
  for (const attachment of sim.snapshot().cinder.attachments) {
    if (attachment.status !== 'reserved') throw new Error(`an attachment is left: ${JSON.stringify(attachment)}`);
    await cinder.attachments.delete(attachment.id, context);
  }
}
