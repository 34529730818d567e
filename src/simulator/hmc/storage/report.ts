import type { HmcContext } from '../context.ts';
import { textOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { fcpState, pathsPerGroup } from './fcp-state.ts';
import type { FcpGroupState, GroupInitiator } from '../model/fcp-group.ts';

/**
 * The connection report of an FCP group, from its last discovery.
 *
 * Public sources tell the outer shape down to `volumes-configuration-status` and its value `correct-volumes`; names further inside are made up
 * in the same manner (inferred).
 */
export function connectionReport(context: HmcContext, group: Resource): Props {
  const state = fcpState(context, group);
  if (state.lastScan === undefined) return refuse('connectionReportMissing', 'the storage group was never discovered');
  return {
    'last-scan-time': state.lastScan,
    'storage-group-uri': group.uri,
    'fcp-fabrics': fabrics(context, state),
    'fcp-storage-subsystems': subsystems(context, group, state),
  };
}

function fabrics(context: HmcContext, state: FcpGroupState): Props[] {
  const ports = new Set(state.initiators.flatMap(({ portUri }) => (portUri === undefined ? [] : [portUri])));
  return [...ports].map((uri) => {
    const port = context.model.find('storage-port', uri);
    return { 'adapter-port-uri': uri, 'fabric-id': textOf(port?.props ?? {}, 'fabric-id') };
  });
}

/** One entry for each array that was seen, with one configuration for each WWPN of the group. */
function subsystems(context: HmcContext, group: Resource, state: FcpGroupState): Props[] {
  const paths = state.initiators.slice(0, pathsPerGroup(group));
  const targets = new Set(paths.flatMap(({ luns }) => luns.map(({ targetWwpn }) => arrayOf(targetWwpn))));
  const volumes = context.model.childrenOf(group, 'storage-volume');
  return [...targets].map((array) => ({
    'storage-subsystem-id': array,
    'storage-configurations': paths.map((initiator) => configuration(initiator, array, volumes)),
  }));
}

/** Ports of one array differ in the digits of port and node alone: the rest names the array. */
function arrayOf(targetWwpn: string): string {
  return targetWwpn.slice(-4);
}

function configuration(initiator: GroupInitiator, array: string, volumes: readonly Resource[]): Props {
  const seen = initiator.luns.filter(({ targetWwpn }) => arrayOf(targetWwpn) === array);
  const uuids = new Set(seen.map(({ uuid }) => uuid));
  const missing = volumes.filter(({ props }) => !uuids.has(textOf(props, 'uuid')));
  const extra = seen.filter(({ uuid }) => !volumes.some(({ props }) => isAccepted(props) && props.uuid === uuid));
  const isCorrect = missing.length === 0 && extra.length === 0;
  return {
    'world-wide-port-name': initiator.wwpn,
    'adapter-port-uri': initiator.portUri ?? null,
    'volumes-configuration-status': isCorrect ? 'correct-volumes' : 'incorrect-volumes',
    'missing-storage-volume-uris': missing.map(({ uri }) => uri),
    'unexpected-volumes': [...new Map(extra.map((lun) => [lun.uuid, { uuid: lun.uuid, size: lun.sizeGib }])).values()],
  };
}

function isAccepted(props: Readonly<Props>): boolean {
  return props['fulfillment-state'] !== 'pending-with-mismatches';
}
