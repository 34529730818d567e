import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { sleep } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { JournalError } from './journal/index.ts';
import { inTransaction } from './database.ts';
import { makeStateDirectory } from './state-directory.ts';

/** What another process, which waits for this one, is told. */
export interface OwnerNote {
  readonly pid: number;
  /** `dpm server create web1`. */
  readonly purpose: string;
  /** ISO 8601 UTC. */
  readonly since: string;
}

interface OwnershipWait extends Waiting {
  /** Called once, if another process owns the subject. */
  readonly onWait?: ((other: string) => void) | undefined;
}

const rowSchema = z.object({
  subject: z.string(),
  process: z.string(),
  pid: z.number(),
  purpose: z.string(),
  since: z.string(),
});
type Row = z.infer<typeof rowSchema>;

const SERVICE = 'service:';

/** Returns the subject that the running service of a compute host owns. */
export function ownerOfService(host: string): string {
  return `${SERVICE}${host}`;
}

const POLL_MS = 100;
/** A writer holds the database for a few milliseconds, so this is enough for forty processes at once. */
const BUSY_TIMEOUT_MS = 60_000;

/**
 * Records which process works on which instance of a state directory. Processes may work on different instances at the same
 * time; on the same instance, the second one waits.
 *
 * A table records the owners. Each process holds an SQLite lock on a file of its own. The kernel releases the lock when the
 * process ends, so a row whose owner's lock is free is void.
 */
export class Ownership implements Disposable {
  readonly #statePath: string;
  readonly #note: OwnerNote;
  readonly #database: DatabaseSync;
  readonly #process = randomUUID();
  /** Held from the first acquisition on. */
  #life: DatabaseSync | undefined;

  /** @throws JournalError when the state directory cannot be used */
  constructor(statePath: string, note: OwnerNote) {
    this.#statePath = statePath;
    this.#note = note;
    this.#database = openDatabase(statePath);
  }

  /**
   * Waits, without a limit of its own, until no other process owns the subject, and then owns it.
   *
   * @param subject - UUID of an instance, or the name of another resource that only one process may work on
   * @returns the ownership, which ends when it is disposed of
   * @throws the signal's reason; JournalError when the state directory cannot be written
   */
  async acquire(subject: string, { signal, onWait }: OwnershipWait): Promise<Disposable> {
    for (let attempt = 0; ; attempt += 1) {
      const owner = this.#take(subject);
      if (owner === undefined) return this.#release(subject);
      if (attempt === 0) onWait?.(`process ${owner.pid} (${owner.purpose}, since ${owner.since})`);
      await sleep(POLL_MS, signal);
    }
  }

  /** Like {@link Ownership.acquire}, but returns undefined if another process owns the subject. */
  tryAcquire(subject: string): Disposable | undefined {
    return this.#take(subject) === undefined ? this.#release(subject) : undefined;
  }

  /** Returns the living process that owns the subject, this one included. */
  ownerOf(subject: string): OwnerNote | undefined {
    const found = this.#database.prepare('select * from owner where subject = ?').get(subject);
    if (found === undefined) return undefined;
    const { process, pid, purpose, since } = rowSchema.parse(found);
    return this.#isAlive(process) ? { pid, purpose, since } : undefined;
  }

  /** Whether another living process works on anything now. A service that only runs does not count. */
  isAnyOwnedElsewhere(): boolean {
    const rows = this.#database.prepare('select * from owner where process <> ?').all(this.#process);
    const owners = rows.map((row) => rowSchema.parse(row)).filter(({ subject }) => !subject.startsWith(SERVICE));
    return owners.some(({ process }) => this.#isAlive(process));
  }

  [Symbol.dispose](): void {
    if (this.#life !== undefined) {
      this.#database.prepare('delete from owner where process = ?').run(this.#process);
      this.#life.close();
      rmSync(this.#lifeFile(this.#process), { force: true });
    }
    this.#database.close();
  }

  /** Takes the subject, or returns the living process that owns it. */
  #take(subject: string): Row | undefined {
    this.#life ??= this.#hold();
    return inTransaction(this.#database, () => {
      const found = this.#database.prepare('select * from owner where subject = ?').get(subject);
      const row = found === undefined ? undefined : rowSchema.parse(found);
      if (row !== undefined && this.#isAlive(row.process)) return row;
      const { pid, purpose, since } = this.#note;
      this.#database
        .prepare('insert or replace into owner (subject, process, pid, purpose, since) values (?, ?, ?, ?, ?)')
        .run(subject, this.#process, pid, purpose, since);
      return undefined;
    });
  }

  #release(subject: string): Disposable {
    return {
      [Symbol.dispose]: () => {
        this.#database.prepare('delete from owner where subject = ? and process = ?').run(subject, this.#process);
      },
    };
  }

  #hold(): DatabaseSync {
    const file = this.#lifeFile(this.#process);
    try {
      makeStateDirectory(join(this.#statePath, 'processes'));
      const life = new DatabaseSync(file, { timeout: 0 });
      chmodSync(file, 0o600);
      life.exec('pragma journal_mode = memory; begin exclusive');
      return life;
    } catch (error) {
      throw new JournalError(`lock ${file}`, { file }, { cause: error });
    }
  }

  #isAlive(process: string): boolean {
    if (process === this.#process) return true;
    const file = this.#lifeFile(process);
    if (!existsSync(file)) return false;
    const life = new DatabaseSync(file, { timeout: 0 });
    try {
      life.exec('begin exclusive');
    } catch (error) {
      if (/locked|busy/i.test(String(error))) return true;
      throw new JournalError(`lock ${file}`, { file }, { cause: error });
    } finally {
      life.close();
    }
    rmSync(file, { force: true });
    return false;
  }

  #lifeFile(process: string): string {
    return join(this.#statePath, 'processes', process);
  }
}

/** Opens the database of owners. It need not be durable: after a crash of the machine no owner lives. */
function openDatabase(statePath: string): DatabaseSync {
  const file = join(statePath, 'owners.db');
  try {
    makeStateDirectory(statePath);
    const isNew = !existsSync(file);
    const database = new DatabaseSync(file);
    if (isNew) chmodSync(file, 0o600);
    database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`); // Node.js before 22.16 has no such option
    database.exec(`
      pragma synchronous = off;
      create table if not exists owner (
        subject text primary key, process text not null, pid integer not null, purpose text not null, since text not null
      ) strict;
    `);
    return database;
  } catch (error) {
    throw new JournalError(`open ${file}`, { file }, { cause: error });
  }
}
