import { describe, expect, test } from 'vitest';
import { describeError, Secret } from '../../src/base/index.ts';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { FaultRule, Simulator } from '../../src/simulator/index.ts';
import { startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

/*
 * An administrator has attached a storage group to a partition of ours, and the driver's user has no access to it.
 */

const hidden = { name: 'theirs', type: 'fcp', volumes: [{ name: 'data', sizeGib: 40 }] } as const;
const driver = { userid: 'dpm', password: 'dpm-password', hidden: ['theirs'] };
const admin = { userid: 'admin', password: 'admin-password' };

async function startHidden(options: WorldOptions = {}): Promise<World> {
  return await startWorld({ machine: 'z16', storageGroups: [hidden], hmcUsers: [driver, admin], ...options });
}

const groupUri = (sim: Simulator): string => sim.storageGroups[0]?.uri ?? '';

async function attachAsAdmin(sim: Simulator): Promise<string> {
  const [partition] = sim.hmc.model.all('partition');
  await using hmc = openHmcSession({
    urls: [sim.hmc.url],
    userid: admin.userid,
    password: () => Promise.resolve(new Secret(admin.password)),
    tls: { ca: sim.ca?.pem },
  });
  await hmc.partitions.attachStorageGroup(partition?.uri ?? '', groupUri(sim), {
    signal: new AbortController().signal,
  });
  return partition?.uri ?? '';
}

async function spawn(manager: ComputeManager, { sim, context }: World) {
  const volumes = [{ volumeId: sim.volumes[0]?.id ?? '' }];
  return await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes }, context);
}

const refuse = (operation: string, status: number, reason: number): FaultRule => ({
  id: operation,
  server: 'hmc',
  operation,
  when: { times: -1 },
  kind: { type: 'refuse', status, reason },
});

const hmcs: readonly { readonly what: string; readonly faults: readonly FaultRule[] }[] = [
  { what: 'detaches it for whoever may see the partition', faults: [] },
  { what: 'denies that it exists', faults: [refuse('Detach Storage Group from Partition', 404, 2)] },
];

describe.each(hmcs)('where the HMC $what', ({ faults }) => {
  test('a server is deleted, and the group is as it was', async () => {
    await using world = await startHidden();
    await using manager = await world.open();
    const { sim, context } = world;
    const before = sim.snapshot();
    await spawn(manager, world);
    await attachAsAdmin(sim);
    for (const fault of faults) sim.faults.add({ ...fault, when: { skip: 1, times: -1 } }); // not of our own group

    await manager.delete('web1', context);

    expect(sim.snapshot()).toEqual(before);
  });
});

test('where the HMC deletes no partition with such a group, the group is named, and the server can be deleted later', async () => {
  await using world = await startHidden();
  await using manager = await world.open();
  const { sim, context } = world;
  const before = sim.snapshot();
  await spawn(manager, world);
  await attachAsAdmin(sim);
  sim.faults.add(refuse('Detach Storage Group from Partition', 404, 2));
  sim.faults.add(refuse('Delete Partition', 409, 300));

  const failure = await manager.delete('web1', context).catch((error: unknown) => error);

  expect(describeError(failure)).toMatch(new RegExp(`the HMC refuses it while .*${groupUri(sim)} is attached`));
  sim.faults.clear();
  await manager.delete('web1', context);
  expect(sim.snapshot()).toEqual(before);
});

test('the paths of a server are told though a group is attached that cannot be seen', async () => {
  await using world = await startHidden();
  await using manager = await world.open();
  const { sim, context } = world;
  await spawn(manager, world);
  await attachAsAdmin(sim);

  const paths = await manager.volumePaths({ server: 'web1' }, context);

  expect(paths.length).toBeGreaterThan(0);
});

test('a group of ours that is attached to a partition which cannot be seen is left, and the partition named', async () => {
  const blind = { ...driver, hidden: ['theirs', 'somebody'] };
  await using world = await startHidden({ hmcUsers: [blind, admin] });
  await using manager = await world.open();
  const { sim, context } = world;
  await spawn(manager, world);
  const own = sim.hmc.model.all('storage-group').find(({ uri }) => uri !== groupUri(sim));
  const [partition] = sim.hmc.model.all('partition');
  const other = sim.hmc.model.add('partition', partition?.parent ?? '', {
    ...partition?.props,
    'object-id': 'somebody',
    'object-uri': '/api/partitions/somebody',
    name: 'somebody',
    'storage-group-uris': [own?.uri ?? ''],
  });

  const failure = await manager.delete('web1', context).catch((error: unknown) => error);

  expect(describeError(failure)).toMatch(
    /storage group "OpenStack-.*" is attached to "somebody"; it was left unchanged/,
  );
  other.props['storage-group-uris'] = [];
  await manager.delete('web1', context);
  expect(sim.hmc.model.find('storage-group', own?.uri ?? '')).toBeUndefined();
});
