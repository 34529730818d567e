import type { HmcContext } from '../context.ts';
import { objectsOf, textOf, textsOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import type { LoadPath } from '../power/load-path.ts';
import { fcpState, wwpnOf } from './fcp-state.ts';
import type { GroupInitiator } from '../model/fcp-group.ts';

/** A way from a partition to a volume, with what a load needs of it. */
export interface VolumePath extends LoadPath {
  readonly partitionUri: string;
  readonly deviceNumber: string;
}

/** The paths of an FCP volume: those that discovery verified, then the one that an API client set, for each attached partition. */
export function pathsOf(context: HmcContext, group: Resource, volume: Resource): VolumePath[] {
  const resources = context.model.childrenOf(group, 'virtual-storage-resource');
  const verified = resources.flatMap((resource) => verifiedPaths(context, group, volume, resource));
  return verified.length > 0
    ? verified
    : [...toldPaths(context, group, volume, resources), ...loadedPaths(volume, resources)];
}

/** As the HMC shows a path. */
export function pathView({ partitionUri, deviceNumber, targetWwpn, lun }: VolumePath): Props {
  return {
    'partition-uri': partitionUri,
    'device-number': deviceNumber,
    'target-world-wide-port-name': targetWwpn,
    'logical-unit-number': lun,
  };
}

function verifiedPaths(context: HmcContext, group: Resource, volume: Resource, resource: Resource): VolumePath[] {
  const initiator = initiatorOf(context, group, resource);
  const luns = initiator?.luns.filter(({ uuid }) => uuid === volume.props.uuid) ?? [];
  return luns.map(({ targetWwpn, lun }) => pathOver(resource, targetWwpn, lun));
}

/** Only one port was told, so only one virtual storage resource of each partition can use it: the first. */
function toldPaths(
  context: HmcContext,
  group: Resource,
  volume: Resource,
  resources: readonly Resource[],
): VolumePath[] {
  const told = fcpState(context, group).told.get(volume.uri);
  if (told === undefined) return [];
  const partitions = new Set(resources.map(({ props }) => props['partition-uri']));
  return [...partitions].flatMap((partition) => {
    const own = resources.filter(({ props }) => props['partition-uri'] === partition);
    const resource = own.find(({ props }) => props['adapter-port-uri'] === told.portUri) ?? own[0];
    if (resource === undefined) return [];
    return [{ ...pathOver(resource, told.targetWwpn, told.lun), adapterPortUri: told.portUri }];
  });
}

/** What a definition file says; used as long as nothing else is known. */
function loadedPaths(volume: Resource, resources: readonly Resource[]): VolumePath[] {
  return objectsOf(volume.props, 'paths').flatMap((path) => {
    const resource = resources.find(
      ({ props }) =>
        props['partition-uri'] === path['partition-uri'] && props['device-number'] === path['device-number'],
    );
    const target = textOf(path, 'target-world-wide-port-name');
    return resource === undefined ? [] : [pathOver(resource, target, textOf(path, 'logical-unit-number'))];
  });
}

function pathOver(resource: Resource, targetWwpn: string, lun: string): VolumePath {
  const { props } = resource;
  return {
    partitionUri: textOf(props, 'partition-uri'),
    deviceNumber: textOf(props, 'device-number'),
    initiatorWwpn: wwpnOf(resource),
    adapterPortUri: textOf(props, 'adapter-port-uri'),
    targetWwpn,
    lun,
  };
}

/** Virtual storage resources of a group for one partition. */
export function resourcesOf({ model }: HmcContext, group: Resource, partition: Resource): Resource[] {
  const resources = model.childrenOf(group, 'virtual-storage-resource');
  return resources.filter(({ props }) => props['partition-uri'] === partition.uri);
}

/**
 * The port on which the WWPN of a virtual storage resource logs in: the verified one, or as long as there is none the one that somebody told
 * for a volume, or a candidate. Empty when nothing is known.
 */
export function loginPortOf(context: HmcContext, group: Resource, resource: Resource): string {
  const verified = textOf(resource.props, 'adapter-port-uri');
  if (verified !== '') return verified;
  const { props } = resource;
  const own = context.model
    .childrenOf(group, 'virtual-storage-resource')
    .filter((other) => other.props['partition-uri'] === props['partition-uri']);
  const told = [...fcpState(context, group).told.values()].map(({ portUri }) => portUri);
  const ports = [...new Set([...told, ...textsOf(group.props, 'candidate-adapter-port-uris')])];
  return ports[own.indexOf(resource) % Math.max(1, ports.length)] ?? '';
}

/** The WWPN that a virtual storage resource uses, with what is known of it. */
export function initiatorOf(context: HmcContext, group: Resource, resource: Resource): GroupInitiator | undefined {
  return fcpState(context, group).initiators.find(({ resourceUri }) => resourceUri === resource.uri);
}
