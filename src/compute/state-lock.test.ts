import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeError, neverAborted } from '../base/index.ts';
import { JournalError } from '../saga/index.ts';
import { temporaryFiles } from '../../test/support/packages.ts';
import { lockState, StateBusyError } from './state-lock.ts';

const holder = (pid: number) => ({ pid, purpose: 'create server web1', since: '2026-01-01T00:00:00.000Z' });
const lock = async (path: string, change: Partial<Parameters<typeof lockState>[1]> = {}) =>
  await lockState(path, { holder: holder(7), waitMs: 0, signal: neverAborted(), ...change });

/** Another process that holds the lock until it is killed. */
async function otherHolder(path: string) {
  const program = `
    import { lockState } from ${JSON.stringify(new URL('./state-lock.ts', import.meta.url).href)};
    const holder = { pid: process.pid, purpose: 'other', since: 'now' };
    const signal = new AbortController().signal;
    globalThis.lock = await lockState(${JSON.stringify(path)}, { holder, waitMs: 0, signal });
    process.stdout.write('locked');
    setInterval(() => undefined, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const begun = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    once(child, 'close').then(() => false),
  ]);
  if (!begun) throw new Error('the other process did not get the lock');
  return {
    pid: child.pid ?? 0,
    kill: async () => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}

describe('the lock of a state directory', () => {
  test('is for its owner alone, in a directory that it makes', async () => {
    using directory = temporaryFiles();
    const path = join(directory.path, 'state');
    using _lock = await lock(path);

    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, 'lock.db')).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, 'lock.json')).mode & 0o777).toBe(0o600);
  });

  test('keeps a second one out, and says who holds it', async () => {
    using directory = temporaryFiles();
    using _lock = await lock(directory.path);

    const error: unknown = await lock(directory.path).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(StateBusyError);
    expect(describeError(error)).toContain(
      'is in use by process 7 (create server web1, since 2026-01-01T00:00:00.000Z)',
    );
  });

  test('is free again when it is disposed of, with nothing left to see', async () => {
    using directory = temporaryFiles();
    const first = await lock(directory.path);
    first[Symbol.dispose]();

    expect(existsSync(join(directory.path, 'lock.json'))).toBe(false);
    using second = await lock(directory.path);
    expect(second).toBeDefined();
  });

  test('goes to the one who waits, as soon as it is free', async () => {
    using directory = temporaryFiles();
    const first = await lock(directory.path);
    const waitedFor: string[] = [];
    const second = lock(directory.path, {
      waitMs: 60_000,
      holder: holder(8),
      onWait: (other) => {
        waitedFor.push(other);
        setImmediate(() => first[Symbol.dispose]());
      },
    });

    using held = await second;
    expect(held).toBeDefined();
    expect(waitedFor).toEqual(['process 7 (create server web1, since 2026-01-01T00:00:00.000Z)']);
    await expect(lock(directory.path)).rejects.toThrow('process 8');
  });

  test('is not waited for by a caller that gave up, and is not held in its name', async () => {
    using directory = temporaryFiles();
    const first = await lock(directory.path);
    const caller = new AbortController();
    const reason = new Error('enough');
    const waiting = lock(directory.path, {
      waitMs: 60_000,
      signal: caller.signal,
      onWait: () => setImmediate(() => caller.abort(reason)),
    });

    await expect(waiting).rejects.toBe(reason);
    first[Symbol.dispose]();
    using next = await lock(directory.path);
    expect(next).toBeDefined();
  });

  test('of a process that was killed is free: nobody has to break it', async () => {
    using directory = temporaryFiles();
    const other = await otherHolder(directory.path);
    await expect(lock(directory.path)).rejects.toThrow(`process ${other.pid} (other, since now)`);

    await other.kill();

    using mine = await lock(directory.path);
    expect(mine).toBeDefined();
  });

  test('is kept by another process even where its name tag is damaged', async () => {
    using directory = temporaryFiles();
    using _lock = await lock(directory.path);
    writeFileSync(join(directory.path, 'lock.json'), '{');

    await expect(lock(directory.path)).rejects.toThrow('is in use by another process;');
  });

  test('that is no lock file is refused as what it is', async () => {
    using directory = temporaryFiles({ 'lock.db': 'shopping list: milk, bread\n'.repeat(100) });

    await expect(lock(directory.path)).rejects.toThrow(JournalError);
    await expect(lock(directory.path)).rejects.toThrow(join(directory.path, 'lock.db'));
  });

  test('in a directory that cannot be made is refused as what it is', async () => {
    using directory = temporaryFiles({ file: '' });

    await expect(lock(join(directory.path, 'file', 'state'))).rejects.toThrow(JournalError);
  });
});
