import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { openCinder } from '../../src/cinder-client/index.ts';
import { openHostWorld } from '../support/host-world.ts';
import { attachToPartition, checkOrphan, request } from '../support/orphans.ts';
import type { OrphanRow, OrphanStage } from '../support/orphans.ts';
import { quickCinder } from '../support/quick-policies.ts';
import { startWorld } from '../support/world.ts';

/*
 * Orphans made behind the driver's back, one kind a row: each is found and named, --repair clears the safe ones, and
 * leaves the others as they are. What is left is read from the simulators, not from the code under test. Those of a
 * server's own storage are in another file, and so are those of hosts.
 */

/** An instance that was here, and is gone: the journal knows it. */
async function former({
  world,
  manager,
}: OrphanStage): Promise<{ readonly id: string; readonly wwpns: readonly string[] }> {
  const { id, connector } = await manager.create(request, world.context);
  await manager.delete('web1', world.context);
  return { id, wwpns: connector?.wwpns ?? [] };
}

async function makePartition({ world, hmc }: OrphanStage, uuid: string): Promise<string> {
  const name = `OpenStack-compute1-${uuid}`;
  const size = { iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 };
  const kind = { type: 'linux' as const, processorMode: 'shared' as const };
  const description = 'OpenStack CPCSubset=compute1';
  await hmc.partitions.create(
    `/api/cpcs/${world.sim.hmc.cpcObjectId}`,
    { name, description, ...kind, ...size },
    world.context,
  );
  return name;
}

async function makeGroup({ world, hmc }: OrphanStage, uuid: string): Promise<string> {
  const name = `OpenStack-compute1-${uuid}`;
  const group = { name, type: 'fcp' as const, description: 'OpenStack CPCSubset=compute1', shared: false };
  const cpcUri = `/api/cpcs/${world.sim.hmc.cpcObjectId}`;
  await hmc.storageGroups.create(
    { ...group, cpcUri, connectivity: 2, maxPartitions: 1, storageVolumes: [] },
    world.context,
  );
  return name;
}

/** An attachment that Cinder is asked for beside the driver. @returns its id */
async function attach({ world }: OrphanStage, wwpns: readonly string[], instanceUuid?: string): Promise<string> {
  using cinder = openCinder({ ...world.settings.cinder, ...quickCinder });
  const connector = { host: 'somewhere', wwpns, multipath: true };
  const volumeId = world.sim.volumes[2]!.id;
  const named = instanceUuid === undefined ? {} : { instanceUuid };
  const { id } = await cinder.attachments.create({ volumeId, connector, ...named }, world.context);
  expect(world.sim.san.snapshot().arrays.flatMap(({ masks }) => masks.map((mask) => mask.volumeId))).toContain(
    volumeId,
  );
  return id;
}

/** A line in the journal that no process has written to its end. */
function writeFlow({ world }: OrphanStage, event: string): string {
  const database = new DatabaseSync(join(world.statePath, 'state.db'));
  const id = randomUUID();
  const columns = 'insert into flow (id, flow, subject, parent, started_at) values (?, ?, ?, null, ?)';
  database.prepare(columns).run(id, 'delete', randomUUID(), '2026-01-01T00:00:00.000Z');
  database.prepare('insert into event (flow_id, event) values (?, ?)').run(id, event);
  database.close();
  return id;
}

/** Of no server, so that a resume has nothing to do. */
function unfinished(): string {
  const input = { instanceUuid: randomUUID(), name: 'gone', volumeIds: [], doomedVolumeIds: [] };
  return JSON.stringify({ kind: 'flow-started', flow: 'delete', subject: input.instanceUuid, input });
}

const create = async ({ manager, world }: OrphanStage) => {
  await manager.create(request, world.context);
};

