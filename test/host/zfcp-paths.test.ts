/* On s390x, paths that are not masked, not zoned or late are named, and the others are used. */
import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import { distributions } from '../support/fake-host/model.ts';
import {
  connectionInfo,
  fcpDevice,
  fourPaths,
  GIB,
  hostConnector,
  initiators,
  LUN,
  maskAll,
  nothing,
  singlePath,
  target,
  targetWwpns,
  volume,
} from '../support/fake-host/scenes.ts';
import { FakeHost } from '../support/fake-host/fake-host.ts';

const signal = neverAborted();
const [near, far] = targetWwpns;

describe.each([true, false])('automatic LUN scan %s', (allowLunScan) => {
  test('a path that is not masked is named, and the others are used', async () => {
    const host = fourPaths({ allowLunScan, distribution: distributions.sles });
    host.masks.splice(3, 1); // 0.0.8002 to the far target

    const device = await (await hostConnector(host)).connectVolume(connectionInfo(), { signal });

    expect(device.warnings).toEqual([`0.0.8002 to ${far} LUN ${LUN}: the LUN does not answer (masking)`]);
    expect(host.maps[0]?.slaves).toHaveLength(3);
    await (await hostConnector(host)).disconnectVolume(connectionInfo(), device, { signal });
    expect(host.snapshot()).toEqual(nothing); // the unit without a disk as well
    expect(host.violations).toEqual([]);
  });

  test('a target port that is not zoned is asked for once, by a rescan of its adapter alone', async () => {
    const adapters = [fcpDevice(0, [target(0), target(1)]), fcpDevice(1, [target(0, 'never'), target(1, 'never')])];
    const host = fourPaths({ allowLunScan, adapters });

    const device = await (await hostConnector(host)).connectVolume(connectionInfo(), { signal });

    const zoning = 'the target port is not visible (zoning)';
    expect(device.warnings).toEqual([far, near].map((wwpn) => `0.0.8002 to ${wwpn} LUN ${LUN}: ${zoning}`));
    const rescans = host.log.filter((line) => line.includes('port_rescan'));
    expect(rescans).toEqual(['write /sys/bus/ccw/drivers/zfcp/0.0.8002/port_rescan 1']);
  });

  test('a target port that a rescan brings is used', async () => {
    const host = singlePath({ allowLunScan, adapters: [fcpDevice(0, [target(0, 'after rescan')])] });

    const device = await (await hostConnector(host)).connectVolume(connectionInfo({ target_wwn: near }), { signal });

    expect(device.warnings).toBeUndefined();
    expect(host.log).toContain('write /sys/bus/ccw/drivers/zfcp/0.0.8001/port_rescan 1');
  });

  test('a disk that takes its time is waited for', async () => {
    const adapters = [fcpDevice(0, [target(0), target(1)])];
    const host = fourPaths({ allowLunScan, adapters, masks: maskAll(adapters, volume(), LUN, 6) });

    const device = await (await hostConnector(host)).connectVolume(connectionInfo(), { signal });

    expect(device.warnings).toBeUndefined();
    expect(host.maps[0]?.slaves).toHaveLength(2);
  });

  test('a volume that comes on no path is asked for three times, then nothing of it is left', async () => {
    const host = singlePath({ allowLunScan, masks: [] });

    const connecting = (await hostConnector(host)).connectVolume(connectionInfo({ target_wwn: near }), { signal });

    await expect(connecting).rejects.toMatchObject({
      code: 'LUN_UNREACHABLE',
      message: `no path of the volume appeared: 0.0.8001 to ${near} LUN ${LUN}: the LUN does not answer (masking)`,
    });
    const looks = host.log.filter((line) => /scan |unit_add|failed/.test(line));
    expect(looks).toHaveLength(3);
    expect(host.snapshot()).toEqual(nothing);
    if (!allowLunScan) expect(looks[1]).toMatch(/0x0002000000000000\/failed 0$/); // the unit is there: look again
  });

  test('a LUN of another form is asked for and named by the same eight bytes', async () => {
    const adapters = [fcpDevice(0, [target(0)])];
    const host = singlePath({ allowLunScan, adapters, masks: maskAll(adapters, volume(), '4010401800000000') });
    const info = connectionInfo({ target_wwn: near, target_lun: 1074806808 });

    const device = await (await hostConnector(host)).connectVolume(info, { signal });

    expect(host.log).toContain(
      allowLunScan
        ? 'write /sys/class/scsi_host/host0/scan 0 0 1075331088' // Linux's number, its words the other way round
        : `write /sys/bus/ccw/drivers/zfcp/0.0.8001/0x${near}/unit_add 0x4010401800000000`,
    );
    const [path] = await (await hostConnector(host)).getVolumePaths(info, { signal });
    expect(path?.path).toBe(`/dev/disk/by-path/ccw-0.0.8001-fc-0x${near}-lun-0x4010401800000000`);
    expect(device.scsi_wwn).toBe(path?.wwid);
  });
});

