import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { neverAborted } from '../base/index.ts';
import { JournalError } from './journal/index.ts';
import { temporaryFiles } from '../../test/support/packages.ts';
import { Ownership, ownerOfService } from './ownership.ts';

const since = '2026-01-01T00:00:00.000Z';
const open = (path: string, pid = 7) => new Ownership(path, { pid, purpose: 'dpm server create web1', since });
const signal = neverAborted();

/** Another process that owns `web1` until it is killed. */
async function otherOwner(path: string) {
  const program = `
    import { Ownership } from ${JSON.stringify(new URL('./ownership.ts', import.meta.url).href)};
    const note = { pid: process.pid, purpose: 'other', since: 'now' };
    globalThis.ownership = new Ownership(${JSON.stringify(path)}, note);
    globalThis.owned = await ownership.acquire('web1', { signal: new AbortController().signal });
    process.stdout.write('owned');
    setInterval(() => undefined, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const begun = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    once(child, 'close').then(() => false),
  ]);
  if (!begun) throw new Error('the other process did not become the owner');
  return {
    pid: child.pid ?? 0,
    kill: async () => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}

describe('ownership in a state directory', () => {
  test('is recorded in files that only their owner can read', async () => {
    using directory = temporaryFiles();
    const path = join(directory.path, 'state');
    using ownership = open(path);
    using _owned = await ownership.acquire('web1', { signal });

    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, 'owners.db')).mode & 0o777).toBe(0o600);
    const [life = ''] = readdirSync(join(path, 'processes'));
    expect(statSync(join(path, 'processes', life)).mode & 0o777).toBe(0o600);
  });

  test('of different subjects is given to different owners at the same time', async () => {
    using directory = temporaryFiles();
    using one = open(directory.path);
    using two = open(directory.path, 8);

    using _first = await one.acquire('web1', { signal });
    using _second = await two.acquire('web2', { signal });

    expect(one.isAnyOwnedElsewhere()).toBe(true);
    expect(one.tryAcquire('web2')).toBeUndefined();
  });

  test('of the same subject is waited for, and the waiting owner is told for whom', async () => {
    using directory = temporaryFiles();
    using one = open(directory.path);
    using two = open(directory.path, 8);
    const first = await one.acquire('web1', { signal });
    const waitedFor: string[] = [];
    const onWait = (other: string) => {
      waitedFor.push(other);
      setImmediate(() => first[Symbol.dispose]());
    };

    using _second = await two.acquire('web1', { signal, onWait });

    expect(waitedFor).toEqual([`process 7 (dpm server create web1, since ${since})`]);
    expect(one.tryAcquire('web1')).toBeUndefined();
  });

  test('is not taken in the name of a caller that gave up waiting', async () => {
    using directory = temporaryFiles();
    using one = open(directory.path);
    using two = open(directory.path, 8);
    const first = await one.acquire('web1', { signal });
    const caller = new AbortController();
    const reason = new Error('enough');
    const onWait = () => setImmediate(() => caller.abort(reason));

    await expect(two.acquire('web1', { signal: caller.signal, onWait })).rejects.toBe(reason);

    first[Symbol.dispose]();
    using third = open(directory.path, 9);
    using owned = third.tryAcquire('web1');
    expect(owned).toBeDefined();
  });

  test('ends with the process that is killed, and leaves nothing behind', async () => {
    using directory = temporaryFiles();
    const other = await otherOwner(directory.path);
    using ownership = open(directory.path);
    const seen = ownership.tryAcquire('web1');
    const wasBusy = ownership.isAnyOwnedElsewhere();

    await other.kill();

    using owned = ownership.tryAcquire('web1');
    expect(seen).toBeUndefined();
    expect(wasBusy).toBe(true);
    expect(owned).toBeDefined();
    expect(ownership.isAnyOwnedElsewhere()).toBe(false);
    expect(readdirSync(join(directory.path, 'processes'))).toEqual([expect.any(String)]);
  });

  test('of a service is known to others, and does not count as work', () => {
    using directory = temporaryFiles();
    using service = open(directory.path);
    using other = open(directory.path, 8);
    const subject = ownerOfService('compute1');
    expect(other.ownerOf(subject)).toBeUndefined();

    using _service = service.tryAcquire(subject);

    expect(other.ownerOf(subject)).toMatchObject({ pid: 7, purpose: 'dpm server create web1' });
    expect(service.ownerOf(subject)).toMatchObject({ pid: 7 });
    expect(other.isAnyOwnedElsewhere()).toBe(false);
  });

  test('ends with the owner, and leaves nothing behind', async () => {
    using directory = temporaryFiles();
    const one = open(directory.path);
    await one.acquire('web1', { signal });

    one[Symbol.dispose]();

    using two = open(directory.path, 8);
    expect(two.isAnyOwnedElsewhere()).toBe(false);
    expect(readdirSync(join(directory.path, 'processes'))).toEqual([]);
  });

  test('cannot be recorded in a file of another kind', () => {
    using directory = temporaryFiles();
    writeFileSync(join(directory.path, 'owners.db'), 'shopping list: milk, bread\n'.repeat(100));

    expect(() => open(directory.path)).toThrow(JournalError);
    expect(() => open(directory.path)).toThrow(join(directory.path, 'owners.db'));
  });

  test('cannot be recorded in a directory that cannot be made', () => {
    using directory = temporaryFiles({ file: '' });

    expect(() => open(join(directory.path, 'file', 'state'))).toThrow(JournalError);
  });
});
