import type { SimResponse } from '../../server/index.ts';
import { done, ok, type Call, type HmcRoute } from '../call.ts';
import { getProperties, listItems } from '../listing.ts';
import { virtualSwitchRules } from '../rules/element-rules.ts';
import { updateResource } from './update.ts';

const virtualSwitch = '/api/virtual-switches/:id';

/** Operations on virtual switches; z17 has none, so its list is empty. */
export const virtualSwitchRoutes: readonly HmcRoute[] = [
  {
    method: 'GET',
    path: '/api/cpcs/:id/virtual-switches',
    operation: 'List Virtual Switches of a CPC',
    handle: listVirtualSwitches,
  },
  {
    method: 'GET',
    path: virtualSwitch,
    operation: 'Get Virtual Switch Properties',
    handle: (call) => ok(getProperties(call, call.object('virtual-switch').props)),
  },
  { method: 'POST', path: virtualSwitch, operation: 'Update Virtual Switch Properties', handle: updateVirtualSwitch },
  {
    method: 'GET',
    path: `${virtualSwitch}/operations/get-connected-vnics`,
    operation: 'Get Connected VNICs of a Virtual Switch',
    handle: getConnectedNics,
  },
];

function listVirtualSwitches(call: Call): SimResponse {
  const cpc = call.object('cpc');
  const { context } = call;
  const switches = listItems(call, context.model.childrenOf(cpc, 'virtual-switch'), {
    item: ({ uri, props }) => ({ 'object-uri': uri, name: props.name ?? '', type: props.type ?? '' }),
    view: ({ props }) => props,
    filters: { name: 'regex', type: { kind: 'exact', values: ['osd', 'hipersockets'] } },
    allowsAdditional: context.hasApi(4, 1),
  });
  return ok({ 'virtual-switches': switches });
}

function updateVirtualSwitch(call: Call): SimResponse {
  const resource = call.object('virtual-switch');
  call.need('Manage Adapters'); // python-zhmcclient _virtual_switch.py
  updateResource(call, resource, virtualSwitchRules);
  return done;
}

function getConnectedNics(call: Call): SimResponse {
  const resource = call.object('virtual-switch');
  const nics = call.context.model.all('nic').filter(({ props }) => props['virtual-switch-uri'] === resource.uri);
  return ok({ 'connected-vnic-uris': nics.filter((nic) => call.canSee(nic)).map(({ uri }) => uri) });
}
