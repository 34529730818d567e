import type { HmcContext } from '../context.ts';
import type { Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { discoverRegularly, discoverSoon } from './discovery.ts';
import { adjustInitiators } from './fcp-state.ts';
import { updateGroupState } from './fulfillment.ts';
import { mailRules } from './group-rules.ts';
import { applyVolumes } from './volumes.ts';

/** Makes a storage group with its volumes and WWPNs from a checked body of Create Storage Group. */
export function addGroup(context: HmcContext, body: Readonly<Props>): { group: Resource; volumeUris: string[] } {
  const id = context.ids.next();
  const identity = { 'object-id': id, 'object-uri': `/api/storage-groups/${id}` };
  const group = context.model.add('storage-group', '/api/console', { ...newGroupProps(body), ...identity });
  const volumeUris = applyVolumes(context, group, body);
  if (group.props.type === 'fcp') adjustInitiators(context, group);
  updateGroupState(context, group);
  discoverSoon(context, group);
  discoverRegularly(context, group);
  return { group, volumeUris };
}

/** Properties of a new group: what was asked for upon the defaults of its type. */
export function newGroupProps(body: Readonly<Props>): Props {
  const { 'storage-volumes': _volumes, ...given } = withoutMail(body);
  const isFcp = body.type === 'fcp';
  const fcp = { 'max-partitions': 2, 'direct-connection-count': 0, 'candidate-adapter-port-uris': [] };
  const active = { 'active-connectivity': null, 'active-max-partitions': null };
  const shared = body.type !== 'nvme' && body['max-partitions'] !== 1;
  return {
    description: '',
    shared,
    connectivity: 2,
    ...(isFcp ? { ...fcp, ...active } : {}),
    'fulfillment-state': 'pending',
    ...given,
  };
}

/** The fields of a request that become properties. */
export function withoutMail(body: Readonly<Props>): Props {
  return Object.fromEntries(Object.entries(body).filter(([field]) => mailRules[field] === undefined));
}
