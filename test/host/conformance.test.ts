import { describe, expect, test } from 'vitest';
import { neverAborted, silentLogger } from '../../src/base/index.ts';
import type { ConnectionInfo } from '../../src/cinder-client/index.ts';
import { hostConnectorChecks, runChecks } from '../../conformance/index.ts';
import type { HostConnectorSubject, HostEvents, MakeHostConnector } from '../../conformance/index.ts';
import { FibreChannelConnector, HostConnectorRegistry, ZfcpConnector } from '../../src/volume/host/index.ts';
import type { HostConnector, HostConnectorClass } from '../../src/volume/host/index.ts';
import { HostPlace } from '../../src/compute/local/index.ts';
import type { LocalVolume } from '../../src/compute/local/index.ts';
import type { FakeHost } from '../support/fake-host/fake-host.ts';
import { distributions } from '../support/fake-host/model.ts';
import {
  connectionInfo,
  fcpDevice,
  fourPaths,
  pciPort,
  quickPolicies,
  singlePath,
  target,
} from '../support/fake-host/scenes.ts';
import { packageFiles, temporaryFiles } from '../support/packages.ts';

const signal = neverAborted();

/** Distributions differ in names: what goes wrong goes wrong on all of them alike, and is tried on the two below. */
const hosts: readonly (readonly [string, number, () => FakeHost])[] = [
  ...Object.values(distributions).map((each) => [each.name, 14, () => fourPaths({ distribution: each })] as const),
  ['s390x with units', 22, () => fourPaths({ allowLunScan: false })],
  [
    'two fabrics, with a multipathd that makes no map unasked',
    14,
    () => fourPaths({ findMultipaths: 'strict', adapters: [fcpDevice(0, [target(0)]), fcpDevice(1, [target(1)])] }),
  ],
  [
    'PCI',
    22,
    () => fourPaths({ kind: 'pci', adapters: ([0, 1] as const).map((i) => pciPort(i, [target(0), target(1)])) }),
  ],
];

const settings = { useMultipath: true, enforceMultipath: true, policies: quickPolicies };

/** @param seen - gets each host that was made */
function subjectOf(host: FakeHost, info = connectionInfo(), seen: FakeHost[] = []): HostConnectorSubject {
  seen.push(host);
  return {
    context: { system: host, ...settings },
    connectionInfo: info,
    snapshot: () => host.snapshot(),
    use: () => {
      const [block = ''] = [...host.maps, ...host.disks].map((each) => each.block);
      host.mounts.set(block, '/srv/data');
      host.changed();
      return () => {
        host.mounts.clear();
        host.changed();
      };
    },
    hostEvents: hostEventsOf(host),
  };
}

function hostEventsOf(host: FakeHost): HostEvents {
  return {
    losePath: () => {
      const [, second] = host.disks;
      if (second !== undefined) second.state = 'transport-offline';
      for (const map of host.maps) map.isDirty = true;
      host.changed();
    },
    openBriefly: ({ path }) => host.holdBriefly(host.tree.realpath(path), 'pvscan', 2),
    rescan: host.allowLunScan || host.kind === 'pci' ? () => scanAll(host) : undefined, // a removed unit stays removed
  };
}

function scanAll(host: FakeHost): void {
  for (const adapter of host.adapters) host.scan(adapter, undefined, undefined);
  host.changed();
}

/** The same class with the context of the checks. */
function remaking(connector: HostConnector): MakeHostConnector {
  const ConnectorClass = connector.constructor as HostConnectorClass; // it was made by one
  return (context) => new ConnectorClass(context);
}

function preparing(info: ConnectionInfo): () => HostConnectorSubject {
  return () => ({ ...subjectOf(singlePath(), info), use: undefined, hostEvents: undefined });
}

test.each(hosts)('the built-in connector conforms on %s', async (_what, count, makeHost) => {
  const hosts: FakeHost[] = [];
  const BuiltIn = makeHost().platform === 's390x' ? ZfcpConnector : FibreChannelConnector;
  const prepare = () => subjectOf(makeHost(), connectionInfo(), hosts);

  const checks = hostConnectorChecks((context) => new BuiltIn(context), prepare);
  const hostEvents = checks.slice(22);
  const results = await runChecks([...checks.slice(0, count), ...hostEvents]);

  expect(hostEvents).toHaveLength(makeHost().allowLunScan || makeHost().kind === 'pci' ? 3 : 2);
  expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(hosts.flatMap(({ violations }) => violations)).toEqual([]);
});

