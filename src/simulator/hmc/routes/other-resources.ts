import type { SimResponse } from '../../server/index.ts';
import { ok, type Call, type HmcRoute } from '../call.ts';
import { getProperties, listItems } from '../listing.ts';

/** Resources that a driver meets but does not work with: partitions of CPCs in classic mode, and control units. */
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
    handle: (call) => ok(getProperties(call, call.object('logical-partition').props, 'cached-acceptable')),
  },
  {
    method: 'GET',
    path: '/api/storage-control-units/:id',
    operation: 'Get Storage Control Unit Properties',
    handle: (call) => {
      const unit = call.object('storage-control-unit');
      // Source: IBM WS API, Get Storage Path Properties, 3932-AGL: a path is an element of a control unit.
      call.needOneOf('Configure Storage - System Programmer', 'Configure Storage - Storage Administrator');
      call.allowQuery();
      return ok(unit.props);
    },
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
