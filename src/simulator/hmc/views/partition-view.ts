import type { HmcContext } from '../context.ts';
import { numberOf, textsOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { linksOf } from '../links/partition-link.ts';
import { partitionRules, sscOnly } from '../rules/partition-rules.ts';
import { readable } from '../rules/property-rule.ts';
import { statusOf } from '../rules/statuses.ts';

/** All properties of a partition, as Get Partition Properties shows them. */
export function partitionView(context: HmcContext, partition: Resource): Props {
  const cpc = context.cpcOf(partition);
  const shown = Object.entries(readable(partitionRules, partition.props)).filter(([name]) => isShown(name, partition));
  return {
    ...Object.fromEntries(shown),
    'has-unacceptable-status': hasUnacceptableStatus(partition),
    'reserved-memory': numberOf(partition.props, 'maximum-memory') - numberOf(partition.props, 'initial-memory'),
    ...urisOf(context, partition),
    ...levelView(context, partition, cpc),
  };
}

/** What List Partitions shows of a partition besides additional properties. */
export function partitionItem(partition: Resource): Props {
  const { name = '', status = '', type = '' } = partition.props;
  return { 'object-uri': partition.uri, name, status, type };
}

/** Whether the status is one that the partition's owner did not accept. */
export function hasUnacceptableStatus(partition: Resource): boolean {
  return !textsOf(partition.props, 'acceptable-status').includes(statusOf(partition));
}

function isShown(name: string, partition: Resource): boolean {
  return partition.props.type === 'ssc' || !sscOnly.includes(name);
}

function urisOf({ model }: HmcContext, partition: Resource): Props {
  const uris = (kind: 'hba' | 'nic' | 'virtual-function'): string[] =>
    model.childrenOf(partition, kind).map(({ uri }) => uri);
  return { 'hba-uris': uris('hba'), 'nic-uris': uris('nic'), 'virtual-function-uris': uris('virtual-function') };
}

/** Properties that came with later generations and are the same for all partitions of a machine. */
function levelView(context: HmcContext, partition: Resource, cpc: Resource): Props {
  const level = context.levelOf(partition);
  const features = cpc.props['available-features-list'];
  const view: Props = features === undefined ? {} : { 'available-features-list': features };
  if (level >= 14) view['storage-group-uris'] = textsOf(partition.props, 'storage-group-uris');
  if (level >= 15) view['tape-link-uris'] = textsOf(partition.props, 'tape-link-uris');
  if (level < 16) return view;
  const { name = '', 'se-version': version = '' } = cpc.props;
  const links = { 'partition-link-uris': linksOf(context, partition), 'assigned-certificate-uris': [] };
  return { ...links, ...view, 'cpc-name': name, 'se-version': version };
}
