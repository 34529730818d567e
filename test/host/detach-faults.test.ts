/* A detach from a Linux host that fails names what is left, loses no data, and succeeds at the next call. */
import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import type { FakeHost } from '../support/fake-host/fake-host.ts';
import { attached, connectionInfo, fourPaths, makeDirty, nothing, targetWwpns } from '../support/fake-host/scenes.ts';

const signal = neverAborted();
const info = connectionInfo();
const blocks = ['sda', 'sdc', 'sdd', 'sdb'];
const flushes = blocks.map((block) => `run blockdev --flushbufs /dev/${block}`);
const deletes = ['0:0:0:2', '0:0:1:2', '1:0:0:2', '1:0:1:2'].map(
  (hctl) => `write /sys/bus/scsi/devices/${hctl}/delete 1`,
);

async function attachedAndDirty(host?: FakeHost) {
  const scene = await attached(host);
  makeDirty(scene.host);
  return scene;
}

test('names a path that cannot be removed, removes the others, and a second detach removes it', async () => {
  const { host, connector, device } = await attachedAndDirty();
  host.fail(/0:0:1:2\/delete/, 'EIO', 1);

  const disconnecting = connector.disconnectVolume(info, device, { signal });

  await expect(disconnecting).rejects.toMatchObject({
    code: 'VOLUME_DETACH',
    leftBehind: [`/dev/sdc (0.0.8001 to ${targetWwpns[1]} LUN 0002000000000000)`],
  });
  expect(host.log).toEqual(['run blockdev --flushbufs /dev/dm-0', 'run multipath -f mpatha', ...flushes, ...deletes]);
  await connector.disconnectVolume(info, device, { signal });
  expect(host.snapshot()).toEqual(nothing);
  expect(host.violations).toEqual([]);
});

test('names a unit that cannot be removed, and a second detach removes it', async () => {
  const { host, connector, device } = await attachedAndDirty(fourPaths({ allowLunScan: false }));
  host.fail(/0\.0\.8002.*unit_remove/, 'EIO', 2);

  const disconnecting = connector.disconnectVolume(info, device, { signal });

  await expect(disconnecting).rejects.toMatchObject({
    leftBehind: [
      expect.stringMatching(/^unit of 0\.0\.8002 to/) as string,
      expect.stringMatching(/^unit of 0\.0\.8002 to/) as string,
    ],
  });
  expect(host.disks).toEqual([]);
  await connector.disconnectVolume(info, device, { signal });
  expect(host.snapshot()).toEqual(nothing);
});

describe('data that cannot be written out', () => {
  /** All paths are down, and there is data in the map. */
  async function dead() {
    const scene = await attachedAndDirty();
    scene.host.masks[0]!.volume.alive = false;
    return scene;
  }

  test('keeps everything as it is', async () => {
    const { host, connector, device } = await dead();
    const before = host.snapshot();

    const disconnecting = connector.disconnectVolume(info, device, { signal });

    await expect(disconnecting).rejects.toMatchObject({ code: 'VOLUME_DETACH' });
    await expect(disconnecting).rejects.toThrow('could not be flushed and released, so no path was removed');
    expect(host.log).toEqual(['run blockdev --flushbufs /dev/dm-0']);
    expect(host.snapshot()).toEqual(before);
  });

  test('is given up with force: queueing ends first, then all goes', async () => {
    const { host, connector, device } = await dead();

    await connector.disconnectVolume(info, device, { signal, force: true });

    expect(host.log).toEqual([
      'run blockdev --flushbufs /dev/dm-0',
      'run multipathd disablequeueing map mpatha', // else the removal waits for a path that never comes back
      'run multipath -f mpatha',
      ...flushes,
      ...deletes,
    ]);
    expect(host.snapshot()).toEqual(nothing);
    expect(host.violations.every((each) => each.includes('was not written out'))).toBe(true);
  });

  test('of one path brings the map back that was removed already', async () => {
    const { host, connector, device } = await attachedAndDirty();
    const before = host.snapshot();
    host.fail(/flushbufs \/dev\/sdd/, { status: 1, stderr: 'Input/output error' });

    await expect(connector.disconnectVolume(info, device, { signal })).rejects.toMatchObject({
      leftBehind: expect.arrayContaining(['multipath map mpathb']) as unknown,
    });

    expect(host.disks).toHaveLength(4);
    expect(host.maps[0]?.slaves).toHaveLength(4);
    expect(before).toHaveProperty('maps');
  });
});

test('a map that multipathd builds anew is removed once more before any path goes', async () => {
  const { host, connector, device } = await attachedAndDirty();
  const [first] = host.disks;
  host.after(/flushbufs \/dev\/dm-0|multipath -f/, () => host.multipathd.addPath(first!), 2);

  await connector.disconnectVolume(info, device, { signal });

  expect(host.log.filter((line) => line.startsWith('run multipath -f'))).toHaveLength(2);
  expect(host.violations).toEqual([]);
  expect(host.snapshot()).toEqual(nothing);
});

test('a map that udev holds open for a moment is tried again', async () => {
  const { host, connector, device } = await attachedAndDirty();
  host.fail(/multipath -f/, { status: 1, stderr: 'mpatha: map in use' }, 2);

  await connector.disconnectVolume(info, device, { signal });

  expect(host.log.filter((line) => line.startsWith('run multipath -f'))).toHaveLength(3);
  expect(host.snapshot()).toEqual(nothing);
});

test('a map without paths is removed without being written out', async () => {
  const { host, connector, device } = await attachedAndDirty();
  host.disks = [];
  host.maps[0]!.slaves.splice(0);
  host.maps[0]!.isDirty = false;
  host.changed();

  await connector.disconnectVolume(info, device, { signal });

  expect(host.log).toEqual(['run multipathd disablequeueing map mpatha', 'run multipath -f mpatha']);
  expect(host.snapshot()).toEqual(nothing);
});

test('unmapping before the detach is what the fake host notes as a mistake', async () => {
  const { host } = await attachedAndDirty();

  host.unmap(host.masks[0]!);

  expect(host.violations).toEqual([expect.stringContaining('unmapped while')]);
});
