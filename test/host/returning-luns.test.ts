import { expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import type { FakeHost } from '../support/fake-host/fake-host.ts';
import { attached, connectionInfo, fourPaths, nothing, pciPort, target } from '../support/fake-host/scenes.ts';

/*
 * While a LUN is mapped, every scan adds its device again: by rescan-scsi-bus.sh, by os-brick, or after an event of the
 * fabric. Source: linux drivers/scsi/scsi_scan.c; for zfcp with automatic LUN scan drivers/s390/scsi/zfcp_scsi.c.
 */

const signal = neverAborted();
const info = connectionInfo();
const adapters = () => ([0, 1] as const).map((index) => pciPort(index, [target(0), target(1)]));
const hosts: readonly (readonly [string, () => FakeHost])[] = [
  ['s390x with automatic LUN scan', () => fourPaths()],
  ['PCI adapters', () => fourPaths({ kind: 'pci', adapters: adapters() })],
];

/** Another program scans all targets, and multipathd adds the devices that appear. */
function scanAll(host: FakeHost): void {
  for (const adapter of host.adapters) host.scan(adapter, undefined, undefined);
  for (const disk of host.disks) host.multipathd.addPath(disk);
  host.changed();
}

test.each(hosts)(
  'devices that a scan adds again during a detach are removed too, map first, on %s',
  async (_what, open) => {
    for (let at = 1; at <= 4; at += 1) {
      const host = open();
      const { connector, device } = await attached(host);
      let deletes = 0;
      host.after(
        /\/delete/,
        () => {
          deletes += 1;
          if (deletes === at) scanAll(host);
        },
        4,
      );

      await connector.disconnectVolume(info, device, { signal });

      expect(host.snapshot(), `after delete ${at}`).toEqual(nothing);
      expect(host.violations, `after delete ${at}`).toEqual([]);
    }
  },
);

test('devices that a scan adds again every time are named', async () => {
  const host = fourPaths();
  const { connector, device } = await attached(host);
  host.after(/\/delete/, () => scanAll(host), Number.POSITIVE_INFINITY);

  await expect(connector.disconnectVolume(info, device, { signal })).rejects.toMatchObject({
    code: 'VOLUME_DETACH',
    leftBehind: expect.arrayContaining([expect.stringMatching(/^\/dev\/sd/)]) as unknown,
  });
});

test.each(hosts)(
  'a path that could not be removed is named although a scan added another one again, on %s',
  async (_what, open) => {
    const host = open();
    const { connector, device } = await attached(host);
    const [stuck] = host.disks;
    host.fail(new RegExp(`${stuck?.hctl}/delete`), 'EIO', Number.POSITIVE_INFINITY);
    host.after(/\/delete/, () => scanAll(host), 1);

    await expect(connector.disconnectVolume(info, device, { signal })).rejects.toMatchObject({
      code: 'VOLUME_DETACH',
      leftBehind: [expect.stringContaining(`/dev/${stuck?.block}`)] as unknown,
    });
  },
);

test('devices that a scan added again and that are in use are left, and the detach does not say that it changed nothing', async () => {
  const host = fourPaths();
  const { connector, device } = await attached(host);
  host.after(
    /\/delete/,
    () => {
      scanAll(host);
      for (const { block } of host.maps) host.openFiles.set(4711, { comm: 'dd', node: `/dev/${block}` });
    },
    1,
  );

  await expect(connector.disconnectVolume(info, device, { signal })).rejects.toMatchObject({
    code: 'VOLUME_DETACH',
    message: expect.stringContaining('dd') as unknown,
    leftBehind: expect.arrayContaining([expect.stringMatching(/^\/dev\/sd/)]) as unknown,
  });
  expect(host.violations).toEqual([]);
});

test.each(hosts)(
  'devices that a scan adds again before the unmapping are removed by a second detach after it, on %s',
  async (_what, open) => {
    const host = open();
    const { connector, device } = await attached(host);
    await connector.disconnectVolume(info, device, { signal });
    scanAll(host);
    host.masks.splice(0);

    await connector.disconnectVolume(info, device, { signal, force: true });

    expect(host.snapshot()).toEqual(nothing);
    expect(host.violations).toEqual([]);
  },
);
