import { existsSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { temporaryFiles } from '../../test/support/packages.ts';
import { createDatabase, overwrite, record } from '../../test/support/state-database.ts';
import { describeError } from '../base/index.ts';
import { openDatabase } from './database.ts';
import { InstanceStore } from './instances.ts';
import { JournalError } from './journal/index.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { SqlitePartitionRecords } from './sqlite-partition-records.ts';

/** Opens a database that must be refused. @returns the error message with its causes */
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

describe('a database is refused and its file is not changed', () => {
  /** Checks that a file is refused and not changed. @returns the error message */
  function expectUntouched(path: string): string {
    const file = join(path, 'state.db');
    const before = readFileSync(file);
    const message = refusal(path);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(existsSync(`${file}-wal`)).toBe(false);
    expect(message).toContain(file);
    return message;
  }

  test('if it is of a newer version', () => {
    using directory = temporaryFiles();
    const database = new DatabaseSync(createDatabase(directory.path));
    database.exec('pragma user_version = 99; pragma journal_mode = delete;');
    database.close();

    expect(expectUntouched(directory.path)).toContain('is of version 99, made by a newer program (this one knows ');
  });

  test('if it is not a database', () => {
    using directory = temporaryFiles({ 'state.db': 'shopping list: milk, bread\n'.repeat(100) });

    expect(expectUntouched(directory.path)).toContain('not a database');
  });

  test('if another program created it', () => {
    using directory = temporaryFiles();
    const database = new DatabaseSync(join(directory.path, 'state.db'));
    database.exec("create table recipe (name text); insert into recipe values ('bread');");
    database.close();

    expect(expectUntouched(directory.path)).toContain('was not made by this program');
  });

  test('if it is truncated', () => {
    using directory = temporaryFiles();
    const file = createDatabase(directory.path);
    truncateSync(file, statSync(file).size - 5_000);

    expect(expectUntouched(directory.path)).toMatch(/damaged|malformed|not a database/);
  });

  test.each([1, 2, 3, 4])('if it is of an older version and page %i was overwritten', (page) => {
    using directory = temporaryFiles();
    const file = createDatabase(directory.path);
    const old = new DatabaseSync(file);
    old.exec('pragma user_version = 5');
    old.close();
    overwrite(file, page);

    expect(expectUntouched(directory.path)).toMatch(/damaged .*put a backup of the state directory in its place/);
  });

  test('if it is a directory', () => {
    using directory = temporaryFiles({ 'state.db/x': '' });

    expect(refusal(directory.path)).toContain('state.db');
  });
});

test('the error names a state directory that cannot be created', () => {
  using directory = temporaryFiles({ file: '' });

  expect(refusal(join(directory.path, 'file', 'state'))).toMatch(/open .*file\/state\/state\.db: .*ENOTDIR/);
});

test.runIf(existsSync('/proc/self'))(
  'a state directory in which no file can be created is refused without endless retries',
  () => {
    expect(refusal('/proc/nothing-here/state')).toMatch(/open .*state\.db: .*ENOENT/);
  },
);

describe('a database with a damaged page after the first ones', () => {
  /** Every read that the program does. */
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
      const file = createDatabase(directory.path);
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

  test('can still be read and written where it is undamaged, however large it is', async () => {
    using directory = temporaryFiles();
    const file = createDatabase(directory.path);
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

  test('is reported also by a write that reaches the damaged page', () => {
    using directory = temporaryFiles();
    const file = createDatabase(directory.path);
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
