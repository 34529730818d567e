import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { JournalError } from './journal/index.ts';
import { recordBootVolumes } from './boot-volume-records.ts';
import { CheckedDatabase, damaged } from './checked-database.ts';
import { makeStateDirectory } from './state-directory.ts';

/** Raised when the tables change. An older program refuses a newer file. */
const SCHEMA_VERSION = 12;
/** "NDPM" in the header of the file (SQLite's application_id), which identifies a file of this program. */
const APPLICATION_ID = 0x4e44504d;

const schema = `
  create table instance (
    uuid text primary key, name text not null, host text not null, created_at text not null,
    vcpus integer not null, memory_mib integer not null,
    vm_state text not null, task_state text, power_state text not null, fault text, extra_specs text not null
  ) strict;
  create index instance_name on instance (name);
  create table block_device_mapping (
    instance_uuid text not null references instance (uuid) on delete cascade,
    volume_id text not null, size_gib real not null, boot_index integer, device_name text not null,
    delete_on_termination integer not null, mode text not null,
    reservation text, connector text, connection_info text,
    primary key (instance_uuid, volume_id)
  ) strict;
  create table flow (
    id text primary key, flow text not null, subject text, parent text,
    started_at text not null, ended_at text, outcome text
  ) strict;
  create index flow_subject on flow (subject, started_at);
  create table event (
    seq integer primary key autoincrement, flow_id text not null references flow (id), event text not null
  ) strict;
  create index event_flow on event (flow_id, seq);
`;

/** Since version 2. */
const localVolumes = `
  create table local_volume (
    volume_id text not null, place text not null, record text not null, primary key (volume_id, place)
  ) strict;
`;

/** Since version 3. Outlives its instance's record, since the partition may still exist. */
const instancePartitions = `
  create table instance_partition (
    instance_uuid text primary key, partition_uri text, wwpns text not null, storage_group_uri text,
    is_begun_here integer not null
  ) strict;
  create index instance_partition_uri on instance_partition (partition_uri);
`;

/** The condition for open flows, in the index and in queries. */
export const isOpen = "outcome is null or outcome in ('stuck', 'waiting')";

/** Since version 6. Waiting flows are open too; an older program would consider them damaged. */
const openFlows = `
  drop index if exists flow_open;
  create index flow_open on flow (started_at) where ${isOpen};
`;

/** Since version 4. */
const preparedGroups = 'alter table instance_partition add column prepared_group_uri text;';

/** Since version 5. The volumes of older servers are connected. */
const connectedVolumes = `
  alter table instance_partition add column is_connected integer not null default 1;
  alter table instance_partition add column boot_volume text;
`;

/** Since version 6. */
const parkedPartitions = 'alter table instance_partition add column is_parked integer not null default 0;';

/** Since version 7. Null for a volume that an older version attached. */
const volumeNames = 'alter table block_device_mapping add column volume_name text;';

/** Since version 8. Events of older versions have no time and no request. */
const eventTimes = `
  alter table event add column at text;
  alter table event add column request_id text;
`;

/** Since version 8. */
const serverActions = `
  create table server_action (
    id text primary key, server text not null, name text not null, action text not null, request_id text not null,
    started_at text not null, ended_at text, error text
  ) strict;
  create index server_action_server on server_action (server, started_at);
`;

/** Since version 9. */
const instanceNetworks = `
  create table instance_network (
    instance_uuid text not null references instance (uuid) on delete cascade,
    interface_id text not null, network text not null, vif text not null,
    primary key (instance_uuid, interface_id)
  ) strict;
`;

/** Since version 10. Null if the user gave none. */
const descriptions = 'alter table instance add column description text;';

/** Since version 11. */
const serverRequests = `
  create table server_request (
    instance_uuid text primary key references instance (uuid) on delete cascade,
    request_id text not null, requested_at text not null, power_on integer not null, attempts integer not null
  ) strict;
`;

/** Since version 12: instances of Nova, served by `dpm serve`. Outlives the partition until nothing is left. */
const servedInstances = `
  create table served_instance (
    instance_uuid text primary key, name text not null, since text not null, destroyed_at text, rescue text
  ) strict;
`;

/**
 * Opens or creates the database of instances and journal in the state directory. Only its owner can read it.
 *
 * Durable: write-ahead log with a sync at every commit, so that an intent is on disk before its effect.
 *
 * Checks only the header and the version. Other damage is found when the damaged part is read.
 *
 * @throws JournalError when the file is not a database of this program, is of a newer version, or cannot be created. The file is
 * not changed then.
 */