test.each([
  ['whose device is not running', { state: 'offline' }, 'the device is offline'],
  ['without a size', { bytes: 0 }, 'the disk has no size'],
])('a path %s is not used, and is named', async (_what, change, reason) => {
  const host = fourPaths();
  for (const adapter of host.adapters) host.scan(adapter, undefined, undefined);
  host.masks[0]!.volume.bytes += 512; // so that only this disk differs
  Object.assign(host.disks[0]!, change);
  host.openFiles.set(7, { comm: 'fsck', node: '/dev/sda' }); // in use, so it is not taken for a leftover
  host.changed();

  const device = await (await hostConnector(host)).connectVolume(connectionInfo(), { signal });

  expect(device.warnings).toContain(`0.0.8001 to ${near} LUN ${LUN}: ${reason}`);
});

test('a disk whose identity the kernel does not know is asked for it', async () => {
  const host = singlePath({ multipathd: 'absent' });
  const connector = await hostConnector(host, { useMultipath: false, enforceMultipath: false });
  host.hidesIdentity = true;

  const device = await connector.connectVolume(connectionInfo({ target_wwn: near }), { signal });

  expect(device.scsi_wwn).toBe('360050768018205e1a800000000000001');
});

test('without NPIV a unit is added although the kernel would scan', async () => {
  const adapters = [fcpDevice(0, [target(0)], { portType: 'NPort (fabric via point-to-point)' })];
  const host = singlePath({ allowLunScan: true, adapters });

  await (await hostConnector(host)).connectVolume(connectionInfo({ target_wwn: near }), { signal });

  expect(host.units.size).toBe(1);
});

test('initiator_target_map decides which ways are asked for', async () => {
  const host = fourPaths({ allowLunScan: false });
  const info = connectionInfo({
    initiator_target_map: { [initiators[0]]: [near], [initiators[1].toUpperCase()]: [far] },
  });

  await (await hostConnector(host)).connectVolume(info, { signal });

  expect([...host.units].sort()).toEqual([`0.0.8001/${near}/${LUN}`, `0.0.8002/${far}/${LUN}`]);
});

test('a detach takes the paths along that automatic scan has found besides', async () => {
  const host = fourPaths();
  const info = connectionInfo({ target_wwn: near });
  const connector = await hostConnector(host);
  const device = await connector.connectVolume(info, { signal });
  for (const adapter of host.adapters) host.scan(adapter, undefined, undefined); // a port event
  expect(host.disks).toHaveLength(4);

  await connector.disconnectVolume(info, device, { signal });

  expect(host.snapshot()).toEqual(nothing);
  expect(host.violations).toEqual([]);
});

test('the paths of a volume, and all volumes, are shown with their state, and nothing is changed', async () => {
  const host = fourPaths({ distribution: distributions.debian });
  const connector = await hostConnector(host);
  await connector.connectVolume(connectionInfo(), { signal });
  const other = { initiator: initiators[0], target: near, lun: '0103000000000000', volume: volume('6'.repeat(32)) };
  host.masks.push(other);
  host.scan(host.adapters[0]!, undefined, undefined);
  host.disks[1]!.state = 'blocked';
  host.adapters[1]!.targets[1]!.portState = 'Blocked';
  host.changed();
  const before = host.log.length;

  const paths = await connector.getVolumePaths(connectionInfo(), { signal });
  const all = await connector.getAllVolumes({ signal });

  expect(host.log).toHaveLength(before);
  expect(paths).toHaveLength(4);
  expect(paths.find(({ device }) => device === '/dev/sdb')).toEqual({
    path: `/dev/disk/by-path/ccw-0.0.8002-fc-0x${far}-lun-2`,
    device: '/dev/sdb',
    port: 'ccw-0.0.8002',
    initiatorWwpn: initiators[1],
    targetWwpn: far,
    lun: LUN,
    state: 'blocked',
    portState: 'Blocked',
    wwid: '360050768018205e1a800000000000001',
    map: '/dev/dm-0',
    sizeBytes: 10 * GIB,
    isReadOnly: false,
  });
  expect(all).toHaveLength(5);
  expect(all.find(({ wwid }) => wwid === `3${'6'.repeat(32)}`)?.path).toBe(
    `/dev/disk/by-path/ccw-0.0.8001-fc-0x${near}-lun-0x0103000000000000`,
  );
  expect(connector.getSearchPath()).toBe('/dev/disk/by-path');
});

