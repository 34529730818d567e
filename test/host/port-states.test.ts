import { expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import { openHostWorld } from '../support/host-world.ts';
import { startWorld } from '../support/world.ts';
import { connectionInfo, fourPaths, hostConnector, pciPort, target, targetWwpns } from '../support/fake-host/scenes.ts';

/*
 * A remote port that is `Blocked` (dev_loss_tmo is running) or `Not Present` (it has expired) has no LUN, whatever the
 * array masks. Source: linux drivers/scsi/scsi_transport_fc.c (fc_port_states, fc_user_scan_tgt).
 */

const signal = neverAborted();
const [, far] = targetWwpns;
const pci = () => ({
  kind: 'pci' as const,
  adapters: ([0, 1] as const).map((index) => pciPort(index, [target(0), target(1)])),
});

const hosts = [
  ['automatic LUN scan', { allowLunScan: true }],
  ['units', { allowLunScan: false }],
  ['PCI', pci()],
] as const;
const states = ['Blocked', 'Not Present'] as const;

test.each(hosts.flatMap(([name]) => states.map((state) => [name, state] as const)))(
  '%s: the error names a target port that is %s instead of suspecting the mask',
  async (name, state) => {
    const options = hosts.find(([each]) => each === name)?.[1];
    const host = fourPaths(name === 'PCI' ? pci() : { ...options });
    host.adapters[1]!.targets[1]!.portState = state;
    host.changed();

    const device = await (await hostConnector(host)).connectVolume(connectionInfo(), { signal });

    expect(device.warnings).toHaveLength(1);
    expect(device.warnings?.[0]).toContain(`to ${far} LUN`);
    expect(device.warnings?.[0]).toContain(`the target port is ${state}`);
    expect(device.warnings?.[0]).not.toMatch(/mask|zon/);
    expect(host.maps[0]?.slaves).toHaveLength(3);
  },
);

test.each(states)('volume paths: a path without a device reports a target port that is %s', async (state) => {
  await using world = await startWorld();
  using scene = openHostWorld(world);
  const { volumeId } = await scene.attach('data-1');
  const { host } = scene;
  const [lost] = host.disks;
  lost!.target.portState = state;
  host.disks = host.disks.filter((disk) => disk !== lost);
  host.changed();

  const paths = await scene.view.paths(volumeId, world.context);

  expect(paths.find(({ device }) => device === null)).toMatchObject({
    state: 'target-unreachable',
    detail: `target port is ${state}`,
    target_wwpn: lost?.target.wwpn,
  });
});
