import { setTimeout as realTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { FakeHostOptions } from '../support/fake-host/fake-host.ts';

/** Every wait of this program uses this timer. */
let waits = 0;
let scenes: Awaited<ReturnType<typeof load>>;

/** Modules that other test files have loaded have the real timer. */
async function load() {
  vi.resetModules();
  vi.doMock('node:timers/promises', () => ({
    setTimeout: async (...given: Parameters<typeof realTimeout>) => {
      waits += 1;
      return await realTimeout(...given);
    },
  }));
  return await import('../support/fake-host/scenes.ts');
}

beforeAll(async () => {
  scenes = await load();
});

afterAll(() => {
  vi.doUnmock('node:timers/promises');
  vi.resetModules();
});

const { signal } = new AbortController();
const hosts: readonly (readonly [string, () => Partial<FakeHostOptions>])[] = [
  ['s390x with automatic LUN scan', () => ({})],
  ['s390x with units', () => ({ allowLunScan: false })],
  [
    'PCI adapters',
    () => {
      const { pciPort, target } = scenes;
      return { kind: 'pci', adapters: ([0, 1] as const).map((index) => pciPort(index, [target(0), target(1)])) };
    },
  ],
];

test.each(hosts)('attach and detach of a healthy volume do not wait on %s', async (_what, options) => {
  const { fourPaths, hostConnector, connectionInfo } = scenes;
  const host = fourPaths(options());
  const connector = await hostConnector(host);
  waits = 0;

  const device = await connector.connectVolume(connectionInfo(), { signal });
  await connector.connectVolume(connectionInfo(), { signal });
  await connector.disconnectVolume(connectionInfo(), device, { signal });

  expect(waits).toBe(0);
  expect(host.disks).toEqual([]);
});

test('attach and detach of a single path without multipath do not wait', async () => {
  const { singlePath, hostConnector, connectionInfo, targetWwpns } = scenes;
  const single = { useMultipath: false, enforceMultipath: false };
  const connector = await hostConnector(singlePath({ multipathd: 'absent' }), single);
  const info = connectionInfo({ target_wwn: targetWwpns[0] });
  waits = 0;

  const device = await connector.connectVolume(info, { signal });
  await connector.disconnectVolume(info, device, { signal });

  expect(waits).toBe(0);
});

test('the wait for a path that does not appear is counted', async () => {
  const { singlePath, hostConnector, connectionInfo } = scenes;
  const connector = await hostConnector(singlePath({ masks: [] }));
  waits = 0;

  await expect(connector.connectVolume(connectionInfo(), { signal })).rejects.toMatchObject({
    code: 'LUN_UNREACHABLE',
  });

  expect(waits).toBeGreaterThan(0);
});
