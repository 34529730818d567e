import type { HmcContext } from '../context.ts';
import { assignDeviceNumber, type WantedNumber } from '../device-numbers.ts';
import { addHipersockets } from '../inventory/adapters.ts';
import { numberOf, objectsOf, textOf, textsOf, type Json, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { addNic } from './new-nic.ts';

// Sources: IBM WS API, Create Partition Link (3932-AGZ), Delete Partition Link (3932-LA2); python-zhmcclient
// _partition_link.py, _partition.py and tests/end2end/test_partition_link.py. The properties of a connection's NICs are not
// public beside those that a request may name (inferred).

/** Types of partition links, with the API feature that brings each. */
export const linkFeatures = {
  'smc-d': 'dpm-smcd-partition-link-management',
  hipersockets: 'dpm-hipersockets-partition-link-management',
  ctc: 'dpm-ctc-partition-link-management',
} as const;

/** Type of a partition link. */
export type LinkType = keyof typeof linkFeatures;

/** What each type has beside the properties of all links, if the request does not say otherwise. */
export const linkDefaults: Readonly<Record<LinkType, Props>> = {
  'smc-d': { 'starting-fid': 4096 },
  hipersockets: { 'starting-device-number': '7400', 'maximum-transmission-unit-size': 8 },
  ctc: { 'devices-per-path': 4 },
};

/** First device number of a path of a CTC link. */
const firstCtcDevice = 0x40_00;

/**
 * Gives each HiperSockets adapter its link, on a CPC with the API feature: there, one does not exist without the other
 * (python-zhmcclient _adapter.py, delete).
 */
export function linkHipersockets(context: HmcContext, cpc: Resource): void {
  if (context.cpcApiFeatures.get(cpc.uri)?.includes(linkFeatures.hipersockets) !== true) return;
  const { model } = context;
  const linked = model.all('partition-link').map(({ props }) => props['adapter-uri']);
  for (const { uri, props } of model.childrenOf(cpc, 'adapter')) {
    if (props['adapter-family'] !== 'hipersockets' || linked.includes(uri)) continue;
    const { name = '', 'maximum-transmission-unit-size': mtu = 8 } = props;
    const body = { name, type: 'hipersockets', 'maximum-transmission-unit-size': mtu };
    addLink(context, cpc, textOf(props, 'object-id'), body, uri);
  }
}

/** Adds a link without connections; one of type hipersockets brings its adapter, which has the name of the link. */
export function addLink(
  context: HmcContext,
  cpc: Resource,
  id: string,
  body: Readonly<Props>,
  adapterUri?: string,
): Resource {
  const { name = '', description = '' } = body;
  const type = textOf(body, 'type') as LinkType;
  const own = Object.fromEntries(
    Object.entries(linkDefaults[type]).map(([field, initial]) => [field, body[field] ?? initial]),
  );
  const adapter =
    type === 'hipersockets' ? { 'adapter-uri': adapterUri ?? addHipersockets(context, cpc, body).uri } : {};
  const ctc = type === 'ctc' ? { partitions: body.partitions ?? [], paths: body.paths ?? [] } : {};
  const identity = { 'object-id': id, 'object-uri': `/api/partition-links/${id}` };
  const owner = { 'cpc-uri': cpc.uri, 'cpc-name': cpc.props.name ?? '' };
  return context.model.add('partition-link', cpc.uri, {
    ...identity,
    ...owner,
    name,
    description,
    type,
    ...own,
    ...adapter,
    ...ctc,
  });
}

/** All properties of a link. A link is complete when it connects two partitions or more. */
export function linkView(context: HmcContext, link: Resource): Props {
  const { partitions: _, ...props } = link.props;
  const connections =
    link.props.type === 'ctc'
      ? { paths: pathsOf(context, link) }
      : { 'bus-connections': busConnections(context, link) };
  const state = linkedPartitions(context, link).length < 2 ? 'incomplete' : 'complete';
  return { ...props, state, ...connections };
}

/** The partitions that a link connects, in the order in which they were attached. */
export function linkedPartitions(context: HmcContext, link: Resource): Resource[] {
  const { model } = context;
  const uris =
    link.props.type === 'ctc'
      ? textsOf(link.props, 'partitions')
      : endpointsOf(context, link).map((endpoint) => ownerOf(context, endpoint)?.uri ?? '');
  return [...new Set(uris)].flatMap((uri) => model.find('partition', uri) ?? []);
}

/** NICs of a HiperSockets link, or the endpoints of an SMC-D link, which no partition shows as elements. */
function endpointsOf({ model }: HmcContext, link: Resource): Resource[] {
  if (link.props.type === 'smc-d')
    return model
      .childrenOf(link, 'partition-link-endpoint')
      .filter(({ props }) => model.find('partition', textOf(props, 'partition-uri')) !== undefined);
  const adapter = textOf(link.props, 'adapter-uri');
  const switches = model.all('virtual-switch').filter(({ props }) => props['backing-adapter-uri'] === adapter);
  return model
    .all('nic')
    .filter(
      ({ props }) =>
        switches.some(({ uri }) => uri === props['virtual-switch-uri']) ||
        textOf(props, 'network-adapter-port-uri').startsWith(`${adapter}/`),
    );
}

function ownerOf({ model }: HmcContext, endpoint: Resource): Resource | undefined {
  return endpoint.class === 'nic'
    ? model.parentOf(endpoint)
    : model.find('partition', textOf(endpoint.props, 'partition-uri'));
}

function busConnections(context: HmcContext, link: Resource): Json[] {
  const endpoints = endpointsOf(context, link);
  return linkedPartitions(context, link).map((partition) => {
    const own = endpoints.filter((endpoint) => ownerOf(context, endpoint) === partition);
    const { uri, props } = partition;
    return {
      'partition-uri': uri,
      'partition-name': props.name ?? '',
      'number-of-nics': own.length,
      nics: own.map(endpointView),
    };
  });
}

function endpointView({ class: kind, uri, props }: Resource): Props {
  const first = Number.parseInt(textOf(props, 'device-number'), 16);
  const numbers = kind === 'nic' ? [first, first + 1, first + 2] : [first];
  const devices = { 'device-numbers': numbers.map(hex) };
  if (kind !== 'nic') return { fid: numberOf(props, 'fid'), ...devices };
  return {
    'nic-uri': uri,
    ...devices,
    'vlan-id': props['vlan-id'] ?? null,
    'mac-address': props['mac-address'] ?? null,
  };
}

function hex(number: number): string {
  return number.toString(16).padStart(4, '0');
}

/** Each path of a CTC link connects each two of its partitions by as many devices as the link says. */
function pathsOf(context: HmcContext, link: Resource): Json[] {
  const { model } = context;
  const partitions = linkedPartitions(context, link);
  const count = numberOf(link.props, 'devices-per-path');
  const adapterInfo = (uri: string): Props => {
    const [adapterUri = ''] = uri.split('/storage-ports/');
    return { 'adapter-uri': adapterUri, 'adapter-name': model.find('adapter', adapterUri)?.props.name ?? '' };
  };
  return objectsOf(link.props, 'paths').map((path) => {
    const start = textOf(path, 'starting-device-number') || hex(firstCtcDevice);
    let next = Number.parseInt(start, 16);
    const devices = partitions.flatMap((one, index) =>
      partitions.slice(index + 1).map((other) => {
        const numbers = Array.from({ length: count }, () => hex(next++));
        const endpoint = ({ uri, props }: Resource): Props => ({
          'partition-uri': uri,
          'partition-name': props.name ?? '',
          'device-numbers': numbers,
        });
        return { 'endpoint-pair': [endpoint(one), endpoint(other)] };
      }),
    );
    return {
      'adapter-port-info': adapterInfo(textOf(path, 'adapter-port-uri')),
      'connecting-adapter-port-info': adapterInfo(textOf(path, 'connecting-adapter-port-uri')),
      'starting-device-number': start,
      devices,
    };
  });
}

/** Connects a partition as `new-bus-connection` says: `number-of-nics` NICs, of which `nics` describes the first ones. */
export function connect(context: HmcContext, link: Resource, connection: Readonly<Props>): void {
  const partition = context.model.find('partition', textOf(connection, 'partition-uri'));
  if (partition === undefined) return;
  const described = objectsOf(connection, 'nics');
  const count = numberOf(connection, 'number-of-nics') || Math.max(1, described.length);
  for (let index = 0; index < count; index += 1) {
    const { 'device-numbers': devices, ...wanted } = described[index] ?? {};
    const number = Array.isArray(devices) && typeof devices[0] === 'string' ? devices[0] : '';
    if (link.props.type === 'smc-d') addEndpoint(context, link, partition, { ...wanted, number });
    else addLinkNic(context, link, partition, { ...wanted, ...(number === '' ? {} : { 'device-number': number }) });
  }
}

function addEndpoint(context: HmcContext, link: Resource, partition: Resource, wanted: Props): void {
  const { model, ids } = context;
  const number: WantedNumber = { number: textOf(wanted, 'number'), use: 'network', namespace: 'pci' };
  const fids = model.childrenOf(link, 'partition-link-endpoint').map(({ props }) => numberOf(props, 'fid'));
  const id = ids.next();
  model.add('partition-link-endpoint', link.uri, {
    'element-id': id,
    'element-uri': `${link.uri}/endpoints/${id}`,
    'partition-uri': partition.uri,
    'device-number': assignDeviceNumber(context, partition, number),
    fid: numberOf(wanted, 'fid') || Math.max(numberOf(link.props, 'starting-fid') - 1, ...fids) + 1,
  });
}

/** A NIC on the adapter of a HiperSockets link. Its name is generated (inferred). */
function addLinkNic(context: HmcContext, link: Resource, partition: Resource, wanted: Props): void {
  const { model } = context;
  const adapter = textOf(link.props, 'adapter-uri');
  const virtualSwitch = model.all('virtual-switch').find(({ props }) => props['backing-adapter-uri'] === adapter);
  const backing =
    virtualSwitch === undefined
      ? { 'network-adapter-port-uri': `${adapter}/network-ports/0` }
      : { 'virtual-switch-uri': virtualSwitch.uri };
  const taken = model.childrenOf(partition, 'nic').map(({ props }) => props.name);
  const base = textOf(link.props, 'name').slice(0, 58);
  let number = 1;
  while (taken.includes(`${base} ${number}`)) number += 1;
  const vlan = typeof wanted['vlan-id'] === 'number' ? { 'vlan-type': 'enforced' } : {};
  addNic(context, partition, { name: `${base} ${number}`, ...wanted, ...vlan, ...backing }, 'iqd');
}

/** Takes the connections of a partition away, with its NICs. */
export function disconnect(context: HmcContext, link: Resource, partitionUri: string): void {
  if (link.props.type === 'ctc') {
    link.props.partitions = textsOf(link.props, 'partitions').filter((uri) => uri !== partitionUri);
    return;
  }
  for (const endpoint of endpointsOf(context, link)) {
    if (ownerOf(context, endpoint)?.uri === partitionUri) context.model.remove(endpoint);
  }
}

/** Removes a link with its connections; one of type hipersockets takes its adapter along. */
export function removeLink(context: HmcContext, link: Resource): void {
  const { model } = context;
  for (const { uri } of linkedPartitions(context, link)) disconnect(context, link, uri);
  const adapter = model.find('adapter', textOf(link.props, 'adapter-uri'));
  const switches = model.all('virtual-switch').filter(({ props }) => props['backing-adapter-uri'] === adapter?.uri);
  for (const each of [...switches, ...(adapter === undefined ? [] : [adapter]), link]) model.remove(each);
}

/** URIs of the links that a partition is connected by. */
export function linksOf(context: HmcContext, partition: Resource): string[] {
  const links = context.model.all('partition-link');
  return links.filter((link) => linkedPartitions(context, link).includes(partition)).map(({ uri }) => uri);
}
