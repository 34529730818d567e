import type { SimResponse } from '../../server/index.ts';
import { accepted, done, ok, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { applyFilters } from '../filter.ts';
import { isTrue, textOf, textsOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { startJob, takeJobFault } from '../power/power.ts';
import { checkBody, requireFields } from '../rules/property-rule.ts';
import { attachedPartitions } from '../storage/attachment.ts';
import { claimDiscovery, finishDiscovery } from '../storage/discovery.ts';
import { fcpState } from '../storage/fcp-state.ts';
import { updateGroupState } from '../storage/fulfillment.ts';
import { mailRules } from '../storage/group-rules.ts';
import { connectionReport } from '../storage/report.ts';
import { removeVolume } from '../storage/volumes.ts';
import { partitionItem } from '../views/partition-view.ts';

const operations = '/api/storage-groups/:id/operations';
const storageAdministrator = 'Configure Storage - Storage Administrator';

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
    operation: 'Accept Mismatched FCP Storage Volumes',
    handle: (call) => settleMismatches(call, acceptVolume),
  },
  {
    method: 'POST',
    path: `${operations}/reject-mismatched-storage-volumes`,
    operation: 'Reject Mismatched FCP Storage Volumes',
    handle: (call) => settleMismatches(call, rejectVolume),
  },
];

function getPartitions(call: Call): SimResponse {
  const group = call.object('storage-group');
  call.allowQuery('name', 'status');
  const partitions = attachedPartitions(call.context, group).filter((partition) => call.canSee(partition));
  const items = applyFilters(partitions.map(partitionItem), call.req.query, { name: 'regex', status: 'exact' });
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
  call.need(storageAdministrator);
  const body = call.optionalBody() ?? {};
  checkBody({ 'force-restart': { type: 'boolean', create: true } }, body, 'create');
  const { isDiscovering } = fcpState(context, group);
  if (isDiscovering && !isTrue(body, 'force-restart')) refuse('busy', 'a discovery of the storage group is running');
  const number = claimDiscovery(context, group);
  const run = (): { status: number; results: null } => {
    finishDiscovery(context, group, number);
    return { status: 204, results: null };
  };
  return accepted(startJob(call, { durationMs: context.timing.discoveryMs, run, fault: takeJobFault(call) }));
}

function getConnectionReport(call: Call): SimResponse {
  const group = call.object('storage-group');
  if (!call.context.hasApi(2, 37)) refuse('notFound', 'the operation is not supported by this HMC');
  needFcp(group);
  return ok(connectionReport(call.context, group));
}

/** Which fields these operations take is not public: all mismatched volumes, or those named (inferred). */
function settleMismatches(
  call: Call,
  settle: (context: HmcContext, group: Resource, volume: Resource) => void,
): SimResponse {
  const group = call.object('storage-group');
  const { context } = call;
  needFcp(group);
  call.need(storageAdministrator);
  const body = call.optionalBody() ?? {};
  checkBody({ 'storage-volume-uris': { type: 'strings', create: true } }, body, 'create');
  const mismatched = context.model
    .childrenOf(group, 'storage-volume')
    .filter(({ props }) => props['fulfillment-state'] === 'pending-with-mismatches');
  const named = body['storage-volume-uris'] === undefined ? undefined : textsOf(body, 'storage-volume-uris');
  const chosen = mismatched.filter(({ uri }) => named === undefined || named.includes(uri));
  if (chosen.length === 0) refuse('volumeMismatchMissing', 'the storage group has no such mismatched volumes');
  for (const volume of chosen) settle(context, group, volume);
  updateGroupState(context, group);
  return done;
}

function acceptVolume(_context: HmcContext, _group: Resource, volume: Resource): void {
  volume.props['fulfillment-state'] = 'complete';
}

function rejectVolume(context: HmcContext, group: Resource, volume: Resource): void {
  fcpState(context, group).rejected.add(textOf(volume.props, 'uuid'));
  removeVolume(context, group, volume);
}
