import { silentLogger } from '../../../src/base/index.ts';
import type { ConnectionInfo } from '../../../src/cinder-client/index.ts';
import { HostConnectorRegistry } from '../../../src/volume/host/index.ts';
import type { HostConnector, HostConnectorContext, HostPolicies } from '../../../src/volume/host/index.ts';
import { FakeHost } from './fake-host.ts';
import type { FakeHostOptions } from './fake-host.ts';
import type { FakeAdapter, FakeMask, FakeTarget, FakeVolume } from './model.ts';

/** Waits that are over as soon as they can be: what counts in a test is the order, not the time. */
export const quickPolicies: HostPolicies = {
  scanAttempts: 3,
  devices: { minDelayMs: 1, maxDelayMs: 1, timeoutMs: 20 },
  targetPorts: { minDelayMs: 1, maxDelayMs: 1, timeoutMs: 5 },
  online: { minDelayMs: 1, maxDelayMs: 1, timeoutMs: 20 },
  multipath: { minDelayMs: 1, maxDelayMs: 1, timeoutMs: 20 },
  removal: { minDelayMs: 1, maxDelayMs: 1, timeoutMs: 5 },
  resize: { minDelayMs: 1, maxDelayMs: 1, timeoutMs: 5 },
  holders: { attempts: 3, firstDelayMs: 1, maxDelayMs: 1, factor: 1, budgetMs: 10_000 },
  flushAttempts: 3,
  flushTimeoutMs: 10_000,
  commandTimeoutMs: 10_000,
  rollbackTimeoutMs: 10_000,
};

const hour = 3_600_000;
const oneHour = { minDelayMs: hour, maxDelayMs: hour, timeoutMs: hour };

/** Each wait takes an hour: a test that waits once does not end. */
export const noWaits: Partial<HostPolicies> = {
  devices: oneHour,
  targetPorts: oneHour,
  online: oneHour,
  multipath: oneHour,
  removal: oneHour,
  resize: oneHour,
};

export const targetWwpns = ['5005076802160417', '5005076802260417'] as const;
export const initiators = ['c05076ffe680a590', 'c05076ffe6809fc8'] as const;
/** LUN 2 of Cinder. */
export const LUN = '0002000000000000';
export const GIB = 1024 ** 3;

export function volume(digits = '60050768018205e1a800000000000001'): FakeVolume {
  return { wwid: `naa.${digits}`, bytes: 10 * GIB, alive: true };
}

/** An FCP device of an s390x partition: `0.0.8001`, `0.0.8002`. */
export function fcpDevice(
  index: 0 | 1,
  targets: readonly FakeTarget[],
  change: Partial<FakeAdapter> = {},
): FakeAdapter {
  const busId = `0.0.800${index + 1}`;
  return {
    busId,
    place: `/sys/devices/css0/0.0.001${index}/${busId}`,
    host: index,
    wwpn: initiators[index],
    wwnn: initiators[index].replace(/^c0/, 'c1'),
    portType: 'NPIV VPORT',
    portState: 'Online',
    online: true,
    targets,
    ...change,
  };
}

/** A PCI adapter of another platform; on arm64 the PCI root is below a platform device. */
export function pciPort(index: 0 | 1, targets: readonly FakeTarget[], change: Partial<FakeAdapter> = {}): FakeAdapter {
  const busId = `0000:04:00.${index}`;
  return fcpDevice(index, targets, {
    busId,
    place: `/sys/devices/pci0000:00/0000:00:02.0/${busId}`,
    host: index + 6,
    portType: 'NPort (fabric via point-to-point)',
    ...change,
  });
}

export function target(index: 0 | 1, appears: FakeTarget['appears'] = 'always'): FakeTarget {
  return { wwpn: targetWwpns[index], id: index, appears };
}

/** Masks of one volume for every initiator and target of these adapters. */
export function maskAll(adapters: readonly FakeAdapter[], of: FakeVolume, lun = LUN, afterPolls = 0): FakeMask[] {
  return adapters.flatMap((adapter) =>
    adapter.targets.map((each) => ({ initiator: adapter.wwpn, target: each.wwpn, lun, volume: of, afterPolls })),
  );
}

/** Four paths: two FCP devices, two target ports each. */
export function fourPaths(change: Partial<FakeHostOptions> = {}): FakeHost {
  const adapters = change.adapters ?? ([0, 1] as const).map((index) => fcpDevice(index, [target(0), target(1)]));
  return new FakeHost({ kind: 'zfcp', masks: maskAll(adapters, volume()), ...change, adapters });
}

/** One path: one FCP device, one target port. */
export function singlePath(change: Partial<FakeHostOptions> = {}): FakeHost {
  const adapters = change.adapters ?? [fcpDevice(0, [target(0)])];
  return new FakeHost({ kind: 'zfcp', masks: maskAll(adapters, volume()), ...change, adapters });
}

/** What Cinder would say of the volume; with a map of all initiators to all targets unless told otherwise. */
export function connectionInfo(data: Readonly<Record<string, unknown>> = {}): ConnectionInfo {
  return {
    driver_volume_type: 'fibre_channel',
    data: { target_wwn: [...targetWwpns], target_lun: 2, volume_id: 'vol-1', access_mode: 'rw', ...data },
  }; // tests also put in what no Cinder sends
}

/** The Fibre Channel connector for this host, as the registry gives it; multipath required unless told otherwise. */
export async function hostConnector(
  host: FakeHost,
  change: Partial<HostConnectorContext> = {},
): Promise<HostConnector> {
  const context = { system: host, log: silentLogger, useMultipath: true, enforceMultipath: true };
  const registry = await HostConnectorRegistry.load({ ...context, policies: quickPolicies, ...change });
  return registry.get('fibre_channel');
}

/** Attaches the volume of {@link connectionInfo}; the log begins after that. */
export async function attached(host: FakeHost = fourPaths(), change: Partial<HostConnectorContext> = {}) {
  const connector = await hostConnector(host, change);
  const device = await connector.connectVolume(connectionInfo(), { signal: new AbortController().signal });
  host.log.splice(0);
  return { host, connector, device };
}

/** Everything on the host holds data that has not been written out. */
export function makeDirty(host: FakeHost): void {
  for (const each of [...host.disks, ...host.maps]) each.isDirty = true;
}

/** The snapshot of a host without a volume. */
export const nothing = { disks: [], maps: [], units: [] };
