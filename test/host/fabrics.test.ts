import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import type { FakeHost } from '../support/fake-host/fake-host.ts';
import type { FakeAdapter } from '../support/fake-host/model.ts';
import {
  connectionInfo,
  fcpDevice,
  fourPaths,
  hostConnector,
  initiators,
  nothing,
  noWaits,
  pciPort,
  target,
  targetWwpns,
} from '../support/fake-host/scenes.ts';

/*
 * Two fabrics: each port sees one of the targets, and the array maps both ports to both. Source: cinder volume/drivers/ibm
 * (storwize_svc_fc.py, ibm_storage/ds8k_proxy.py and xiv_proxy.py build initiator_target_map from all ports and all targets).
 */

const signal = neverAborted();
const [near, far] = targetWwpns;
const everyPair = Object.fromEntries(initiators.map((wwpn) => [wwpn, [near, far]]));
const allToAll = connectionInfo({ initiator_target_map: everyPair });

type MakeAdapter = (index: 0 | 1, targets: FakeAdapter['targets']) => FakeAdapter;

function twoFabrics(kind: 'zfcp' | 'pci', change: Parameters<typeof fourPaths>[0] = {}): FakeHost {
  const make: MakeAdapter = kind === 'zfcp' ? fcpDevice : pciPort;
  return fourPaths({ kind, adapters: [make(0, [target(0)]), make(1, [target(1)])], ...change });
}

describe.each([
  ['s390x, automatic LUN scan', () => twoFabrics('zfcp')],
  ['s390x, units', () => twoFabrics('zfcp', { allowLunScan: false })],
  ['PCI', () => twoFabrics('pci')],
] as const)('pairs of ports that no fabric holds: %s', (_what, makeHost) => {
  test('cause no wait, no rescan and no warning', async () => {
    const host = makeHost();
    const connector = await hostConnector(host, { policies: noWaits });

    const device = await connector.connectVolume(allToAll, { signal });
    const again = await connector.connectVolume(allToAll, { signal });

    expect(device.warnings).toBeUndefined();
    expect(again).toEqual(device);
    expect(host.log.filter((line) => line.includes('port_rescan'))).toEqual([]);
    expect(host.maps[0]?.slaves).toHaveLength(2);
    await connector.disconnectVolume(allToAll, device, { signal });
    expect(host.snapshot()).toEqual(nothing);
    expect(host.violations).toEqual([]);
  });

  test('are named when no path appears at all', async () => {
    const host = makeHost();
    host.masks.splice(0);

    const connecting = (await hostConnector(host)).connectVolume(allToAll, { signal });

    await expect(connecting).rejects.toMatchObject({
      code: 'LUN_UNREACHABLE',
      message: expect.stringContaining(`to ${far} LUN 0002000000000000: no fabric connects these two ports`) as string,
    });
  });
});

test('an attach waits for a target that no port sees, and names it for every port', async () => {
  const host = twoFabrics('zfcp', { adapters: [fcpDevice(0, [target(0)]), fcpDevice(1, [target(0)])] });

  const device = await (await hostConnector(host)).connectVolume(allToAll, { signal });

  expect(host.log.filter((line) => line.includes('port_rescan'))).toHaveLength(2);
  expect(device.warnings).toHaveLength(2);
  for (const warning of device.warnings ?? []) expect(warning).toContain(`to ${far} `);
});

test('attach and detach do not wait if all paths are healthy', async () => {
  const host = fourPaths();
  const connector = await hostConnector(host, { policies: noWaits });

  const device = await connector.connectVolume(allToAll, { signal });
  await connector.extendVolume(allToAll, { signal });
  await connector.disconnectVolume(allToAll, device, { signal });

  expect(host.snapshot()).toEqual(nothing);
});
