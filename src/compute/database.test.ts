import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { temporaryFiles } from '../../test/support/packages.ts';
import { admit, bootPath, createDatabase, record } from '../../test/support/state-database.ts';
import { parseWwpn } from '../base/index.ts';
import { inTransaction, openDatabase } from './database.ts';
import { InstanceStore } from './instances.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { SqlitePartitionRecords } from './sqlite-partition-records.ts';

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
    createDatabase(directory.path);
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

  test('keeps the record of a partition whose server is forgotten, and writes none for a reader', () => {
    using directory = temporaryFiles();
    createDatabase(directory.path);
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
    createDatabase(directory.path);
    const database = full(directory.path);
    const store = new InstanceStore(database);

    const tooMuch = { ...record, uuid: large, name: 'web2' };
    const refused = { code: 'JOURNAL', message: expect.stringMatching(/^write .*state\.db/) as string };
    expect(() => store.create(tooMuch, [], admit)).toThrow(expect.objectContaining(refused));
    expect(store.list()).toEqual([record]);
    database.close();
  });
});

test('a new state directory has a write-ahead log before others see it, and contains nothing else', () => {
  using directory = temporaryFiles();
  openDatabase(directory.path).close();
  const file = join(directory.path, 'state.db');

  expect(readdirSync(directory.path)).toEqual(['state.db']);
  using other = new DatabaseSync(file);
  other.exec('begin; select * from sqlite_schema');
  expect(() => openDatabase(directory.path).close()).not.toThrow();
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
