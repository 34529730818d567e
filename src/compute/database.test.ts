import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { describeError, lunSchema, parseWwpn } from '../base/index.ts';
import { JournalError } from './journal/index.ts';
import { temporaryFiles } from '../../test/support/packages.ts';
import { inTransaction, openDatabase } from './database.ts';
import { InstanceStore } from './instances.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { SqlitePartitionRecords } from './sqlite-partition-records.ts';
import type { InstanceRecord } from './instances.ts';

const record: InstanceRecord = {
  uuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6',
  name: 'web1',
  host: 'compute1',
  createdAt: '2026-01-01T00:00:00.000Z',
  vcpus: 2,
  memoryMib: 4096,
  vmState: 'active',
  taskState: null,
  powerState: 'running',
  fault: null,
  extraSpecs: {},
};

const admit = () => undefined;

const bootPath = {
  initiatorWwpn: parseWwpn('c05076ffe8000001')!,
  targetWwpn: parseWwpn('500507680b214ac1')!,
  lun: lunSchema.parse('0000000000000000'),
  deviceNumber: '8001',
};

/** What brings the records of partitions back to a version that had not these columns yet. */
function without(...columns: readonly string[]): string {
  return columns.map((column) => `alter table instance_partition drop column ${column};`).join(' ');
}

/** A state directory with one server in it, closed. */
function used(path: string): string {
  const database = openDatabase(path);
  new InstanceStore(database).create(record, [], admit);
  database.close();
  return join(path, 'state.db');
}

/** @param page - the first is 0 */
function overwrite(file: string, page: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, page * 4096, (page + 1) * 4096);
  writeFileSync(file, bytes);
}

/** Opens and is refused. @returns the whole message */
function refusal(path: string): string {
  let message = '';
  expect(() => {
    try {
      openDatabase(path).close();
    } catch (error) {
      message = describeError(error);
      throw error;
    }
  }).toThrow(JournalError);
  return message;
}

describe('the database of the state directory', () => {
  test('is made with its directory, for its owner alone', () => {
    using directory = temporaryFiles();
    const path = join(directory.path, 'deep', 'state');

    openDatabase(path).close();

    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, 'state.db')).mode & 0o777).toBe(0o600);
  });

  test('keeps what was put into it', () => {
    using directory = temporaryFiles();
    used(directory.path);
    const database = openDatabase(directory.path);

    expect(new InstanceStore(database).list()).toEqual([record]);
    database.close();
  });

  test('is written through to the disk at each commit', () => {
    using directory = temporaryFiles();
    const database = openDatabase(directory.path);

    expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(database.prepare('pragma synchronous').get()).toEqual({ synchronous: 2 }); // full
    database.close();
  });

  test('of version 1 gets what it lacks, and keeps what it has', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(used(directory.path));
    old.exec('drop table local_volume; drop table instance_partition; pragma user_version = 1;');
    old.close();

    const database = openDatabase(directory.path);

    expect(new InstanceStore(database).list()).toEqual([record]);
    expect(database.prepare('select * from local_volume').all()).toEqual([]);
    expect(database.prepare('pragma user_version').get()).toEqual({ user_version: 6 });
    database.close();
  });

  test('of version 2 gets the records of partitions, and knows the ports of its servers by their connectors', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(used(directory.path));
    const connector = { host: record.uuid, wwpns: ['c05076ffe8000001', 'c05076ffe8000002'], multipath: true };
    const device = `insert into block_device_mapping (instance_uuid, volume_id, size_gib, device_name,
      delete_on_termination, mode, connector) values (?, 'v1', 1, '/dev/sda', 0, 'rw', ?)`;
    old.prepare(device).run(record.uuid, JSON.stringify(connector));
    old.exec('drop table instance_partition; pragma user_version = 2;');
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
    const old = new DatabaseSync(used(directory.path));
    old.exec(`${without('prepared_group_uri', 'is_connected', 'boot_volume', 'is_parked')} pragma user_version = 3;`);
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
    expect(database.prepare('pragma user_version').get()).toEqual({ user_version: 6 });
    database.close();
  });

  test('of version 4 knows what its servers boot from by the journal of their spawns', () => {
    using directory = temporaryFiles();
    const old = new DatabaseSync(used(directory.path));
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
    old.exec(`${without('is_connected', 'boot_volume', 'is_parked')} pragma user_version = 4;`);
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
    const old = new DatabaseSync(used(directory.path));
    old.exec(`${without('is_parked')} pragma user_version = 5;`);
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

  test('keeps the record of a partition whose server is forgotten, and writes none for a reader', () => {
    using directory = temporaryFiles();
    used(directory.path);
    const database = openDatabase(directory.path);
    const kept = {
      instanceUuid: record.uuid,
      partitionUri: '/api/partitions/p',
      wwpns: [parseWwpn('c05076ffe8000001')!],
      storageGroupUri: '/api/storage-groups/g',
      preparedGroupUri: '/api/storage-groups/prepared',
      isBegunHere: true,
      isConnected: true,
      bootVolume: { volumeId: 'v1', paths: [bootPath] },
    };
    new SqlitePartitionRecords(database, { access: 'write' }).put(kept);
    new InstanceStore(database).delete(record.uuid);
    const reader = new SqlitePartitionRecords(database, { access: 'read' });
    reader.put({ ...kept, partitionUri: null });

    expect(reader.list()).toEqual([kept]);
    database.close();
  });

  test('may be an empty file, as a process leaves it that died while it made it', () => {
    using directory = temporaryFiles({ 'state.db': '' });

    expect(new InstanceStore(openDatabase(directory.path)).list()).toEqual([]);
  });
});

