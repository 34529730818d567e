import { ConfigError, ConflictError, NotFoundError } from '../base/index.ts';
import { interfaceOn } from '../virt/index.ts';
import type { RequestContext } from '../virt/index.ts';
import { checkAddresses } from './check-addresses.ts';
import { withFault } from './faults.ts';
import type { FlowManagerDeps } from './flows/common.ts';
import { addNetworkFlow, removeNetworkFlow } from './flows/network.ts';
import type { NetworkInput } from './flows/network.ts';
import type { InstanceNetwork, InstanceRecord } from './instances.ts';
import type { Saga } from './journal/index.ts';
import { runServerFlow } from './manager-flows.ts';
import type { ManagerParts } from './manager-parts.ts';
import type { ServerNetworkRequest } from './requests.ts';
import { requireIdle } from './requests.ts';
import type { ManagerServices } from './services.ts';

/**
 * Returns the network interfaces of a new server. Changes nothing.
 *
 * @throws ConfigError or NotFoundError naming the network, the value and what was expected; ConflictError for an address of
 * another server
 */
export function planNetworks(
  services: Pick<ManagerServices, 'networks' | 'store'>,
  instanceUuid: string,
  requests: readonly ServerNetworkRequest[],
): readonly InstanceNetwork[] {
  const names = requests.map(({ network }) => network);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new ConfigError(`network "${twice}" is given twice`, { network: twice });
  return requests.map((request) => planNetwork(services, instanceUuid, request));
}

function planNetwork(
  { networks, store }: Pick<ManagerServices, 'networks' | 'store'>,
  instanceUuid: string,
  request: ServerNetworkRequest,
): InstanceNetwork {
  const { network: name, address, gateway, dns, mac } = request;
  const network = networks.find((each) => each.name === name);
  if (network === undefined) {
    const known = networks.map((each) => each.name).join(', ') || 'none; set dpm.networks';
    throw new NotFoundError(`network "${name}" does not exist; networks of the settings: ${known}`, { network: name });
  }
  checkAddresses(request);
  requireFreeAddress(store, request);
  const vif = interfaceOn(network, { address, gateway, dns, mac: mac?.toLowerCase() });
  return { instanceUuid, interfaceId: vif.id, network: name, vif };
}

/** @throws ConflictError when an interface on the same network has the address */
function requireFreeAddress(
  store: Pick<ManagerServices['store'], 'allNetworks' | 'find'>,
  { network, address }: ServerNetworkRequest,
): void {
  const [ip] = address?.split('/') ?? [];
  if (ip === undefined) return;
  const user = store.allNetworks().find((each) => each.network === network && addressesOf(each).includes(ip));
  if (user === undefined) return;
  const name = store.find(user.instanceUuid)?.name ?? user.instanceUuid;
  throw new ConflictError(`address ${ip} of network "${network}" is that of server "${name}"`, {
    network,
    server: user.instanceUuid,
  });
}

/** The fixed addresses of an interface, without prefix length. */
export function addressesOf({ vif }: Pick<InstanceNetwork, 'vif'>): readonly string[] {
  return vif.network.subnets.flatMap(({ ips }) => ips.map(({ address }) => address));
}

/** Attaches a network to a server, running or not. @throws ConflictError when the server has this network */
export async function addNetwork(
  parts: ManagerParts,
  instance: InstanceRecord,
  request: ServerNetworkRequest,
  context: RequestContext,
): Promise<void> {
  const { network } = request;
  requireIdle(instance, 'attach a network to');
  const planned = planNetwork(parts, instance.uuid, request);
  if (parts.store.networks(instance.uuid).some((each) => each.network === network)) {
    const text = `network "${network}" is attached to server "${instance.name}" already`;
    throw new ConflictError(text, { network, server: instance.uuid });
  }
  await runNetworkFlow(parts, addNetworkFlow, instance, planned, `attach network "${network}" to`, context);
}

/**
 * Detaches a network from a server.
 *
 * @param attached - the networks that were attached when the command began. If given, a network that is not among them is an
 *   error; another command may have detached one of them meanwhile
 */
export async function removeNetwork(
  parts: ManagerParts,
  instance: InstanceRecord,
  { network, attached }: { readonly network: string; readonly attached?: readonly string[] | undefined },
  context: RequestContext,
): Promise<void> {
  const found = parts.store.networks(instance.uuid).find((each) => each.network === network);
  if (found === undefined && attached?.includes(network) === false) {
    const known = attached.join(', ') || 'none';
    const text = `network "${network}" is not attached to server "${instance.name}"; its networks: ${known}`;
    throw new NotFoundError(text, { network, server: instance.uuid });
  }
  if (found === undefined) return;
  requireIdle(instance, 'detach a network from');
  await runNetworkFlow(parts, removeNetworkFlow, instance, found, `detach network "${network}" from`, context);
}

async function runNetworkFlow<State>(
  parts: ManagerParts,
  flow: Saga<NetworkInput, State, FlowManagerDeps>,
  instance: InstanceRecord,
  { interfaceId, network, vif }: InstanceNetwork,
  verb: string,
  context: RequestContext,
): Promise<void> {
  const input = { instanceUuid: instance.uuid, name: instance.name, interfaceId, network, vif };
  await withFault(parts.store, instance, context, () => runServerFlow(parts, flow, input, verb, context));
}
