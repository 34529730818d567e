import type { SimResponse } from '../../server/index.ts';
import { ok, type Call, type HmcRoute } from '../call.ts';
import { getProperties, listItems } from '../listing.ts';

/** Resources that a driver meets but does not work with: partitions of CPCs in classic mode, and capacity groups. */
export const otherRoutes: readonly HmcRoute[] = [
  {
    method: 'GET',
    path: '/api/cpcs/:id/logical-partitions',
    operation: 'List Logical Partitions of a CPC',
    handle: listLogicalPartitions,
  },
  {
    method: 'GET',
    path: '/api/logical-partitions/:id',
    operation: 'Get Logical Partition Properties',
    handle: (call) => ok(getProperties(call, call.object('logical-partition').props)),
  },
  {
    method: 'GET',
    path: '/api/cpcs/:id/capacity-groups',
    operation: 'List Capacity Groups of a CPC',
    handle: listCapacityGroups,
  },
  {
    method: 'GET',
    path: '/api/cpcs/:id/capacity-groups/:element',
    operation: 'Get Capacity Group Properties',
    handle: (call) => ok(getProperties(call, call.element('capacity-group').props)),
  },
  {
    method: 'GET',
    path: '/api/storage-control-units/:id',
    operation: 'Get Storage Control Unit Properties',
    handle: (call) => ok(getProperties(call, call.object('storage-control-unit').props)),
  },
];

function listLogicalPartitions(call: Call): SimResponse {
  const cpc = call.object('cpc');
  const items = listItems(call, call.context.model.childrenOf(cpc, 'logical-partition'), {
    item: ({ uri, props }) => ({ 'object-uri': uri, name: props.name ?? '', status: props.status ?? '' }),
    view: ({ props }) => props,
    filters: { name: 'regex' },
    allowsAdditional: false,
  });
  return ok({ 'logical-partitions': items });
}

function listCapacityGroups(call: Call): SimResponse {
  const cpc = call.object('cpc');
  const items = listItems(call, call.context.model.childrenOf(cpc, 'capacity-group'), {
    item: ({ uri, props }) => ({ 'element-uri': uri, name: props.name ?? '' }),
    view: ({ props }) => props,
    filters: { name: 'regex' },
    allowsAdditional: false,
  });
  return ok({ 'capacity-groups': items });
}
