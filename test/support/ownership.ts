import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ComputeManager, ServerDetail } from '../../src/compute/index.ts';
import type { Resource } from '../../src/simulator/hmc/model/model.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

/** What a person does at the HMC to a partition that runs. */
export const changes: Readonly<Record<string, Change>> = {
  renamed: { props: { name: 'shop' } },
  'given another description': { props: { description: 'web server of the shop' } },
  'given an empty description': { props: { description: '' } },
  'given the mark of another host': { props: { description: 'OpenStack CPCSubset=compute10' }, isDoubt: true },
  'renamed and given another description': { props: { name: 'shop', description: 'web server' } },
  'renamed and given an empty description': { props: { name: 'shop', description: '' } },
  'renamed and given the mark of another host': {
    props: { name: 'shop', description: 'moved (OpenStack CPCSubset=compute2)' },
    isDoubt: true,
  },
  'deleted and restored under another object id': { isRestored: true },
  'renamed, deleted and restored under another object id': { props: { name: 'shop' }, isRestored: true },
  'hidden from the user': { isHidden: true, isDoubt: true },
};

export interface Change {
  readonly props?: { readonly name?: string; readonly description?: string };
  readonly isRestored?: boolean;
  readonly isHidden?: boolean;
  /** Nobody can tell any more: else it is still the server's. */
  readonly isDoubt?: boolean;
}

export const changeRows = Object.entries(changes).map(([what, change]) => ({ what, change: change }));

export interface OwnershipScene extends AsyncDisposable {
  readonly world: World;
  readonly server: ServerDetail;
  /** Does it to the partition, behind everybody's back. */
  readonly change: (change: Change) => void;
  /** The record of partitions goes, as with a database of the version before there was one. */
  readonly loseRecords: () => void;
  /** The partition, wherever it is by now; undefined when it was deleted. */
  readonly partition: () => Resource | undefined;
  /** That it runs, and has all that a guest lives on: its boot LUN, and its storage group where there are such. */
  readonly expectAlive: (where: string) => void;
}

const size = { vcpus: 1, memoryMib: 1024 };

/** A machine on which server "web1" runs with a boot and a data volume. No manager is open. */
export async function startOwnershipScene(machine: 'z13' | 'z16'): Promise<OwnershipScene> {
  const hidden: string[] = [];
  const hmcUsers = [{ userid: 'nova', password: 'nova-on-z', hidden }];
  const world = await startWorld({ machine, hmcUsers });
  const { sim, context, statePath } = world;
  const { model } = sim.hmc;
  await using manager = await world.open();
  await manager.create({ name: 'web1', ...size, volumes: [{ volumeId: 'boot-1' }] }, context);
  const server = await manager.addVolume('web1', 'data-1', {}, context);
  let uri = server.partition_uri!;
  const bootId = server.volumes.find(({ boot_index: index }) => index === 0)!.volume_id;
  const masksOf = () => sim.san.snapshot().arrays.flatMap(({ masks }) => masks.filter((it) => it.volumeId === bootId));
  const groupsOf = () => model.find('partition', uri)?.props['storage-group-uris'] ?? [];
  const ofGuest = { masks: masksOf(), groups: groupsOf() };
  expect(ofGuest.masks.length).toBeGreaterThan(0);
  return {
    world,
    server,
    change: ({ props = {}, isRestored, isHidden }) => {
      Object.assign(model.find('partition', uri)!.props, props);
      if (isRestored === true) uri = restorePartition(world, uri);
      if (isHidden === true) hidden.push(uri);
    },
    loseRecords: () => {
      const database = new DatabaseSync(join(statePath, 'state.db'));
      database.exec('delete from instance_partition');
      database.close();
    },
    partition: () => model.find('partition', uri),
    expectAlive: (where) => {
      expect(model.find('partition', uri)?.props.status, where).toBe('active');
      expect({ masks: masksOf(), groups: groupsOf() }, where).toEqual(ofGuest);
    },
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  };
}

/** As a restore from a backup does: the same partition with the same ports, as another object. @returns its URI */
export function restorePartition({ sim }: World, uri: string): string {
  const { model } = sim.hmc;
  const old = model.find('partition', uri)!;
  const id = 'e5707e57-0000-4000-8000-000000000001';
  const made = `/api/partitions/${id}`;
  const children = model.childrenOf(old);
  const moved = (text: unknown) => (typeof text === 'string' ? text.replace(uri, made) : text);
  model.remove(old);
  const renewed = Object.fromEntries(Object.entries(old.props).map(([key, value]) => [key, moved(value)]));
  model.add('partition', old.parent, { ...renewed, 'object-id': id, 'object-uri': made });
  for (const child of children) {
    const props = { ...child.props, 'element-uri': moved(child.uri) } as typeof child.props;
    model.add(child.class, made, props);
  }
  for (const resource of model.all('virtual-storage-resource')) {
    if (resource.props['partition-uri'] === uri) resource.props['partition-uri'] = made;
  }
  return made;
}

/** What a message about a partition in doubt names: itself, or what tells of it where nothing of it can be seen. */
export function namedBy({ machine, change, record }: OwnershipRow, scene: OwnershipScene): string {
  // With vHBAs, and without a record, only the adapter's connections tell that somebody is there.
  const isUntold = machine === 'z13' && change.isHidden === true && record === 'without a record';
  return isUntold ? 'partitions or storage groups that the user may not see' : (scene.partition()?.uri ?? '');
}

export interface OwnershipRow {
  readonly machine: 'z13' | 'z16';
  readonly change: Change;
  readonly record: 'recorded' | 'without a record';
}

/** Whatever it throws, as a value. */
export async function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => 'done',
    (error: unknown) => error,
  );
}

export type Command = (manager: ComputeManager, scene: OwnershipScene) => Promise<unknown>;
