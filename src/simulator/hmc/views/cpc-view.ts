import type { HmcContext } from '../context.ts';
import { numberOf, textsOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { memoryInUse } from '../power/capacity.ts';
import { statusOf } from '../rules/statuses.ts';

/** All properties of a CPC, as Get CPC Properties shows them. */
export function cpcView(context: HmcContext, cpc: Resource): Props {
  const available = numberOf(cpc.props, 'storage-customer') - memoryInUse(context, cpc);
  return { ...cpc.props, 'has-unacceptable-status': hasUnacceptable(cpc), 'storage-customer-available': available };
}

/** What List CPC Objects shows of a CPC; three properties came with API 2.20 and later. */
export function cpcItem(context: HmcContext, cpc: Resource): Props {
  const { name = '', status = '' } = cpc.props;
  const item: Props = { 'object-uri': cpc.uri, name, status };
  if (context.hmc.level < 14) return item;
  const { 'dpm-enabled': dpmEnabled = false, 'se-version': version = '' } = cpc.props;
  return { ...item, 'has-unacceptable-status': hasUnacceptable(cpc), 'dpm-enabled': dpmEnabled, 'se-version': version };
}

function hasUnacceptable(cpc: Resource): boolean {
  return !textsOf(cpc.props, 'acceptable-status').includes(statusOf(cpc));
}
