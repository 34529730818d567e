import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { temporaryFiles } from '../../test/support/packages.ts';
import { bootPath, createDatabase, record } from '../../test/support/state-database.ts';
import { openDatabase } from './database.ts';
import { InstanceStore } from './instances.ts';
import { ServedInstances } from './served-instances.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { SqlitePartitionRecords } from './sqlite-partition-records.ts';

/** Returns the SQL that removes columns which an older version did not have. */
function without(...columns: readonly string[]): string {
  return columns.map((column) => `alter table instance_partition drop column ${column};`).join(' ');
}

/** Removes what version 12 added: the instances of Nova. */
const beforeVersion12 = 'drop table served_instance;';

/** Removes what version 11 added: the requests for the running service. */
const beforeVersion11 = `${beforeVersion12} drop table server_request;`;

/** Removes what version 10 added: the descriptions of servers. */
const beforeVersion10 = `${beforeVersion11} alter table instance drop column description;`;

/** Removes what version 9 added: the networks of servers. */
const beforeVersion9 = `${beforeVersion10} drop table instance_network;`;

/** Removes what version 8 added: the times and requests of events, and the history of actions without a flow. */
const beforeVersion8 = `${beforeVersion9} drop table server_action; alter table event drop column at; alter table event drop column request_id;`;

/** The volumes of versions up to 6 have no names. */
const unnamed = `${beforeVersion8} alter table block_device_mapping drop column volume_name;`;

