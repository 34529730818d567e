import type { SimResponse } from '../../server/index.ts';
import { done, ok, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { getProperties, listItems } from '../listing.ts';
import { isTrue, textOf, textsOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { requireFields } from '../rules/property-rule.ts';
import { statusOf, usableCpcStatuses } from '../rules/statuses.ts';
import { cpcItem, cpcView } from '../views/cpc-view.ts';
import { listFeatures } from './console.ts';
import { updateResource } from './update.ts';
import { cpcRules } from '../rules/element-rules.ts';

/** Operations on CPCs. */
export const cpcRoutes: readonly HmcRoute[] = [
  { method: 'GET', path: '/api/cpcs', operation: 'List CPC Objects', handle: listCpcs },
  { method: 'GET', path: '/api/cpcs/:id', operation: 'Get CPC Properties', handle: getCpc },
  { method: 'POST', path: '/api/cpcs/:id', operation: 'Update CPC Properties', handle: updateCpc },
  {
    method: 'GET',
    path: '/api/cpcs/:id/operations/list-features',
    operation: 'List CPC API Features',
    handle: listCpcFeatures,
  },
  {
    method: 'POST',
    path: '/api/cpcs/:id/operations/export-port-names-list',
    operation: 'Export WWPN List',
    handle: exportWwpnList,
  },
];

function listCpcs(call: Call): SimResponse {
  const { context } = call;
  const cpcs = listItems(call, context.model.all('cpc'), {
    item: (cpc) => cpcItem(context, cpc),
    view: (cpc) => cpcView(context, cpc),
    filters: { name: 'regex' },
    allowsAdditional: false,
  });
  return ok({ cpcs });
}

function getCpc(call: Call): SimResponse {
  const cpc = call.object('cpc');
  return ok(getProperties(call, cpcView(call.context, cpc), 'cached-acceptable'));
}

function updateCpc(call: Call): SimResponse {
  const cpc = call.object('cpc');
  call.need('CPC Details');
  updateResource(call, cpc, cpcRules);
  return done;
}

function listCpcFeatures(call: Call): SimResponse {
  const cpc = call.object('cpc');
  return ok(listFeatures(call, call.context.cpcApiFeatures.get(cpc.uri)));
}

/** Refuses unless the CPC itself can be worked with: 409.5 in classic mode, 409.1 by status. */
export function needDpmCpc(cpc: Resource): void {
  if (!isTrue(cpc.props, 'dpm-enabled')) refuse('dpmNotEnabled', 'the CPC is not enabled for DPM');
  if (!usableCpcStatuses.includes(statusOf(cpc))) refuse('wrongStatus', `the CPC is in status '${statusOf(cpc)}'`);
}

/** Only on machines without storage management: one line for each vHBA of the partitions named. */
function exportWwpnList(call: Call): SimResponse {
  const cpc = call.object('cpc');
  const { context } = call;
  if (context.hasStorageManagement(cpc)) refuse('notFound', 'the operation is not supported by this CPC');
  call.need('Export WWPNs');
  const body = call.body();
  requireFields(body, ['partitions']);
  const uris = textsOf(body, 'partitions');
  const partitions = uris.map((uri) => context.model.find('partition', uri));
  if (partitions.length === 0 || partitions.some((partition) => partition?.parent !== cpc.uri)) {
    refuse('noPartitionsToExport', 'the list of partitions is empty or names partitions of another CPC');
  }
  needDpmCpc(cpc);
  return ok({
    'wwpn-list': partitions.flatMap((partition) => (partition === undefined ? [] : lines(context, partition))),
  });
}

function lines({ model }: HmcContext, partition: Resource): string[] {
  return model.childrenOf(partition, 'hba').map((hba) => {
    const adapter = model.find('adapter', textOf(hba.props, 'adapter-port-uri').split('/storage-ports/')[0] ?? '');
    const adapterId = textOf(adapter?.props ?? {}, 'adapter-id');
    const { name, 'device-number': deviceNumber, wwpn } = hba.props;
    return [partition.props.name ?? name, adapterId, deviceNumber, wwpn].map(String).join(',');
  });
}
