import { createRandom, shuffled } from '../../server/index.ts';
import type { HmcContext } from '../context.ts';
import { numberOf, textOf, textsOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { isPortUsable } from '../power/load-path.ts';
import { isActivated } from '../rules/statuses.ts';
import { fcpState, pathsPerGroup } from './fcp-state.ts';
import type { FcpGroupState, GroupInitiator } from '../model/fcp-group.ts';
import { isAcceptedLun, updateGroupState, volumeState } from './fulfillment.ts';
import { matchVolumes, type FoundLun, type Matching } from './matching.ts';
import { loginPortOf } from './paths.ts';
import { addVolume } from './volumes.ts';

/** Arranges a discovery by the HMC's own triggers, if the machine has them. Only FCP groups are discovered. */
export function discoverSoon(context: HmcContext, group: Resource): void {
  if (group.props.type !== 'fcp' || context.options.discovery?.automatic === false) return;
  beginDiscovery(context, group);
}

/** Repeats discovery in intervals as long as the group exists, as an HMC does every ten minutes. */
export function discoverRegularly(context: HmcContext, group: Resource): void {
  if (group.props.type !== 'fcp' || context.options.discovery?.automatic === false) return;
  context.agenda.after(context.timing.discoveryIntervalMs, () => {
    if (context.model.at(group.uri) !== group) return;
    beginDiscovery(context, group);
    discoverRegularly(context, group);
  });
}

/** Begins a discovery that ends by itself after its time; one that begins later makes it void. */
function beginDiscovery(context: HmcContext, group: Resource): void {
  const number = claimDiscovery(context, group);
  context.agenda.after(context.timing.discoveryMs, () => finishDiscovery(context, group, number));
}

/** Marks a discovery as running, and gives its number. */
export function claimDiscovery(context: HmcContext, group: Resource): number {
  const state = fcpState(context, group);
  state.discovery += 1;
  state.isDiscovering = true;
  return state.discovery;
}

/** Ends the discovery of this number with its results, unless a newer one runs or the group is gone. */
export function finishDiscovery(context: HmcContext, group: Resource, number: number): void {
  if (context.model.at(group.uri) !== group) return;
  const state = fcpState(context, group);
  if (state.discovery !== number) return;
  state.isDiscovering = false;
  state.lastScan = context.clock.now();
  // A group of a definition file may have no WWPNs: nothing can be found out about it.
  if (state.initiators.length === 0) return;
  lookAround(context, group, state);
  matchLuns(context, group, state);
}

/** Logs each WWPN in from one port after the other until it sees LUNs. */
function lookAround(context: HmcContext, group: Resource, state: FcpGroupState): void {
  const connectivity = numberOf(group.props, 'connectivity');
  const ports = portsToTry(context, group);
  state.initiators.slice(0, pathsPerGroup(group)).forEach((initiator, index) => {
    const first = Math.floor(index / connectivity) * connectivity;
    const sameHost = state.initiators.slice(first, first + connectivity).filter((other) => other !== initiator);
    const taken = new Set(sameHost.map(({ portUri }) => portUri));
    const rotated = [...ports.slice(index % connectivity), ...ports.slice(0, index % connectivity)];
    const own = initiator.portUri === undefined ? [] : [initiator.portUri];
    const order = new Set([...own, ...rotated.filter((port) => !taken.has(port))]);
    tryPorts(context, group, initiator, [...order]);
  });
}

/** Candidate ports first, then all other FCP ports of the CPC that work. */
function portsToTry(context: HmcContext, group: Resource): string[] {
  const { model } = context;
  const adapters = model
    .all('adapter')
    .filter(({ parent, props }) => parent === group.props['cpc-uri'] && props.type === 'fcp');
  const all = adapters.flatMap((adapter) => model.childrenOf(adapter, 'storage-port')).map(({ uri }) => uri);
  const ports = [...new Set([...textsOf(group.props, 'candidate-adapter-port-uris'), ...all])];
  return ports.filter((port) => isPortUsable(context, port));
}

function tryPorts(context: HmcContext, group: Resource, initiator: GroupInitiator, ports: readonly string[]): void {
  initiator.luns = [];
  for (const port of ports) {
    const fabric = context.cabling.get(port);
    if (fabric === undefined) continue;
    context.san.login(initiator.wwpn, fabric);
    const luns = context.san.discover(initiator.wwpn, fabric);
    if (luns.length === 0) continue;
    Object.assign(initiator, { luns, portUri: port, validated: true });
    break;
  }
  showPort(context, group, initiator);
}

/** The resource that uses the WWPN gets the verified port; only an activated partition stays logged in. */
function showPort(context: HmcContext, group: Resource, { wwpn, portUri, resourceUri }: GroupInitiator): void {
  context.san.logout(wwpn);
  const resource = context.model.find('virtual-storage-resource', resourceUri ?? '');
  if (resource === undefined) return;
  if (portUri !== undefined) resource.props['adapter-port-uri'] = portUri;
  const partition = context.model.find('partition', textOf(resource.props, 'partition-uri'));
  const fabric = context.cabling.get(loginPortOf(context, group, resource));
  if (partition !== undefined && isActivated(partition) && fabric !== undefined) context.san.login(wwpn, fabric);
}

/** Matches LUNs to volumes, adds LUNs that were not requested, and sets all states. */
function matchLuns(context: HmcContext, group: Resource, state: FcpGroupState): void {
  const found = foundLuns(context, state);
  for (const uuid of state.rejected) if (!found.some((lun) => lun.uuid === uuid)) state.rejected.delete(uuid);
  const volumes = context.model
    .childrenOf(group, 'storage-volume')
    .filter(({ props }) => props['fulfillment-state'] !== 'deleting');
  const matching = matchVolumes(
    volumes.map((volume) => requestOf(volume, state)),
    found,
  );
  for (const volume of volumes) applyFinding(group, state, volume, matching);
  for (const lun of matching.extra) if (!state.rejected.has(lun.uuid)) addMismatch(context, group, lun);
  const reached = state.initiators.filter(({ validated }) => validated).length;
  const connectivity = numberOf(group.props, 'connectivity');
  group.props['active-connectivity'] = reached === 0 ? null : Math.min(reached, connectivity);
  group.props['active-max-partitions'] = reached === 0 ? null : Math.floor(reached / connectivity);
  updateGroupState(context, group);
}

/** All LUNs that were seen, each once, in the order in which equal sizes are given out. */
function foundLuns(context: HmcContext, state: FcpGroupState): FoundLun[] {
  const byUuid = new Map<string, FoundLun & { addresses: { targetWwpn: string; lun: string }[] }>();
  for (const { uuid, sizeGib, targetWwpn, lun } of state.initiators.flatMap(({ luns }) => luns)) {
    const known = byUuid.get(uuid) ?? { uuid, sizeGib, addresses: [] };
    known.addresses.push({ targetWwpn, lun });
    byUuid.set(uuid, known);
  }
  const seed = context.options.discovery?.orderSeed;
  const luns = [...byUuid.values()].sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
  return shuffled(createRandom((seed ?? 1) + state.discovery), luns);
}

function requestOf(volume: Resource, state: FcpGroupState): Parameters<typeof matchVolumes>[0][number] {
  const { uuid } = volume.props;
  return {
    uri: volume.uri,
    sizeGib: numberOf(volume.props, 'size'),
    uuid: typeof uuid === 'string' ? uuid : undefined,
    told: state.told.get(volume.uri),
  };
}

function applyFinding(group: Resource, state: FcpGroupState, volume: Resource, { matched }: Matching): void {
  const lun = matched.get(volume.uri);
  if (lun !== undefined) Object.assign(volume.props, { uuid: lun.uuid, 'active-size': lun.sizeGib });
  if (volume.props['fulfillment-state'] === 'pending-with-mismatches' && lun !== undefined) return;
  const paths = state.initiators.slice(0, pathsPerGroup(group));
  const isReachedByAll = paths.every(({ luns }) => luns.some(({ uuid }) => uuid === lun?.uuid));
  const isAccepted = isAcceptedLun(state, lun);
  const finding = { lun, isReachedByAll, wasTold: state.told.has(volume.uri), isAccepted };
  volume.props['fulfillment-state'] = volumeState(volume, finding);
}

/** A LUN that nobody requested becomes a volume by itself, to be accepted or rejected. */
function addMismatch(context: HmcContext, group: Resource, { uuid, sizeGib }: FoundLun): void {
  const found = { size: sizeGib, 'active-size': sizeGib, uuid, 'fulfillment-state': 'pending-with-mismatches' };
  addVolume(context, group, { usage: 'data', ...found });
}
