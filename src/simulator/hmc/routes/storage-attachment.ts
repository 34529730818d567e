import type { SimResponse } from '../../server/index.ts';
import { done, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { textOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { checkBody, type PropertyRules } from '../rules/property-rule.ts';
import { attachGroup, detachGroup } from '../storage/attachment.ts';
import { fcpState } from '../storage/fcp-state.ts';
import { validatePathRules } from '../storage/group-rules.ts';
import { needDpmCpc } from './cpcs.ts';
import { fcpPortOf } from './hbas.ts';
import { needSettled } from './partitions.ts';
import { needStorageGroups } from './storage-groups.ts';

const operations = '/api/partitions/:id/operations';

/** Operations that bring storage groups and partitions together, and that check a path before a start. */
export const storageAttachmentRoutes: readonly HmcRoute[] = [
  {
    method: 'POST',
    path: `${operations}/attach-storage-group`,
    operation: 'Attach Storage Group to Partition',
    handle: (call) => changeAttachment(call, { needsGroupAccess: true, change: attachGroup }),
  },
  {
    method: 'POST',
    path: `${operations}/detach-storage-group`,
    operation: 'Detach Storage Group from Partition',
    handle: (call) => changeAttachment(call, { needsGroupAccess: false, change: detachGroup }),
  },
  {
    method: 'POST',
    path: '/api/cpcs/:id/operations/validate-lun-path',
    operation: 'Validate LUN Path',
    handle: validateLunPath,
  },
];

const attachRules: PropertyRules = { 'storage-group-uri': { type: 'string', create: 'required' } };

interface AttachmentChange {
  /**
   * Attaching needs object access to partition and group, detaching only to the partition: it is enough that the group exists. Source:
   * python-zhmcclient, Partition.detach_storage_group; IBM WS API, Detach Tape Link from Partition, 3931-LA1.
   */
  readonly needsGroupAccess: boolean;
  readonly change: (context: HmcContext, partition: Resource, group: Resource) => void;
}

function changeAttachment(call: Call, { needsGroupAccess, change }: AttachmentChange): SimResponse {
  needStorageGroups(call);
  const partition = call.object('partition');
  const { context } = call;
  call.need('Partition Details');
  const body = call.body();
  checkBody(attachRules, body, 'create');
  const uri = textOf(body, 'storage-group-uri');
  const group = context.model.find('storage-group', uri);
  if (group === undefined || (needsGroupAccess && !call.canSee(group)))
    return refuse('referenceNotFound', `there is no storage group at ${uri}`);
  if (group.props['cpc-uri'] !== context.cpcOf(partition).uri) {
    refuse('contradiction', 'the storage group is for another CPC');
  }
  call.needUsableCpc(partition);
  needSettled(partition);
  change(context, partition, group);
  return done;
}

/** Tries a path from a WWPN of a storage group, logged in from a port: 484 if the target does not answer, 485 if the LUN does not. */
function validateLunPath(call: Call): SimResponse {
  const cpc = call.object('cpc');
  const { context } = call;
  if (!context.hasStorageManagement(cpc)) refuse('notFound', 'the operation is not supported by this CPC');
  call.need('Configure Storage - Storage Administrator');
  const body = call.body();
  checkBody(validatePathRules, body, 'create');
  const port = fcpPortOf(call, cpc, textOf(body, 'adapter-port-uri'));
  const host = textOf(body, 'host-world-wide-port-name');
  if (!isInitiatorOf(context, cpc, host))
    refuse('referenceNotFound', `no storage group of the CPC has the WWPN ${host}`);
  needDpmCpc(cpc);
  const target = textOf(body, 'target-world-wide-port-name');
  const lun = textOf(body, 'logical-unit-number');
  const probe = context.san.probe(host, context.cabling.get(port.uri) ?? '', target, lun);
  if (probe.ok) return done;
  const isLun = probe.reason === 'not-masked' || probe.reason === 'no-such-lun';
  return isLun
    ? refuse('lunUnreachable', `the target ${target} answers, its LUN ${lun} does not`)
    : refuse('targetUnreachable', `the target ${target} does not answer`);
}

function isInitiatorOf(context: HmcContext, cpc: Resource, wwpn: string): boolean {
  const groups = context.model
    .all('storage-group')
    .filter(({ props }) => props['cpc-uri'] === cpc.uri && props.type === 'fcp');
  return groups.some((group) => fcpState(context, group).initiators.some((initiator) => initiator.wwpn === wwpn));
}