const rows: readonly OrphanRow[] = [
  {
    ...{ kinds: ['partition'], what: 'of an instance that was deleted here', isSafe: true },
    make: async (stage) => await makePartition(stage, (await former(stage)).id),
  },
  {
    ...{ kinds: ['partition'], what: 'of an instance of which the journal knows nothing', isSafe: false },
    make: async (stage) => await makePartition(stage, randomUUID()),
  },
  {
    ...{
      kinds: ['storage-group'],
      what: 'of an instance that was deleted here',
      isSafe: true,
      options: { machine: 'z16' },
    },
    make: async (stage) => await makeGroup(stage, (await former(stage)).id),
  },
  {
    ...{
      kinds: ['storage-group'],
      what: 'of which the journal knows nothing',
      isSafe: false,
      options: { machine: 'z16' },
    },
    make: async (stage) => await makeGroup(stage, randomUUID()),
  },
  {
    ...{ kinds: ['attachment'], what: 'and LUN mask for WWPNs that went with their partition', isSafe: true },
    make: async (stage) => {
      const { id, wwpns } = await former(stage);
      using scene = openHostWorld(stage.world);
      const volume = { volumeId: stage.world.sim.volumes[2]!.id, instanceUuid: id };
      const connector = { host: id, wwpns, multipath: true };
      const made = await scene.cinder.attachments.create({ ...volume, connector }, stage.world.context);
      expect(stage.world.sim.san.snapshot().arrays.flatMap(({ masks }) => masks)).not.toEqual([]);
      return made.id;
    },
  },
  {
    ...{ kinds: ['attachment'], what: 'that names nobody, for WWPNs that went with their partition', isSafe: false },
    make: async (stage) => await attach(stage, (await former(stage)).wwpns),
  },
  {
    ...{
      kinds: ['attachment'],
      what: 'that names nobody, for WWPNs that went with their storage group',
      isSafe: false,
      options: { machine: 'z16' },
    },
    make: async (stage) => await attach(stage, (await former(stage)).wwpns),
  },
  {
    ...{ kinds: ['attachment'], what: 'of an instance elsewhere, for WWPNs that went with a partition', isSafe: false },
    make: async (stage) => await attach(stage, (await former(stage)).wwpns, randomUUID()),
  },
  {
    ...{ kinds: ['attachment'], what: 'that names nobody, for ports of a server', isSafe: false },
    prepare: create,
    make: async (stage) => {
      const { connector } = await stage.manager.show('web1', stage.world.context);
      return await attach(stage, connector!.wwpns); // it runs, so it has ports
    },
  },
  {
    ...{
      kinds: ['attachment'],
      what: 'that names nobody, for ports made for a partition without a server',
      isSafe: false,
    },
    prepare: attachToPartition,
    make: async (stage) => {
      const { wwpns } = await stage.manager.getPartitionConnector('payroll', stage.world.context);
      return await attach(stage, wwpns);
    },
  },
  {
    ...{ kinds: ['attachment'], what: 'of a server that does not count it', isSafe: false },
    prepare: create,
    make: async (stage) => {
      const { id, connector } = await stage.manager.show('web1', stage.world.context);
      return await attach(stage, connector!.wwpns, id);
    },
  },
  {
    ...{
      kinds: ['volume'],
      what: 'that was reserved in the legacy flow, long after the request ended',
      isSafe: false,
      options: { cinder: { maxMicroversion: '3.43' } },
    },
    make: async (stage) => {
      await former(stage);
      const { id } = stage.world.sim.volumes[0]!;
      using cinder = openCinder({ ...stage.world.settings.cinder, ...quickCinder });
      await cinder.actions.reserve(id, stage.world.context);
      return id;
    },
  },
  {
    ...{ kinds: ['volume'], what: 'of a partition without a server, which a late request has recreated', isSafe: true },
    prepare: attachToPartition,
    make: async ({ manager, world }) => {
      using cinder = openCinder({ ...world.settings.cinder, ...quickCinder });
      const [attachment] = await cinder.attachments.list({}, world.context);
      const { volumeId, id } = attachment!; // there is one
      const connector = await manager.getPartitionConnector('payroll', world.context);
      await cinder.attachments.update(id, connector, world.context);
      return volumeId;
    },
  },
  {
    ...{ kinds: ['volume'], what: 'of a partition without a server, which nobody is detaching', isSafe: true },
    prepare: attachToPartition,
    make: async ({ world }) => {
      using cinder = openCinder({ ...world.settings.cinder, ...quickCinder });
      const [attachment] = await cinder.attachments.list({}, world.context);
      const { volumeId } = attachment!; // there is one
      await cinder.actions.beginDetaching(volumeId, world.context);
      return volumeId;
    },
  },
  {
    ...{ kinds: ['server', 'volume'], what: 'of which somebody has deleted partition and attachment', isSafe: false },
    prepare: create,
    make: async ({ world, manager, hmc }) => {
      const { partition_uri: uri, volumes } = await manager.show('web1', world.context);
      await manager.stop('web1', {}, world.context);
      await hmc.partitions.delete(uri!, world.context); // it has one
      using cinder = openCinder({ ...world.settings.cinder, ...quickCinder });
      await cinder.attachments.delete(volumes[0]!.attachment_id!, world.context);
      return 'web1';
    },
  },
  {
    ...{ kinds: ['server'], what: 'whose partition somebody has deleted', isSafe: false },
    make: async ({ world, manager, hmc }) => {
      const server = await manager.create(request, world.context);
      await manager.stop('web1', {}, world.context);
      await hmc.partitions.delete(server.partition_uri ?? '', world.context);
      return 'web1';
    },
  },
  {
    ...{ kinds: ['flow'], what: 'that no process is at any more', isSafe: true },
    make: (stage) => Promise.resolve(writeFlow(stage, unfinished())),
  },
  {
    ...{ kinds: ['flow'], what: 'whose history cannot be read', isSafe: false },
    make: (stage) => Promise.resolve(writeFlow(stage, unfinished().slice(0, 40))),
  },
  {
    ...{ kinds: ['flow'], what: 'that was stuck, because the HMC denied a delete', isSafe: true },
    make: async ({ world, manager }) => {
      await manager.create(request, world.context);
      const kind = { type: 'refuse', status: 403, reason: 1 } as const;
      const rule = { id: 'deny', server: 'hmc', operation: 'Delete Partition', when: { times: -1 }, kind } as const;
      world.sim.faults.add(rule);
      await expect(manager.delete('web1', world.context)).rejects.toThrow(/stuck/);
      world.sim.faults.clear();
      const open = await manager.listFlows({ open: true });
      return open.find(({ parent }) => parent === undefined)!.id; // it is stuck
    },
  },
];

it.each(rows)('on HMC and Cinder: $kinds $what is listed; safe to remove: $isSafe', checkOrphan);

it("what is another's is not found: attachments for ports that were never ours, and volumes that were never here", async () => {
  await using world = await startWorld({ cinder: { maxMicroversion: '3.43' } });
  await using manager = await world.open();
  await manager.create(request, world.context);
  using cinder = openCinder({ ...world.settings.cinder, ...quickCinder });
  await cinder.actions.reserve(world.sim.volumes[3]!.id, world.context);
  await using today = await startWorld();
  await using other = await today.open();
  await other.create(request, today.context);
  using scene = openHostWorld(today);
  await scene.attachElsewhere('data-1');

  expect(await manager.verify(world.context)).toEqual([]);
  expect(await other.verify(today.context)).toEqual([]);
});
