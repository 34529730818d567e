import { expect, it } from 'vitest';
import type { StorageVolume } from '../../src/hmc-client/index.ts';
import { attachToPartition, checkOrphan, openHmc, request } from '../support/orphans.ts';
import type { OrphanRow, OrphanStage } from '../support/orphans.ts';
import { startWorld } from '../support/world.ts';

/*
 * What somebody has left on a server's own storage, behind the driver's back: vHBAs on a z13, storage volumes since z14.
 */

const z16 = { options: { machine: 'z16' } } as const;

async function run({ manager, world }: OrphanStage): Promise<void> {
  await manager.create(request, world.context);
}

async function rest(stage: OrphanStage): Promise<void> {
  await run(stage);
  await stage.manager.stop('web1', {}, stage.world.context);
}

/** Only the first adapter port is of the domain. */
const onFirstPort: OrphanRow['settings'] = (settings) => ({
  ...settings,
  dpm: { ...settings.dpm, adapterPorts: settings.dpm.adapterPorts.slice(0, 1) },
});

/** A vHBA beside those of the server. @returns its URI */
async function addHba({ world, manager, hmc }: OrphanStage, name: string, port: number): Promise<string> {
  const { partition_uri: uri } = await manager.show('web1', world.context);
  const { adapterObjectId, port: element } = world.settings.dpm.adapterPorts[port]!;
  const adapterPortUri = `/api/adapters/${adapterObjectId}/storage-ports/${element}`;
  return await hmc.hbas.create(uri!, { name, adapterPortUri }, world.context); // it has a partition
}

const second = 'OpenStack_Port_second';

async function bootFrom({ world, manager, hmc }: OrphanStage, hbaUri: string): Promise<void> {
  const { partition_uri: uri } = await manager.show('web1', world.context);
  await hmc.partitions.update(uri!, { bootStorageDevice: hbaUri }, world.context); // it has a partition
}

async function groupOf({ world, hmc }: OrphanStage): Promise<string> {
  const [group] = await hmc.storageGroups.list({ type: 'fcp' }, world.context);
  return group!.uri; // the server has one
}

/** A storage volume beside those of the server. @returns its name */
async function addVolume(stage: OrphanStage, index: number, name?: string): Promise<string> {
  const { id } = stage.world.sim.volumes[index]!;
  const { sizeGib } = stage.world.sim.san.findVolume(id)!; // the array has it
  const volume = { operation: 'create' as const, name: name ?? id, sizeGib, usage: 'data' as const };
  await stage.hmc.storageGroups.modify(await groupOf(stage), { storageVolumes: [volume] }, stage.world.context);
  return volume.name;
}

/** The array presents a volume to a server's ports, and Cinder knows nothing of it. */
async function present({ world: { sim, context }, manager }: OrphanStage, index: number): Promise<void> {
  const { connector } = await manager.show('web1', context);
  const { wwpns } = connector!; // it runs, so it has ports
  const { id } = sim.volumes[index]!;
  sim.san.mapVolume({ volumeId: id, host: 'by hand', initiators: wwpns, lunForm: 'peripheral' });
  for (const initiator of wwpns)
    for (const { wwpn } of sim.san.arrays.flatMap(({ ports }) => ports)) sim.san.zone(initiator, wwpn);
}

