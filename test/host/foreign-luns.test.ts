import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import { FakeHost } from '../support/fake-host/fake-host.ts';
import type { FakeTarget } from '../support/fake-host/model.ts';
import {
  connectionInfo,
  hostConnector,
  LUN,
  maskAll,
  nothing,
  pciPort,
  target,
  targetWwpns,
  volume,
} from '../support/fake-host/scenes.ts';

/*
 * A scan of all targets of a port also finds the LUNs of other arrays with the number that is scanned for. Source:
 * os-brick initiator/linuxfc.py, rescan_hosts, with enable_wildcard_scan for back ends that never need such a scan.
 */

const signal = neverAborted();
const [near, far] = targetWwpns;
const info = (data = {}) => connectionInfo({ target_wwn: near, ...data });
const foreign = volume('6'.repeat(32));

/** Two ports see another array, which has mapped a LUN of the same number to them. They do not know our array at first. */
function open(appears: FakeTarget['appears']): FakeHost {
  const adapters = ([0, 1] as const).map((index) => pciPort(index, [target(0, appears), target(1)]));
  const masks = maskAll(adapters, volume()).map((mask) => (mask.target === far ? { ...mask, volume: foreign } : mask));
  return new FakeHost({ kind: 'pci', adapters, masks });
}

const scans = (host: FakeHost) => host.log.filter((line) => line.includes('/scan '));

describe('a back end that forbids wildcard scans', () => {
  test.each([false, 'False'])('gets no wildcard scan (%j), and the error names the reason', async (value) => {
    const host = open('never');

    const connecting = (await hostConnector(host)).connectVolume(info({ enable_wildcard_scan: value }), { signal });

    await expect(connecting).rejects.toMatchObject({ code: 'LUN_UNREACHABLE' });
    await expect(connecting).rejects.toThrow('the back end forbids a scan of all targets');
    expect(scans(host)).toEqual([]);
    expect(host.snapshot()).toEqual(nothing);
  });

  test('gets scans for an exact target and LUN like any other', async () => {
    const host = open('always');

    await (await hostConnector(host)).connectVolume(info({ enable_wildcard_scan: false }), { signal });

    expect(scans(host)).toEqual([6, 7].map((id) => `write /sys/class/scsi_host/host${id}/scan 0 0 2`));
    expect(host.disks).toHaveLength(2);
  });
});

describe('LUNs of other volumes that a wildcard scan added', () => {
  test('are removed when the attach fails', async () => {
    const host = open('never');

    const connecting = (await hostConnector(host)).connectVolume(info(), { signal });

    await expect(connecting).rejects.toMatchObject({ code: 'LUN_UNREACHABLE' });
    expect(scans(host)).toContain('write /sys/class/scsi_host/host6/scan - - 2');
    expect(host.snapshot()).toEqual(nothing);
    expect(host.violations).toEqual([]);
  });

  test('are removed when the attach succeeds, and the attached volume is kept', async () => {
    const host = open('after wildcard scan');

    const device = await (await hostConnector(host)).connectVolume(info({ enable_wildcard_scan: true }), { signal });

    expect(device.warnings).toBeUndefined();
    expect(host.disks.map((disk) => disk.target.wwpn)).toEqual([near, near]);
    expect(host.maps).toHaveLength(1);
    expect(host.violations).toEqual([]);
  });

  test('are named in a warning when they are already in use', async () => {
    const host = open('after wildcard scan');
    host.after(
      /add path|iflag=direct|scan - - 2/,
      () => {
        const [disk] = host.disks.filter(({ target: { wwpn } }) => wwpn === far);
        if (disk !== undefined) host.mounts.set(disk.block, '/srv/theirs');
      },
      2,
    );

    const device = await (await hostConnector(host)).connectVolume(info(), { signal });

    expect(device.warnings).toEqual([
      expect.stringMatching(/^a scan of all targets added a LUN of another volume: .*mounted on \/srv\/theirs/),
    ]);
  });

  test('are kept when they existed before the scan', async () => {
    const host = open('after wildcard scan');
    for (const adapter of host.adapters) host.look(adapter, adapter.targets[1]!, LUN);
    expect(host.disks).toHaveLength(2);

    await (await hostConnector(host)).connectVolume(info(), { signal });

    expect(host.disks).toHaveLength(4);
  });
});
