import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DpmError, sleep } from '../base/index.ts';
import { JournalError } from '../saga/index.ts';
import { makeStateDirectory } from './state-directory.ts';

/** Another process works on the state directory; the message says which. @public */
export class StateBusyError extends DpmError {
  readonly code = 'STATE_BUSY';
}

export interface LockHolder {
  readonly pid: number;
  /** What it does, for the message of the one who waits. */
  readonly purpose: string;
  readonly since: string;
}

/**
 * One writer per state directory.
 *
 * The lock is SQLite's own on a file of its own: the kernel releases it with the process, however that ends, so there is
 * no stale lock to break. Readers do not take it.
 *
 * @param options.waitMs - how long to wait for the other to end; 0 refuses at once
 * @throws StateBusyError naming the other process; JournalError when the directory or the lock cannot be used at all
 */
export async function lockState(
  statePath: string,
  options: { holder: LockHolder; waitMs: number; signal: AbortSignal; onWait?: ((other: string) => void) | undefined },
): Promise<Disposable> {
  const { database, tryLock } = openLock(statePath);
  const deadline = performance.now() + options.waitMs;
  for (let attempt = 0; !tryLock(); attempt += 1) {
    const other = describeHolder(statePath);
    if (performance.now() >= deadline) {
      database.close();
      throw new StateBusyError(
        `state directory ${statePath} is in use by ${other}; wait for it to end, or use another state_path`,
        { statePath },
      );
    }
    if (attempt === 0) options.onWait?.(other);
    try {
      await sleep(100, options.signal);
    } catch (error) {
      database.close();
      throw error;
    }
  }
  const holderFile = join(statePath, 'lock.json');
  writeFileSync(holderFile, JSON.stringify(options.holder), { mode: 0o600 });
  return {
    [Symbol.dispose]: () => {
      rmSync(holderFile, { force: true });
      database.close();
    },
  };
}

/** Does a process work on the state directory now? A flow that is running is then nobody's orphan. */
export function isStateLocked(statePath: string): boolean {
  const { database, tryLock } = openLock(statePath);
  try {
    return !tryLock();
  } finally {
    database.close();
  }
}

function openLock(statePath: string): { readonly database: DatabaseSync; readonly tryLock: () => boolean } {
  const file = join(statePath, 'lock.db');
  try {
    makeStateDirectory(statePath);
    const database = new DatabaseSync(file, { timeout: 0 });
    chmodSync(file, 0o600);
    return { database, tryLock: () => takeLock(database, file) };
  } catch (error) {
    throw new JournalError(`open ${file}`, { file }, { cause: error });
  }
}

function takeLock(database: DatabaseSync, file: string): boolean {
  try {
    database.exec('begin exclusive');
    return true;
  } catch (error) {
    if (/locked|busy/i.test(String(error))) return false;
    database.close();
    throw new JournalError(`lock ${file}`, { file }, { cause: error });
  }
}

/** Only for a message: the file may be of a moment ago, or missing. */
function describeHolder(statePath: string): string {
  try {
    const { pid, purpose, since } = JSON.parse(readFileSync(join(statePath, 'lock.json'), 'utf8')) as LockHolder;
    return `process ${pid} (${purpose}, since ${since})`;
  } catch {
    return 'another process';
  }
}
