import type { SimResponse } from '../../server/index.ts';
import { created, done, ok, type Call, type HmcRoute } from '../call.ts';
import { listItems } from '../listing.ts';
import { numberOf, textOf, textsOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { capacityGroupRules } from '../rules/element-rules.ts';
import { checkBody, initialValues } from '../rules/property-rule.ts';
import { needDpmCpc } from './cpcs.ts';
import { refuseTaken } from './update.ts';

// Sources: IBM WS API, Create Capacity Group (3931-LA1), Get Capacity Group Properties (3932-AGL), List Capacity Groups of
// a CPC (3932-AGZ), Delete Capacity Group (Z16M-A01); reason codes of members: python-zhmcclient mock/_urihandler.py.

const groups = '/api/cpcs/:id/capacity-groups';
const group = `${groups}/:element`;

/** Capacity groups: what the partitions in one may use of a processor type together. */
export const capacityGroupRoutes: readonly HmcRoute[] = [
  { method: 'GET', path: groups, operation: 'List Capacity Groups of a CPC', handle: list },
  { method: 'POST', path: groups, operation: 'Create Capacity Group', handle: create },
  { method: 'GET', path: group, operation: 'Get Capacity Group Properties', handle: get },
  { method: 'POST', path: group, operation: 'Update Capacity Group Properties', handle: update },
  { method: 'DELETE', path: group, operation: 'Delete Capacity Group', handle: remove },
  {
    method: 'POST',
    path: `${group}/operations/add-partition`,
    operation: 'Add Partition to Capacity Group',
    handle: addPartition,
  },
  {
    method: 'POST',
    path: `${group}/operations/remove-partition`,
    operation: 'Remove Partition from Capacity Group',
    handle: removePartition,
  },
];

function list(call: Call): SimResponse {
  const cpc = call.object('cpc');
  const items = listItems(call, call.context.model.childrenOf(cpc, 'capacity-group'), {
    item: ({ uri, props }) => ({ 'element-uri': uri, name: props.name ?? '' }),
    view: ({ props }) => props,
    filters: { name: 'regex' },
    allowsAdditional: false,
  });
  return ok({ 'capacity-groups': items });
}

function get(call: Call): SimResponse {
  const found = groupOf(call);
  call.allowQuery();
  return ok({ ...found.props, 'partition-uris': members(call, found) });
}

function create(call: Call): SimResponse {
  const cpc = call.object('cpc');
  call.need(task);
  const body = call.body();
  checkBody(capacityGroupRules, body, 'create');
  const props = { ...initialValues(capacityGroupRules), ...body };
  checkCaps(props);
  const { model, ids } = call.context;
  const others = model.childrenOf(cpc, 'capacity-group');
  for (const field of ['name', 'short-name']) refuseTaken(field, body[field], others);
  needDpmCpc(cpc);
  const id = ids.next();
  const uri = `${cpc.uri}/capacity-groups/${id}`;
  const shortName = freeShortName(others, textOf(body, 'name'));
  model.add('capacity-group', cpc.uri, { 'short-name': shortName, ...props, 'element-id': id, 'element-uri': uri });
  return created(uri, { 'element-uri': uri });
}

function update(call: Call): SimResponse {
  const found = groupOf(call);
  call.need(task);
  const body = call.body();
  checkBody(capacityGroupRules, body, 'update');
  checkCaps({ ...found.props, ...body });
  const others = siblings(call, found).filter((other) => other !== found);
  for (const field of ['name', 'short-name']) refuseTaken(field, body[field], others);
  needDpmCpc(call.context.cpcOf(found));
  Object.assign(found.props, body);
  return done;
}

function remove(call: Call): SimResponse {
  const found = groupOf(call);
  call.need(task);
  if (members(call, found).length > 0) refuse('capacityGroupNotEmpty', 'the capacity group contains partitions');
  needDpmCpc(call.context.cpcOf(found));
  call.context.model.remove(found);
  return done;
}

function addPartition(call: Call): SimResponse {
  const found = groupOf(call);
  call.need(task);
  const { uri, props } = partitionOf(call);
  needDpmCpc(call.context.cpcOf(found));
  if (props['processor-mode'] === 'dedicated') refuse('processorsDedicated', 'the processors are not shared');
  if (members(call, found).includes(uri)) refuse('inThisCapacityGroup', 'the partition is in this capacity group');
  if (siblings(call, found).some((other) => members(call, other).includes(uri)))
    refuse('inOtherCapacityGroup', 'the partition is in another capacity group');
  found.props['partition-uris'] = [...members(call, found), uri];
  return done;
}

function removePartition(call: Call): SimResponse {
  const found = groupOf(call);
  call.need(task);
  const { uri } = partitionOf(call);
  needDpmCpc(call.context.cpcOf(found));
  if (!members(call, found).includes(uri)) refuse('notInCapacityGroup', 'the partition is not in the capacity group');
  found.props['partition-uris'] = members(call, found).filter((member) => member !== uri);
  return done;
}

const task = 'Manage Processor Sharing';

/** The capacity group in the URI: 404.1 for its CPC, 404.150 for itself. */
function groupOf(call: Call): Resource {
  const cpc = call.object('cpc');
  const uri = `${cpc.uri}/capacity-groups/${call.req.params.element ?? ''}`;
  return call.context.model.find('capacity-group', uri) ?? refuse('noCapacityGroup', `no capacity group at ${uri}`);
}

function siblings({ context }: Call, { parent }: Resource): Resource[] {
  return context.model.all('capacity-group').filter((other) => other.parent === parent);
}

/** Partitions in the group that still exist. */
function members({ context }: Call, { props }: Resource): string[] {
  return textsOf(props, 'partition-uris').filter((uri) => context.model.find('partition', uri) !== undefined);
}

function partitionOf(call: Call): Resource {
  const body = call.body();
  checkBody({ 'partition-uri': { type: 'string', create: 'required' } }, body, 'create');
  const uri = textOf(body, 'partition-uri');
  const partition = call.context.model.find('partition', uri);
  const isOfCpc = partition?.parent === `/api/cpcs/${call.req.params.id ?? ''}`;
  if (partition === undefined || !isOfCpc || !call.canSee(partition))
    return refuse('referenceNotFound', `there is no partition at ${uri}`);
  return partition;
}

/** Exactly one processor type has a cap. Source: Create Capacity Group; the reason code is not public (inferred). */
function checkCaps(props: Readonly<Props>): void {
  const caps = ['absolute-general-purpose-proc-cap', 'absolute-ifl-proc-cap'];
  if (caps.filter((name) => numberOf(props, name) > 0).length !== 1)
    refuse('contradiction', 'exactly one processor type must have a cap');
}

function freeShortName(others: readonly Resource[], name: string): string {
  const taken = new Set(others.map(({ props }) => props['short-name']));
  const stem = name.toUpperCase().replaceAll(/[^A-Z0-9]/gu, '') || 'GROUP';
  if (!taken.has(stem.slice(0, 8))) return stem.slice(0, 8);
  let number = 1;
  while (taken.has(`${stem.slice(0, 8 - String(number).length)}${number}`)) number += 1;
  return `${stem.slice(0, 8 - String(number).length)}${number}`;
}
