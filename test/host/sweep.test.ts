import { expect, test } from 'vitest';
import { neverAborted, toError } from '../../src/base/index.ts';
import type { DeviceInfo } from '../../src/host-connector/index.ts';
import type { FakeHost, FakeHostOptions } from '../support/fake-host/fake-host.ts';
import { connectionInfo, fourPaths, hostConnector, pciPort, target } from '../support/fake-host/scenes.ts';

/*
 * Every write and every command of an attach and of a detach fails in turn: once, and for good. Whatever happens,
 * nothing that would lose data is done, what is left is named, and a detach without faults cleans up.
 */

const signal = neverAborted();
const pciPorts = ([0, 1] as const).map((index) => pciPort(index, [target(0), target(1)]));

const scenes: readonly (readonly [string, Partial<FakeHostOptions>])[] = [
  ['s390x with automatic LUN scan', { allowLunScan: true }],
  ['s390x with units', { allowLunScan: false }],
  ['PCI adapters', { kind: 'pci', adapters: pciPorts }],
];
const answers = {
  write: ['EIO', 'EBUSY', 'ENODEV', 'EINVAL'],
  run: ['ENOENT', { status: 1 }, { status: null }],
} as const;
const times = [1, Number.POSITIVE_INFINITY];

interface Names {
  readonly leftBehind?: readonly string[];
}

async function caught(work: Promise<unknown>): Promise<(Error & Names) | undefined> {
  return await work.then(
    () => undefined,
    (error: unknown) => toError(error),
  );
}

function exactly(line: string): RegExp {
  return new RegExp(`^${line.replaceAll(/[.+]/g, '\\$&')}$`);
}

function faultsOf(log: readonly string[]) {
  return [...new Set(log)].flatMap((line) =>
    answers[line.startsWith('write') ? 'write' : 'run'].flatMap((answer) =>
      times.map((count) => ({ line, answer, count })),
    ),
  );
}

/** Nothing is left, or all that is left is named. */
function expectNamed(host: FakeHost, error: Error & Names, what: string): void {
  const left = [...host.disks.map(({ block }) => block), ...host.maps.map(({ name }) => name)];
  const named = (error.leftBehind ?? []).join(' ');
  for (const each of left) expect(named, `${what}: ${each} is left`).toContain(each);
}

async function disconnect(host: FakeHost, device: DeviceInfo | undefined): Promise<void> {
  const connector = await hostConnector(host);
  await connector.disconnectVolume(connectionInfo(), device, { signal });
}

test.each(scenes)('an attach on %s survives the failure of each of its steps', async (_what, scene) => {
  const rehearsal = fourPaths(scene);
  await (await hostConnector(rehearsal)).connectVolume(connectionInfo(), { signal });
  let struck = 0;
  for (const { line, answer, count } of faultsOf(rehearsal.log)) {
    const what = `${line} gets ${JSON.stringify(answer)} ${count} times`;
    const host = fourPaths(scene);
    host.fail(exactly(line), answer, count);

    const error = await caught((await hostConnector(host)).connectVolume(connectionInfo(), { signal }));

    expect(host.log, what).toContain(line);
    if (error === undefined) expect(host.maps, what).toHaveLength(1);
    else expectNamed(host, error, what);
    struck += 1;
    host.mend();
    await disconnect(host, undefined);
    expect({ ...(host.snapshot() as object), violations: host.violations }, what).toEqual({
      ...{ disks: [], maps: [], units: [], violations: [] },
    });
  }
  expect(struck).toBeGreaterThan(30);
});

test.each(scenes)('a detach on %s survives the failure of each of its steps', async (_what, scene) => {
  const rehearsal = await attached(scene);
  await disconnect(rehearsal.host, rehearsal.device);
  let struck = 0;
  for (const { line, answer, count } of faultsOf(rehearsal.host.log)) {
    const what = `${line} gets ${JSON.stringify(answer)} ${count} times`;
    const { host, device } = await attached(scene);
    host.fail(exactly(line), answer, count);

    const error = await caught(disconnect(host, device));

    expect(host.log, what).toContain(line);
    if (error === undefined) expect(host.snapshot(), what).toEqual({ disks: [], maps: [], units: [] });
    else expectNamed(host, error, what);
    struck += 1;
    host.mend();
    await disconnect(host, device);
    expect({ ...(host.snapshot() as object), violations: host.violations }, what).toEqual({
      ...{ disks: [], maps: [], units: [], violations: [] },
    });
  }
  expect(struck).toBeGreaterThan(60);
});

async function attached(scene: Partial<FakeHostOptions>): Promise<{ host: FakeHost; device: DeviceInfo }> {
  const host = fourPaths(scene);
  const device = await (await hostConnector(host)).connectVolume(connectionInfo(), { signal });
  for (const each of [...host.disks, ...host.maps]) each.isDirty = true;
  host.log.splice(0);
  return { host, device };
}
