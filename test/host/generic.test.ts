/* Fibre Channel on platforms other than s390x: which scans find the paths of a volume, and how they are removed. */
import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import {
  connectionInfo,
  fourPaths,
  hostConnector,
  initiators,
  makeDirty,
  maskAll,
  nothing,
  pciPort,
  singlePath,
  target,
  targetWwpns,
  volume,
} from '../support/fake-host/scenes.ts';
import { fcpLun } from '../support/fake-host/model.ts';

const signal = neverAborted();
const [near, far] = targetWwpns;
const two = () => ([0, 1] as const).map((index) => pciPort(index, [target(0), target(1)]));

test('four scans add four paths; a detach flushes and removes the map first', async () => {
  const host = fourPaths({ kind: 'pci', adapters: two() });
  const connector = await hostConnector(host);

  const device = await connector.connectVolume(connectionInfo(), { signal });
  makeDirty(host);
  await connector.disconnectVolume(connectionInfo(), device, { signal });

  expect(host.log).toEqual([
    'run multipathd show status',
    'write /sys/class/scsi_host/host6/scan 0 0 2',
    'write /sys/class/scsi_host/host7/scan 0 1 2',
    'write /sys/class/scsi_host/host6/scan 0 1 2',
    'write /sys/class/scsi_host/host7/scan 0 0 2',
    'run dd if=/dev/dm-0 of=/dev/null bs=4096 count=1 iflag=direct',
    'run blockdev --flushbufs /dev/dm-0',
    'run multipath -f mpatha',
    ...['sda', 'sdc', 'sdd', 'sdb'].map((block) => `run blockdev --flushbufs /dev/${block}`),
    ...['6:0:0:2', '6:0:1:2', '7:0:0:2', '7:0:1:2'].map((hctl) => `write /sys/bus/scsi/devices/${hctl}/delete 1`),
  ]);
  expect(host.violations).toEqual([]);
  expect(host.snapshot()).toEqual(nothing);
});

describe('targets that a port does not know', () => {
  test('are not asked for by wildcard while another port knows one', async () => {
    const adapters = [pciPort(0, [target(0), target(1)]), pciPort(1, [target(0, 'never'), target(1, 'never')])];
    const host = fourPaths({ kind: 'pci', adapters });

    const device = await (await hostConnector(host)).connectVolume(connectionInfo(), { signal });

    expect(host.log.filter((line) => line.includes('scan'))).toEqual([
      'write /sys/class/scsi_host/host6/scan 0 0 2',
      'write /sys/class/scsi_host/host6/scan 0 1 2',
    ]);
    expect(device.warnings).toHaveLength(2);
    expect(device.warnings?.[0]).toContain('is not known to this port (zoning, or it is not logged in)');
  });

  test('are asked for by wildcard when no port knows any', async () => {
    const host = singlePath({ kind: 'pci', adapters: [pciPort(0, [target(0, 'never')])] });

    const connecting = (await hostConnector(host)).connectVolume(connectionInfo({ target_wwn: near }), { signal });

    await expect(connecting).rejects.toMatchObject({ code: 'LUN_UNREACHABLE' });
    expect(host.log.slice(1)).toEqual(Array(3).fill('write /sys/class/scsi_host/host6/scan - - 2'));
  });
});

describe('names below /dev/disk/by-path', () => {
  test.each([
    ['a PCI port', '/sys/devices/pci0000:00/0000:00:02.0/0000:04:00.0', 'pci-0000:04:00.0'],
    [
      'a PCI port below a platform device (arm64)',
      '/sys/devices/platform/3f000000.pcie/pci0000:00/0000:00:01.0/0000:04:00.0',
      'platform-3f000000.pcie-pci-0000:04:00.0',
    ],
  ])('of %s', async (_what, place, prefix) => {
    const adapters = [pciPort(0, [target(0)], { place })];
    const host = singlePath({ kind: 'pci', platform: 'aarch64', adapters, multipathd: 'absent' });
    const connector = await hostConnector(host, { useMultipath: false, enforceMultipath: false });

    const device = await connector.connectVolume(connectionInfo({ target_wwn: near }), { signal });

    expect(device.path).toBe(`/dev/disk/by-path/${prefix}-fc-0x${near}-lun-2`);
  });
});