test('the connector names the ports that are online, in pairs with their node names', async () => {
  const wwpn = '0005076ffe680a59'; // sysfs prints it without its leading zeros
  const adapters = [fcpDevice(0, [target(0)], { wwpn }), fcpDevice(1, [target(0)], { portState: 'Linkdown' })];
  const host = new FakeHost({ kind: 'zfcp', adapters, masks: [] });

  const connector = await hostConnector(host, { ip: '10.0.0.7', enforceMultipath: false });

  expect(await connector.getConnectorProperties({ signal })).toEqual({
    host: 'lnx1',
    wwpns: [wwpn],
    wwnns: [adapters[0]?.wwnn],
    platform: 's390x',
    os_type: 'linux',
    multipath: true,
    enforce_multipath: false,
    do_local_attach: false,
    ip: '10.0.0.7',
  });
});

test('a host whose links are down has no connector, and says why', async () => {
  const host = singlePath({ adapters: [fcpDevice(0, [target(0)], { portState: 'Linkdown' })] });

  const asking = (await hostConnector(host)).getConnectorProperties({ signal });

  await expect(asking).rejects.toMatchObject({
    code: 'HOST_CONNECTOR',
    message: 'this host has no Fibre Channel port that is online (0.0.8001 is Linkdown)',
  });
});

describe('FCP devices to be set online', () => {
  test('are freed from the ignore list, set online through EAGAIN, and waited for', async () => {
    const adapters = [fcpDevice(0, [target(0)], { online: false, hidden: true, busyTimes: 2 })];
    const host = singlePath({ adapters });
    const connector = await hostConnector(host, { fcpDevices: ['0.0.8001'] });

    await connector.connectVolume(connectionInfo({ target_wwn: near }), { signal });

    const online = 'write /sys/bus/ccw/drivers/zfcp/0.0.8001/online 1';
    expect(host.log.slice(1, 7)).toEqual([
      'write /proc/cio_ignore free 0.0.8001',
      'write /proc/cio_settle 1', // the device is there when this write returns
      ...[online, online, online],
      'write /sys/class/scsi_host/host0/scan 0 0 2',
    ]);
  });

  test.each([
    ['boxed', { availability: 'boxed', online: false }, 'FCP device 0.0.8001 cannot be set online: it is "boxed"'],
    ['without a cable', { portState: 'Linkdown' }, 'FCP device 0.0.8001 is not usable: link Linkdown'],
  ])('are refused when %s', async (_what, change, message) => {
    const host = singlePath({ adapters: [fcpDevice(0, [target(0)], change)] });
    const connector = await hostConnector(host, { fcpDevices: ['0.0.8001'] });

    const connecting = connector.connectVolume(connectionInfo(), { signal });

    await expect(connecting).rejects.toMatchObject({ code: 'HOST_CONNECTOR', message });
    expect(host.snapshot()).toEqual(nothing);
  });

  test('may be given as s390-tools take them, and nothing else becomes part of a path', async () => {
    const host = singlePath({ adapters: [fcpDevice(0, [target(0)], { online: false })] });

    const connector = await hostConnector(host, { fcpDevices: [' 8001'] });

    expect(await connector.getConnectorProperties({ signal })).toHaveProperty('wwpns', [initiators[0]]);
    await expect(hostConnector(host, { fcpDevices: ['../8001'] })).rejects.toThrow('is not a device number');
  });

  test('are refused when the partition has no such device', async () => {
    const connector = await hostConnector(singlePath(), { fcpDevices: ['0.0.9000'] });

    await expect(connector.getConnectorProperties({ signal })).rejects.toThrow(
      'FCP device 0.0.9000: there is no such device in this partition, or it is not an FCP device',
    );
  });
});