/** Volumes that are files on this host already, as os-brick's LOCAL: a connect makes a unit of its own kind. */
const thirdParty = `
export class LocalConnector {
  #system; #units;
  constructor(context) { this.#system = context.system; this.#units = context.system.units; }
  async getConnectorProperties() { return { host: this.#system.hostname, wwpns: [] }; }
  async connectVolume(info, { signal, readOnly = false }) {
    signal.throwIfAborted();
    const { device_path: path } = info.data;
    if (typeof path !== 'string') throw Object.assign(new Error('device_path is missing'), { code: 'CONNECTION_INFO' });
    this.#units.add(path + (readOnly ? ' ro' : ' rw'));
    return { type: 'block', path };
  }
  async disconnectVolume(info, _device, { signal }) {
    signal.throwIfAborted();
    for (const mode of [' ro', ' rw']) this.#units.delete(info.data.device_path + mode);
  }
  async extendVolume() { return 4096; }
  async getVolumePaths(info) { return (await this.getAllVolumes()).filter(({ path }) => path === info.data.device_path); }
  getSearchPath() { return '/dev'; }
  async getAllVolumes() {
    return [...this.#units].map((unit) => ({ path: unit.slice(0, -3), isReadOnly: unit.endsWith('ro') }));
  }
}
export class Forgetful extends LocalConnector { async disconnectVolume() {} }
export class Incomplete { connectVolume() {} }
export class Grumpy { constructor() { throw new Error('not today'); } }
`;
const files = packageFiles('local-volumes', { type: 'module', exports: './main.js' }, { 'main.js': thirdParty });
const local = { driver_volume_type: 'local', data: { device_path: '/dev/vg/vol-1' } };

function localVolume(info: ConnectionInfo): LocalVolume {
  return {
    volumeId: 'vol-1',
    name: 'vol-1',
    sizeGib: 1,
    place: { kind: 'host' },
    mode: 'rw',
    mountpoint: null,
    multipath: false,
    enforceMultipath: false,
    reservation: null,
    connector: null,
    connectionInfo: info,
    deviceInfo: null,
    madePorts: false,
    isAttached: false,
  };
}

async function thirdParties(directory: string, host: FakeHost, exportName: string): Promise<HostConnectorRegistry> {
  const context = { system: host, log: silentLogger, useMultipath: false, enforceMultipath: false };
  const entry = { protocol: 'local', module: 'local-volumes', exportName };
  return await HostConnectorRegistry.load(context, [entry], directory);
}

describe('a third party’s connector', () => {
  test('in a package of its own conforms, and serves an attach', async () => {
    using project = temporaryFiles(files);
    const connector = (await thirdParties(project.path, singlePath(), 'LocalConnector')).get('LOCAL');

    const results = await runChecks(hostConnectorChecks(remaking(connector), preparing(local)));
    const device = await connector.connectVolume(local, { signal });

    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(device).toEqual({ type: 'block', path: '/dev/vg/vol-1' });
  });

  test('serves an attach without Nova, before the built-in ones', async () => {
    using project = temporaryFiles(files);
    const host = singlePath();
    const connectors = [{ protocol: 'local', module: 'local-volumes', exportName: 'LocalConnector' }];
    const place = new HostPlace({ system: host, isRoot: true, connectors, baseDir: project.path }, silentLogger);
    const volume = localVolume(local);

    const { deviceInfo } = await place.connect(volume, { signal });
    const attached = { ...volume, deviceInfo: deviceInfo ?? null };

    expect(deviceInfo).toEqual({ type: 'block', path: '/dev/vg/vol-1' });
    expect(await place.remains(attached, { signal })).toEqual(['device path /dev/vg/vol-1']);
    await place.disconnect(attached, false, { signal });
    expect(await place.remains(attached, { signal })).toEqual([]);
  });

  test('that leaves something behind is found out', async () => {
    using project = temporaryFiles(files);
    const connector = (await thirdParties(project.path, singlePath(), 'Forgetful')).get('local');

    const results = await runChecks(hostConnectorChecks(remaking(connector), preparing(local)));
    const failed = results.filter(({ error }) => error !== undefined);

    expect(failed.map(({ name }) => name)).toEqual([
      'disconnects the volume, and the host is as before',
      'disconnects without device_info',
      'disconnects a volume that another process connected',
      'does nothing if its signal is aborted before the call',
    ]);
    expect(failed[0]?.error?.message).toContain('the disconnect left the host changed');
  });

  test('that lacks a method is refused with its name', async () => {
    using project = temporaryFiles(files);
    const registry = await thirdParties(project.path, singlePath(), 'Incomplete');

    expect(() => registry.get('local')).toThrow(
      'host connector for local on * (Incomplete) has no method getConnectorProperties, disconnectVolume',
    );
  });

  test('that is not there is refused with what was asked for', async () => {
    using project = temporaryFiles(files);

    await expect(thirdParties(project.path, singlePath(), 'Missing')).rejects.toMatchObject({
      code: 'HOST_CONNECTOR',
      message: 'dpm.host_connectors "local=local-volumes#Missing": it cannot be loaded',
    });
  });

  test.each([
    ['for every platform goes before all built-in ones', undefined, 'LocalConnector'],
    ['for another platform leaves the built-in one', 'ppc64le', 'ZfcpConnector'],
    ['for this platform goes before the built-in one', 's390x', 'LocalConnector'],
  ])('%s', async (_what, platform, name) => {
    using project = temporaryFiles(files);
    const context = { system: singlePath(), log: silentLogger, useMultipath: false, enforceMultipath: false };
    const entry = { protocol: 'FIBRE_CHANNEL', module: 'local-volumes', exportName: 'LocalConnector', platform };

    const registry = await HostConnectorRegistry.load(context, [entry], project.path);

    expect(registry.get('fibre_channel').constructor.name).toBe(name);
    expect(registry.get('fibre_channel')).toBe(registry.get('FIBRE_CHANNEL'));
  });
});

