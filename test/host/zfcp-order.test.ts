import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import type { FakeHost } from '../support/fake-host/fake-host.ts';
import { distributions } from '../support/fake-host/model.ts';
import {
  connectionInfo,
  fourPaths,
  hostConnector,
  makeDirty,
  singlePath,
  targetWwpns,
} from '../support/fake-host/scenes.ts';

/*
 * Every write and every command of an attach and a detach, in order, on a host of each distribution. Why the order is
 * safe stands beside each part. The fake host notes whatever would lose data or hit a device in use, as the kernel
 * itself allows it, and in the end it notes an unmapping that comes while a device is still there.
 */

const signal = neverAborted();
const WWID = '360050768018205e1a800000000000001';
const zfcp = '/sys/bus/ccw/drivers/zfcp';
const [near, far] = targetWwpns;
const four = [
  ['0.0.8001', 'host0', near, '0:0:0:2', 'sda'],
  ['0.0.8002', 'host1', far, '1:0:1:2', 'sdb'],
  ['0.0.8001', 'host0', far, '0:0:1:2', 'sdc'],
  ['0.0.8002', 'host1', near, '1:0:0:2', 'sdd'],
] as const;
/** A detach goes by the order of the SCSI devices. */
const inOrder = [four[0], four[2], four[3], four[1]];

type Way = (typeof four)[number];

/** The kernel attaches LUNs by itself, but not one that is mapped later: exactly this LUN is asked for, on each way. */
const scan = ([, host, target]: Way): string =>
  `write /sys/class/scsi_host/${host}/scan 0 ${target === near ? 0 : 1} 2`;
/** Without automatic scan a LUN is there only as a unit of its port. */
const unitAdd = ([busId, , target]: Way): string => `write ${zfcp}/${busId}/0x${target}/unit_add 0x0002000000000000`;
/** What was read is the map or disk that is handed out, past all caches: it is there, and it answers. */
const read = (block: string): string => `run dd if=/dev/${block} of=/dev/null bs=4096 count=1 iflag=direct`;
const flush = (block: string): string => `run blockdev --flushbufs /dev/${block}`;
const remove = ([, , , hctl]: Way): string => `write /sys/bus/scsi/devices/${hctl}/delete 1`;
const unitRemove = ([busId, , target]: Way): string =>
  `write ${zfcp}/${busId}/0x${target}/unit_remove 0x0002000000000000`;

const rows = Object.entries(distributions).flatMap(([key, distribution]) =>
  [true, false].map((allowLunScan) => ({ key, distribution, allowLunScan })),
);

function unmapAll(host: FakeHost): void {
  for (const mask of [...host.masks]) host.unmap(mask);
}

describe.each(rows)('$distribution.name, automatic LUN scan $allowLunScan', ({ distribution, allowLunScan }) => {
  test('four paths come by four requests, and go map first, written out, each with its unit', async () => {
    const host = fourPaths({ distribution, allowLunScan });
    const connector = await hostConnector(host);
    const before = host.snapshot();

    const device = await connector.connectVolume(connectionInfo(), { signal });

    expect(device).toEqual({
      type: 'block',
      path: `/dev/disk/by-id/dm-uuid-mpath-${WWID}`,
      scsi_wwn: WWID,
      multipath_id: WWID,
    });
    expect(host.log.splice(0)).toEqual([
      'run multipathd show status',
      ...four.map(allowLunScan ? scan : unitAdd),
      read('dm-0'),
    ]);

    makeDirty(host);
    await connector.disconnectVolume(connectionInfo(), device, { signal });

    expect(host.log).toEqual([
      flush('dm-0'), // data that went to the map reaches the paths
      `run multipath -f ${distribution.hasFriendlyNames ? 'mpatha' : WWID}`, // refused by the kernel if anybody has it open
      ...inOrder.map(([, , , , block]) => flush(block)), // data that went to a path directly reaches the disk
      // Nothing can write any more, and nothing is left to be written: only now do devices go.
      ...inOrder.flatMap((way) => (allowLunScan ? [remove(way)] : [remove(way), unitRemove(way)])),
    ]);
    unmapAll(host);
    expect(host.violations).toEqual([]);
    expect(host.snapshot()).toEqual(before);
  });

  test('a single path without multipathd is handed out under its udev name, and goes written out', async () => {
    const host = singlePath({ distribution, allowLunScan, multipathd: 'absent' });
    const connector = await hostConnector(host, { useMultipath: false, enforceMultipath: false });
    const info = connectionInfo({ target_wwn: near });
    const before = host.snapshot();

    const device = await connector.connectVolume(info, { signal });

    const path = `/dev/disk/by-path/ccw-0.0.8001-fc-0x${near}-lun-2`;
    expect(device).toEqual({ type: 'block', path, scsi_wwn: WWID });
    expect(host.log.splice(0)).toEqual([(allowLunScan ? scan : unitAdd)(four[0]), read('sda')]);

    makeDirty(host);
    await connector.disconnectVolume(info, device, { signal });

    expect(host.log).toEqual([flush('sda'), remove(four[0]), ...(allowLunScan ? [] : [unitRemove(four[0])])]);
    unmapAll(host);
    expect(host.violations).toEqual([]);
    expect(host.snapshot()).toEqual(before);
  });

  test('connecting and disconnecting twice asks for nothing the second time', async () => {
    const host = fourPaths({ distribution, allowLunScan });
    const connector = await hostConnector(host);
    const device = await connector.connectVolume(connectionInfo(), { signal });
    const connected = host.snapshot();
    host.log.splice(0);

    expect(await connector.connectVolume(connectionInfo(), { signal })).toEqual(device);
    expect(host.log.splice(0).filter((line) => line.startsWith('write'))).toEqual([]);
    expect(host.snapshot()).toEqual(connected);

    await connector.disconnectVolume(connectionInfo(), device, { signal });
    host.log.splice(0);
    await connector.disconnectVolume(connectionInfo(), device, { signal });
    expect(host.log).toEqual([]);
    expect(host.violations).toEqual([]);
  });
});
