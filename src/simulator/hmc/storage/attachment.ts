import { assignDeviceNumber } from '../device-numbers.ts';
import type { HmcContext } from '../context.ts';
import { numberOf, textOf, textsOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { logInPorts } from '../power/initiators.ts';
import { isActivated } from '../rules/statuses.ts';
import { discoverSoon } from './discovery.ts';
import { fcpState, freeInitiators } from './fcp-state.ts';
import type { GroupInitiator } from '../model/fcp-group.ts';
import { resourcesOf } from './paths.ts';
import { forgetBootVolume } from './volumes.ts';

const groupUris = 'storage-group-uris';

/** Partitions that a group is attached to. */
export function attachedPartitions({ model }: HmcContext, group: Resource): Resource[] {
  return model.all('partition').filter(({ props }) => textsOf(props, groupUris).includes(group.uri));
}

/** Attaches a group: its virtual storage resources for the partition come into being, and discovery is triggered. */
export function attachGroup(context: HmcContext, partition: Resource, group: Resource): void {
  refuseAttachment(context, partition, group);
  partition.props[groupUris] = [...textsOf(partition.props, groupUris), group.uri];
  if (group.props.type === 'fcp') fillResources(context, group, partition);
  if (isActivated(partition)) logInPorts(context, partition);
  discoverSoon(context, group);
}

function refuseAttachment(context: HmcContext, partition: Resource, group: Resource): void {
  const attached = attachedPartitions(context, group);
  if (attached.includes(partition)) refuse('storageGroupAttached', 'the storage group is attached to the partition');
  if (attached.length > 0 && group.props.shared !== true) {
    refuse('storageGroupNotShared', 'the storage group is not shared and is attached to another partition');
  }
  const maximum = group.props.type === 'fcp' ? numberOf(group.props, 'max-partitions') : Infinity;
  if (attached.length >= maximum) refuse('storageGroupFull', `the storage group has its ${maximum} partitions`);
}

/** Gives the partition as many virtual storage resources as the group has paths; takes those away that are too many. */
export function fillResources(context: HmcContext, group: Resource, partition: Resource): void {
  const connectivity = numberOf(group.props, 'connectivity');
  const own = resourcesOf(context, group, partition);
  for (const resource of own.slice(connectivity)) removeResource(context, group, resource);
  const missing = connectivity - own.length;
  if (missing <= 0) return;
  for (const initiator of chooseInitiators(context, group, missing)) addResource(context, group, partition, initiator);
}

/** The WWPNs that belong to one partition go together; otherwise the free ones in their order. */
function chooseInitiators(context: HmcContext, group: Resource, count: number): GroupInitiator[] {
  const state = fcpState(context, group);
  for (let first = 0; first + count <= state.initiators.length; first += count) {
    const set = state.initiators.slice(first, first + count);
    if (set.every(({ resourceUri }) => resourceUri === undefined)) return set;
  }
  return freeInitiators(state).slice(0, count);
}

function addResource(context: HmcContext, group: Resource, partition: Resource, initiator: GroupInitiator): void {
  const id = context.ids.next();
  const uri = `${group.uri}/virtual-storage-resources/${id}`;
  const names = new Set(context.model.childrenOf(group, 'virtual-storage-resource').map(({ props }) => props.name));
  const number = Array.from({ length: names.size + 1 }, (_, index) => index).find(
    (index) => !names.has(nameOf(group, index)),
  );
  context.model.add('virtual-storage-resource', group.uri, {
    'element-id': id,
    'element-uri': uri,
    name: nameOf(group, number ?? names.size),
    description: '',
    'device-number': assignDeviceNumber(context, partition, { use: 'storage', namespace: 'channel' }),
    'partition-uri': partition.uri,
    'adapter-port-uri': initiator.portUri ?? null,
    'world-wide-port-name': initiator.wwpn,
  });
  initiator.resourceUri = uri;
}

function nameOf(group: Resource, index: number): string {
  return `vhba_${textOf(group.props, 'name').slice(0, 50)}${index}`;
}

function removeResource(context: HmcContext, group: Resource, resource: Resource): void {
  const initiator = fcpState(context, group).initiators.find(({ resourceUri }) => resourceUri === resource.uri);
  if (initiator !== undefined) {
    initiator.resourceUri = undefined;
    context.san.logout(initiator.wwpn);
  }
  context.model.remove(resource);
}

/** Detaches a group: its WWPNs go back to the unassigned ones, and the partition boots from it no more (inferred). */
export function detachGroup(context: HmcContext, partition: Resource, group: Resource): void {
  const uris = textsOf(partition.props, groupUris);
  if (!uris.includes(group.uri))
    refuse('storageGroupNotAttached', 'the storage group is not attached to the partition');
  for (const resource of resourcesOf(context, group, partition)) removeResource(context, group, resource);
  for (const volume of context.model.childrenOf(group, 'storage-volume')) forgetBootVolume(context, volume, partition);
  partition.props[groupUris] = uris.filter((uri) => uri !== group.uri);
}

/** Detaches all storage groups from a partition that is being deleted. */
export function detachAllGroups(context: HmcContext, partition: Resource): void {
  for (const uri of textsOf(partition.props, groupUris)) {
    const group = context.model.find('storage-group', uri);
    if (group !== undefined) detachGroup(context, partition, group);
  }
}