test('a number above 0xffff is Linux’s own here, where on s390x it is the first bytes of the FCP LUN', async () => {
  const adapters = [pciPort(0, [target(0)])];
  const host = singlePath({ kind: 'pci', adapters, masks: maskAll(adapters, volume(), fcpLun(1074806808)) });

  await (
    await hostConnector(host)
  ).connectVolume(connectionInfo({ target_wwn: near, target_lun: 1074806808 }), {
    signal,
  });

  expect(host.log).toContain('write /sys/class/scsi_host/host6/scan 0 0 1074806808');
});

test('a single path is handed out while multipath is not used, and the first that can be read is taken', async () => {
  const host = fourPaths({ kind: 'pci', adapters: two(), multipathd: 'absent' });
  host.fail(/dd if=\/dev\/sda/, { status: 1, stderr: 'Input/output error' }); // a standby path
  const connector = await hostConnector(host, { useMultipath: false, enforceMultipath: false });

  const device = await connector.connectVolume(connectionInfo(), { signal });

  expect(device.path).toBe(`/dev/disk/by-path/pci-0000:04:00.1-fc-0x${far}-lun-2`);
  await connector.disconnectVolume(connectionInfo(), device, { signal });
  expect(host.snapshot()).toEqual(nothing);
});

describe('multipath', () => {
  test('that is required is asked for before anything is changed', async () => {
    const host = fourPaths({ multipathd: 'absent' });

    await expect((await hostConnector(host)).connectVolume(connectionInfo(), { signal })).rejects.toMatchObject({
      code: 'HOST_CONNECTOR',
      message: 'multipath is required, but multipathd does not answer on this host',
    });
    expect(host.log).toEqual(['run multipathd show status']);
  });

  test('that is wanted and not there leaves a single path, and says so', async () => {
    const host = fourPaths({ multipathd: 'absent' });
    const connector = await hostConnector(host, { enforceMultipath: false });

    const device = await connector.connectVolume(connectionInfo(), { signal });

    expect(device.warnings).toEqual(['multipathd has not created a map; a single path is used']);
    expect(device.multipath_id).toBeUndefined();
  });

  test('is told of each path that it does not take by itself', async () => {
    const host = fourPaths({ multipathd: 'when told' });

    await (await hostConnector(host)).connectVolume(connectionInfo(), { signal });

    expect(host.log.filter((line) => line.includes('add path'))).toEqual(
      ['sda', 'sdb', 'sdc', 'sdd'].map((block) => `run multipathd add path /dev/${block}`),
    );
    expect(host.maps[0]?.slaves).toHaveLength(4);
  });
});

describe('a caller who gives up', () => {
  test('in the middle of an attach gets its own reason, and nothing is left', async () => {
    const host = fourPaths({ allowLunScan: false, masks: [] });
    host.masks.push({ initiator: initiators[0], target: near, lun: '0002000000000000', volume: volume() });
    const controller = new AbortController();
    const connector = await hostConnector(host, {
      policies: { devices: { minDelayMs: 1, maxDelayMs: 1, timeoutMs: 60_000 } },
    });
    const reason = new Error('enough');

    const connecting = connector.connectVolume(connectionInfo(), { signal: controller.signal });
    await expect.poll(() => host.disks.length).toBe(1);
    controller.abort(reason);

    await expect(connecting).rejects.toBe(reason);
    expect(host.snapshot()).toEqual(nothing);
  });

  test('while another attach goes on is let go at once, and the other is not disturbed', async () => {
    const host = fourPaths();
    const connector = await hostConnector(host);
    const controller = new AbortController();

    const first = connector.connectVolume(connectionInfo(), { signal });
    const second = connector.connectVolume(connectionInfo(), { signal: controller.signal });
    controller.abort(new Error('enough'));

    await expect(second).rejects.toThrow('enough');
    await expect(first).resolves.toHaveProperty('type', 'block');
    await expect(connector.connectVolume(connectionInfo(), { signal })).resolves.toHaveProperty('type', 'block');
  });
});
