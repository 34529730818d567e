/* Extending a volume on a Linux host reads the size of each path again, then resizes the multipath map. */
import { expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import type { FakeHost } from '../support/fake-host/fake-host.ts';
import { connectionInfo, fourPaths, GIB, hostConnector } from '../support/fake-host/scenes.ts';

const signal = neverAborted();

async function grown(host: FakeHost, gib = 20) {
  const connector = await hostConnector(host);
  await connector.connectVolume(connectionInfo(), { signal });
  host.masks[0]!.volume.bytes = gib * GIB;
  host.log.splice(0);
  return connector;
}

test('each path reads its size again, then the map is resized, once', async () => {
  const host = fourPaths();
  const connector = await grown(host);

  expect(await connector.extendVolume(connectionInfo(), { signal, minSizeBytes: 20 * GIB })).toBe(20 * GIB);
  expect(await connector.extendVolume(connectionInfo(), { signal, minSizeBytes: 20 * GIB })).toBe(20 * GIB);

  const rescans = ['0:0:0:2', '0:0:1:2', '1:0:0:2', '1:0:1:2'].map(
    (hctl) => `write /sys/bus/scsi/devices/${hctl}/rescan 1`,
  );
  expect(host.log).toEqual([...rescans, 'run multipathd resize map mpatha', ...rescans]);
  expect(host.maps[0]?.bytes).toBe(20 * GIB);
});

test('a map is not resized while a path shows the old size', async () => {
  const host = fourPaths();
  const connector = await grown(host);
  host.masks.splice(1, 1); // this path learns nothing any more

  await expect(connector.extendVolume(connectionInfo(), { signal })).rejects.toThrow(
    /not every path shows the new size .*\/dev\/sdc 10737418240/,
  );
  expect(host.maps[0]?.bytes).toBe(10 * GIB);
});

test('a path that is down is named before anything is changed', async () => {
  const host = fourPaths();
  const connector = await grown(host);
  host.disks[1]!.state = 'transport-offline';
  host.changed();

  await expect(connector.extendVolume(connectionInfo(), { signal })).rejects.toThrow('is transport-offline');
  expect(host.log).toEqual([]);
});

test('multipathd that answers "fail" with status 0 is not believed to have resized', async () => {
  const host = fourPaths();
  const connector = await grown(host);
  host.fail(/resize map/, { stdout: 'fail\n' });

  await expect(connector.extendVolume(connectionInfo(), { signal })).rejects.toMatchObject({
    code: 'VOLUME_ATTACH',
    cause: { message: expect.stringContaining('did not resize map mpatha') as string },
  });
});

test('a size that the array does not show is an error that names it', async () => {
  const host = fourPaths();
  const connector = await grown(host);

  await expect(connector.extendVolume(connectionInfo(), { signal, minSizeBytes: 30 * GIB })).rejects.toThrow(
    `wanted at least ${30 * GIB} bytes`,
  );
});

test('a volume that is not on this host cannot be extended', async () => {
  const connector = await hostConnector(fourPaths());

  await expect(connector.extendVolume(connectionInfo(), { signal })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
