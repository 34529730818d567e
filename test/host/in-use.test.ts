/* A volume that is in use on a Linux host is never removed, with or without force. */
import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import type { FakeHost } from '../support/fake-host/fake-host.ts';
import {
  attached,
  connectionInfo,
  fourPaths,
  hostConnector,
  nothing,
  singlePath,
  targetWwpns,
  volume,
} from '../support/fake-host/scenes.ts';

const signal = neverAborted();
const info = connectionInfo();

const uses: readonly (readonly [string, (host: FakeHost) => void, string])[] = [
  ['mounted', (host) => host.mounts.set('dm-0', '/srv/my data'), 'mounted on /srv/my data'],
  ['swap', (host) => host.swaps.add('dm-0'), 'swap on /dev/dm-0'],
  ['held by LVM', (host) => host.hold('dm-0', 'vg-root'), 'held by /dev/dm-1 (vg-root)'],
  ['claimed', (host) => host.exclusive.add('dm-0'), '/dev/dm-0 is claimed exclusively'],
  [
    'open in a process',
    (host) => host.openFiles.set(4711, { comm: 'qemu-kvm', node: '/dev/dm-0' }),
    '/dev/dm-0 is open in process 4711 (qemu-kvm)',
  ],
  [
    'open on one path, past the map',
    (host) => host.openFiles.set(12, { comm: 'dd', node: '/dev/sdc' }),
    '/dev/sdc is open in process 12 (dd)',
  ],
];

describe.each([false, true])('with force %s', (force) => {
  test.each(uses)('a volume that is %s is not touched', async (_what, use, reason) => {
    const { host, connector, device } = await attached(fourPaths());
    use(host);
    host.changed();
    const before = host.snapshot();

    const disconnecting = connector.disconnectVolume(info, device, { signal, force });

    await expect(disconnecting).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `the volume is in use on this host: ${reason}`,
    });
    expect(host.log).toEqual([]);
    expect(host.snapshot()).toEqual(before);
  });
});

test('a process that watches all disks does not count as a user of the volume', async () => {
  const { host, connector, device } = await attached(fourPaths());
  host.openFiles.set(400, { comm: 'multipathd', node: '/dev/sda' });
  host.openFiles.set(401, { comm: '(udev-worker)', node: '/dev/dm-0' });
  host.openFiles.set(402, { comm: 'cat', node: '/dev/sdz' });
  host.changed();
  host.openFiles.delete(401); // udev closes it again before the map is removed

  await connector.disconnectVolume(info, device, { signal });

  expect(host.snapshot()).toEqual(nothing);
});

test('a single path without a map that is mounted is not touched', async () => {
  const host = singlePath({ multipathd: 'absent', allowLunScan: false });
  const connector = await hostConnector(host, { useMultipath: false, enforceMultipath: false });
  const device = await connector.connectVolume(connectionInfo({ target_wwn: targetWwpns[0] }), { signal });
  host.mounts.set('sda', '/data');
  host.changed();

  await expect(connector.disconnectVolume(info, device, { signal })).rejects.toThrow('mounted on /data');
  expect(host.disks).toHaveLength(1);
});

