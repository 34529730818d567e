import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import type { DeviceInfo } from '../../src/volume/host/index.ts';
import type { FakeHost } from '../support/fake-host/fake-host.ts';
import { connectionInfo, fourPaths, hostConnector, LUN, maskAll, nothing } from '../support/fake-host/scenes.ts';
import { fcpDevice, pciPort, target, targetWwpns, volume } from '../support/fake-host/scenes.ts';

const signal = neverAborted();
const [near] = targetWwpns;

/*
 * Page 0x83 of a volume has several designators. The kernel's `wwid` prefers one of them (linux drivers/scsi/scsi_lib.c,
 * scsi_vpd_lun_id), udev's scsi_id and so multipath another (systemd src/udev/scsi_id/scsi_serial.c).
 */
describe('a volume with two designators, if the kernel uses one and multipath the other', () => {
  const kernels = '360050768018205e1a800000000000001';
  const multipaths = '3600a098038303053743f4a6b4c6d4e4f';

  function twoNames(change: Parameters<typeof fourPaths>[0] = {}): FakeHost {
    const adapters = ([0, 1] as const).map((index) => fcpDevice(index, [target(0), target(1)]));
    return fourPaths({ adapters, masks: maskAll(adapters, { ...volume(), otherWwid: multipaths }), ...change });
  }

  test.each(['greedy', 'strict'] as const)(
    'is attached and detached by its map (find_multipaths %s)',
    async (setting) => {
      const host = twoNames({ findMultipaths: setting });
      const connector = await hostConnector(host);

      const device = await connector.connectVolume(connectionInfo(), { signal });
      const again = await connector.connectVolume(connectionInfo(), { signal });

      expect(device).toMatchObject({ scsi_wwn: kernels, multipath_id: multipaths });
      expect(again).toEqual(device);
      expect(host.log.filter((line) => line.includes('delete'))).toEqual([]);
      await connector.disconnectVolume(connectionInfo(), device, { signal });
      expect(host.snapshot()).toEqual(nothing);
      expect(host.violations).toEqual([]);
    },
  );

  test('does not use the map of another volume in which multipathd has put its paths', async () => {
    const host = twoNames({ multipathd: 'when told' });
    const foreign = host.addMap('36' + '7'.repeat(31), [], 1024, false);
    for (const adapter of host.adapters) host.scan(adapter, undefined, undefined);
    foreign.slaves.push(...host.disks.map(({ block }) => block));
    host.changed();

    await expect((await hostConnector(host)).connectVolume(connectionInfo(), { signal })).rejects.toThrow(
      'multipathd has not created a map',
    );
  });

  const records: readonly (readonly [string, object, Partial<DeviceInfo> | undefined])[] = [
    ['Cinder names the kernel’s', { wwn: kernels.slice(1) }, undefined],
    ['Cinder names multipath’s', { wwn: multipaths.slice(1) }, undefined],
    ['the record of the attach names multipath’s', {}, { scsi_wwn: multipaths }],
  ];
  test.each(records)('is the intended volume where %s', async (_what, data, record) => {
    const host = twoNames();
    const connector = await hostConnector(host);
    const info = connectionInfo({ ...data });

    const device = await connector.connectVolume(info, { signal });
    await connector.disconnectVolume(info, record === undefined ? undefined : { ...device, ...record }, { signal });

    expect(host.snapshot()).toEqual(nothing);
    expect(host.violations).toEqual([]);
  });

  test('leaves no map without paths behind', async () => {
    const host = twoNames();
    const connector = await hostConnector(host);
    const device = await connector.connectVolume(connectionInfo(), { signal });
    host.disks = [];
    host.maps[0]!.slaves.splice(0);
    host.changed();

    await connector.disconnectVolume(connectionInfo(), device, { signal });

    expect(host.maps).toEqual([]);
  });

  test('counts as another volume if the kernel has read neither of its present designators', async () => {
    const host = twoNames({ multipathd: 'when told' });
    for (const adapter of host.adapters) host.scan(adapter, undefined, undefined);
    const other = { ...volume('6'.repeat(32)), otherWwid: `36${'5'.repeat(31)}` };
    for (const [index, mask] of host.masks.entries()) host.masks[index] = { ...mask, volume: other };

    const device = await (await hostConnector(host)).connectVolume(connectionInfo(), { signal });

    expect(device.scsi_wwn).toBe(`3${'6'.repeat(32)}`);
    expect(host.violations).toEqual([]);
  });
});

/*
 * NPIV: a virtual port is below the SCSI host of its physical port, on the same PCI function. Source: linux
 * drivers/scsi/scsi_transport_fc.c, fc_vport_setup.
 */
describe('a port that shares the PCI function of another', () => {
  const foreign = volume('6'.repeat(32));

  function siblings(): FakeHost {
    const physical = pciPort(0, [target(0)]);
    const vport = pciPort(1, [target(0)], {
      busId: physical.busId,
      place: `${physical.place}/host${physical.host}/vport-${physical.host}:0-0`,
    });
    const adapters = [physical, vport];
    const masks = [...maskAll([physical], volume()), ...maskAll([vport], foreign)];
    const host = fourPaths({ kind: 'pci', adapters, masks });
    host.scan(vport, undefined, undefined); // somebody else's disk, at the same target and LUN
    return host;
  }

  const info = (host: FakeHost) =>
    connectionInfo({ target_wwn: near, initiator_target_map: { [host.adapters[0]!.wwpn]: [near] } });

  test('keeps its disk at the same target and LUN, and the attach ignores that disk', async () => {
    const host = siblings();
    const [theirs] = host.disks;
    const connector = await hostConnector(host);

    const device = await connector.connectVolume(info(host), { signal });
    const paths = await connector.getVolumePaths(info(host), { signal });
    await connector.disconnectVolume(info(host), device, { signal });

    expect(device.warnings).toBeUndefined();
    expect(paths.map(({ initiatorWwpn }) => initiatorWwpn)).toEqual([host.adapters[0]!.wwpn]);
    expect(host.disks).toEqual([theirs]);
    expect(host.violations).toEqual([]);
  });

  test('keeps its disk when the attach through the other port is rolled back', async () => {
    const host = siblings();
    const [theirs] = host.disks;
    host.fail(/dd if=/, { status: 1 });

    await expect((await hostConnector(host)).connectVolume(info(host), { signal })).rejects.toThrow('cannot be read');

    expect(host.disks).toEqual([theirs]);
    expect(LUN).toBe(theirs?.lun);
    expect(host.violations).toEqual([]);
  });

  test('keeps its disk at a detach without a record, and at a detach of an absent volume', async () => {
    const host = siblings();
    const [theirs] = host.disks;

    await (await hostConnector(host)).disconnectVolume(info(host), undefined, { signal });

    expect(host.disks).toEqual([theirs]);
    expect(host.violations).toEqual([]);
  });
});
