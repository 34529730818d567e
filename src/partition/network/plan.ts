import { ConfigError, ConflictError, NotFoundError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { isHmcError } from '../../hmc-client/errors/index.ts';
import type { Adapter, HmcSession, VirtualSwitch } from '../../hmc-client/index.ts';
import { encodeGuestParameters } from '../guest-parameters/index.ts';
import type { PartitionRef } from '../lifecycle.ts';
import { nicName } from '../naming.ts';
import type { NicBacking, NicRequest, PlannedNic } from '../network.ts';
import { hasNetworkPort, networkFamily, networkPortsOf, nicCapacity } from './adapter-port.ts';
import { toGuest } from './guest.ts';

/** What is known of the machine. */
export interface NetworkMachine {
  readonly cpcUri: string;
  readonly cpcName: string;
  /** Whether MAC address and VLAN type can be set on a NIC. */
  readonly canSetAddress: boolean;
}

/** Returns the plan for these NICs. @throws as {@link PartitionNetwork.plan} */
export async function planNics(
  hmc: HmcSession,
  machine: NetworkMachine,
  {
    requests,
    otherText,
    partition,
  }: {
    readonly requests: readonly NicRequest[];
    readonly otherText: string;
    readonly partition?: PartitionRef | undefined;
  },
  w: Waiting,
): Promise<readonly PlannedNic[]> {
  if (requests.length === 0) return [];
  for (const request of requests) checkRequest(request, machine);
  checkTogether(requests);
  const ids = adapterIds(requests);
  const [switches, ...adapters] = await Promise.all([
    hmc.nics.virtualSwitches(machine.cpcUri, w),
    ...[...new Set(ids)].map((id) => getAdapter(hmc, machine, id, w)),
  ]);
  if (adapters.some((adapter) => !hasRoom(adapter, ids))) {
    // The NICs that the partition has already are part of the used capacity.
    const own = partition === undefined ? [] : await hmc.nics.ofPartition(partition.uri, w);
    const missing = requests.filter(({ portId }) => !own.some(({ name }) => name === nicName(portId)));
    for (const adapter of adapters) checkRoom(adapter, adapterIds(missing));
  }
  const plan = requests.map((request): PlannedNic => {
    const { backing } = request;
    const found = 'virtualSwitchId' in backing ? switchWithId(switches, backing.virtualSwitchId) : undefined;
    const backed = found ?? findPort(backing, switches, adapters);
    if (!backed.isChannelDevice && request.addresses !== undefined) requireMac(request);
    return { request, name: nicName(request.portId), ...backed };
  });
  checkParameters(plan, otherText, machine);
  return await withLinks(hmc, machine, plan, { switches, adapters }, w);
}

/** Finds the partition link of each NIC on a HiperSockets adapter. */
async function withLinks(
  hmc: HmcSession,
  { cpcUri }: NetworkMachine,
  plan: readonly PlannedNic[],
  { switches, adapters }: { readonly switches: readonly VirtualSwitch[]; readonly adapters: readonly Adapter[] },
  w: Waiting,
): Promise<readonly PlannedNic[]> {
  const adapterOf = ({ backedBy }: PlannedNic): string | undefined => {
    if ('networkAdapterPortUri' in backedBy) {
      const uri = backedBy.networkAdapterPortUri.split('/network-ports/')[0];
      return adapters.find((each) => each.uri === uri && each.family === 'hipersockets')?.uri;
    }
    const found = switches.find(({ uri }) => uri === backedBy.virtualSwitchUri);
    return found?.type === 'hipersockets' ? found.backingAdapterUri : undefined;
  };
  return await Promise.all(
    plan.map(async (nic) => {
      const adapter = adapterOf(nic);
      return adapter === undefined ? nic : { ...nic, linkUri: await hmc.nics.hipersocketsLink(cpcUri, adapter, w) };
    }),
  );
}

function checkRequest({ portId, macAddress, vlanId }: NicRequest, machine: NetworkMachine): void {
  const port = `network port ${portId}`;
  // Of a group address, the first byte is odd.
  if (macAddress !== null && Number.parseInt(macAddress.slice(0, 2), 16) % 2 === 1) {
    throw new ConfigError(`${port}: MAC address ${macAddress} is a group address, expected that of one NIC`, {
      portId,
    });
  }
  if (vlanId === null) return;
  // vlan-type, which makes the machine tag the frames, exists since API 2.20 (IBM WS API, Data model - NIC element object).
  if (!machine.canSetAddress) {
    const text = `${port}: VLAN ${vlanId} cannot be set, because CPC "${machine.cpcName}" (z13) does not tag frames for a partition`;
    throw new ConfigError(text, { portId, vlan: vlanId });
  }
}

function requireMac({ portId, macAddress }: NicRequest): void {
  if (macAddress !== null) return;
  const text = `network port ${portId}: a fixed address on a PCI network adapter needs a MAC address, by which the guest finds the NIC`;
  throw new ConfigError(text, { portId });
}

function checkTogether(requests: readonly NicRequest[]): void {
  const ids = requests.map(({ portId }) => portId);
  const macs = requests.flatMap(({ macAddress }) => macAddress ?? []);
  const twice = [...ids, ...macs].find((each, index, all) => all.indexOf(each) !== index);
  if (twice === undefined) return;
  const what = ids.includes(twice) ? 'network port' : 'MAC address';
  throw new ConfigError(`${what} ${twice} is given for two NICs`, { value: twice });
}

async function getAdapter(hmc: HmcSession, machine: NetworkMachine, id: string, w: Waiting): Promise<Adapter> {
  try {
    const adapter = await hmc.adapters.get(`/api/adapters/${id}`, w);
    if (adapter.parent !== undefined && adapter.parent !== machine.cpcUri) {
      throw new NotFoundError(`network adapter "${adapter.name}" (${id}) is not in CPC "${machine.cpcName}"`, {
        adapter: id,
      });
    }
    if (networkFamily(adapter.family) !== undefined) return adapter;
    const text = `adapter "${adapter.name}" (${id}) is of family ${adapter.family}, expected a network adapter`;
    throw new ConfigError(text, { adapter: id, family: adapter.family });
  } catch (error) {
    // The HMC answers the same for a hidden adapter as for one that does not exist. (IBM WS API, Get Adapter Properties)
    if (!isHmcError(error, 404, 1)) throw error;
    const text = `there is no network adapter ${id}, or the HMC user has no object access permission to it`;
    throw new NotFoundError(text, { adapter: id }, { cause: error });
  }
}

/** Returns the adapter of each request, as often as it is used. */
function adapterIds(requests: readonly NicRequest[]): readonly string[] {
  return requests.flatMap(({ backing }) => ('adapterObjectId' in backing ? [backing.adapterObjectId] : []));
}

function countOn({ uri }: Adapter, ids: readonly string[]): number {
  return ids.filter((id) => uri === `/api/adapters/${id}`).length;
}

function hasRoom(adapter: Adapter, ids: readonly string[]): boolean {
  const capacity = nicCapacity(adapter);
  return capacity === undefined || capacity.used + countOn(adapter, ids) <= capacity.allowed;
}

/** The HMC refuses a NIC on an adapter whose allowed capacity is used. */
function checkRoom(adapter: Adapter, ids: readonly string[]): void {
  if (hasRoom(adapter, ids)) return;
  const { uri, name } = adapter;
  const { allowed, used } = nicCapacity(adapter) ?? { allowed: 0, used: 0 };
  const wanted = countOn(adapter, ids);
  const text = `network adapter "${name}" has room for ${Math.max(0, allowed - used)} more NICs, but ${wanted} are wanted`;
  throw new ConflictError(text, { adapter: uri, allowed, used, wanted });
}

type Backed = Omit<PlannedNic, 'request' | 'name'>;

function switchWithId(switches: readonly VirtualSwitch[], id: string): Backed {
  const found = switches.find(({ uri }) => uri === `/api/virtual-switches/${id}`);
  if (found !== undefined)
    return { backedBy: { virtualSwitchUri: found.uri }, port: found.port, isChannelDevice: true };
  const text = `there is no virtual switch ${id}, or the HMC user has no object access permission to it`;
  throw new NotFoundError(text, { virtualSwitch: id });
}

/** Until z16, OSA and HiperSockets ports are reached through virtual switches; a z17 has none. */
function findPort(backing: NicBacking, switches: readonly VirtualSwitch[], adapters: readonly Adapter[]): Backed {
  if (!('adapterObjectId' in backing)) throw new NotFoundError('the NIC has no adapter port');
  const { adapterObjectId: id, port } = backing;
  const adapter = adapters.find(({ uri }) => uri === `/api/adapters/${id}`);
  const portUri = `/api/adapters/${id}/network-ports/${port}`;
  if (adapter === undefined || !hasNetworkPort(adapter, port)) {
    const ports = adapter === undefined ? '' : networkPortsOf(adapter).join(', ');
    const text = `network adapter "${adapter?.name ?? id}" (${id}) has no port ${port}; its ports: ${ports || 'none'}`;
    throw new NotFoundError(text, { adapter: id, port });
  }
  const { hasSwitches, isChannelDevice } = networkFamily(adapter.family) ?? {
    hasSwitches: false,
    isChannelDevice: true,
  };
  if (!hasSwitches || switches.length === 0)
    return { backedBy: { networkAdapterPortUri: portUri }, port, isChannelDevice };
  const found = switches.find((each) => each.backingAdapterUri === adapter.uri && each.port === port);
  if (found !== undefined) return { backedBy: { virtualSwitchUri: found.uri }, port, isChannelDevice };
  const text = `port ${port} of network adapter "${adapter.name}" (${id}) has no virtual switch that this HMC user sees`;
  throw new NotFoundError(text, { adapter: id, port });
}

/** What the guest has to know must fit into its boot parameters, whatever the device numbers are. */
function checkParameters(plan: readonly PlannedNic[], otherText: string, machine: NetworkMachine): void {
  const nics = plan.flatMap((nic, index) => toGuest(nic, index.toString(16).padStart(4, '0'), machine.canSetAddress));
  const { omittedNics } = encodeGuestParameters({ otherText, nics, volumes: [] });
  if (omittedNics.length === 0) return;
  const text = `the boot parameters have room for the addresses of ${nics.length - omittedNics.length} NICs, but ${nics.length} are wanted`;
  throw new ConflictError(text, { nics: nics.length });
}
