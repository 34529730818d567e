import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import {
  connectionInfo,
  fourPaths,
  hostConnector,
  nothing,
  singlePath,
  targetWwpns,
  volume,
} from '../support/fake-host/scenes.ts';

/*
 * multipathd with the settings that are common on hosts. Sources: multipath-tools libmultipath/wwids.c (find_multipaths),
 * multipathd/cli_handlers.c (answers of `add path`, `add map` and `del path`).
 */

const signal = neverAborted();
const [near] = targetWwpns;
const wwid = '360050768018205e1a800000000000001';
const onePath = connectionInfo({ target_wwn: near });

describe('find_multipaths', () => {
  test.each(['by itself', 'when told'] as const)(
    'strict: the attach requests the map by its WWID (paths found %s)',
    async (mode) => {
      const host = fourPaths({ multipathd: mode, findMultipaths: 'strict' });
      const connector = await hostConnector(host);

      const device = await connector.connectVolume(connectionInfo(), { signal });

      expect(host.log).toContain(`run multipathd add map ${wwid}`);
      expect(device).toMatchObject({ path: '/dev/disk/by-id/dm-uuid-mpath-' + wwid, multipath_id: wwid });
      expect(device.warnings).toBeUndefined();
      expect(host.maps[0]?.slaves).toHaveLength(4);
      await connector.disconnectVolume(connectionInfo(), device, { signal });
      expect(host.snapshot()).toEqual(nothing);
      expect(host.violations).toEqual([]);
    },
  );

  test.each(['smart', 'strict'] as const)('%s: a single path gets a map as well', async (findMultipaths) => {
    const host = singlePath({ findMultipaths });

    const device = await (await hostConnector(host)).connectVolume(onePath, { signal });

    expect(device.multipath_id).toBe(wwid);
    expect(host.maps[0]?.slaves).toEqual(['sda']);
  });

  test.each(['greedy', 'smart'] as const)(
    '%s: multipathd makes the map of four paths unasked',
    async (findMultipaths) => {
      const host = fourPaths({ findMultipaths });

      await (await hostConnector(host)).connectVolume(connectionInfo(), { signal });

      expect(host.log.filter((line) => line.includes('multipathd add'))).toEqual([]);
      expect(host.maps[0]?.slaves).toHaveLength(4);
    },
  );
});

describe('a blacklisted volume', () => {
  const reason = 'excluded by the blacklist of multipath.conf (see "multipathd show blacklist")';

  test('is refused with that reason if multipath is required, and nothing is left behind', async () => {
    const host = singlePath();
    host.multipathd.blacklist.add(wwid);

    await expect((await hostConnector(host)).connectVolume(onePath, { signal })).rejects.toMatchObject({
      code: 'VOLUME_ATTACH',
      message: `multipath is required, but multipathd has not created a map of ${wwid}: /dev/sda: ${reason}`,
    });
    expect(host.snapshot()).toEqual(nothing);
  });

  test('is attached by one path, with that reason in the warning, if multipath is optional', async () => {
    const host = singlePath();
    host.multipathd.blacklist.add(wwid);
    const connector = await hostConnector(host, { enforceMultipath: false });

    const device = await connector.connectVolume(onePath, { signal });

    expect(device.warnings).toEqual([`multipathd has not created a map; a single path is used: /dev/sda: ${reason}`]);
  });
});

test('the warning names a path that multipathd did not add, and quotes its answer', async () => {
  const host = fourPaths({ multipathd: 'when told' });
  host.fail(/add path \/dev\/sdc/, { stdout: 'fail\n' });
  const connector = await hostConnector(host);

  const device = await connector.connectVolume(connectionInfo(), { signal });

  expect(device.warnings).toEqual(['sdc is not in multipath map mpatha: multipathd answers "fail"']);
});

test('a rollback waits until multipathd has removed a path from its map', async () => {
  const host = fourPaths();
  const mine = volume('6'.repeat(32));
  const { initiator, target } = host.masks[0]!;
  host.masks.push({ initiator, target, lun: '0005000000000000', volume: mine });
  const connector = await hostConnector(host);
  await connector.connectVolume(connectionInfo({ target_wwn: target, target_lun: 5 }), { signal });
  host.mounts.set('dm-0', '/mine');
  host.masks[1] = { ...host.masks[1]!, volume: mine }; // one of four leads to another volume
  const before = host.snapshot();
  const [map] = host.maps;
  const release = () => {
    map?.slaves.splice(map.slaves.indexOf('sdd'), 1);
    host.changed();
  };
  host.fail(/del path/, { stdout: 'delayed\n' }, 1);
  host.after(/del path/, () => void setImmediate(release), 1);

  await expect(connector.connectVolume(connectionInfo(), { signal })).rejects.toThrow('lead to different volumes');

  expect(host.snapshot()).toEqual(before);
  expect(host.violations).toEqual([]);
});