test.each([
  [
    'the built-in one stays on its platform beside one for all',
    ['fibre_channel=M', 'fibre_channel@s390x=builtin'],
    true,
  ],
  ['the built-in ones come back after one for all', ['fibre_channel=M', 'fibre_channel=builtin'], true],
  ['one for all goes before the built-in ones', ['fibre_channel=builtin', 'fibre_channel=M'], false],
])('of several lines: %s', async (_what, lines, isBuiltin) => {
  using project = temporaryFiles(files);
  const context = { system: singlePath(), log: silentLogger, useMultipath: false, enforceMultipath: false };
  const entries = lines.map((line) => {
    const [, protocol = '', platform, module = ''] = /^(\w+)(?:@(\w+))?=(\w+)$/.exec(line) ?? [];
    if (module === 'builtin') return { protocol, platform, module };
    return { protocol, platform, module: 'local-volumes', exportName: 'LocalConnector' };
  });

  const served = (await HostConnectorRegistry.load(context, entries, project.path)).all();

  expect(served).toMatchObject([{ protocol: 'fibre_channel', isBuiltin }]);
  expect(served[0]?.connector.constructor.name).toBe(isBuiltin ? 'ZfcpConnector' : 'LocalConnector');
});

test.each([
  [{ protocol: 'nvmeof', module: 'builtin' }, 'there is no built-in host connector for it (only for fibre_channel)'],
  [{ protocol: 'local', module: 'local-volumes', exportName: 'Grumpy', platform: 's390x' }, 'its constructor failed'],
])('%j is refused with its line', async (entry, why) => {
  using project = temporaryFiles(files);
  const context = { system: singlePath(), log: silentLogger, useMultipath: false, enforceMultipath: false };
  const load = async () => (await HostConnectorRegistry.load(context, [entry], project.path)).all();
  const line = `${entry.protocol}${'platform' in entry ? '@s390x' : ''}=${entry.module}`;

  await expect(load()).rejects.toThrow(`dpm.host_connectors "${line}`);
  await expect(load()).rejects.toThrow(why);
});

test('a protocol that nobody serves is refused with those that are', async () => {
  const context = { system: singlePath(), log: silentLogger, useMultipath: false, enforceMultipath: false };
  const registry = await HostConnectorRegistry.load(context);

  expect(() => registry.get('nvmeof')).toThrow(
    'no host connector for protocol "nvmeof" on platform "s390x" (there is one for fibre_channel on s390x',
  );
});

test('every check fails on a connector that does nothing of what it should', async () => {
  const nothing = new Proxy({} as HostConnector, { get: () => () => Promise.resolve(undefined) });

  const results = await runChecks(
    hostConnectorChecks(
      () => nothing,
      () => ({ ...subjectOf(singlePath()), hostEvents: undefined }),
    ),
  );

  expect(results.filter(({ error }) => error === undefined).map(({ name }) => name)).toEqual([
    'has every method of the contract',
    'keeps passwords of connection_info out of results, errors and log', // who does nothing tells nothing
  ]);
});