describe('a database is refused, and not a byte of it is changed,', () => {
  /** Lets a file be refused, and compares it. */
  function expectUntouched(path: string): string {
    const file = join(path, 'state.db');
    const before = readFileSync(file);
    const message = refusal(path);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(existsSync(`${file}-wal`)).toBe(false);
    expect(message).toContain(file);
    return message;
  }

  test('that is of a newer version', () => {
    using directory = temporaryFiles();
    const database = new DatabaseSync(used(directory.path));
    database.exec('pragma user_version = 7; pragma journal_mode = delete;');
    database.close();

    expect(expectUntouched(directory.path)).toContain('is of version 7, made by a newer program (this one knows 6)');
  });

  test('that is no database at all', () => {
    using directory = temporaryFiles({ 'state.db': 'shopping list: milk, bread\n'.repeat(100) });

    expect(expectUntouched(directory.path)).toContain('not a database');
  });

  test("that is another program's", () => {
    using directory = temporaryFiles();
    const database = new DatabaseSync(join(directory.path, 'state.db'));
    database.exec("create table recipe (name text); insert into recipe values ('bread');");
    database.close();

    expect(expectUntouched(directory.path)).toContain('was not made by this program');
  });

  test('that ends too early', () => {
    using directory = temporaryFiles();
    const file = used(directory.path);
    truncateSync(file, statSync(file).size - 5_000);

    expect(expectUntouched(directory.path)).toMatch(/damaged|malformed|not a database/);
  });

  test.each([1, 2, 3, 4])('of an older version, whose page %i was overwritten', (page) => {
    using directory = temporaryFiles();
    const file = used(directory.path);
    const old = new DatabaseSync(file);
    old.exec('pragma user_version = 5');
    old.close();
    overwrite(file, page);

    expect(expectUntouched(directory.path)).toMatch(/damaged .*put a backup of the state directory in its place/);
  });

  test('that is a directory', () => {
    using directory = temporaryFiles({ 'state.db/x': '' });

    expect(refusal(directory.path)).toContain('state.db');
  });
});

test('a state directory that cannot be made is named', () => {
  using directory = temporaryFiles({ file: '' });

  expect(refusal(join(directory.path, 'file', 'state'))).toMatch(/open .*file\/state\/state\.db: .*ENOTDIR/);
});

test.runIf(existsSync('/proc/self'))(
  'a state directory where nothing can be made is refused, not tried for ever',
  () => {
    expect(refusal('/proc/nothing-here/state')).toMatch(/open .*state\.db: .*ENOENT/);
  },
);

describe('a database that is damaged further in', () => {
  /** Everything that is kept there, read as the program does. */
  const reads = (database: DatabaseSync): readonly (() => unknown)[] => {
    const records = new SqlitePartitionRecords(database, { access: 'read' });
    return [
      () => new InstanceStore(database).list(),
      () => new InstanceStore(database).find(record.uuid),
      () => new InstanceStore(database).devices(record.uuid),
      () => new InstanceStore(database).devicesOf('v1'),
      () => records.list(),
      () => database.prepare('select id from flow').all(),
    ];
  };

  test.each([1, 2, 3, 4])(
    'in page %i is reported with advice by each read of it, and the file is not changed',
    (page) => {
      using directory = temporaryFiles();
      const file = used(directory.path);
      overwrite(file, page);
      const before = readFileSync(file);
      const database = openDatabase(directory.path);

      const failures = reads(database).flatMap((read) => {
        try {
          read();
          return [];
        } catch (error) {
          expect(error).toBeInstanceOf(JournalError);
          return [describeError(error)];
        }
      });

      database.close();
      expect(failures.length).toBeGreaterThan(0);
      for (const failure of failures) expect(failure).toMatch(/state\.db is damaged: put a backup .*: .*malformed/);
      expect(readFileSync(file).equals(before)).toBe(true);
    },
  );

  test('keeps nobody from what is sound, however large it is', async () => {
    using directory = temporaryFiles();
    const file = used(directory.path);
    const full = openDatabase(directory.path);
    const journal = new SqliteJournal(full);
    const text = 'x'.repeat(3_000);
    for (const id of ['a', 'b', 'c'])
      for (const event of [
        { kind: 'flow-started', flow: 'build', input: text, subject: record.uuid } as const,
        { kind: 'flow-ended', outcome: 'completed' } as const,
      ])
        await journal.append(id, event);
    full.close();
    const page = readFileSync(file).lastIndexOf(text) >> 12;
    overwrite(file, page);

    const database = openDatabase(directory.path);
    const store = new InstanceStore(database);
    store.update(record.uuid, { vmState: 'stopped' });

    expect(store.list()).toMatchObject([{ uuid: record.uuid, vmState: 'stopped' }]);
    await expect(async () => await new SqliteJournal(database).mentions(new Set([record.uuid]))).rejects.toThrow(
      /state\.db is damaged/,
    );
    database.close();
  });

  test('is told also by a write that comes upon it', () => {
    using directory = temporaryFiles();
    const file = used(directory.path);
    const { rootpage } = new DatabaseSync(file)
      .prepare("select rootpage from sqlite_schema where name = 'instance'")
      .get() as { rootpage: number };
    overwrite(file, rootpage - 1);
    const database = openDatabase(directory.path);

    expect(() => new InstanceStore(database).update(record.uuid, { vmState: 'error' })).toThrow('is damaged: put a');
    expect(() => database.exec('delete from instance')).toThrow('is damaged: put a');
    database.close();
  });
});