describe('a database of an older version', () => {
  test('of version 1 gets what it lacks, and keeps what it has', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(createDatabase(directory.path));
    old.exec(`drop table local_volume; drop table instance_partition; ${unnamed} pragma user_version = 1;`);
    old.close();

    const database = openDatabase(directory.path);

    expect(new InstanceStore(database).list()).toEqual([record]);
    expect(database.prepare('select * from local_volume').all()).toEqual([]);
    expect(database.prepare('pragma user_version').get()).toEqual({ user_version: 12 });
    database.close();
  });

  test('of version 2 gets the records of partitions, and knows the ports of its servers by their connectors', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(createDatabase(directory.path));
    const connector = { host: record.uuid, wwpns: ['c05076ffe8000001', 'c05076ffe8000002'], multipath: true };
    const device = `insert into block_device_mapping (instance_uuid, volume_id, size_gib, device_name,
      delete_on_termination, mode, connector) values (?, 'v1', 1, '/dev/sda', 0, 'rw', ?)`;
    old.prepare(device).run(record.uuid, JSON.stringify(connector));
    old.exec(`drop table instance_partition; ${unnamed} pragma user_version = 2;`);
    old.close();

    const database = openDatabase(directory.path);
    const records = new SqlitePartitionRecords(database, { access: 'write' });

    const nowhere = {
      partitionUri: null,
      storageGroupUri: null,
      preparedGroupUri: null,
      isConnected: true,
      bootVolume: null,
    };
    const known = { instanceUuid: record.uuid, wwpns: connector.wwpns, ...nowhere };
    expect(new InstanceStore(database).list()).toEqual([record]);
    expect(records.find(record.uuid)).toEqual({ ...known, isBegunHere: false });
    records.put({ ...known, wwpns: [], partitionUri: '/api/partitions/p', isBegunHere: false });
    expect(records.list()).toEqual([{ ...known, partitionUri: '/api/partitions/p', isBegunHere: false }]);
    database.close();
  });

  test('of version 3 keeps the records of partitions, which tell no prepared group yet', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(createDatabase(directory.path));
    old.exec(
      `${without('prepared_group_uri', 'is_connected', 'boot_volume', 'is_parked')} ${unnamed} pragma user_version = 3;`,
    );
    const row = `insert into instance_partition values (?, '/api/partitions/p', '[]', '/api/storage-groups/g', 1)`;
    old.prepare(row).run(record.uuid);
    old.close();

    const database = openDatabase(directory.path);

    expect(new SqlitePartitionRecords(database, { access: 'read' }).find(record.uuid)).toEqual({
      instanceUuid: record.uuid,
      partitionUri: '/api/partitions/p',
      wwpns: [],
      storageGroupUri: '/api/storage-groups/g',
      preparedGroupUri: null,
      isBegunHere: true,
      isConnected: true,
      bootVolume: null,
    });
    expect(database.prepare('pragma user_version').get()).toEqual({ user_version: 12 });
    database.close();
  });

  test('of version 4 knows what its servers boot from by the journal of their spawns', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(createDatabase(directory.path));
    const writeSpawn = (id: string, subject: string, outcome: string | null, startedAt: string) => {
      const flow = 'insert into flow (id, flow, subject, started_at, outcome) values (?, ?, ?, ?, ?)';
      old.prepare(flow).run(id, 'spawn', subject, startedAt, outcome);
      const volume = { isBoot: true, volumeId: `boot-of-${id}`, paths: [bootPath], sizeGib: 1, naa: null };
      const output = [{ ...volume, isBoot: false }, volume];
      const events = ['no json', JSON.stringify({ kind: 'succeeded', step: 'settle-storage', output })];
      for (const event of events) old.prepare('insert into event (flow_id, event) values (?, ?)').run(id, event);
    };
    writeSpawn('newer', record.uuid, 'completed', '2026-02-01T00:00:00.000Z');
    writeSpawn('older', record.uuid, 'completed', '2026-01-01T00:00:00.000Z');
    writeSpawn('failed', record.uuid, 'rolled-back', '2026-03-01T00:00:00.000Z');
    writeSpawn('forgotten', '00000000-0000-4000-8000-000000000000', 'completed', '2026-01-01T00:00:00.000Z');
    old.exec(`${without('is_connected', 'boot_volume', 'is_parked')} ${unnamed} pragma user_version = 4;`);
    old.close();

    const database = openDatabase(directory.path);
    const records = new SqlitePartitionRecords(database, { access: 'write' });

    expect(records.list()).toEqual([
      {
        instanceUuid: record.uuid,
        partitionUri: null,
        wwpns: [],
        storageGroupUri: null,
        preparedGroupUri: null,
        isBegunHere: false,
        isConnected: true,
        bootVolume: { volumeId: 'boot-of-newer', paths: [bootPath] },
      },
    ]);
    database.close();
  });

  test('of version 5 has no parked partition', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(createDatabase(directory.path));
    old.exec(`${without('is_parked')} ${unnamed} pragma user_version = 5;`);
    const row = `insert into instance_partition values (?, '/api/partitions/p', '[]', null, 1, null, 1, null)`;
    old.prepare(row).run(record.uuid);
    old.close();

    const database = openDatabase(directory.path);
    const records = new SqlitePartitionRecords(database, { access: 'write' });

    const known = records.find(record.uuid)!;
    expect(known).toMatchObject({ partitionUri: '/api/partitions/p' });
    expect(known.isParked).toBeUndefined();
    records.put({ ...known, isParked: true });
    expect(records.list()).toEqual([{ ...known, isParked: true }]);
    records.put({ ...known, isParked: false });
    expect(records.list()).toEqual([known]);
    database.close();
  });

  test('of version 6 keeps its volumes, which have no names yet', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(createDatabase(directory.path));
    const device = `insert into block_device_mapping (instance_uuid, volume_id, size_gib, device_name,
      delete_on_termination, mode) values (?, 'v1', 1, '/dev/sda', 0, 'rw')`;
    old.prepare(device).run(record.uuid);
    old.exec(`${unnamed} pragma user_version = 6;`);
    old.close();

    const database = openDatabase(directory.path);
    const store = new InstanceStore(database);

    expect(store.devices(record.uuid)).toMatchObject([{ volumeId: 'v1', volumeName: null }]);
    expect(database.prepare('pragma user_version').get()).toEqual({ user_version: 12 });
    database.close();
  });

  test('of version 7 keeps its flows, whose events have neither time nor request', async () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(createDatabase(directory.path));
    old.exec(`${beforeVersion8} pragma user_version = 7;`);
    old.exec(`insert into flow (id, flow, subject, started_at) values ('f', 'build', 'u', '2026-01-01T00:00:00.000Z')`);
    const begun = { kind: 'flow-started', flow: 'build', input: { name: 'web1' }, subject: 'u' } as const;
    old.prepare('insert into event (flow_id, event) values (?, ?)').run('f', JSON.stringify(begun));
    old.close();

    const database = openDatabase(directory.path);
    const journal = new SqliteJournal(database);
    await journal.append('f', { kind: 'started', step: 'spawn' }, 'req-1');

    const [first, second] = await journal.read('f');
    expect(first).toEqual(begun);
    expect(second).toEqual({ kind: 'started', step: 'spawn', at: expect.any(String) as string, requestId: 'req-1' });
    expect(await journal.list()).toMatchObject([{ id: 'f', name: 'web1', requestId: undefined, state: 'running' }]);
    expect(journal.ofRequest('req-1')).toEqual(new Set(['f']));
    database.close();
  });

  test('of version 8 keeps its servers, which have no networks', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(createDatabase(directory.path));
    old.exec(`${beforeVersion9} pragma user_version = 8;`);
    old.close();

    const database = openDatabase(directory.path);
    const store = new InstanceStore(database);

    expect(store.list()).toEqual([record]);
    expect(store.networks(record.uuid)).toEqual([]);
    expect(database.prepare('pragma user_version').get()).toEqual({ user_version: 12 });
    database.close();
  });

  test('of version 9 keeps its servers, which have no description', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(createDatabase(directory.path));
    old.exec(`${beforeVersion10} pragma user_version = 9;`);
    old.close();

    const database = openDatabase(directory.path);
    const store = new InstanceStore(database);

    expect(store.list()).toEqual([record]);
    store.change(record.uuid, { description: 'web server' });
    expect(store.get(record.uuid).description).toBe('web server');
    database.close();
  });

  test('of version 10 serves no instance of Nova', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(createDatabase(directory.path));
    old.exec(`${beforeVersion11} pragma user_version = 10;`);
    old.close();

    const database = openDatabase(directory.path);

    expect(new ServedInstances(database).list()).toEqual([]);
    database.close();
  });
});
