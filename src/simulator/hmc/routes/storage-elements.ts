import type { SimResponse } from '../../server/index.ts';
import { done, ok, type Call, type HmcRoute } from '../call.ts';
import { assignDeviceNumber } from '../device-numbers.ts';
import { listItems } from '../listing.ts';
import { textOf, textsOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { checkBody, type PropertyRules } from '../rules/property-rule.ts';
import { fcpState } from '../storage/fcp-state.ts';
import { updateGroupState } from '../storage/fulfillment.ts';
import { fulfillFcpRules, fulfillFiconRules, resourceRules } from '../storage/group-rules.ts';
import {
  storageVolumeItem,
  storageVolumeView,
  virtualStorageResourceItem,
  virtualStorageResourceView,
} from '../storage/group-view.ts';
import { initiatorOf } from '../storage/paths.ts';
import { fcpPortOf } from './hbas.ts';
import { needFcp } from './storage-group-operations.ts';
import { needStorageGroups } from './storage-groups.ts';
import { refuseTaken, updateBody } from './update.ts';

const group = '/api/storage-groups/:id';
const volume = `${group}/storage-volumes/:element`;
const resource = `${group}/virtual-storage-resources/:element`;

/** Operations on storage volumes, virtual storage resources and candidate ports. */
export const storageElementRoutes: readonly HmcRoute[] = [
  {
    method: 'GET',
    path: `${group}/storage-volumes`,
    operation: 'List Storage Volumes of a Storage Group',
    handle: listVolumes,
  },
  { method: 'GET', path: volume, operation: 'Get Storage Volume Properties', handle: getVolume },
  {
    method: 'POST',
    path: `${volume}/operations/fulfill-fcp-storage-volume`,
    operation: 'Fulfill FCP Storage Volume',
    handle: fulfillFcp,
  },
  {
    method: 'POST',
    path: `${volume}/operations/fulfill-ficon-storage-volume`,
    operation: 'Fulfill FICON Storage Volume',
    handle: fulfillFicon,
  },
  {
    method: 'GET',
    path: `${group}/virtual-storage-resources`,
    operation: 'List Virtual Storage Resources of a Storage Group',
    handle: listResources,
  },
  { method: 'GET', path: resource, operation: 'Get Virtual Storage Resource Properties', handle: getResource },
  { method: 'POST', path: resource, operation: 'Update Virtual Storage Resource Properties', handle: updateResource },
  {
    method: 'POST',
    path: `${group}/operations/add-candidate-adapter-ports`,
    operation: 'Add Candidate Adapter Ports to an FCP Storage Group',
    handle: (call) => changePorts(call, addPort),
  },
  {
    method: 'POST',
    path: `${group}/operations/remove-candidate-adapter-ports`,
    operation: 'Remove Candidate Adapter Ports from an FCP Storage Group',
    handle: (call) => changePorts(call, removePort),
  },
];

function listVolumes(call: Call): SimResponse {
  needStorageGroups(call);
  const parent = call.object('storage-group');
  const { context } = call;
  // Volumes that the HMC found by itself are missing here: a defect of real ones (zhmcclient works around it).
  const volumes = context.model
    .childrenOf(parent, 'storage-volume')
    .filter(({ props }) => props['fulfillment-state'] !== 'pending-with-mismatches');
  const items = listItems(call, volumes, {
    item: storageVolumeItem,
    view: (each) => storageVolumeView(context, each),
    filters: {
      name: 'regex',
      'fulfillment-state': 'exact',
      'maximum-size': { kind: 'maximum', property: 'size' },
      'minimum-size': { kind: 'minimum', property: 'size' },
      usage: 'exact',
    },
    allowsAdditional: context.hmc.level >= 17,
  });
  return ok({ 'storage-volumes': items });
}

function getVolume(call: Call): SimResponse {
  call.allowQuery();
  return ok(storageVolumeView(call.context, call.element('storage-volume')));
}

function listResources(call: Call): SimResponse {
  needStorageGroups(call);
  const parent = call.object('storage-group');
  const { context } = call;
  const items = listItems(call, context.model.childrenOf(parent, 'virtual-storage-resource'), {
    item: virtualStorageResourceItem,
    view: (each) => virtualStorageResourceView(context, each),
    filters: { name: 'regex', 'device-number': 'regex', 'adapter-port-uri': 'exact', 'partition-uri': 'exact' },
    allowsAdditional: false,
  });
  return ok({ 'virtual-storage-resources': items });
}

function getResource(call: Call): SimResponse {
  call.allowQuery();
  return ok(virtualStorageResourceView(call.context, call.element('virtual-storage-resource')));
}

function updateResource(call: Call): SimResponse {
  const element = call.element('virtual-storage-resource');
  const parent = groupOf(call, element);
  const { context } = call;
  needFcp(parent);
  call.need('Configure Storage - System Programmer');
  const body = updateBody(call, element, resourceRules);
  // Source: IBM WS API, Update Virtual Storage Resource Properties, 3932-LA2.
  const owner = context.model.find('partition', textOf(element.props, 'partition-uri'));
  const needsOwner = body['adapter-port-uri'] !== undefined || body['device-number'] !== undefined;
  if (needsOwner && owner !== undefined && !call.canSee(owner)) {
    refuse('noTaskPermission', 'the user has no access to the partition of the virtual storage resource');
  }
  const others = context.model.childrenOf(parent, 'virtual-storage-resource').filter((other) => other !== element);
  refuseTaken('name', body.name, others);
  if (body['adapter-port-uri'] !== undefined) moveResource(call, parent, element, textOf(body, 'adapter-port-uri'));
  const number = textOf(body, 'device-number');
  const wanted = { number, use: 'storage', namespace: 'channel', self: element } as const;
  const renumbered: Props =
    owner === undefined || number === '' ? {} : { 'device-number': assignDeviceNumber(context, owner, wanted) };
  Object.assign(element.props, body, renumbered);
  return done;
}

/** On another port the WWPN has to be validated anew. */
function moveResource(call: Call, parent: Resource, element: Resource, portUri: string): void {
  const cpc = cpcOf(call, parent);
  fcpPortOf(call, cpc, portUri);
  const initiator = initiatorOf(call.context, parent, element);
  if (initiator !== undefined && initiator.portUri !== portUri) {
    Object.assign(initiator, { portUri, validated: false, luns: [] });
  }
}

function groupOf({ context }: Call, element: Resource): Resource {
  return context.model.parentOf(element) ?? refuse('notFound', 'the storage group is gone');
}

function cpcOf({ context }: Call, parent: Resource): Resource {
  return context.model.find('cpc', textOf(parent.props, 'cpc-uri')) ?? refuse('notFound', 'the CPC is gone');
}

/** Tells the HMC where the LUN of a volume is, before discovery has seen it. */
function fulfillFcp(call: Call): SimResponse {
  const element = call.element('storage-volume');
  const parent = groupOf(call, element);
  const { context } = call;
  needFcp(parent);
  call.need('Configure Storage - Storage Administrator');
  const body = call.body();
  checkBody(fulfillFcpRules, body, 'create');
  const port = fcpPortOf(call, cpcOf(call, parent), textOf(body, 'adapter-port-uri'));
  // "Candidate ports are added first" (zhmcclient): that the HMC insists, and with this reason, is inferred.
  if (!textsOf(parent.props, candidates).includes(port.uri)) {
    refuse('portNotInList', `the port is no candidate of the storage group: ${port.uri}`);
  }
  const state = fcpState(context, parent);
  if (element.props.uuid !== undefined) refuse('volumeValidated', 'discovery has validated the volume');
  state.told.set(element.uri, {
    targetWwpn: textOf(body, 'world-wide-port-name'),
    lun: textOf(body, 'logical-unit-number'),
    portUri: port.uri,
  });
  element.props['fulfillment-state'] = 'complete';
  updateGroupState(context, parent);
  return done;
}

/** Repeating it after a resize takes the same values; others are refused (inferred reason). */
function fulfillFicon(call: Call): SimResponse {
  const element = call.element('storage-volume');
  const parent = groupOf(call, element);
  const { context } = call;
  if (parent.props.type !== 'fc') refuse('notSupportedForKind', 'the storage group is not of type fc');
  call.need('Configure Storage - Storage Administrator');
  const body = call.body();
  checkBody(fulfillFiconRules, body, 'create');
  const known = element.props['control-unit-uri'] !== undefined;
  const isSame = Object.entries(body).every(([field, value]) => element.props[field] === value);
  if (known && !isSame) refuse('volumeValidated', 'the mapping of the volume cannot be changed');
  const units = context.model.all('storage-control-unit').map(({ uri }) => uri);
  if (!units.includes(textOf(body, 'control-unit-uri'))) refuse('referenceNotFound', 'there is no such control unit');
  Object.assign(element.props, body, { 'fulfillment-state': 'complete', 'active-size': element.props.size ?? null });
  updateGroupState(context, parent);
  return done;
}

const portsRules: PropertyRules = { 'adapter-port-uris': { type: 'strings', create: 'required' } };
const candidates = 'candidate-adapter-port-uris';

/** Candidate ports can be changed until the first WWPN of the group is validated. */
function changePorts(call: Call, change: (ports: Set<string>, uri: string) => void): SimResponse {
  const parent = call.object('storage-group');
  const { context } = call;
  needFcp(parent);
  call.need('Configure Storage - System Programmer');
  const body = call.body();
  checkBody(portsRules, body, 'create');
  const ports = new Set(textsOf(parent.props, candidates));
  for (const uri of textsOf(body, 'adapter-port-uris')) change(ports, fcpPortOf(call, cpcOf(call, parent), uri).uri);
  if (fcpState(context, parent).initiators.some(({ validated }) => validated)) {
    refuse('candidatePortsFrozen', 'WWPNs of the storage group are validated');
  }
  parent.props[candidates] = [...ports];
  return done;
}

function addPort(ports: Set<string>, uri: string): void {
  if (ports.has(uri)) refuse('portInList', `the port is in the list: ${uri}`);
  ports.add(uri);
}

function removePort(ports: Set<string>, uri: string): void {
  if (!ports.delete(uri)) refuse('portNotInList', `the port is not in the list: ${uri}`);
}
