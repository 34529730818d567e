import type { SimResponse } from '../../server/index.ts';
import { ok, type Call, type HmcRoute } from '../call.ts';
import {
  addLink,
  connect,
  disconnect,
  linkDefaults,
  linkFeatures,
  linkView,
  linkedPartitions,
  removeLink,
  type LinkType,
} from '../links/partition-link.ts';
import { getProperties, listItems } from '../listing.ts';
import { objectsOf, textOf, textsOf, type Json, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { answerWithJob, takeJobFault } from '../power/power.ts';
import {
  addedConnectionRules,
  ctcPathRules,
  linkCreateRules,
  linkModifyRules,
  linkNicRules,
} from '../rules/link-rules.ts';
import { checkBody, requireFields } from '../rules/property-rule.ts';
import { isActivated } from '../rules/statuses.ts';
import { needDpmCpc } from './cpcs.ts';
import { needSettled } from './partitions.ts';
import { refuseTaken } from './update.ts';

const links = '/api/partition-links';
const link = `${links}/:id`;

/** Operations on partition links, of machines with their API features (z16 and later). */
export const partitionLinkRoutes: readonly HmcRoute[] = [
  { method: 'GET', path: links, operation: 'List Partition Links', handle: list },
  { method: 'POST', path: links, operation: 'Create Partition Link', handle: create },
  {
    method: 'GET',
    path: link,
    operation: 'Get Partition Link Properties',
    handle: (call) => ok(getProperties(call, linkView(call.context, call.object('partition-link')))),
  },
  { method: 'POST', path: `${link}/operations/modify`, operation: 'Modify Partition Link', handle: modify },
  { method: 'POST', path: `${link}/operations/delete`, operation: 'Delete Partition Link', handle: remove },
  {
    method: 'GET',
    path: `${link}/operations/get-partitions`,
    operation: 'Get Partitions for a Partition Link',
    handle: getPartitions,
  },
];

/** Machines without partition links have no such objects. */
function needLinks({ context }: Call): void {
  if (context.hmc.level < 16) refuse('notFound', 'this HMC has no partition links');
}

function list(call: Call): SimResponse {
  needLinks(call);
  const { context } = call;
  const items = listItems(call, context.model.all('partition-link'), {
    item: (each) => {
      const { 'cpc-uri': cpc = '', name = '', type = '', state = '' } = linkView(context, each);
      return { 'object-uri': each.uri, 'cpc-uri': cpc, name, type, state };
    },
    // A property of one type is null in a link of another (inferred).
    view: (each) => ({ 'adapter-uri': null, 'bus-connections': null, paths: null, ...linkView(context, each) }),
    filters: {
      name: 'regex',
      'cpc-uri': 'exact',
      type: { kind: 'exact', values: Object.keys(linkFeatures) },
      state: { kind: 'exact', values: ['complete', 'incomplete', 'updating'] },
    },
    allowsAdditional: true,
  });
  return ok({ 'partition-links': items });
}

function create(call: Call): SimResponse {
  needLinks(call);
  const { context } = call;
  call.need('Create Partition Link');
  const body = call.body();
  checkBody(linkCreateRules, body, 'create');
  const type = textOf(body, 'type') as LinkType;
  refuseForeignFields(body, type);
  const cpc = context.model.find('cpc', textOf(body, 'cpc-uri'));
  if (cpc === undefined || !call.canSee(cpc)) return refuse('referenceNotFound', 'there is no such CPC');
  if (context.cpcApiFeatures.get(cpc.uri)?.includes(linkFeatures[type]) !== true) {
    refuse('linksNotSupported', `the CPC has no partition links of type ${type}`);
  }
  refuseTaken('name', body.name, context.model.all('partition-link'));
  const connections = objectsOf(body, 'bus-connections');
  checkConnections(call, connections, type);
  if (type === 'ctc') checkCtc(call, body);
  needDpmCpc(cpc);
  const id = context.ids.next();
  const attached =
    type === 'ctc' ? textsOf(body, 'partitions') : connections.map((each) => textOf(each, 'partition-uri'));
  const run = () => {
    const made = addLink(context, cpc, id, body);
    for (const connection of connections) connect(context, made, connection);
    return { status: 200, results: { 'operation-results': results(call, attached, 'attached') } };
  };
  const answer = answerWithJob(call, { durationMs: context.timing.jobMs, run, fault: takeJobFault(call) });
  // The one operation whose 202 names the object, as its job tells nothing of it (python-zhmcclient _partition_link.py, create).
  return { ...answer, headers: { location: `${links}/${id}` } };
}

/** Fields that only another type of link has: 400.15. */
function refuseForeignFields(body: Readonly<Props>, type: LinkType): void {
  const own = [...Object.keys(linkDefaults[type]), ...(type === 'ctc' ? ['partitions', 'paths'] : ['bus-connections'])];
  const ofTypes = [...Object.values(linkDefaults).flatMap(Object.keys), 'partitions', 'paths', 'bus-connections'];
  const foreign = Object.keys(body).find((field) => ofTypes.includes(field) && !own.includes(field));
  if (foreign !== undefined) refuse('contradiction', `'${foreign}' is not for links of type ${type}`);
}

function checkConnections(call: Call, connections: readonly Props[], type: LinkType): void {
  for (const connection of connections) {
    checkBody(addedConnectionRules, connection, 'create');
    const nics = objectsOf(connection, 'nics');
    for (const nic of nics) {
      checkBody(linkNicRules, nic, 'create');
      const foreign = type === 'smc-d' ? ['vlan-id', 'mac-address'] : ['fid'];
      const wrong = foreign.find((field) => nic[field] !== undefined);
      if (wrong !== undefined) refuse('contradiction', `'${wrong}' is not for links of type ${type}`);
    }
    const count = connection['number-of-nics'];
    if (typeof count === 'number' && nics.length > count)
      refuse('contradiction', "'nics' has more than 'number-of-nics'");
    needSettled(partitionAt(call, textOf(connection, 'partition-uri')));
  }
}

function checkCtc(call: Call, body: Readonly<Props>): void {
  requireFields(body, ['partitions', 'paths']);
  for (const uri of textsOf(body, 'partitions')) needSettled(partitionAt(call, uri));
  for (const path of objectsOf(body, 'paths')) {
    checkBody(ctcPathRules, path, 'create');
    for (const field of ['adapter-port-uri', 'connecting-adapter-port-uri']) {
      const adapter = call.context.model.find('adapter', textOf(path, field).split('/storage-ports/')[0] ?? '');
      if (adapter === undefined || !call.canSee(adapter))
        refuse('referenceNotFound', `there is no adapter for '${field}'`);
      if (adapter.props.type !== 'fc') refuse('contradiction', `the adapter of '${field}' is not of type fc`);
    }
  }
}

function partitionAt(call: Call, uri: string): Resource {
  const partition = call.context.model.find('partition', uri);
  if (partition !== undefined && call.canSee(partition)) return partition;
  return refuse('referenceNotFound', `there is no partition at ${uri}`);
}

function results(call: Call, uris: readonly string[], status: 'attached' | 'detached'): Json[] {
  return uris.map((uri) => ({
    'partition-uri': uri,
    'partition-name': call.context.model.find('partition', uri)?.props.name ?? '',
    'operation-status': status,
  }));
}

function modify(call: Call): SimResponse {
  const found = call.object('partition-link');
  const { context } = call;
  call.need('Partition Link Details');
  const body = call.body();
  checkBody(linkModifyRules, body, 'update');
  const type = textOf(found.props, 'type') as LinkType;
  const { name, description } = body;
  refuseTaken(
    'name',
    name,
    context.model.all('partition-link').filter((each) => each !== found),
  );
  const added = objectsOf(body, 'added-connections');
  const addedUris = textsOf(body, 'added-partition-uris');
  const removed = textsOf(body, 'removed-partition-uris');
  if ((type === 'ctc' ? added : addedUris).length > 0)
    refuse('contradiction', `these additions are not for type ${type}`);
  checkConnections(call, added, type);
  for (const uri of [...addedUris, ...removed]) needSettled(partitionAt(call, uri));
  call.needUsableCpc(found);
  const run = () => {
    Object.assign(found.props, name === undefined ? {} : { name }, description === undefined ? {} : { description });
    for (const uri of removed) disconnect(context, found, uri);
    for (const connection of added) connect(context, found, connection);
    if (addedUris.length > 0) {
      found.props.partitions = [...new Set([...textsOf(found.props, 'partitions'), ...addedUris])];
    }
    const attached = [...addedUris, ...added.map((each) => textOf(each, 'partition-uri'))];
    const done = [...results(call, attached, 'attached'), ...results(call, removed, 'detached')];
    return { status: 200, results: { 'operation-results': done } };
  };
  return answerWithJob(call, { durationMs: context.timing.jobMs, run, fault: takeJobFault(call) });
}

function remove(call: Call): SimResponse {
  const found = call.object('partition-link');
  const { context } = call;
  call.need('Delete Partition Link');
  const body = call.optionalBody() ?? {};
  checkBody({ 'force-detach': { type: 'boolean', create: true } }, body, 'create');
  const partitions = linkedPartitions(context, found);
  if (body['force-detach'] !== true && partitions.some(isActivated)) {
    refuse('linkedPartitionActive', 'the partition link is attached to active partitions');
  }
  call.needUsableCpc(found);
  const run = () => {
    removeLink(context, found);
    return { status: 200, results: null };
  };
  return answerWithJob(call, { durationMs: context.timing.jobMs, run, fault: takeJobFault(call) });
}

function getPartitions(call: Call): SimResponse {
  const found = call.object('partition-link');
  call.allowQuery();
  const partitions = linkedPartitions(call.context, found).filter((partition) => call.canSee(partition));
  return ok({
    partitions: partitions.map(({ uri, props }) => ({
      'object-uri': uri,
      name: props.name ?? '',
      status: props.status ?? '',
    })),
  });
}
