import type { HmcContext } from '../context.ts';
import { numberOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { fcpState, freeInitiators, validationOf, wwpnOf } from './fcp-state.ts';
import { initiatorOf, pathView, pathsOf } from './paths.ts';

/** All properties of a storage group, as Get Storage Group Properties shows them. */
export function storageGroupView(context: HmcContext, group: Resource): Props {
  const { model } = context;
  const volumes = model.childrenOf(group, 'storage-volume');
  const view: Props = {
    ...group.props,
    'storage-volume-uris': volumes.map(({ uri }) => uri),
    'virtual-storage-resource-uris': model.childrenOf(group, 'virtual-storage-resource').map(({ uri }) => uri),
  };
  if (context.levelOfGroup(group) >= 16) view.capacity = sum(volumes);
  if (group.props.type !== 'fcp') return view;
  const free = freeInitiators(fcpState(context, group));
  view['unassigned-world-wide-port-names'] = free.map((initiator) => ({
    'world-wide-port-name': initiator.wwpn,
    status: validationOf(initiator),
  }));
  return view;
}

function sum(volumes: readonly Resource[]): number {
  return Number(volumes.reduce((total, { props }) => total + numberOf(props, 'size'), 0).toFixed(2));
}

/** What List Storage Groups shows of a group. */
export function storageGroupItem({ uri, props }: Resource): Props {
  const { 'cpc-uri': cpc = null, name = '', 'fulfillment-state': state = '', type = '' } = props;
  return { 'object-uri': uri, 'cpc-uri': cpc, name, 'fulfillment-state': state, type };
}

/** All properties of a storage volume; the paths of FCP volumes follow from what discovery found. */
export function storageVolumeView(context: HmcContext, volume: Resource): Props {
  const group = context.model.parentOf(volume);
  if (group?.props.type !== 'fcp') return volume.props;
  return { uuid: null, ...volume.props, paths: pathsOf(context, group, volume).map(pathView) };
}

/** What List Storage Volumes shows of a volume. */
export function storageVolumeItem({ uri, props }: Resource): Props {
  const { name = '', 'fulfillment-state': state = '', size = 0, usage = '' } = props;
  return { 'element-uri': uri, name, 'fulfillment-state': state, size, usage };
}

/** All properties of a virtual storage resource; the plain WWPN is a habit of z14. */
export function virtualStorageResourceView(context: HmcContext, resource: Resource): Props {
  const group = context.model.parentOf(resource);
  const { 'world-wide-port-name': plain, ...props } = resource.props;
  const initiator = group === undefined ? undefined : initiatorOf(context, group, resource);
  const wwpn = wwpnOf(resource);
  if (wwpn === '') return resource.props;
  const status = initiator === undefined ? 'unknown' : validationOf(initiator);
  const view: Props = { ...props, 'world-wide-port-name-info': { 'world-wide-port-name': wwpn, status } };
  if (group !== undefined && context.levelOfGroup(group) <= 14) view['world-wide-port-name'] = plain ?? wwpn;
  return view;
}

/** What List Virtual Storage Resources shows of one. */
export function virtualStorageResourceItem({ uri, props }: Resource): Props {
  const {
    name = '',
    'device-number': number = '',
    'adapter-port-uri': port = null,
    'partition-uri': partition = null,
  } = props;
  return { 'element-uri': uri, name, 'device-number': number, 'adapter-port-uri': port, 'partition-uri': partition };
}
