import type { SimResponse } from '../../server/index.ts';
import { created, done, ok, type Call, type HmcRoute } from '../call.ts';
import { linkHipersockets } from '../links/partition-link.ts';
import { getProperties, listItems } from '../listing.ts';
import { applyFilters } from '../filter.ts';
import { isTrue, numberOf, textOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { adapterRules, hipersocketsMtus, networkPortRules, storagePortRules } from '../rules/element-rules.ts';
import { checkBody, description, name, rulesAt, type PropertyRules } from '../rules/property-rule.ts';
import { statusFilter, statusOf } from '../rules/statuses.ts';
import { adapterItem, adapterView, storagePortView, usersOf } from '../views/adapter-view.ts';
import { addHipersockets } from '../inventory/adapters.ts';
import { needDpmCpc } from './cpcs.ts';
import { refuseTaken, updateResource } from './update.ts';

const adapter = '/api/adapters/:id';

/** Operations on adapters and their ports. */
export const adapterRoutes: readonly HmcRoute[] = [
  { method: 'GET', path: '/api/cpcs/:id/adapters', operation: 'List Adapters of a CPC', handle: listAdapters },
  { method: 'POST', path: '/api/cpcs/:id/adapters', operation: 'Create Hipersocket', handle: createHipersocket },
  { method: 'GET', path: adapter, operation: 'Get Adapter Properties', handle: getAdapter },
  { method: 'POST', path: adapter, operation: 'Update Adapter Properties', handle: updateAdapter },
  { method: 'DELETE', path: adapter, operation: 'Delete Hipersocket', handle: deleteHipersocket },
  {
    method: 'POST',
    path: `${adapter}/operations/change-adapter-type`,
    operation: 'Change Adapter Type',
    handle: changeAdapterType,
  },
  {
    method: 'GET',
    path: `${adapter}/operations/get-partitions-assigned-to-adapter`,
    operation: 'Get Partitions Assigned to Adapter',
    handle: getAssignedPartitions,
  },
  {
    method: 'GET',
    path: `${adapter}/storage-ports/:port`,
    operation: 'Get Storage Port Properties',
    handle: getStoragePort,
  },
  {
    method: 'POST',
    path: `${adapter}/storage-ports/:port`,
    operation: 'Update Storage Port Properties',
    handle: updateStoragePort,
  },
  {
    method: 'GET',
    path: `${adapter}/network-ports/:port`,
    operation: 'Get Network Port Properties',
    handle: (call) => ok(getProperties(call, call.element('network-port').props)),
  },
  {
    method: 'POST',
    path: `${adapter}/network-ports/:port`,
    operation: 'Update Network Port Properties',
    handle: updateNetworkPort,
  },
];

function listAdapters(call: Call): SimResponse {
  const cpc = call.object('cpc');
  const { context } = call;
  const isDpm = isTrue(cpc.props, 'dpm-enabled');
  const adapters = listItems(call, isDpm ? context.model.childrenOf(cpc, 'adapter') : [], {
    item: adapterItem,
    view: (each) => adapterView(context, each),
    filters: { name: 'regex', 'adapter-id': 'regex', 'adapter-family': 'exact', type: 'exact', status: 'exact' },
    allowsAdditional: context.hasApi(4, 1),
  });
  return ok({ adapters });
}

function getAdapter(call: Call): SimResponse {
  return ok(getProperties(call, adapterView(call.context, call.object('adapter'))));
}

function updateAdapter(call: Call): SimResponse {
  const resource = call.object('adapter');
  call.need('Adapter Details');
  const maximum = numberOf(resource.props, 'maximum-total-capacity');
  if (numberOf(call.body(), 'allowed-capacity') > maximum) {
    refuse('fieldInvalid', `the value of 'allowed-capacity' must not exceed ${maximum}`);
  }
  updateResource(call, resource, adapterRules);
  return done;
}

const hipersocketRules: PropertyRules = {
  name,
  description,
  'port-description': { type: 'string', create: true, max: 1024 },
  'maximum-transmission-unit-size': { type: 'integer', create: true, numbers: hipersocketsMtus },
};

function createHipersocket(call: Call): SimResponse {
  const cpc = call.object('cpc');
  const { context } = call;
  call.need('Create HiperSockets Adapter');
  const body = call.body();
  checkBody(rulesAt(hipersocketRules, context.levelOf(cpc)), body, 'create');
  refuseTaken('name', body.name, context.model.childrenOf(cpc, 'adapter'));
  needDpmCpc(cpc);
  const made = addHipersockets(context, cpc, body);
  linkHipersockets(context, cpc);
  return created(made.uri, { 'object-uri': made.uri });
}

function deleteHipersocket(call: Call): SimResponse {
  const resource = call.object('adapter');
  call.need('Delete HiperSockets Adapter');
  if (resource.props['adapter-family'] !== 'hipersockets') {
    refuse('notSupportedForKind', 'only HiperSockets adapters can be deleted');
  }
  refuseInUse(call, resource);
  const { model } = call.context;
  const ofAdapter = model.all('virtual-switch').filter(({ props }) => props['backing-adapter-uri'] === resource.uri);
  const links = model.all('partition-link').filter(({ props }) => props['adapter-uri'] === resource.uri);
  for (const each of [...ofAdapter, ...links, resource]) model.remove(each);
  return done;
}

function refuseInUse(call: Call, resource: Resource): void {
  if (usersOf(call.context, resource).length > 0) refuse('adapterInUse', 'the adapter is in use by partitions');
}

const adapterTypes = ['fcp', 'fc', 'not-configured'];
const changeTypeRules: PropertyRules = { type: { type: 'string', create: 'required' } };

/**
 * Changes the sibling on the same card too: the first nine characters of `card-location` tell the card. Source: IBM WS API, Change Adapter
 * Type, 3932-A02; the reason codes are those of zhmcclient/mock/_urihandler.py.
 */
function changeAdapterType(call: Call): SimResponse {
  const resource = call.object('adapter');
  call.need('Configure Storage - System Programmer');
  const body = call.body();
  checkBody(changeTypeRules, body, 'create');
  const type = textOf(body, 'type');
  const { props } = resource;
  const isFixed = props['adapter-family'] !== 'ficon' || props['detected-card-type'] === 'ficon-express-32s';
  if (isFixed || statusOf(resource) === 'exceptions') refuse('adapterNotSuitable', 'the type of the adapter is fixed');
  if (!adapterTypes.includes(type) || props.type === type) refuse('notUnique', `the type cannot become '${type}'`);
  const card = textOf(props, 'card-location').slice(0, 9);
  const siblings = call.context.model
    .all('adapter')
    .filter((each) => each.parent === resource.parent && textOf(each.props, 'card-location').startsWith(card));
  for (const sibling of siblings) refuseInUse(call, sibling);
  for (const sibling of siblings) sibling.props.type = type;
  return done;
}

function getAssignedPartitions(call: Call): SimResponse {
  const resource = call.object('adapter');
  call.allowQuery('name', 'status');
  const partitions = [...new Set(usersOf(call.context, resource))].filter((partition) => call.canSee(partition));
  const filters = { name: 'regex', status: statusFilter } as const;
  const items = applyFilters(partitions.map(assignedPartition), call.req.query, filters);
  return ok({ 'partitions-assigned-to-adapter': items });
}

/** What the list of assigned partitions shows of each (zhmcclient/mock/_urihandler.py). */
function assignedPartition({ uri, props }: Resource): Props {
  return { 'object-uri': uri, name: props.name ?? '', status: props.status ?? '' };
}

function getStoragePort(call: Call): SimResponse {
  const port = call.element('storage-port');
  if (typeOf(call, port) === 'not-configured') refuse('notSupportedForKind', 'the adapter is not configured');
  return ok(getProperties(call, storagePortView(call.context, port)));
}

function updateStoragePort(call: Call): SimResponse {
  const port = call.element('storage-port');
  call.need('Adapter Details');
  if (typeOf(call, port) !== 'fcp') refuse('notSupportedForKind', 'only ports of FCP adapters can be changed');
  updateResource(call, port, storagePortRules);
  return done;
}

function updateNetworkPort(call: Call): SimResponse {
  const port = call.element('network-port');
  call.need('Adapter Details');
  updateResource(call, port, networkPortRules);
  return done;
}

function typeOf({ context }: Call, port: Resource): string {
  return textOf(context.model.parentOf(port)?.props ?? {}, 'type');
}
