import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import type { DeviceInfo } from '../../src/volume/host/index.ts';
import { removeLeftover, takeInventory } from '../../src/volume/host/index.ts';
import type { FakeHost } from '../support/fake-host/fake-host.ts';
import type { FakeDisk } from '../support/fake-host/model.ts';
import { silentLogger } from '../../src/base/index.ts';
import {
  attached,
  connectionInfo,
  fcpDevice,
  fourPaths,
  hostConnector,
  initiators,
  nothing,
  quickPolicies,
  singlePath,
  target,
} from '../support/fake-host/scenes.ts';

/*
 * Which failure of one path may stop an operation on a volume with several paths? Only the extend: a path that is down
 * would come up with the old size, and I/O beyond it would fail (os-brick initiator/linuxscsi.py, bug 2032177).
 */

const signal = neverAborted();
const info = connectionInfo();
const noMultipath = { useMultipath: false, enforceMultipath: false };
const states = ['offline', 'transport-offline'] as const;

/** Attaches a volume whose last paths are down. Data was written only through the map, as in real use. */
function lose(host: FakeHost, disks: readonly FakeDisk[], state: (typeof states)[number] = 'transport-offline'): void {
  for (const disk of disks) disk.state = state;
  for (const map of host.maps) map.isDirty = true;
  host.changed();
}

describe.each(states)('with two of four paths %s', (state) => {
  test.each([false, true])(
    'a detach removes all paths, and does no I/O on the dead ones (units: %s)',
    async (isByUnit) => {
      const { host, connector, device } = await attached(fourPaths({ allowLunScan: !isByUnit }));
      lose(host, host.disks.slice(2), state);

      await connector.disconnectVolume(info, device, { signal });

      expect(host.snapshot()).toEqual(nothing);
      expect(host.violations).toEqual([]);
      expect(host.log.filter((line) => line.includes('flushbufs'))).toHaveLength(3); // the map and the live paths
    },
  );

  test('a detach continues if an earlier attempt has already removed the map', async () => {
    const { host, connector, device } = await attached();
    lose(host, host.disks.slice(2), state);
    host.maps = [];

    await connector.disconnectVolume(info, device, { signal });

    expect(host.snapshot()).toEqual(nothing);
  });

  test('a leftover of any program is removed', async () => {
    const { host, device } = await attached();
    lose(host, host.disks.slice(2), state);
    host.maps = [];
    const options = { system: host, log: silentLogger, policies: quickPolicies };
    const { devices } = await takeInventory(options, { signal });

    expect(devices.map(({ users }) => users)).toEqual([[], [], [], []]);
    const leftover = { ways: devices.map(({ way }) => way), wwid: device.scsi_wwn };
    await removeLeftover(options, leftover, { signal });

    expect(host.snapshot()).toEqual(nothing);
  });

  test('an attach replaces dead devices that are not in use', async () => {
    const { host, connector } = await attached();
    lose(host, host.disks.slice(2), state);
    host.maps = [];

    const device = await connector.connectVolume(info, { signal });

    expect(device.warnings).toBeUndefined();
    expect(host.disks.map((disk) => disk.state)).toEqual(Array(4).fill('running'));
  });

  test('a second attach of a mounted volume does not change its map', async () => {
    const { host, connector, device } = await attached();
    lose(host, host.disks.slice(2), state);
    host.mounts.set('dm-0', '/srv');
    host.changed();
    const before = host.snapshot();

    const again = await connector.connectVolume(info, { signal });

    expect(again.path).toBe(device.path);
    expect(again.warnings).toHaveLength(2);
    expect(host.snapshot()).toEqual(before);
  });
});

