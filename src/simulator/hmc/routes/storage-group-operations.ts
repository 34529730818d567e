import type { SimResponse } from '../../server/index.ts';
import { done, ok, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { applyFilters } from '../filter.ts';
import { numberOf, textOf, textsOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { answerWithJob, takeJobFault } from '../power/power.ts';
import { checkBody, requireFields } from '../rules/property-rule.ts';
import { statusOf } from '../rules/statuses.ts';
import { attachedPartitions } from '../storage/attachment.ts';
import { claimDiscovery, finishDiscovery } from '../storage/discovery.ts';
import { fcpState } from '../storage/fcp-state.ts';
import { updateGroupState } from '../storage/fulfillment.ts';
import { mailRules } from '../storage/group-rules.ts';
import { connectionReport } from '../storage/report.ts';
import { removeVolume } from '../storage/volumes.ts';

const operations = '/api/storage-groups/:id/operations';
const storageAdministrator = 'Configure Storage - Storage Administrator';
const systemProgrammer = 'Configure Storage - System Programmer';

/** What is done with storage groups: fulfilment, discovery, reports and mismatches. */
export const storageGroupOperationRoutes: readonly HmcRoute[] = [
  {
    method: 'GET',
    path: `${operations}/get-partitions`,
    operation: 'Get Partitions for a Storage Group',
    handle: getPartitions,
  },
  {
    method: 'POST',
    path: `${operations}/request-fulfillment`,
    operation: 'Request Storage Group Fulfillment',
    handle: requestFulfillment,
  },
  {
    method: 'POST',
    path: `${operations}/start-fcp-storage-discovery`,
    operation: 'Start FCP Storage Discovery',
    handle: startDiscovery,
  },
  {
    method: 'GET',
    path: `${operations}/get-connection-report`,
    operation: 'Get Connection Report',
    handle: getConnectionReport,
  },
  {
    method: 'POST',
    path: `${operations}/accept-mismatched-storage-volumes`,
    operation: 'Accept Mismatched Storage Volumes',
    handle: (call) => settleMismatches(call, accepting),
  },
  {
    method: 'POST',
    path: `${operations}/reject-mismatched-storage-volumes`,
    operation: 'Reject Mismatched FCP Storage Volumes',
    handle: (call) => settleMismatches(call, rejecting),
  },
];

/**
 * URI, name and status of each. One that the user may not see is listed without its URI. Source: python-zhmcclient,
 * StorageGroup.list_attached_partitions; IBM WS API, Get Partitions for a Tape Link, 3931-LA1 (that it is so with storage groups is inferred).
 */
function getPartitions(call: Call): SimResponse {
  const group = call.object('storage-group');
  call.need(systemProgrammer);
  call.allowQuery('name', 'status');
  const partitions = attachedPartitions(call.context, group).map((partition) => ({
    'object-uri': call.canSee(partition) ? partition.uri : null,
    name: textOf(partition.props, 'name'),
    status: statusOf(partition),
  }));
  const items = applyFilters(partitions, call.req.query, { name: 'regex', status: 'exact' });
  return ok({ partitions: items });
}

/** Mails are not sent by a simulator; the request is checked as if they were. */
function requestFulfillment(call: Call): SimResponse {
  call.object('storage-group');
  call.need(storageAdministrator);
  const body = call.body();
  checkBody(mailRules, body, 'create');
  requireFields(body, ['email-to-addresses']);
  return done;
}

/** Refuses what only FCP groups have. */
export function needFcp(group: Resource): void {
  if (group.props.type !== 'fcp') refuse('notSupportedForKind', 'the storage group is not of type fcp');
}

function startDiscovery(call: Call): SimResponse {
  const group = call.object('storage-group');
  const { context } = call;
  if (!context.hasApi(2, 37)) refuse('notFound', 'the operation is not supported by this HMC');
  needFcp(group);
  call.needOneOf(systemProgrammer, storageAdministrator);
  const body = call.optionalBody() ?? {};
  checkBody({ 'force-restart': { type: 'boolean', create: true } }, body, 'create');
  // Whether it is to replace one that runs or not, a new one is started. Source: IBM WS API, Start FCP Storage Discovery, 3932-LA2.
  const number = claimDiscovery(context, group);
  const run = (): { status: number; results: null } => {
    finishDiscovery(context, group, number);
    return { status: 204, results: null };
  };
  return answerWithJob(call, { durationMs: context.timing.discoveryMs, run, fault: takeJobFault(call) });
}

function getConnectionReport(call: Call): SimResponse {
  const group = call.object('storage-group');
  if (!call.context.hasApi(2, 37)) refuse('notFound', 'the operation is not supported by this HMC');
  needFcp(group);
  call.needOneOf(systemProgrammer, storageAdministrator);
  return ok(connectionReport(call.context, group));
}

interface Settlement {
  /** Types of groups that have such volumes. */
  readonly types: readonly string[];
  /** States of volumes that can be settled so. */
  readonly states: readonly string[];
  readonly settle: (context: HmcContext, group: Resource, volume: Resource) => void;
}

/** Source: IBM WS API, Accept Mismatched Storage Volumes, Z16M-A01. */
const accepting: Settlement = {
  types: ['fcp', 'nvme'],
  states: ['pending-with-mismatches', 'overprovisioned'],
  settle: (context, group, volume) => {
    volume.props['fulfillment-state'] = 'complete';
    if (group.props.type !== 'fcp') return;
    fcpState(context, group).accepted.set(textOf(volume.props, 'uuid'), numberOf(volume.props, 'active-size'));
  },
};

/** No page of it is public: as the other one, for LUNs that nobody requested (inferred). */
const rejecting: Settlement = {
  types: ['fcp'],
  states: ['pending-with-mismatches'],
  settle: (context, group, volume) => {
    fcpState(context, group).rejected.add(textOf(volume.props, 'uuid'));
    removeVolume(context, group, volume);
  },
};

function settleMismatches(call: Call, { types, states, settle }: Settlement): SimResponse {
  const group = call.object('storage-group');
  const { context } = call;
  if (!types.includes(textOf(group.props, 'type'))) {
    refuse('notSupportedForKind', `the storage group is not of type ${types.join(' or ')}`);
  }
  call.need(systemProgrammer);
  const body = call.body();
  checkBody({ 'storage-volume-uris': { type: 'strings', create: 'required' } }, body, 'create');
  const chosen = textsOf(body, 'storage-volume-uris').map((uri) => {
    const volume = context.model.find('storage-volume', uri);
    if (volume?.parent === group.uri) return volume;
    return refuse('referenceNotFound', `there is no storage volume at ${uri} in the storage group`);
  });
  for (const { uri, props } of chosen) {
    const state = textOf(props, 'fulfillment-state');
    if (!states.includes(state)) refuse('volumeNotMismatched', `storage volume ${uri} is ${state}`);
  }
  for (const volume of chosen) settle(context, group, volume);
  updateGroupState(context, group);
  return done;
}
