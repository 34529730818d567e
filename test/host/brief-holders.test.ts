import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import type { FakeHost } from '../support/fake-host/fake-host.ts';
import {
  attached,
  connectionInfo,
  fourPaths,
  GIB,
  hostConnector,
  nothing,
  quickPolicies,
} from '../support/fake-host/scenes.ts';

/*
 * Operations are retried while udev or lvm has a device open, or multipathd is busy. They are not retried after a failed
 * flush, because the kernel reports a lost write only once (linux mm/filemap.c, filemap_check_errors); after INQUIRY, which a
 * device answers at any time (SPC-4, unit attention); or for mounts, swap and devices on top, which are not brief.
 */

const signal = neverAborted();
const info = connectionInfo();
/** More attempts than the brief holders of these tests last. */
const policies = { ...quickPolicies, holders: { ...quickPolicies.holders, attempts: 10 } };

function count(host: FakeHost, part: string): number {
  return host.log.filter((line) => line.includes(part)).length;
}

describe('a detach waits for', () => {
  test.each([
    ['lvm on the map', '/dev/dm-0', 'pvscan'],
    ['blkid on a path', '/dev/sda', 'blkid'],
  ])('%s', async (_what, node, comm) => {
    const { host, connector, device } = await attached(fourPaths(), { policies });
    host.holdBriefly(node, comm, 5);

    await connector.disconnectVolume(info, device, { signal });

    expect(host.snapshot()).toEqual(nothing);
    expect(host.violations).toEqual([]);
  });

  test('a udev worker, which is not reported as a user but keeps the map open', async () => {
    const { host, connector, device } = await attached(fourPaths(), { policies });
    host.holdBriefly('/dev/dm-0', '(udev-worker)', 7);

    await connector.disconnectVolume(info, device, { signal });

    expect(count(host, 'multipath -f')).toBeGreaterThan(5);
    expect(host.snapshot()).toEqual(nothing);
  });

  test('nothing when the device is not open: it checks once, and removes the map once', async () => {
    const { host, connector, device } = await attached(fourPaths(), { policies });
    let looks = 0;
    const list = host.list.bind(host);
    host.list = async (path) => {
      looks += path === '/proc' ? 1 : 0;
      return await list(path);
    };

    await connector.disconnectVolume(info, device, { signal });

    expect({ looks, removals: count(host, 'multipath -f') }).toEqual({ looks: 1, removals: 1 });
  });

  test('no longer than its deadline: it names the remaining user and changes nothing', async () => {
    const { host, connector, device } = await attached(fourPaths(), { policies });
    host.holdBriefly('/dev/dm-0', 'pvscan', 11);
    const before = host.snapshot();

    await expect(connector.disconnectVolume(info, device, { signal })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'the volume is in use on this host: /dev/dm-0 is open in process 9000 (pvscan)',
    });
    expect(host.snapshot()).toEqual(before);
  });
});

test('an attach waits for a reader of a stale device before it removes it', async () => {
  const host = fourPaths({ multipathd: 'when told' });
  for (const adapter of host.adapters) host.scan(adapter, undefined, undefined);
  const other = { ...host.masks[0]!.volume, wwid: `naa.${'6'.repeat(32)}` };
  for (const [index, mask] of host.masks.entries()) host.masks[index] = { ...mask, volume: other };
  host.holdBriefly('/dev/sda', 'lvm', 4);

  const device = await (await hostConnector(host, { policies })).connectVolume(info, { signal });

  expect(device.scsi_wwn).toBe(`3${'6'.repeat(32)}`);
  expect(host.violations).toEqual([]);
});

test('an attach reads the volume again while its paths change their state', async () => {
  const host = fourPaths();
  host.fail(/iflag=direct/, { status: 1, stderr: 'Input/output error' }, 4);

  await (await hostConnector(host, { policies })).connectVolume(info, { signal });

  expect(count(host, 'iflag=direct')).toBe(5);
});

describe('a command to a busy multipathd is retried', () => {
  const answers = [
    { stdout: 'timeout\n' },
    { stdout: 'fail\ntimeout\n' },
    { status: 1, stdout: 'fail\ntimeout\n' }, // what the client makes of fail depends on its version (multipathd/uxclnt.c)
  ];

  test.each(answers)('by an extend (%j)', async (answer) => {
    const { host, connector } = await attached(fourPaths(), { policies });
    host.masks[0]!.volume.bytes = 20 * GIB;
    host.fail(/resize map/, answer, 4);

    expect(await connector.extendVolume(info, { signal })).toBe(20 * GIB);
    expect(count(host, 'resize map')).toBe(5);
  });

  test.each(answers)('by an attach that requires it (%j)', async (answer) => {
    const host = fourPaths({ multipathd: 'when told' });
    host.fail(/show status/, answer, 4);
    host.fail(/add path/, answer, 4);

    const device = await (await hostConnector(host, { policies })).connectVolume(info, { signal });

    expect(device.warnings).toBeUndefined();
    expect(host.maps[0]?.slaves).toHaveLength(4);
  });

  test('but not when multipathd refuses the command', async () => {
    const { host, connector } = await attached(fourPaths(), { policies });
    host.masks[0]!.volume.bytes = 20 * GIB;
    host.fail(/resize map/, { stdout: 'fail\ndevice not found\n' });

    await expect(connector.extendVolume(info, { signal })).rejects.toThrow('could not use the new size');
    expect(count(host, 'resize map')).toBe(1);
  });
});