describe('without a map, only the path that attach returned can hold data:', () => {
  async function single(): Promise<{ host: FakeHost; used: FakeDisk; others: FakeDisk[]; device: DeviceInfo }> {
    const { host, device } = await attached(fourPaths({ multipathd: 'absent' }), noMultipath);
    const used = host.disks.find(({ block }) => host.tree.realpath(device.path) === `/dev/${block}`)!;
    return { host, used, others: host.disks.filter((disk) => disk !== used), device };
  }

  test('the others may be down', async () => {
    const { host, others, device } = await single();
    lose(host, others);

    await (await hostConnector(host, noMultipath)).disconnectVolume(info, device, { signal });

    expect(host.snapshot()).toEqual(nothing);
  });

  test.each([
    ['with its record', true],
    ['without one', false],
  ])('if it is down the detach needs force, %s', async (_what, isRecorded) => {
    const { host, used, device } = await single();
    lose(host, [used]);
    const connector = await hostConnector(host, noMultipath);
    const record = isRecorded ? device : undefined;

    await expect(connector.disconnectVolume(info, record, { signal })).rejects.toMatchObject({ code: 'VOLUME_DETACH' });
    await connector.disconnectVolume(info, record, { signal, force: true });

    expect(host.snapshot()).toEqual(nothing);
  });
});

describe('an attach continues with the other paths when', () => {
  test('multipathd refuses a path', async () => {
    const host = fourPaths({ multipathd: 'when told' });
    host.fail(/add path \/dev\/sda/, { status: 1, stderr: 'timeout' });

    const device = await (await hostConnector(host)).connectVolume(info, { signal });

    expect(host.maps[0]?.slaves).toEqual(['sdb', 'sdc', 'sdd']);
    expect(device.warnings).toEqual(['sda is not in multipath map mpatha']);
  });

  test('a path fails before it is read-only: the path is removed, so that it cannot become writable', async () => {
    const host = fourPaths();
    host.after(
      /setro \/dev\/sda/,
      () => {
        lose(host, [host.disks[2]!]);
      },
      1,
    );

    const device = await (await hostConnector(host)).connectVolume(info, { signal, readOnly: true });

    expect(device.warnings?.[0]).toMatch(
      /^0\.0\.8001 to .*: removed, because the path is down and could not be made read-only$/,
    );
    expect(host.disks.map(({ isReadOnly }) => isReadOnly)).toEqual([true, true, true]);
    expect(host.violations).toEqual([]);
  });

  test('one FCP device has no link', async () => {
    const adapters = [fcpDevice(0, [target(0)]), fcpDevice(1, [target(1)], { portState: 'Linkdown' })];
    const connector = await hostConnector(fourPaths({ adapters }), { fcpDevices: ['8001', '8002'] });

    expect(await connector.getConnectorProperties({ signal })).toMatchObject({ wwpns: [initiators[0]] });
    const device = await connector.connectVolume(info, { signal });

    expect(device.warnings).toContain('FCP device 0.0.8002 is not usable: link Linkdown');
  });

  test('the stale device of a path cannot be removed', async () => {
    const { host, connector } = await attached(fourPaths({ multipathd: 'when told' }));
    host.maps = [];
    lose(host, [host.disks[3]!]);
    host.fail(/1:0:0:2\/delete/, 'EIO', 1);

    const device = await connector.connectVolume(info, { signal });

    expect(device.warnings).toHaveLength(1);
    // multipathd still knows the failed path, too.
    expect(host.maps[0]?.slaves).toEqual(expect.arrayContaining(['sda', 'sdb', 'sdc']));
  });
});

test('a rollback removes the other paths when one path cannot be removed', async () => {
  const host = fourPaths();
  host.fail(/iflag=direct/, { status: 1, stderr: 'Input/output error' });
  host.fail(/0:0:0:2\/delete/, 'EIO', 1);

  const connecting = (await hostConnector(host)).connectVolume(info, { signal });

  await expect(connecting).rejects.toMatchObject({ leftBehind: [expect.stringContaining('/dev/sda')] });
  expect(host.disks).toHaveLength(1);
});

test('a single dead path without a map is inspected without an error', async () => {
  const host = singlePath({ multipathd: 'absent' });
  await attached(host, noMultipath);
  lose(host, host.disks);

  const { devices } = await takeInventory({ system: host, log: silentLogger }, { signal });

  expect(devices).toMatchObject([{ state: 'transport-offline', users: [] }]);
});
