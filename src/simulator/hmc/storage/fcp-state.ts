import type { HmcContext } from '../context.ts';
import { isObject, numberOf, objectsOf, textOf, type Json } from '../model/json.ts';
import type { FcpGroupState, GroupInitiator } from '../model/fcp-group.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';

/** The state of a group; made of its properties when it is first asked for, as definition files have no more. */
export function fcpState(context: HmcContext, group: Resource): FcpGroupState {
  const known = context.fcpGroups.get(group.uri);
  if (known !== undefined) return known;
  const state: FcpGroupState = {
    initiators: loadedInitiators(context, group),
    discovery: 0,
    isDiscovering: false,
    lastScan: undefined,
    told: new Map(),
    accepted: new Map(),
    rejected: new Set(),
  };
  context.fcpGroups.set(group.uri, state);
  return state;
}

function loadedInitiators({ model }: HmcContext, group: Resource): GroupInitiator[] {
  const used = model.childrenOf(group, 'virtual-storage-resource').flatMap((resource) => {
    const wwpn = wwpnOf(resource);
    const portUri = textOf(resource.props, 'adapter-port-uri') || undefined;
    return wwpn === ''
      ? []
      : [{ wwpn, validated: portUri !== undefined, portUri, resourceUri: resource.uri, luns: [] }];
  });
  const free = objectsOf(group.props, 'unassigned-world-wide-port-names').map((entry) => ({
    wwpn: textOf(entry, 'world-wide-port-name'),
    validated: entry.status === 'validated',
    portUri: undefined,
    resourceUri: undefined,
    luns: [],
  }));
  return [...used, ...free];
}

/** The WWPN of a virtual storage resource: z14 shows it plainly, later machines inside of an object. */
export function wwpnOf({ props }: Resource): string {
  const info: Json = props['world-wide-port-name-info'] ?? null;
  return textOf(props, 'world-wide-port-name') || (isObject(info) ? textOf(info, 'world-wide-port-name') : '');
}

/** WWPNs that a group has to have; the formula follows from the descriptions of its factors (inferred). */
function initiatorCount(group: Resource): number {
  const { props } = group;
  return pathsPerGroup(group) * (1 + numberOf(props, 'direct-connection-count'));
}

/** WWPNs of the partitions themselves, without those for direct connections. */
export function pathsPerGroup({ props }: Resource): number {
  return numberOf(props, 'connectivity') * numberOf(props, 'max-partitions');
}

/** Makes or drops WWPNs until there are as many as the group has to have; those in use are never dropped. */
export function adjustInitiators(context: HmcContext, group: Resource): void {
  const state = fcpState(context, group);
  const wanted = initiatorCount(group);
  const inUse = state.initiators.filter(({ resourceUri }) => resourceUri !== undefined).length;
  if (inUse > wanted) refuse('wrongStatus', 'more WWPNs are in use than the group would have');
  while (state.initiators.length < wanted) state.initiators.push(newInitiator(context));
  for (let index = state.initiators.length - 1; state.initiators.length > wanted && index >= 0; index -= 1) {
    const initiator = state.initiators[index];
    if (initiator === undefined || initiator.resourceUri !== undefined) continue;
    state.initiators.splice(index, 1);
    context.wwpns.release([initiator.wwpn]);
  }
}

function newInitiator({ wwpns }: HmcContext): GroupInitiator {
  return { wwpn: wwpns.take(), validated: false, portUri: undefined, resourceUri: undefined, luns: [] };
}

/** WWPNs that no virtual storage resource uses. */
export function freeInitiators(state: FcpGroupState): GroupInitiator[] {
  return state.initiators.filter(({ resourceUri }) => resourceUri === undefined);
}

/** `validated` or `not-validated`. */
export function validationOf({ validated }: GroupInitiator): string {
  return validated ? 'validated' : 'not-validated';
}
