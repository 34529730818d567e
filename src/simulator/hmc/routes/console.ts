import type { SimResponse } from '../../server/index.ts';
import { ok, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { getProperties, listItems } from '../listing.ts';
import { partitionLinks } from '../machines.ts';
import { applyFilters } from '../filter.ts';
import { isTrue, textOf, textsOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { booleanFilter, statusFilter, typeFilter } from '../rules/statuses.ts';
import { adapterItem, adapterView } from '../views/adapter-view.ts';
import { hasUnacceptableStatus, partitionItem, partitionView } from '../views/partition-view.ts';

/** Operations on the HMC itself, and the lists that reach over all its CPCs. */
export const consoleRoutes: readonly HmcRoute[] = [
  { method: 'GET', path: '/api/console', operation: 'Get Console Properties', handle: getConsole },
  {
    method: 'GET',
    path: '/api/console/operations/list-permitted-partitions',
    operation: 'List Permitted Partitions',
    handle: listPermittedPartitions,
  },
  {
    method: 'GET',
    path: '/api/console/operations/list-permitted-logical-partitions',
    operation: 'List Permitted Logical Partitions',
    handle: listPermittedLogicalPartitions,
  },
  {
    method: 'GET',
    path: '/api/console/operations/list-permitted-adapters',
    operation: 'List Permitted Adapters',
    handle: listPermittedAdapters,
  },
  {
    method: 'GET',
    path: '/api/console/operations/list-features',
    operation: 'List Console API Features',
    handle: (call) => ok(listFeatures(call, partitionLinks)),
  },
];

function getConsole(call: Call): SimResponse {
  const console = call.context.model.all('console')[0] ?? refuse('notFound', 'there is no console');
  return ok(getProperties(call, console.props));
}

function listPermittedPartitions(call: Call): SimResponse {
  const { context } = call;
  if (!context.hasApi(2, 20)) refuse('notFound', 'the operation is not supported by this HMC');
  const partitions = context.model
    .all('partition')
    .filter((partition) => isTrue(context.cpcOf(partition).props, 'dpm-enabled'));
  const listed = listItems(call, partitions, {
    item: (partition) => ({ ...partitionItem(partition), ...ownerOf(context, partition), ...acceptance(partition) }),
    view: (partition) => partitionView(context, partition),
    filters: {
      name: 'regex',
      type: typeFilter,
      status: statusFilter,
      'has-unacceptable-status': booleanFilter,
      'cpc-name': 'regex',
    },
    // Came with the features dpm-hipersockets- and dpm-ctc-partition-link-management (IBM WS API, List Permitted
    // Partitions, Z16M-A01).
    allowsAdditional: context.hmc.level >= 16,
  });
  return ok({ partitions: listed });
}

function acceptance(partition: Resource): Props {
  return { 'has-unacceptable-status': hasUnacceptableStatus(partition) };
}

/** Logical partitions of CPCs in classic mode. Source: IBM WS API, List Permitted Logical Partitions, 3932-AGL. */
function listPermittedLogicalPartitions(call: Call): SimResponse {
  const { context } = call;
  if (!context.hasApi(2, 20)) refuse('notFound', 'the operation is not supported by this HMC');
  const listed = listItems(call, context.model.all('logical-partition'), {
    item: (lpar) => ({ ...logicalPartitionItem(lpar), ...ownerOf(context, lpar) }),
    view: ({ props }) => props,
    filters: {
      name: 'regex',
      'activation-mode': 'exact',
      status: 'exact',
      'has-unacceptable-status': booleanFilter,
      'cpc-name': 'regex',
    },
    // Came with the feature secure-boot-with-certificates, which is not served.
    allowsAdditional: false,
  });
  return ok({ 'logical-partitions': listed });
}

function logicalPartitionItem({ uri, props }: Resource): Props {
  const { name = '', status = '', 'activation-mode': mode = 'not-set' } = props;
  const acceptable = props['acceptable-status'] === undefined ? ['operating'] : textsOf(props, 'acceptable-status');
  const isUnacceptable = typeof status === 'string' && !acceptable.includes(status);
  return { name, 'object-uri': uri, 'activation-mode': mode, status, 'has-unacceptable-status': isUnacceptable };
}

function listPermittedAdapters(call: Call): SimResponse {
  const { context } = call;
  if (!context.hasApi(4, 1)) refuse('notFound', 'the operation is not supported by this HMC');
  const listed = listItems(call, context.model.all('adapter'), {
    item: (adapter) => ({ ...adapterItem(adapter), ...ownerOf(context, adapter), ...mode(context, adapter) }),
    view: (adapter) => adapterView(context, adapter),
    filters: {
      name: 'regex',
      'adapter-id': 'regex',
      'adapter-family': 'exact',
      type: 'exact',
      status: 'exact',
      'firmware-update-pending': booleanFilter,
      'cpc-name': 'regex',
      'dpm-enabled': booleanFilter,
    },
    // Came with the feature adapter-network-information, which is not served (python-zhmcclient _console.py).
    allowsAdditional: false,
  });
  return ok({ adapters: listed });
}

function mode(context: HmcContext, resource: Resource): Props {
  return { 'dpm-enabled': isTrue(context.cpcOf(resource).props, 'dpm-enabled') };
}

function ownerOf(context: HmcContext, resource: Resource): Props {
  const { uri, props } = context.cpcOf(resource);
  return { 'cpc-name': textOf(props, 'name'), 'cpc-object-uri': uri, 'se-version': textOf(props, 'se-version') };
}

/** The API features that match the `name` filter; 404.1 where the operation does not exist (API before 4.10). */
export function listFeatures(call: Call, features: readonly string[] | undefined): string[] {
  if (features === undefined || !call.context.hasApi(4, 10))
    return refuse('notFound', 'the operation is not supported');
  call.allowQuery('name');
  const items = features.map((name) => ({ name }));
  return applyFilters(items, call.req.query, { name: 'regex' }).map(({ name }) => name);
}
