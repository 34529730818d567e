/* A read-only attach to a Linux host makes every path read-only, or fails. */
import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import {
  connectionInfo,
  fourPaths,
  hostConnector,
  nothing,
  singlePath,
  targetWwpns,
} from '../support/fake-host/scenes.ts';

const signal = neverAborted();

describe.each([
  ['access_mode of Cinder', { access_mode: 'ro' }, {}],
  ['the caller', {}, { readOnly: true }],
])('read-only by %s', (_who, data, options) => {
  test('every path is made read-only before the map, and each is asked whether it is', async () => {
    const host = fourPaths();

    await (await hostConnector(host)).connectVolume(connectionInfo(data), { signal, ...options });

    const asked = host.log.filter((line) => line.includes('blockdev'));
    expect(asked).toEqual(
      ['sda', 'sdb', 'sdc', 'sdd', 'dm-0'].flatMap((block) => [
        `run blockdev --setro /dev/${block}`,
        `run blockdev --getro /dev/${block}`,
      ]),
    );
    expect([...host.disks, ...host.maps].every(({ isReadOnly }) => isReadOnly)).toBe(true);
  });

  test('fails if a device stays writable, and leaves nothing behind', async () => {
    const host = fourPaths();
    host.fail(/--getro \/dev\/dm-0/, { stdout: '0\n' });

    const connecting = (await hostConnector(host)).connectVolume(connectionInfo(data), { signal, ...options });

    await expect(connecting).rejects.toMatchObject({
      code: 'VOLUME_ATTACH',
      cause: { message: '/dev/dm-0 is still writable after --setro' },
    });
    expect(host.snapshot()).toEqual(nothing);
  });
});

test('a writable volume is writable again after a failed read-only attach', async () => {
  const host = singlePath({ multipathd: 'absent' });
  const info = connectionInfo({ target_wwn: targetWwpns[0] });
  const connector = await hostConnector(host, { useMultipath: false, enforceMultipath: false });
  await connector.connectVolume(info, { signal });
  const before = host.snapshot();
  host.fail(/--getro/, { stdout: '0\n' });

  await expect(connector.connectVolume(info, { signal, readOnly: true })).rejects.toMatchObject({
    code: 'VOLUME_ATTACH',
  });

  expect(host.snapshot()).toEqual(before);
});

test('a volume that the array has made writable again is handed out once the kernel has looked', async () => {
  const host = fourPaths();
  const connector = await hostConnector(host);
  await connector.connectVolume(connectionInfo(), { signal });
  for (const device of [...host.disks, ...host.maps]) device.isReadOnly = true;
  host.changed();
  for (const disk of host.disks) {
    host.after(new RegExp(`/${disk.hctl}/rescan 1$`), () => (disk.isReadOnly = false), 1);
  }

  const device = await connector.connectVolume(connectionInfo(), { signal });

  expect(device.path).toContain('dm-uuid-mpath-');
  expect([...host.disks, ...host.maps].some(({ isReadOnly }) => isReadOnly)).toBe(false);
});

test('a map that stays read-only over writable paths is not handed out as writable', async () => {
  const host = fourPaths();
  const connector = await hostConnector(host);
  await connector.connectVolume(connectionInfo(), { signal });
  host.maps[0]!.isReadOnly = true;
  host.changed();
  host.fail(/reload map/, { stdout: 'ok\n' });

  await expect(connector.connectVolume(connectionInfo(), { signal })).rejects.toThrow(
    'a writable volume was requested, but multipath map mpatha is read-only on this host',
  );
});

test('a volume that is there read-only is not handed out as writable', async () => {
  const host = fourPaths();
  const connector = await hostConnector(host);
  await connector.connectVolume(connectionInfo(), { signal, readOnly: true });

  await expect(connector.connectVolume(connectionInfo(), { signal })).rejects.toThrow(
    'a writable volume was requested, but /dev/sda, /dev/sdb, /dev/sdc, /dev/sdd is read-only on this host',
  );
});