export function openDatabase(statePath: string): DatabaseSync {
  const file = join(statePath, 'state.db');
  try {
    makeStateDirectory(statePath);
    if (!existsSync(file)) create(file);
    return openFile(file);
  } catch (error) {
    if (error instanceof JournalError) throw error;
    throw new JournalError(`open ${file}`, { file }, { cause: error });
  }
}

/**
 * Creates the database under another name first. Two processes that switch the same new database to a write-ahead log wait
 * for each other until one of them fails (sqlite.org/wal.html: the switch needs an exclusive lock).
 */
function create(file: string): void {
  const draft = `${file}-${randomUUID()}`;
  try {
    openFile(draft).close();
    chmodSync(draft, 0o600);
    publish(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Gives the draft its name, unless another process was faster. */
function publish(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch {
    if (!existsSync(file)) renameSync(draft, file); // the file system has no hard links
  }
}

function openFile(file: string): DatabaseSync {
  const database = new CheckedDatabase(file);
  try {
    database.exec('pragma busy_timeout = 5000'); // Node.js before 22.16 has no such option
    migrate(database, file);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function migrate(database: DatabaseSync, file: string): void {
  const version = readPragma(database, 'user_version');
  const isEmpty = version === 0 && database.prepare('select 1 from sqlite_schema').get() === undefined;
  if (!isEmpty && readPragma(database, 'application_id') !== APPLICATION_ID) {
    throw new JournalError(`${file} was not made by this program`, { file });
  }
  if (version > SCHEMA_VERSION) {
    const text = `${file} is of version ${version}, made by a newer program (this one knows ${SCHEMA_VERSION})`;
    throw new JournalError(text, { file });
  }
  if (version < SCHEMA_VERSION) requireSound(database, file);
  database.exec('pragma journal_mode = wal; pragma synchronous = full;');
  const marks = `pragma application_id = ${APPLICATION_ID}; pragma user_version = ${SCHEMA_VERSION};`;
  if (version === SCHEMA_VERSION) return;
  inTransaction(database, () => {
    // Another process may have created or migrated the file meanwhile.
    const now = readPragma(database, 'user_version');
    if (now < 1) database.exec(schema);
    if (now < 2) database.exec(localVolumes);
    if (now < 3) database.exec(instancePartitions);
    if (now < 4) database.exec(preparedGroups);
    if (now < 5) {
      database.exec(connectedVolumes);
      recordBootVolumes(database);
    }
    if (now < 6) {
      database.exec(parkedPartitions);
      database.exec(openFlows);
    }
    if (now < 7) {
      database.exec(volumeNames);
    }
    if (now < 8) {
      database.exec(eventTimes);
      database.exec(serverActions);
    }
    if (now < 9) {
      database.exec(instanceNetworks);
    }
    if (now < 10) {
      database.exec(descriptions);
    }
    if (now < 11) {
      database.exec(serverRequests);
    }
    if (now < 12) {
      database.exec(servedInstances);
      database.exec(marks);
    }
  });
}

/** Reads the whole file once before a migration, so that a damaged file is not rewritten. */
function requireSound(database: DatabaseSync, file: string): void {
  const verdict = database.prepare('pragma quick_check').get()?.quick_check;
  if (verdict !== 'ok') throw damaged(file, undefined, ` (${String(verdict).replaceAll(/\s+/g, ' ')})`);
}

function readPragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`pragma ${name}`).get()?.[name] ?? 0);
}

/** Does the work. @throws JournalError naming the file when SQLite cannot write, for example to a full or read-only disk */
export function writing<T>(database: DatabaseSync, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR')) throw error;
    const file = String(database.prepare('pragma database_list').get()?.file);
    throw new JournalError(`write ${file}`, { file }, { cause: error });
  }
}

/** Does all of `work` or nothing. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('begin immediate');
  try {
    const result = work();
    database.exec('commit');
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** Rolls back, if the transaction is still active (a full disk has ended it). Node.js before 22.16 has no such test. */
function rollBack(database: DatabaseSync): void {
  try {
    database.exec('rollback');
  } catch (error) {
    if (!String(error).includes('no transaction is active')) throw error;
  }
}
