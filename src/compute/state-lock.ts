import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DpmError, sleep } from '../base/index.ts';

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
 * @throws StateBusyError naming the other process
 */
export async function lockState(
  statePath: string,
  options: { holder: LockHolder; waitMs: number; signal: AbortSignal; onWait?: ((other: string) => void) | undefined },
): Promise<Disposable> {
  mkdirSync(statePath, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(statePath, 'lock.db'), { timeout: 0 });
  chmodSync(join(statePath, 'lock.db'), 0o600);
  const deadline = performance.now() + options.waitMs;
  for (let attempt = 0; !tryLock(database); attempt += 1) {
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

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('begin exclusive');
    return true;
  } catch (error) {
    if (/locked|busy/i.test(String(error))) return false;
    throw error;
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
