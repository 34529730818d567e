import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFiles } from '../../../test/support/packages.ts';
import { neverAborted } from '../../base/index.ts';
import { openLocalSystem } from './index.ts';
import { errnoOf } from './system.ts';

const signal = neverAborted();
const options = { signal, timeoutMs: 20_000 };

describe('files of this host', () => {
  test('are read, listed and resolved below the given root', async () => {
    using tree = temporaryFiles({ 'sys/devices/css0/0.0.0010/0.0.8001/online': '1\n', 'sys/block/sdb/size': '8' });
    mkdirSync(join(tree.path, 'sys/bus/ccw/devices'), { recursive: true });
    symlinkSync('../../../devices/css0/0.0.0010/0.0.8001', join(tree.path, 'sys/bus/ccw/devices/0.0.8001'));
    const system = openLocalSystem({ root: tree.path });

    expect(await system.read('/sys/bus/ccw/devices/0.0.8001/online')).toBe('1\n');
    expect(await system.realpath('/sys/bus/ccw/devices/0.0.8001')).toBe('/sys/devices/css0/0.0.0010/0.0.8001');
    expect(await system.list('/sys/bus/ccw/devices')).toEqual(['0.0.8001']);
    expect(await system.list('/sys/bus/nothing')).toEqual([]);
    expect(await system.exists('/sys/block/sdb')).toBe(true);
    expect(await system.exists('/sys/block/sdc')).toBe(false);
  });

  test('are written in one write, only if they exist, and even if they are not readable', async () => {
    using tree = temporaryFiles({ 'port/unit_add': '' });
    const file = join(tree.path, 'port/unit_add');
    chmodSync(file, 0o200);
    const system = openLocalSystem({ root: tree.path });

    await system.write('/port/unit_add', '0x0002000000000000', { signal });
    const missing = system.write('/port/port_add', '1', { signal });

    await expect(missing).rejects.toSatisfy((error) => errnoOf(error) === 'ENOENT');
    expect(await system.list('/port')).toEqual(['unit_add']);
    chmodSync(file, 0o600);
    expect(readFileSync(file, 'utf8')).toBe('0x0002000000000000');
  });

  test('are not written if the signal of the caller has fired', async () => {
    using tree = temporaryFiles({ file: 'before' });
    const system = openLocalSystem({ root: tree.path });

    await expect(system.write('/file', 'after', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
    expect(await system.read('/file')).toBe('before');
  });

  test('are not claimed unless they are opened exclusively', async () => {
    using tree = temporaryFiles({ 'dev/sda': '' });
    const system = openLocalSystem({ root: tree.path });

    expect(await system.isClaimed('/dev/sda')).toBe(false);
    await expect(system.isClaimed('/dev/sdb')).rejects.toSatisfy((error) => errnoOf(error) === 'ENOENT');
  });
});

describe('commands', () => {
  const system = openLocalSystem();
  const node = (script: string) => ['-e', script];

  test('run without a shell, and return the status and both outputs', async () => {
    const script = 'console.log(process.argv[1]); console.error("bad"); process.exitCode = 3';

    const result = await system.run(process.execPath, [...node(script), '$(id); *'], options);

    expect(result).toEqual({ status: 3, stdout: '$(id); *\n', stderr: 'bad\n' });
  });

  test('print English regardless of the language of the user', async () => {
    const { stdout } = await system.run(process.execPath, node('console.log(process.env.LC_ALL)'), options);

    expect(stdout).toBe('C\n');
  });

  test('that do not exist are reported as such', async () => {
    await expect(system.run('multipath-of-nowhere', [], options)).rejects.toSatisfy(
      (error) => errnoOf(error) === 'ENOENT',
    );
  });

  test('that exceed the time limit have no status', async () => {
    const result = await system.run(process.execPath, node('setInterval(() => {}, 1000)'), { signal, timeoutMs: 50 });

    expect(result.status).toBeNull();
  });

  test('are killed when the signal fires, with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = system.run(process.execPath, node('setInterval(() => {}, 1000)'), {
      signal: controller.signal,
      timeoutMs: 20_000,
    });
    controller.abort(reason);

    await expect(work).rejects.toBe(reason);
  });
});

test('platform and host name are the same as in uname', async () => {
  const system = openLocalSystem();

  expect(system.platform).toBe((await system.run('uname', ['-m'], options)).stdout.trim());
  expect(system.hostname).toBe((await system.run('uname', ['-n'], options)).stdout.trim());
});
