import { hostConnectorMethods } from 'nova-dpm';
import type { DeviceInfo, HostPath } from 'nova-dpm';
import { findNoJson, must, shown } from './check.ts';
import type { HostConnectorCheck, HostConnectorTrial } from './connector-subject.ts';
import { HostRehearsal } from './host-rehearsal.ts';

/** What connecting and disconnecting do when nothing goes wrong. */
export const useChecks: readonly HostConnectorCheck[] = [
  { name: 'has every method of the contract', run: hasMethods },
  { name: 'names an absolute search path', run: namesSearchPath },
  { name: 'gives a connector that is plain JSON and names the host', run: givesConnector },
  { name: 'lists no path of a volume that is not connected', run: listsNothing },
  { name: 'connects the volume to a block device', run: connects },
  { name: 'connects it twice to the same device', run: connectsTwice },
  { name: 'lists the paths of the connected volume, and changes nothing', run: listsPaths },
  { name: 'makes every path read-only where that is asked', run: connectsReadOnly },
  { name: 'extends to the size that the volume has', run: extendsVolume },
  { name: 'changes nothing of what it is given', run: changesNoArgument },
  { name: 'disconnects the volume, and the host is as before', run: disconnects },
  { name: 'disconnects it twice', run: disconnectsTwice },
  { name: 'disconnects with no record of the connect', run: disconnectsUnrecorded },
  { name: 'disconnects what another process has connected', run: disconnectsAnew },
];

async function hasMethods(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const missing = hostConnectorMethods.filter((method) => typeof rehearsal.connector[method] !== 'function');
  must(missing.length === 0, `it has no method ${missing.join(', ')}`);
}

async function namesSearchPath(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const path: unknown = rehearsal.connector.getSearchPath();
  must(typeof path === 'string' && path.startsWith('/'), `getSearchPath gave ${shown(path)}`);
}

async function givesConnector(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const properties = await rehearsal.connector.getConnectorProperties(rehearsal.waiting);
  must(typeof properties.host === 'string' && properties.host !== '', `it names no host: ${shown(properties)}`);
  const oddity = findNoJson(properties, 'it');
  must(oddity === undefined, `getConnectorProperties gave what JSON does not keep: ${oddity ?? ''}`);
  rehearsal.mustBeAsBefore('getConnectorProperties');
}

async function listsNothing(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const paths = await pathsOf(rehearsal);
  must(paths.length === 0, `getVolumePaths gave ${shown(paths)}`);
  rehearsal.mustBeAsBefore('getVolumePaths');
}

async function connects(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const device: unknown = await rehearsal.connect();
  const { type, path } = (device ?? {}) as Partial<DeviceInfo>; // what a third party's code returns no compiler checks
  const isDevice = type === 'block' && typeof path === 'string' && path.startsWith('/');
  must(isDevice, `connectVolume gave ${shown(device)}`);
  const oddity = findNoJson(device, 'it');
  must(oddity === undefined, `connectVolume gave what JSON does not keep: ${oddity ?? ''}`);
}

async function connectsTwice(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const { path } = await rehearsal.connect();
  const { state } = rehearsal;
  for (const connector of [rehearsal.connector, rehearsal.another()]) {
    const again = await rehearsal.connect(connector);
    must(again.path === path, `the second connect gave ${again.path}, the first ${path}`);
    must(rehearsal.state === state, 'the second connect changed something');
  }
}

async function listsPaths(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  await rehearsal.connect();
  const { state } = rehearsal;
  const paths = await pathsOf(rehearsal);
  const all = (await rehearsal.connector.getAllVolumes(rehearsal.waiting)).map(({ path }) => path);
  must(paths.length > 0, 'getVolumePaths lists nothing');
  const unlisted = paths.filter(({ path }) => !all.includes(path)).map(({ path }) => path);
  must(unlisted.length === 0, `getAllVolumes does not list ${shown(unlisted)}`);
  must(rehearsal.state === state, 'looking at the paths changed something');
}

/** A path that can be written to is a way past a mount that cannot. */
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
  must(Number.isSafeInteger(size) && size > 0, `extendVolume gave ${shown(size)}`);
  must((await connector.extendVolume(info, waiting)) === size, 'the second extend gave another size');
}

/** os-brick's changes connection_info, and so what its caller keeps of it. */
async function changesNoArgument(trial: HostConnectorTrial): Promise<void> {
  await using rehearsal = new HostRehearsal(trial);
  const { connector, info, waiting } = rehearsal;
  const given = shown(info);
  const device = await rehearsal.connect();
  const kept = shown(device);
  await connector.getVolumePaths(info, waiting);
  await connector.extendVolume(info, waiting);
  await connector.disconnectVolume(info, device, waiting);
  must(shown(info) === given, `connection_info was ${given}, and then ${shown(info)}`);
  must(shown(device) === kept, `device_info was ${kept}, and then ${shown(device)}`);
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
  await rehearsal.disconnect(kept as typeof device); // a copy of one
  rehearsal.mustBeAsBefore('the disconnect by a connector made anew');
}

async function pathsOf({ connector, info }: HostRehearsal): Promise<readonly HostPath[]> {
  return await connector.getVolumePaths(info, { signal: new AbortController().signal });
}