describe('a transaction', () => {
  test('keeps all of its work', () => {
    using directory = temporaryFiles();
    const database = openDatabase(directory.path);
    const store = new InstanceStore(database);

    expect(inTransaction(database, () => 'result')).toBe('result');
    inTransaction(database, () => store.update('none', { vmState: 'error' }));
    database.close();
  });

  test('keeps nothing of work that failed, and passes its error on', () => {
    using directory = temporaryFiles();
    const database = openDatabase(directory.path);
    const error = new Error('no room');
    const insert = "insert into flow (id, flow, started_at) values ('f', 'spawn', 'now')";

    expect(() =>
      inTransaction(database, () => {
        database.exec(insert);
        throw error;
      }),
    ).toThrow(error);
    expect(database.prepare('select count(*) as n from flow').get()).toEqual({ n: 0 });
    database.close();
  });

  test('whose failure has ended it already says what failed, and not that there is nothing to roll back', () => {
    using directory = temporaryFiles();
    const database = openDatabase(directory.path);

    expect(() =>
      inTransaction(database, () => {
        database.exec('rollback'); // as SQLite does by itself when the disk is full
        throw new Error('disk is full');
      }),
    ).toThrow('disk is full');
    database.close();
  });
});

describe('a full disk', () => {
  /** A database that may not grow by a page: SQLite then says what it says of a full disk. */
  function full(path: string): DatabaseSync {
    const database = openDatabase(path);
    const pages = Number(database.prepare('pragma page_count').get()?.page_count);
    database.exec(`pragma max_page_count = ${pages}`);
    return database;
  }
  const large = 'x'.repeat(100_000);

  test('refuses an event, and keeps what was written before', async () => {
    using directory = temporaryFiles();
    const database = full(directory.path);
    const journal = new SqliteJournal(database);
    await journal.append('f', { kind: 'flow-started', flow: 'spawn', input: null });

    await expect(async () => {
      await journal.append('f', { kind: 'succeeded', step: 'a', output: large });
    }).rejects.toThrow('database or disk is full');
    await expect(journal.read('f')).resolves.toHaveLength(1);

    database.exec('pragma max_page_count = 1000000');
    await journal.append('f', { kind: 'started', step: 'a' });
    await expect(journal.read('f')).resolves.toHaveLength(2);
    database.close();
    expect(openDatabase(directory.path).prepare('pragma quick_check').get()).toEqual({ quick_check: 'ok' });
  });

  test('refuses a server, and keeps those that are there', () => {
    using directory = temporaryFiles();
    used(directory.path);
    const database = full(directory.path);
    const store = new InstanceStore(database);

    const tooMuch = { ...record, uuid: large, name: 'web2' };
    const refused = { code: 'JOURNAL', message: expect.stringMatching(/^write .*state\.db/) as string };
    expect(() => store.create(tooMuch, [], admit)).toThrow(expect.objectContaining(refused));
    expect(store.list()).toEqual([record]);
    database.close();
  });
});

test('several processes may open a new state directory at the same moment', async () => {
  using directory = temporaryFiles();
  const path = join(directory.path, 'state');
  const module = new URL('./database.ts', import.meta.url).href;
  // Each waits for its standard input to end, so that all of them begin together.
  const program = `
    import { readFileSync } from 'node:fs';
    import { openDatabase } from ${JSON.stringify(module)};
    readFileSync(0);
    openDatabase(${JSON.stringify(path)}).close();
  `;
  const processes = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'ignore', 'pipe'] }),
  );

  for (const child of processes) child.stdin.end();
  const errors = await Promise.all(
    processes.map(async (child) => {
      const [said] = await Promise.all([text(child.stderr), once(child, 'close')]);
      return child.exitCode === 0 ? '' : said;
    }),
  );

  expect(errors).toEqual(['', '', '', '']);
});