const rows: readonly OrphanRow[] = [
  {
    ...{ kinds: ['vhba'], what: 'that is the second one on an adapter port, of a stopped server', isSafe: true },
    prepare: rest,
    make: async (stage) => {
      await addHba(stage, second, 0);
      return second;
    },
  },
  {
    ...{ kinds: ['vhba'], what: 'that is the second one on an adapter port, of a server that runs', isSafe: false },
    prepare: run,
    make: async (stage) => {
      await addHba(stage, second, 0);
      return second;
    },
  },
  {
    ...{ kinds: ['vhba'], what: 'on an adapter port that is not of the domain', isSafe: true },
    settings: onFirstPort,
    prepare: rest,
    make: async (stage) => {
      await addHba(stage, second, 1);
      return second;
    },
  },
  {
    ...{ kinds: ['vhba'], what: 'from which somebody has the server boot', isSafe: false },
    prepare: rest,
    make: async (stage) => {
      await bootFrom(stage, await addHba(stage, second, 0));
      return second;
    },
  },
  {
    ...{ kinds: ['storage-volume'], what: 'named like a Cinder volume that the server has not', isSafe: true, ...z16 },
    prepare: run,
    make: async (stage) => await addVolume(stage, 2),
  },
  {
    ...{ kinds: ['storage-volume'], what: 'of a volume that is in the group already', isSafe: true, ...z16 },
    prepare: run,
    make: async (stage) => await addVolume(stage, 0),
  },
  {
    ...{
      kinds: ['storage-volume'],
      what: 'with a LUN, of a volume that neither server nor Cinder has there',
      isSafe: false,
      ...z16,
    },
    prepare: run,
    make: async (stage) => {
      await present(stage, 2);
      const name = await addVolume(stage, 2);
      stage.world.sim.hmc.discover(await groupOf(stage));
      return name;
    },
  },
  {
    ...{
      kinds: ['storage-volume'],
      what: 'for a LUN that is masked to the server behind all backs',
      isSafe: false,
      ...z16,
    },
    prepare: run,
    make: async (stage) => {
      await present(stage, 2);
      stage.world.sim.hmc.discover(await groupOf(stage));
      return stage.world.sim.san.findVolume(stage.world.sim.volumes[2]!.id)!.uuid.toUpperCase(); // the array has it
    },
  },
  {
    ...{ kinds: ['storage-volume'], what: 'in the group of a partition without a server', isSafe: true, ...z16 },
    prepare: attachToPartition,
    make: async (stage) => await addVolume(stage, 2),
  },
];

it.each(rows)('on the HMC: $kinds $what is listed; safe to remove: $isSafe', checkOrphan);

it('a vHBA on a port that is no longer configured is no orphan while volumes are masked to it', async () => {
  await using world = await startWorld();
  {
    await using before = await world.open();
    await before.create(request, world.context);
  }
  await using manager = await world.open({ settings: onFirstPort(world.settings) });

  expect(await manager.verify(world.context)).toEqual([]);
});

it('objects that an administrator added to a server under other names are neither listed nor changed', async () => {
  for (const machine of ['z13', 'z16'] as const) {
    await using world = await startWorld({ machine });
    await using manager = await world.open();
    await using hmc = openHmc(world);
    const stage = { world, manager, hmc };
    await rest(stage);
    if (machine === 'z13') await addHba(stage, 'tape', 0);
    else await addVolume(stage, 2, 'swap space');
    const theirs = world.sim.snapshot();

    const found = await manager.verify(world.context);
    await manager.repair(found, world.context);

    expect(found).toEqual([]);
    expect(world.sim.snapshot()).toEqual(theirs);
  }
});

it('a start removes the second storage volume of a volume that was added to its group twice', async () => {
  await using world = await startWorld({ machine: 'z16' });
  await using manager = await world.open();
  await using hmc = openHmc(world);
  const stage = { world, manager, hmc };
  await rest(stage);
  const clean = await namesIn(stage);
  await addVolume(stage, 0);
  expect((await namesIn(stage)).length).toBe(clean.length + 1);

  await manager.start('web1', world.context);

  expect((await manager.show('web1', world.context)).status).toBe('ACTIVE');
  expect(await namesIn(stage)).toEqual(clean);
});

it('a detach removes both storage volumes of a volume that was added twice', async () => {
  await using world = await startWorld({ machine: 'z16' });
  await using manager = await world.open();
  await using hmc = openHmc(world);
  const stage = { world, manager, hmc };
  await run(stage);
  const clean = await namesIn(stage);
  const { id } = world.sim.volumes[2]!;
  await manager.addVolume('web1', id, {}, world.context);
  await addVolume(stage, 0);
  await addVolume(stage, 2);

  await manager.removeVolume('web1', id, world.context);

  expect(await namesIn(stage)).toEqual(clean);
});

async function namesIn(stage: OrphanStage): Promise<readonly StorageVolume['name'][]> {
  const { storageVolumeUris } = await stage.hmc.storageGroups.get(await groupOf(stage), stage.world.context);
  const volumes = await stage.hmc.storageVolumes.getMany(storageVolumeUris, stage.world.context);
  return volumes.map(({ name }) => name);
}
