import type { SimResponse } from '../../server/index.ts';
import { created, done, ok, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { getProperties, listItems } from '../listing.ts';
import { isTrue, textOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { checkBody, requireFields } from '../rules/property-rule.ts';
import { attachedPartitions, fillResources } from '../storage/attachment.ts';
import { discoverSoon } from '../storage/discovery.ts';
import { adjustInitiators, fcpState, freeInitiators } from '../storage/fcp-state.ts';
import { updateGroupState } from '../storage/fulfillment.ts';
import { fcpOnly, groupRules, mailRules } from '../storage/group-rules.ts';
import { addGroup, newGroupProps, withoutMail } from '../storage/groups.ts';
import { storageGroupItem, storageGroupView } from '../storage/group-view.ts';
import { applyVolumes, checkVolumes } from '../storage/volumes.ts';
import { needDpmCpc } from './cpcs.ts';
import { refuseTaken } from './update.ts';

const groups = '/api/storage-groups';
const operations = `${groups}/:id/operations`;
const systemProgrammer = 'Configure Storage - System Programmer';

/** Operations on storage groups. Their odd verbs are the API's: update and delete are operations, POSTed. */
export const storageGroupRoutes: readonly HmcRoute[] = [
  { method: 'GET', path: groups, operation: 'List Storage Groups', handle: listGroups },
  { method: 'POST', path: groups, operation: 'Create Storage Group', handle: createGroup },
  { method: 'GET', path: `${groups}/:id`, operation: 'Get Storage Group Properties', handle: getGroup },
  { method: 'POST', path: `${operations}/modify`, operation: 'Modify Storage Group Properties', handle: modifyGroup },
  { method: 'POST', path: `${operations}/delete`, operation: 'Delete Storage Group', handle: deleteGroup },
];

/** An HMC of z13's time does not know storage groups. */
export function needStorageGroups({ context }: Call): void {
  if (!context.hasApi(2, 23)) refuse('notFound', 'the operation is not supported by this HMC');
}

function listGroups(call: Call): SimResponse {
  needStorageGroups(call);
  const { context } = call;
  const items = listItems(call, context.model.all('storage-group'), {
    item: storageGroupItem,
    view: (group) => storageGroupView(context, group),
    filters: { 'cpc-uri': 'exact', name: 'regex', 'fulfillment-state': 'exact', type: 'exact' },
    allowsAdditional: false,
  });
  return ok({ 'storage-groups': items });
}

function getGroup(call: Call): SimResponse {
  needStorageGroups(call);
  const group = call.object('storage-group');
  return ok(getProperties(call, storageGroupView(call.context, group)));
}

function createGroup(call: Call): SimResponse {
  needStorageGroups(call);
  const { context } = call;
  call.need(systemProgrammer);
  const body = call.body();
  checkBody(groupRules, body, 'create');
  checkMail(body);
  const template = textOf(body, 'template-uri');
  if (template !== '') refuse('referenceNotFound', `there is no storage template at ${template}`);
  requireFields(body, ['type']);
  const props = newGroupProps(body);
  checkGroup(context, props);
  checkVolumes(context, textOf(props, 'type'), body);
  const cpc = cpcOfBody(call, body);
  refuseTaken('name', body.name, groupsOf(context, cpc));
  needDpmCpc(cpc);
  const { group, volumeUris } = addGroup(context, body);
  return created(group.uri, { 'object-uri': group.uri, 'element-uris': volumeUris });
}

function checkMail(body: Readonly<Props>): void {
  const depends = ['email-cc-addresses', 'email-insert'].some((field) => body[field] !== undefined);
  if (depends && body['email-to-addresses'] === undefined) {
    refuse('contradiction', "'email-cc-addresses' and 'email-insert' go with 'email-to-addresses'");
  }
}

/** What the properties of a group have to do with each other, with its type and with its machine. */
function checkGroup({ hmc }: HmcContext, props: Readonly<Props>): void {
  const type = textOf(props, 'type');
  if (type === 'nvme' && hmc.level < 15) refuse('fieldInvalid', "'type' cannot be nvme on this HMC");
  const wrong = type === 'fcp' ? undefined : fcpOnly.find((field) => props[field] !== undefined);
  if (wrong !== undefined) refuse('fieldUnknown', `'${wrong}' is for groups of type fcp`);
  if (isTrue(props, 'shared') && (type === 'nvme' || props['max-partitions'] === 1)) {
    refuse('contradiction', "'shared' must be false for this group");
  }
}

function cpcOfBody(call: Call, body: Readonly<Props>): Resource {
  const uri = textOf(body, 'cpc-uri');
  const cpc = call.context.model.find('cpc', uri);
  if (cpc === undefined || !call.canSee(cpc)) return refuse('notFound', `there is no CPC at ${uri}`);
  if (!call.context.hasStorageManagement(cpc)) {
    refuse('storageGroupsNotSupported', 'the CPC has no storage management: use vHBAs instead of storage groups');
  }
  return cpc;
}

function groupsOf({ model }: HmcContext, cpc: Resource): Resource[] {
  return model.all('storage-group').filter(({ props }) => props['cpc-uri'] === cpc.uri);
}

function modifyGroup(call: Call): SimResponse {
  const group = call.object('storage-group');
  const { context } = call;
  call.need(systemProgrammer);
  const body = call.body();
  checkBody(groupRules, body, 'update');
  checkMail(body);
  const { 'storage-volumes': _volumes, ...changes } = withoutMail(body);
  checkGroup(context, { ...group.props, ...changes });
  checkVolumes(context, textOf(group.props, 'type'), body, group);
  const cpc = context.model.find('cpc', textOf(group.props, 'cpc-uri'));
  if (cpc !== undefined)
    refuseTaken(
      'name',
      body.name,
      groupsOf(context, cpc).filter((other) => other !== group),
    );
  refuseUnshare(context, group, changes);
  changeGroup(context, group, changes);
  const elements = applyVolumes(context, group, body);
  updateGroupState(context, group);
  discoverSoon(context, group);
  return ok({ 'element-uris': elements });
}

function refuseUnshare(context: HmcContext, group: Resource, changes: Readonly<Props>): void {
  if (changes.shared === false && attachedPartitions(context, group).length > 1) {
    refuse('storageGroupNotShared', 'the storage group is attached to several partitions');
  }
}

/** Fields that decide how many WWPNs an FCP group has. */
const pathFields = ['connectivity', 'max-partitions', 'direct-connection-count'];

/** New numbers of paths make an FCP group pending until discovery has seen them all. */
function changeGroup(context: HmcContext, group: Resource, changes: Readonly<Props>): void {
  const before = { ...group.props };
  Object.assign(group.props, changes);
  if (group.props.type !== 'fcp' || !pathFields.some((field) => changes[field] !== undefined)) return;
  try {
    adjustInitiators(context, group);
  } catch (error) {
    Object.assign(group.props, before);
    throw error;
  }
  // Source: IBM WS API, Modify Storage Group Properties, 3932-LA2: both are the storage administrator's to fulfil.
  const isSame = ['connectivity', 'max-partitions'].every((field) => group.props[field] === before[field]);
  if (isSame) return;
  for (const partition of attachedPartitions(context, group)) fillResources(context, group, partition);
  for (const volume of context.model.childrenOf(group, 'storage-volume')) volume.props['fulfillment-state'] = 'pending';
}

function deleteGroup(call: Call): SimResponse {
  const group = call.object('storage-group');
  const { context } = call;
  call.need(systemProgrammer);
  const body = call.optionalBody() ?? {};
  checkBody(mailRules, body, 'create');
  checkMail(body);
  if (attachedPartitions(context, group).length > 0) {
    refuse('storageGroupAttached', 'the storage group is attached to a partition');
  }
  if (group.props.type === 'fcp') {
    context.wwpns.release(freeInitiators(fcpState(context, group)).map(({ wwpn }) => wwpn));
    context.fcpGroups.delete(group.uri);
  }
  context.model.remove(group);
  return done;
}
