import { expect, it } from 'vitest';
import { describeError } from '../../src/base/index.ts';
import { openSession, w } from '../support/hmc-session.ts';
import { outcomeOf, restorePartition } from '../support/ownership.ts';
import { settingsFor, startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

/** Servers whose partition no port of the settings leads to: only what was recorded tells that they may run. */

const MAPPINGS = 'dpm.physical_storage_adapter_mappings';
const size = { vcpus: 1, memoryMib: 1024 };
const request = { name: 'web1', ...size, volumes: [], storageGroup: { name: 'prepared' } };

/** A world in which the user may be denied objects later. */
async function startHiding(options: WorldOptions) {
  const hidden: string[] = [];
  const hmcUsers = [{ userid: 'nova', password: 'nova-on-z', hidden }];
  return { hidden, world: await startWorld({ ...options, hmcUsers }) };
}

async function startPrepared(type: 'fc' | 'nvme' | 'fcp') {
  const volumes = [{ name: 'root', sizeGib: 20, usage: 'boot' }] as const;
  const storageGroups = [{ name: 'prepared', type, volumes }];
  return await startHiding({ machine: 'z16', storageGroups, set: { [MAPPINGS]: [] } });
}

function partitionsOf({ sim }: World) {
  return sim.hmc.model.all('partition');
}

it.each(['fc', 'nvme', 'fcp'] as const)(
  'a hidden partition that runs from a prepared group of type %s does not count as absent, without a configured port',
  async (type) => {
    const { hidden, world } = await startPrepared(type);
    await using _ = world;
    const { sim, context } = world;
    await using manager = await world.open();
    const { partition_uri: uri } = await manager.create(request, context);
    hidden.push(uri!);
    const before = sim.snapshot();

    const outcome = await outcomeOf(manager.delete('web1', context));

    expect(outcome).toMatchObject({ code: 'CONFLICT' });
    expect(describeError(outcome)).toMatch(/which this HMC user may not see, has the storage group "prepared"/);
    expect(sim.snapshot()).toEqual(before);

    // What the message advises.
    hidden.pop();
    await manager.delete('web1', context);
    expect(partitionsOf(world)).toEqual([]);
  },
);

it('a running partition that boots from the prepared group of a server is in doubt, whatever its name', async () => {
  const { world } = await startPrepared('fc');
  await using _ = world;
  const { sim, context } = world;
  await using manager = await world.open();
  const { partition_uri: uri } = await manager.create(request, context);
  Object.assign(partitionsOf(world)[0]!.props, { name: 'shop', description: 'shop' });
  const restored = restorePartition(world, uri!);
  const before = sim.snapshot();

  const outcome = await outcomeOf(manager.delete('web1', context));

  expect(describeError(outcome)).toContain(`partition "shop" (${restored}) has the storage group "prepared"`);
  expect(sim.snapshot()).toEqual(before);
});

it('a prepared group that the server no longer uses does not block its delete after its partition was deleted', async () => {
  const { world } = await startPrepared('fc');
  await using _ = world;
  const { sim, context } = world;
  await using hmc = openSession(sim);
  await using manager = await world.open();
  for (const rest of ['nobody', 'web2']) {
    const { partition_uri: uri } = await manager.create(request, context);
    await manager.stop('web1', {}, context);
    await hmc.partitions.detachStorageGroup(uri!, sim.storageGroups[0]!.uri, w);
    await hmc.partitions.delete(uri!, w);
    if (rest === 'web2') await manager.create({ ...request, name: rest }, context);

    await manager.delete('web1', context);

    expect(partitionsOf(world)).toHaveLength(rest === 'web2' ? 1 : 0);
  }
  expect(await manager.list(context)).toMatchObject([{ name: 'web2', power_state: 'running' }]);
});

it('a hidden partition on an adapter that is no longer configured does not count as absent', async () => {
  const { hidden, world } = await startHiding({ machine: 'z13' });
  await using _ = world;
  const { sim, statePath, context } = world;
  const [first = '', second = ''] = [sim.settings().dpm[MAPPINGS.slice(4)] ?? []].flat();
  const settings = (port: string) => settingsFor(sim, { [MAPPINGS]: [port], 'DEFAULT.state_path': statePath });
  {
    await using manager = await world.open({ settings: settings(first) });
    await manager.create({ ...request, volumes: [{ volumeId: 'boot-1' }], storageGroup: undefined }, context);
  }
  await using manager = await world.open({ settings: settings(second) });
  hidden.push(partitionsOf(world)[0]!.uri);
  const before = sim.snapshot();

  const outcome = await outcomeOf(manager.delete('web1', context));

  expect(outcome).toMatchObject({ code: 'CONFLICT' });
  expect(sim.snapshot()).toEqual(before);
});