describe('an address that leads to another volume', () => {
  test('is left alone by a detach that knows what it attached', async () => {
    const { host, connector, device } = await attached(fourPaths());
    const stranger = { ...device, scsi_wwn: '3600507680000000000000000000000ff' };
    const before = host.snapshot();

    await expect(connector.disconnectVolume(info, stranger, { signal })).rejects.toMatchObject({ code: 'CONFLICT' });
    await connector.disconnectVolume(info, stranger, { signal, force: true }); // nothing of that volume is here
    expect(host.snapshot()).toEqual(before);
    expect(host.log.filter((line) => !line.includes('vpd_pg83'))).toEqual([]); // only identities were read
  });

  test('is refused by an attach: two paths of one volume never differ', async () => {
    const host = fourPaths();
    host.masks[2] = { ...host.masks[2]!, volume: volume('6'.repeat(32)) };

    const connecting = (await hostConnector(host)).connectVolume(info, { signal });

    await expect(connecting).rejects.toMatchObject({ code: 'VOLUME_ATTACH', leftBehind: [] });
    await expect(connecting).rejects.toThrow('the paths lead to different volumes');
    expect(host.snapshot()).toEqual(nothing);
    expect(host.violations).toEqual([]);
  });

  test('is taken out of the map of the volume that it belongs to, which goes on', async () => {
    const mine = volume('6'.repeat(32));
    const host = fourPaths();
    const { initiator, target } = host.masks[0]!;
    host.masks.push({ initiator, target, lun: '0005000000000000', volume: mine });
    const connector = await hostConnector(host);
    await connector.connectVolume(connectionInfo({ target_wwn: target, target_lun: 5 }), { signal });
    host.mounts.set('dm-0', '/mine');
    host.masks[1] = { ...host.masks[1]!, volume: mine }; // one of four leads there
    const before = host.snapshot();

    await expect(connector.connectVolume(info, { signal })).rejects.toThrow('the paths lead to different volumes');

    expect(host.log).toContain('run multipathd del path /dev/sdd');
    expect(host.snapshot()).toEqual(before);
    expect(host.violations).toEqual([]);
  });

  test('is refused by an attach when the back end says which volume it is', async () => {
    const host = fourPaths();

    const connecting = (await hostConnector(host)).connectVolume(connectionInfo({ wwn: '6'.repeat(32) }), { signal });

    await expect(connecting).rejects.toThrow('the paths lead to another volume');
    expect(host.snapshot()).toEqual(nothing);
  });
});

describe('a device that an earlier volume has left', () => {
  /** The array has given the LUN number to another volume, while Linux keeps the old device. */
  async function reused(): Promise<FakeHost> {
    const host = fourPaths({ multipathd: 'when told' });
    for (const adapter of host.adapters) host.scan(adapter, undefined, undefined);
    const other = volume('6'.repeat(32));
    for (const [index, mask] of host.masks.entries()) host.masks[index] = { ...mask, volume: other };
    return host;
  }

  test('is removed before the attach, so that its data is never taken for the new volume', async () => {
    const host = await reused();

    const device = await (await hostConnector(host)).connectVolume(info, { signal });

    expect(device.scsi_wwn).toBe(`3${'6'.repeat(32)}`);
    expect(host.disks.map(({ wwid }) => wwid)).toEqual(Array(4).fill(`naa.${'6'.repeat(32)}`));
    expect(host.violations).toEqual([]);
  });

  test('is removed with the map that was left as well, and nothing of it is written to the new volume', async () => {
    const host = await reused();
    for (const disk of host.disks) host.multipathd.addPath(disk);

    const device = await (await hostConnector(host)).connectVolume(info, { signal });

    expect(device.multipath_id).toBe(`3${'6'.repeat(32)}`);
    expect(host.maps.map(({ slaves }) => slaves.length)).toEqual([4]);
    expect(host.log.filter((line) => line.includes('flushbufs'))).toEqual([]);
    expect(host.violations).toEqual([]);
  });

  test('stops the attach when it is mounted', async () => {
    const host = await reused();
    host.mounts.set('sda', '/old');
    host.changed();
    const before = host.snapshot();

    const connecting = (await hostConnector(host)).connectVolume(info, { signal });

    await expect(connecting).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(connecting).rejects.toThrow('the old one is in use: mounted on /old');
    expect(host.snapshot()).toEqual(before);
  });

  test('is removed when it answers no more', async () => {
    const host = fourPaths({ multipathd: 'when told' });
    for (const adapter of host.adapters) host.scan(adapter, undefined, undefined);
    const [first] = host.masks;
    host.masks.shift();

    const device = await (await hostConnector(host)).connectVolume(info, { signal });

    expect(device.warnings).toHaveLength(1);
    expect(host.disks).toHaveLength(3);
    expect(first?.initiator).toBe(host.adapters[0]?.wwpn);
  });
});
