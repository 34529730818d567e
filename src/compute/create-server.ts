import { ConfigError, ConflictError } from '../base/index.ts';
import type { ComputeDriver, RequestContext } from '../virt/index.ts';
import { assignedMemory, requireShare } from './claims.ts';
import { planNetworks } from './server-networks.ts';
import { buildFlow, buildStockFlow } from './flows/build.ts';
import { isOnlyRecord } from './instances.ts';
import type { BlockDevice, InstanceRecord } from './instances.ts';
import type { ManagerParts } from './manager-parts.ts';
import { chooseVolumes, extraSpecsOf, newInstance } from './requests.ts';
import type { CreateServer } from './requests.ts';

/**
 * Checks a request. Returns the record of the new server, its volumes, and the flow that builds it. Changes nothing. Notes
 * what it chose for the user.
 */
export async function planServer(parts: ManagerParts, request: CreateServer, context: RequestContext) {
  const { driver, cinder, host, spawnOrder, onNote } = parts;
  requireNetworkToBoot(request);
  const extraSpecs = extraSpecsOf(request);
  driver.checkExtraSpecs?.(extraSpecs);
  await driver.requireNamed?.(context, extraSpecs);
  const volumes = await chooseVolumes(cinder, request, context, onNote);
  const memoryMib = roundedMemory(driver, request, onNote);
  const record = newInstance({ ...request, memoryMib }, host, extraSpecs);
  const networks = planNetworks(parts, record.uuid, request.networks ?? []);
  if (request.start !== false) await driver.requireFreeMemory?.(context, memoryMib);
  const devices = volumes.map((volume): BlockDevice => ({ ...volume, instanceUuid: record.uuid }));
  const volumeIds = devices.map(({ volumeId }) => volumeId);
  const input = { instanceUuid: record.uuid, name: record.name, powerOn: request.start ?? true, volumeIds };
  return { record, devices, networks, flow: spawnOrder === 'stock' ? buildStockFlow : buildFlow, input };
}

/** @throws ConfigError for a boot from the network without a network */
function requireNetworkToBoot({ name, bootFrom, networks = [] }: CreateServer): void {
  if (bootFrom?.source !== 'network' || networks.length > 0) return;
  throw new ConfigError(`server "${name}" cannot boot from the network: give it a network`, { option: '--network' });
}

/**
 * Checks that several servers can be created together. Changes nothing.
 *
 * @throws the error of the first one that cannot: a volume is missing or used twice, a name is taken, or the share is exceeded
 */
export async function checkServers(
  parts: ManagerParts,
  requests: readonly CreateServer[],
  context: RequestContext,
): Promise<void> {
  const quiet = { ...parts, onNote: undefined };
  const plans = await Promise.all(requests.map(async (request) => await planServer(quiet, request, context)));
  const volumeIds = plans.flatMap(({ input }) => input.volumeIds);
  const twice = volumeIds.find((id, index) => volumeIds.indexOf(id) !== index);
  if (twice !== undefined) throw new ConfigError(`volume ${twice} is given to two servers`, { volume: twice });
  const started = plans.filter(({ input }) => input.powerOn);
  if (started.length > 1) {
    const together = started.reduce((sum, { record }) => sum + record.memoryMib, 0);
    await parts.driver.requireFreeMemory?.(context, together);
  }
  plans.reduce((others, { record }) => {
    requireFreeName(record.name, others);
    requireShare(parts, record, others);
    return [...others, record];
  }, parts.store.list());
}

function requireFreeName(name: string, others: readonly InstanceRecord[]): void {
  const twin = others.find((other) => other.name === name && !isOnlyRecord(other));
  if (twin !== undefined) throw new ConflictError(`server "${name}" already exists`, { server: twin.uuid });
}

/**
 * Records a planned server.
 *
 * @param alsoRecord - records more in the same transaction
 * @throws ConflictError when the name is taken, or the server exceeds this host's share of the CPC
 */
export function recordServer(
  parts: ManagerParts,
  { record, devices, networks }: Awaited<ReturnType<typeof planServer>>,
  alsoRecord?: () => void,
): void {
  const admit = (others: readonly InstanceRecord[]) => {
    requireShare(parts, record, others);
  };
  parts.store.create(record, devices, admit, networks, alsoRecord);
}

/** Returns the memory that the platform assigns, and notes a difference. */
export function roundedMemory(
  driver: ComputeDriver,
  { name, memoryMib: wanted }: Pick<CreateServer, 'name' | 'memoryMib'>,
  onNote?: (text: string) => void,
): number {
  const given = assignedMemory(driver, wanted);
  const why = 'the machine assigns memory in larger units';
  if (given !== wanted) onNote?.(`memory of server "${name}" is rounded up from ${wanted} to ${given} MiB (${why})`);
  return given;
}
