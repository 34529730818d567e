import { hostConnectorMethods } from 'nova-dpm';
import type { DeviceInfo, HostPath } from 'nova-dpm';
import { findNoJson, must, shown } from './check.ts';
import type { HostConnectorCheck, HostConnectorTrial } from './connector-subject.ts';
import { HostRehearsal } from './host-rehearsal.ts';

/** Checks of connect and disconnect without failures. */
export const useChecks: readonly HostConnectorCheck[] = [
  { name: 'has every method of the contract', run: hasMethods },
  { name: 'returns an absolute search path', run: namesSearchPath },
  { name: 'returns connector properties that are plain JSON and name the host', run: givesConnector },
  { name: 'lists no path of a volume that is not connected', run: listsNothing },
  { name: 'connects the volume to a block device', run: connects },
  { name: 'connects a second time to the same device', run: connectsTwice },
  { name: 'lists the paths of the connected volume, and changes nothing', run: listsPaths },
  { name: 'makes every path read-only if requested', run: connectsReadOnly },
  { name: 'extends to the size of the volume', run: extendsVolume },
  { name: 'does not change its arguments', run: changesNoArgument },
  { name: 'disconnects the volume, and the host is as before', run: disconnects },
  { name: 'disconnects a second time without an error', run: disconnectsTwice },
  { name: 'disconnects without device_info', run: disconnectsUnrecorded },
  { name: 'disconnects a volume that another process connected', run: disconnectsAnew },
];

async function hasMethods(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const missing = hostConnectorMethods.filter((method) => typeof rehearsal.connector[method] !== 'function');
  must(missing.length === 0, `it has no method ${missing.join(', ')}`);
}

async function namesSearchPath(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const path: unknown = rehearsal.connector.getSearchPath();
  must(typeof path === 'string' && path.startsWith('/'), `getSearchPath returned ${shown(path)}`);
}

async function givesConnector(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const properties = await rehearsal.connector.getConnectorProperties(rehearsal.waiting);
  must(typeof properties.host === 'string' && properties.host !== '', `it names no host: ${shown(properties)}`);
  const oddity = findNoJson(properties, 'it');
  must(oddity === undefined, `getConnectorProperties returned a value that JSON cannot represent: ${oddity ?? ''}`);
  rehearsal.mustBeAsBefore('getConnectorProperties');
}

async function listsNothing(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const paths = await pathsOf(rehearsal);
  must(paths.length === 0, `getVolumePaths returned ${shown(paths)}`);
  rehearsal.mustBeAsBefore('getVolumePaths');
}

async function connects(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const device: unknown = await rehearsal.connect();
  const { type, path } = (device ?? {}) as Partial<DeviceInfo>; // the compiler cannot check what a third party's code returns
  const isDevice = type === 'block' && typeof path === 'string' && path.startsWith('/');
  must(isDevice, `connectVolume returned ${shown(device)}`);
  const oddity = findNoJson(device, 'it');
  must(oddity === undefined, `connectVolume returned a value that JSON cannot represent: ${oddity ?? ''}`);
}

async function connectsTwice(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const { path } = await rehearsal.connect();
  const { state } = rehearsal;
  for (const connector of [rehearsal.connector, rehearsal.another()]) {
    const again = await rehearsal.connect(connector);
    must(again.path === path, `the second connect returned ${again.path}, the first ${path}`);
    must(rehearsal.state === state, 'the second connect changed something');
  }
}

async function listsPaths(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  await rehearsal.connect();
  const { state } = rehearsal;
  const paths = await pathsOf(rehearsal);
  const all = (await rehearsal.connector.getAllVolumes(rehearsal.waiting)).map(({ path }) => path);
  must(paths.length > 0, 'getVolumePaths lists no path');
  const unlisted = paths.filter(({ path }) => !all.includes(path)).map(({ path }) => path);
  must(unlisted.length === 0, `getAllVolumes does not list ${shown(unlisted)}`);
  must(rehearsal.state === state, 'listing the paths changed something');
}

/** One writable path would bypass a read-only mount. */
async function connectsReadOnly(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const { connector, waiting, info } = rehearsal;
  const device = await connector.connectVolume(info, { ...waiting, readOnly: true });
  const writable = (await pathsOf(rehearsal)).filter(({ isReadOnly }) => !isReadOnly).map(({ path }) => path);
  must(writable.length === 0, `${shown(writable)} can be written to after a connect with readOnly`);
  await connector.disconnectVolume(info, device, waiting);
}

async function extendsVolume(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const { connector, info, waiting } = rehearsal;
  await rehearsal.connect();
  const size = await connector.extendVolume(info, waiting);
  must(Number.isSafeInteger(size) && size > 0, `extendVolume returned ${shown(size)}`);
  must((await connector.extendVolume(info, waiting)) === size, 'the second extend returned another size');
}

/** os-brick's connectors change connection_info, and with it the copy of their caller. */
async function changesNoArgument(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const { connector, info, waiting } = rehearsal;
  const given = shown(info);
  const device = await rehearsal.connect();
  const kept = shown(device);
  await connector.getVolumePaths(info, waiting);
  await connector.extendVolume(info, waiting);
  await connector.disconnectVolume(info, device, waiting);
  must(shown(info) === given, `connection_info changed from ${given} to ${shown(info)}`);
  must(shown(device) === kept, `device_info changed from ${kept} to ${shown(device)}`);
}

async function disconnects(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const device = await rehearsal.connect();
  await rehearsal.connector.disconnectVolume(rehearsal.info, device, rehearsal.waiting);
  rehearsal.mustBeAsBefore('the disconnect');
  must((await pathsOf(rehearsal)).length === 0, 'getVolumePaths still lists paths');
}

async function disconnectsTwice(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const { connector, info, waiting } = rehearsal;
  await connector.disconnectVolume(info, undefined, waiting);
  rehearsal.mustBeAsBefore('a disconnect of what was never connected');
  const device = await rehearsal.connect();
  await connector.disconnectVolume(info, device, waiting);
  const { state } = rehearsal;
  await connector.disconnectVolume(info, device, waiting);
  must(rehearsal.state === state, 'the second disconnect changed something');
}

async function disconnectsUnrecorded(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  await rehearsal.connect();
  await rehearsal.connector.disconnectVolume(rehearsal.info, undefined, rehearsal.waiting);
  rehearsal.mustBeAsBefore('the disconnect without device_info');
}

async function disconnectsAnew(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const device = await rehearsal.connect();
  const kept: unknown = JSON.parse(JSON.stringify(device));
  await rehearsal.disconnect(kept as typeof device); // a copy
  rehearsal.mustBeAsBefore('the disconnect by a new connector');
}

async function pathsOf({ connector, info }: HostRehearsal): Promise<readonly HostPath[]> {
  return await connector.getVolumePaths(info, { signal: new AbortController().signal });
}
