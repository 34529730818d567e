import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { JournalError } from './journal/index.ts';

/** SQLITE_CORRUPT and SQLITE_NOTADB; higher bits tell where. Source: sqlite.org/rescode.html. */
const damageCodes: ReadonlySet<unknown> = new Set([11, 26]);

/**
 * The database of a state directory. It is not read as a whole when it is opened. A statement that finds damage throws a
 * JournalError with advice.
 */
export class CheckedDatabase extends DatabaseSync {
  readonly #file: string;

  constructor(file: string) {
    super(file, { enableForeignKeyConstraints: true });
    this.#file = file;
  }

  override exec(sql: string): void {
    this.#checked(() => super.exec(sql));
  }

  override prepare(sql: string): StatementSync {
    const statement = this.#checked(() => super.prepare(sql));
    for (const method of ['all', 'get', 'run'] as const) {
      const work = statement[method].bind(statement) as (...values: unknown[]) => unknown;
      Object.assign(statement, { [method]: (...values: unknown[]) => this.#checked(() => work(...values)) });
    }
    const iterate = statement.iterate.bind(statement) as (...values: unknown[]) => Iterator<unknown>;
    Object.assign(statement, { iterate: (...values: unknown[]) => this.#rows(() => iterate(...values)) });
    return statement;
  }

  *#rows(begin: () => Iterator<unknown>): Generator {
    const rows = this.#checked(begin);
    for (;;) {
      const next = this.#checked(() => rows.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  #checked<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw isDamage(error) ? damaged(this.#file, { cause: error }) : error;
    }
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && damageCodes.has(Number(error.errcode) & 0xff);
}

/** Returns the error of a damaged file. This program cannot repair it. */
export function damaged(file: string, options?: { readonly cause: unknown }, what = ''): JournalError {
  const advice =
    'put a backup of the state directory in its place; without one, move the file away, then run dpm verify to list what is left of its servers';
  return new JournalError(`${file} is damaged${what}: ${advice}`, { file }, options);
}
