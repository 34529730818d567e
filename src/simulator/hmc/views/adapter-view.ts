import type { HmcContext } from '../context.ts';
import { numberOf, textOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { holdsResources } from '../rules/statuses.ts';

/** Virtual connections of an adapter. */
export interface AdapterUse {
  /** Defined for partitions, started or not. */
  readonly configured: number;
  /** Of partitions that hold their resources. */
  readonly used: number;
}

/** All properties of an adapter, as Get Adapter Properties shows them. */
export function adapterView(context: HmcContext, adapter: Resource): Props {
  const ports = context.model.childrenOf(adapter);
  const view: Props = { ...adapter.props, ...capacityView(context, adapter) };
  const storage = ports.filter((port) => port.class === 'storage-port').map(({ uri }) => uri);
  const network = ports.filter((port) => port.class === 'network-port').map(({ uri }) => uri);
  if (storage.length > 0) view['storage-port-uris'] = storage;
  if (network.length > 0) view['network-port-uris'] = network;
  return view;
}

/** What List Adapters shows of an adapter besides additional properties. */
export function adapterItem({ uri, props }: Resource): Props {
  const { name = '', status = '', type = '', 'adapter-id': id = '', 'adapter-family': family = '' } = props;
  return { 'object-uri': uri, name, 'adapter-id': id, 'adapter-family': family, type, status };
}

/** Counts the vHBAs, virtual storage resources and NICs that use an adapter, upon what a definition file says of others. */
export function adapterUse(context: HmcContext, adapter: Resource): AdapterUse {
  const users = usersOf(context, adapter);
  const configured = numberOf(adapter.props, 'configured-capacity') + users.length;
  const used = numberOf(adapter.props, 'used-capacity') + users.filter((partition) => holdsResources(partition)).length;
  return { configured, used };
}

/** The partition of each virtual connection of an adapter. */
export function usersOf(context: HmcContext, adapter: Resource): Resource[] {
  const { model } = context;
  const isOurs = ({ props }: Resource): boolean => isPortOf(adapter, textOf(props, 'adapter-port-uri'));
  const hbas = model
    .all('hba')
    .filter(isOurs)
    .map((hba) => model.parentOf(hba));
  const resources = model.all('virtual-storage-resource').filter(isOurs);
  const storage = resources.map(({ props }) => model.find('partition', textOf(props, 'partition-uri')));
  const nics = model.all('nic').filter(({ props }) => isPortOf(adapter, networkPortOf(context, props)));
  const network = nics.map((nic) => model.parentOf(nic));
  return [...hbas, ...storage, ...network].filter((partition) => partition !== undefined);
}

/** URI of the network port that backs a NIC, directly or by way of a virtual switch; empty if none. */
export function networkPortOf({ model }: HmcContext, nic: Readonly<Props>): string {
  const direct = textOf(nic, 'network-adapter-port-uri');
  const virtualSwitch = model.find('virtual-switch', textOf(nic, 'virtual-switch-uri'));
  if (direct !== '' || virtualSwitch === undefined) return direct;
  const { props } = virtualSwitch;
  return `${textOf(props, 'backing-adapter-uri')}/network-ports/${numberOf(props, 'port')}`;
}

function isPortOf(adapter: Resource, portUri: string): boolean {
  return portUri.startsWith(`${adapter.uri}/`);
}

/** The scalars; z17 shows an array beside them. */
function capacityView(context: HmcContext, adapter: Resource): Props {
  if (adapter.props['allowed-capacity'] === undefined) return {};
  const { configured, used } = adapterUse(context, adapter);
  const view: Props = { 'configured-capacity': configured, 'used-capacity': used };
  if (context.levelOf(adapter) < 17 || adapter.props['capacity-infos'] !== undefined) return view;
  const ports = context.model.childrenOf(adapter).map(({ props }) => numberOf(props, 'index'));
  const info = {
    'allowed-capacity': numberOf(adapter.props, 'allowed-capacity'),
    'maximum-total-capacity': numberOf(adapter.props, 'maximum-total-capacity'),
    ...view,
  };
  const kind = allocationTypes[textOf(adapter.props, 'adapter-family')] ?? 'subchannel';
  const infos = (ports.length === 0 ? [0] : ports).map((port) => ({
    'allocation-type': kind,
    'port-id': port,
    ...info,
  }));
  return { ...view, 'capacity-infos': infos };
}

/** What is counted by family, as DPM exports of machines show it; subchannels unless said. */
const allocationTypes: Readonly<Record<string, string>> = { cna: 'pcie', crypto: 'crypto', roce: 'pcie' };

/** All properties of a storage port. Those of FICON adapters tell what they are connected to, as DPM exports of machines show. */
export function storagePortView(context: HmcContext, port: Resource): Props {
  if (textOf(context.model.parentOf(port)?.props ?? {}, 'type') !== 'fc') return port.props;
  const endpoint = context.model.at(textOf(port.props, 'connection-endpoint-uri'));
  return {
    'ficon-usage': 'storage',
    'connection-endpoint-uri': null,
    'connection-endpoint-class': endpoint?.class ?? null,
    ...port.props,
  };
}
