import type { SimResponse } from '../../server/index.ts';
import { created, done, ok, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { getProperties, listItems } from '../listing.ts';
import { isTrue, numberOf, textOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { missingCapacity } from '../power/capacity.ts';
import { checkNewPartition, checkPartitionUpdate } from '../rules/partition-checks.ts';
import { partitionRules } from '../rules/partition-rules.ts';
import { checkBody, initialValues, rulesAt } from '../rules/property-rule.ts';
import {
  deletableStatuses,
  holdsResources,
  isActivated,
  statusOf,
  transitionalStatuses,
  statusFilter,
  typeFilter,
} from '../rules/statuses.ts';
import { partitionItem, partitionView } from '../views/partition-view.ts';
import { needDpmCpc } from './cpcs.ts';
import { refuseTaken, updateBody } from './update.ts';
import { detachAllGroups } from '../storage/attachment.ts';

/** Operations on partitions as objects; what is done with them is in partition-operations.ts. */
export const partitionRoutes: readonly HmcRoute[] = [
  { method: 'GET', path: '/api/cpcs/:id/partitions', operation: 'List Partitions of a CPC', handle: listPartitions },
  { method: 'POST', path: '/api/cpcs/:id/partitions', operation: 'Create Partition', handle: createPartition },
  { method: 'GET', path: '/api/partitions/:id', operation: 'Get Partition Properties', handle: getPartition },
  { method: 'POST', path: '/api/partitions/:id', operation: 'Update Partition Properties', handle: updatePartition },
  { method: 'DELETE', path: '/api/partitions/:id', operation: 'Delete Partition', handle: deletePartition },
];

function listPartitions(call: Call): SimResponse {
  const cpc = call.object('cpc');
  const { context } = call;
  const isDpm = isTrue(cpc.props, 'dpm-enabled');
  const partitions = listItems(call, isDpm ? context.model.childrenOf(cpc, 'partition') : [], {
    item: partitionItem,
    view: (partition) => partitionView(context, partition),
    filters: { name: 'regex', status: statusFilter, type: typeFilter },
    allowsAdditional: context.hasApi(4, 1),
  });
  return ok({ partitions });
}

function getPartition(call: Call): SimResponse {
  return ok(getProperties(call, partitionView(call.context, call.object('partition'))));
}

function createPartition(call: Call): SimResponse {
  const cpc = call.object('cpc');
  const { context } = call;
  call.need('New Partition');
  call.allowQuery();
  const rules = rulesAt(partitionRules, context.levelOf(cpc));
  const body = call.body();
  checkBody(rules, body, 'create');
  checkNewPartition(context, cpc, body);
  refuseTakenNames(context, cpc, body);
  needDpmCpc(cpc);
  const id = context.ids.next();
  const uri = `/api/partitions/${id}`;
  const identity = { 'object-id': id, 'object-uri': uri, status: 'stopped', 'degraded-adapters': [] };
  const shortName = { 'short-name': freeShortName(context, cpc, textOf(body, 'name')) };
  const props = { ...initialValues(rules), ...initialWeights(body), ...shortName, ...body, ...identity };
  context.model.add('partition', cpc.uri, props);
  return created(uri, { 'object-uri': uri });
}

function refuseTakenNames({ model }: HmcContext, cpc: Resource, body: Readonly<Props>, self?: Resource): void {
  const others = model.childrenOf(cpc, 'partition').filter((partition) => partition !== self);
  for (const field of ['name', 'short-name', 'partition-id']) {
    if (body[field] !== null) refuseTaken(field, body[field], others);
  }
}

/** SSC partitions alone have SSC defaults. */
function initialWeights(body: Readonly<Props>): Props {
  return body.type === 'ssc' ? { 'ssc-boot-selection': 'installer' } : {};
}

/** Returns the first characters of the name in upper case, with a number at the end if that name is taken. */
export function freeShortName({ model }: HmcContext, cpc: Resource, name: string): string {
  const taken = new Set(model.childrenOf(cpc, 'partition').map(({ props }) => props['short-name']));
  const base =
    name
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]/gu, '')
      .slice(0, 8) || 'P';
  for (let number = 0; ; number += 1) {
    const suffix = number === 0 ? '' : number.toString(36).toUpperCase();
    const candidate = base.slice(0, 8 - suffix.length) + suffix;
    if (!taken.has(candidate)) return candidate;
  }
}

function updatePartition(call: Call): SimResponse {
  const partition = call.object('partition');
  const { context } = call;
  call.need('Partition Details');
  call.allowQuery();
  const body = updateBody(call, partition, partitionRules);
  checkPartitionUpdate(context, partition, body);
  refuseTakenNames(context, context.cpcOf(partition), body, partition);
  call.needUsableCpc(partition);
  needSettled(partition);
  refuseFrozen(partition, body);
  refuseShortage(context, partition, body);
  Object.assign(partition.props, body, bootConfiguration(partition, body));
  return done;
}

/** A partition that boots from a storage volume has a boot configuration, `automatic` unless told otherwise. */
function bootConfiguration({ props }: Resource, body: Readonly<Props>): Props {
  const field = 'boot-configuration';
  if (body['boot-device'] === undefined || body[field] !== undefined || props[field] === undefined) return {};
  if (body['boot-device'] !== 'storage-volume') return { [field]: null };
  return { [field]: props[field] ?? 'automatic' };
}

/** Refuses with 409.1 while the partition starts or stops. */
export function needSettled(partition: Resource): void {
  const status = statusOf(partition);
  if (transitionalStatuses.includes(status)) refuse('wrongStatus', `the partition is in status '${status}'`);
}

function refuseFrozen(partition: Resource, body: Readonly<Props>): void {
  if (!isActivated(partition)) return;
  const frozen = Object.keys(body).find((field) => partitionRules[field]?.onlyInactive === true);
  if (frozen !== undefined) refuse('wrongStatus', `'${frozen}' cannot be changed while the partition is active`);
  // A running operating system would have to give memory back first; that the HMC refuses is not public (inferred).
  const memory = 'initial-memory';
  if (body[memory] !== undefined && numberOf(body, memory) < numberOf(partition.props, memory)) {
    refuse('wrongStatus', `'${memory}' cannot be reduced while the partition is active`);
  }
}

/** A partition that holds its resources gets more of them at once, or is not changed. */
function refuseShortage(context: HmcContext, partition: Resource, body: Readonly<Props>): void {
  const grows = ['initial-memory', 'ifl-processors', 'cp-processors'].some(
    (field) => body[field] !== undefined && numberOf(body, field) > numberOf(partition.props, field),
  );
  if (!grows || !holdsResources(partition)) return;
  const [shortage] = missingCapacity(context, partition, { ...partition.props, ...body });
  if (shortage !== undefined) refuse('resourcesExhausted', shortage);
}

/** Takes vHBAs, NICs, virtual functions and a mounted image along; storage groups are detached and stay. */
function deletePartition(call: Call): SimResponse {
  const partition = call.object('partition');
  const { context } = call;
  call.need('Delete Partition');
  call.noBody();
  call.needUsableCpc(partition);
  const status = statusOf(partition);
  if (!deletableStatuses.includes(status)) refuse('wrongStatus', `the partition is in status '${status}'`);
  const wwpns = context.model.childrenOf(partition, 'hba').map(({ props }) => textOf(props, 'wwpn'));
  detachAllGroups(context, partition);
  context.images.delete(partition.uri);
  context.model.remove(partition);
  context.wwpns.release(wwpns);
  return done;
}
