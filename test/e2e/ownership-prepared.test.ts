import { expect, it } from 'vitest';
import { outcomeOf } from '../support/ownership.ts';
import { settingsFor, startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

/** Servers whose partition no port of the settings leads to: only what was recorded tells that they may run. */

const MAPPINGS = 'dpm.physical_storage_adapter_mappings';
const size = { vcpus: 1, memoryMib: 1024 };

/** A world in which the user may be denied objects later. */
async function startHiding(options: WorldOptions) {
  const hidden: string[] = [];
  const hmcUsers = [{ userid: 'nova', password: 'nova-on-z', hidden }];
  return { hidden, world: await startWorld({ ...options, hmcUsers }) };
}

function partitionsOf({ sim }: World) {
  return sim.hmc.model.all('partition');
}

it('a hidden partition on an adapter that the settings do not name any more is not absent', async () => {
  const { hidden, world } = await startHiding({ machine: 'z13' });
  await using _ = world;
  const { sim, statePath, context } = world;
  const [first = '', second = ''] = [sim.settings().dpm[MAPPINGS.slice(4)] ?? []].flat();
  const settings = (port: string) => settingsFor(sim, { [MAPPINGS]: [port], 'DEFAULT.state_path': statePath });
  {
    await using manager = await world.open({ settings: settings(first) });
    await manager.create({ name: 'web1', ...size, volumes: [{ volumeId: 'boot-1' }] }, context);
  }
  await using manager = await world.open({ settings: settings(second) });
  hidden.push(partitionsOf(world)[0]!.uri);
  const before = sim.snapshot();

  const outcome = await outcomeOf(manager.delete('web1', context));

  expect(outcome).toMatchObject({ code: 'CONFLICT' });
  expect(sim.snapshot()).toEqual(before);
});
