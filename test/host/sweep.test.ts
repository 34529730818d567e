import { expect, test } from 'vitest';
import { neverAborted, toError } from '../../src/base/index.ts';
import type { DeviceInfo, HostConnector } from '../../src/volume/host/index.ts';
import type { FakeHost, FakeHostOptions } from '../support/fake-host/fake-host.ts';
import type { FakeDisk } from '../support/fake-host/model.ts';
import {
  connectionInfo,
  fourPaths,
  GIB,
  hostConnector,
  makeDirty,
  nothing,
  pciPort,
  singlePath,
  target,
} from '../support/fake-host/scenes.ts';

/*
 * Every write and every command of an attach, of a detach and of an extend fails in turn: once, and for good, with each
 * errno and each end that a command can have; and each path is lost in the middle. Whatever happens, nothing that would
 * lose data is done, what is left is named, and a detach without faults cleans up.
 */

const signal = neverAborted();
interface Scene {
  readonly name: string;
  readonly open: () => FakeHost;
  /** Has it a multipath map, or is its one path used as it is? */
  readonly hasMap: boolean;
}

const kinds: readonly (readonly [string, Partial<FakeHostOptions>])[] = [
  ['s390x with automatic LUN scan', { allowLunScan: true }],
  ['s390x with units', { allowLunScan: false }],
  ['PCI adapters', { kind: 'pci' }],
];
const pciPorts = () => ([0, 1] as const).map((index) => pciPort(index, [target(0), target(1)]));
const scenes: readonly Scene[] = kinds.flatMap(([name, options]): Scene[] => {
  const ports = () => (options.kind === 'pci' ? { adapters: pciPorts() } : {});
  const port = () => (options.kind === 'pci' ? { adapters: [pciPort(0, [target(0)])] } : {});
  return [
    { name: `${name}, four paths`, open: () => fourPaths({ ...options, ...ports() }), hasMap: true },
    {
      name: `${name}, one path`,
      open: () => singlePath({ ...options, ...port(), multipathd: 'absent' }),
      hasMap: false,
    },
  ];
});
const allScenes: readonly Scene[] = [
  ...scenes,
  {
    name: 's390x, with a multipathd that makes no map unasked',
    open: () => fourPaths({ findMultipaths: 'strict' }),
    hasMap: true,
  },
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

async function connectorOf(host: FakeHost, { hasMap }: Scene): Promise<HostConnector> {
  return await hostConnector(host, { useMultipath: hasMap, enforceMultipath: hasMap });
}

async function attached(scene: Scene): Promise<{ host: FakeHost; device: DeviceInfo; connector: HostConnector }> {
  const host = scene.open();
  const connector = await connectorOf(host, scene);
  const device = await connector.connectVolume(connectionInfo(), { signal });
  makeDirty(host);
  host.log.splice(0);
  return { host, device, connector };
}

/** Without faults a detach takes away whatever is left, and nothing was ever done that would lose data. */
async function expectCleanEnd(host: FakeHost, scene: Scene, device: DeviceInfo | undefined, what: string) {
  host.mend();
  await (await connectorOf(host, scene)).disconnectVolume(connectionInfo(), device, { signal });
  expect({ ...(host.snapshot() as object), violations: host.violations }, what).toEqual({ ...nothing, violations: [] });
}

test.each(allScenes)('an attach on $name survives the failure of each of its steps', async (scene) => {
  const rehearsal = scene.open();
  await (await connectorOf(rehearsal, scene)).connectVolume(connectionInfo(), { signal });
  const faults = faultsOf(rehearsal.log);
  for (const { line, answer, count } of faults) {
    const what = `${line} gets ${JSON.stringify(answer)} ${count} times`;
    const host = scene.open();
    host.fail(exactly(line), answer, count);

    const error = await caught((await connectorOf(host, scene)).connectVolume(connectionInfo(), { signal }));

    expect(host.log, what).toContain(line);
    if (error !== undefined) expectNamed(host, error, what);
    else expect(scene.hasMap ? host.maps : host.disks, what).toHaveLength(1);
    await expectCleanEnd(host, scene, undefined, what);
  }
  expect(faults.length).toBeGreaterThan(scene.hasMap ? 30 : 10);
});

test.each(allScenes)('a detach on $name survives the failure of each of its steps', async (scene) => {
  const rehearsal = await attached(scene);
  await rehearsal.connector.disconnectVolume(connectionInfo(), rehearsal.device, { signal });
  const faults = faultsOf(rehearsal.host.log);
  for (const { line, answer, count } of faults) {
    const what = `${line} gets ${JSON.stringify(answer)} ${count} times`;
    const { host, device, connector } = await attached(scene);
    host.fail(exactly(line), answer, count);

    const error = await caught(connector.disconnectVolume(connectionInfo(), device, { signal }));

    expect(host.log, what).toContain(line);
    if (error === undefined) expect(host.snapshot(), what).toEqual(nothing);
    else expectNamed(host, error, what);
    await expectCleanEnd(host, scene, device, what);
  }
  expect(faults.length).toBeGreaterThan(scene.hasMap ? 60 : 12);
});

test.each(allScenes)(
  'an extend on $name survives the failure of each of its steps, and is made good by another',
  async (scene) => {
    const grow = { signal, minSizeBytes: 20 * GIB };
    const grown = async () => {
      const all = await attached(scene);
      all.host.masks[0]!.volume.bytes = 20 * GIB;
      return all;
    };
    const rehearsal = await grown();
    await rehearsal.connector.extendVolume(connectionInfo(), grow);
    const faults = faultsOf(rehearsal.host.log);
    for (const { line, answer, count } of faults) {
      const what = `${line} gets ${JSON.stringify(answer)} ${count} times`;
      const { host, device, connector } = await grown();
      const before = host.snapshot();
      host.fail(exactly(line), answer, count);

      const error = await caught(connector.extendVolume(connectionInfo(), grow));

      expect(host.log, what).toContain(line);
      // Told done, it is: no device is left with the old size.
      if (error === undefined)
        expect(
          [...host.disks, ...host.maps].map(({ bytes }) => bytes / GIB),
          what,
        ).toEqual([...host.disks, ...host.maps].map(() => 20));
      expect(host.snapshot(), what).toEqual(before);
      host.mend();
      expect(await connector.extendVolume(connectionInfo(), grow), what).toBe(20 * GIB);
      await expectCleanEnd(host, scene, device, what);
    }
    expect(faults.length).toBeGreaterThan(scene.hasMap ? 30 : 6);
  },
);

/** The port of one path is gone from the fabric: its device stays, and answers no more. */
function losePath(host: FakeHost, disk: FakeDisk): void {
  disk.state = 'transport-offline';
  disk.target.portState = 'Not Present';
  host.changed();
}

test.each(allScenes.filter(({ hasMap }) => hasMap))(
  'a detach on $name takes all away, whichever path is lost at whichever of its steps',
  async (scene) => {
    const rehearsal = await attached(scene);
    await rehearsal.connector.disconnectVolume(connectionInfo(), rehearsal.device, { signal });
    const steps = [...new Set(rehearsal.host.log)];
    for (const line of steps) {
      for (const lost of [0, 3]) {
        const what = `path ${lost + 1} is lost at ${line}`;
        const { host, device, connector } = await attached(scene);
        const disk = host.disks[lost]!;
        // What is written to a map is in the map alone.
        for (const each of host.disks) each.isDirty = false;
        host.after(exactly(line), () => losePath(host, disk), 1);

        const error = await caught(connector.disconnectVolume(connectionInfo(), device, { signal }));

        if (error === undefined) expect(host.snapshot(), what).toEqual(nothing);
        else expectNamed(host, error, what);
        await expectCleanEnd(host, scene, device, what);
      }
    }
    expect(steps.length).toBeGreaterThan(8);
  },
);
