import type { ComputeDriver, RequestContext } from '../virt/index.ts';
import { claim } from './claims.ts';
import { buildFlow, buildStockFlow } from './flows/build.ts';
import type { BlockDevice } from './instances.ts';
import type { ManagerParts } from './manager-parts.ts';
import { chooseVolumes, extraSpecsOf, newInstance } from './requests.ts';
import type { CreateServer } from './requests.ts';

/** Checks a request. Returns the record of the new server, its volumes, and the flow that builds it. Changes nothing. */
export async function planServer(
  { driver, cinder, host, spawnOrder }: ManagerParts,
  request: CreateServer,
  context: RequestContext,
) {
  const extraSpecs = extraSpecsOf(request);
  driver.checkExtraSpecs?.(extraSpecs);
  const volumes = await chooseVolumes(cinder, request, context);
  const memoryMib = memoryGiven(driver, request.memoryMib);
  const record = newInstance({ ...request, memoryMib }, host, extraSpecs);
  const devices = volumes.map((volume): BlockDevice => ({ ...volume, instanceUuid: record.uuid }));
  const volumeIds = devices.map(({ volumeId }) => volumeId);
  const input = { instanceUuid: record.uuid, name: record.name, powerOn: request.start ?? true, volumeIds };
  return { record, devices, flow: spawnOrder === 'stock' ? buildStockFlow : buildFlow, input };
}

/** Records a planned server. @throws ConflictError when the name is taken, or the server exceeds this host's share of the CPC */
export function recordServer(
  { store, share, driver }: ManagerParts,
  { record, devices }: Awaited<ReturnType<typeof planServer>>,
): void {
  store.create(record, devices, (others) => {
    // Older records hold the memory that was requested, not rounded.
    const taken = others.map((other) => ({ ...other, memoryMib: memoryGiven(driver, other.memoryMib) }));
    claim(record, taken, share);
  });
}

function memoryGiven(driver: ComputeDriver, memoryMib: number): number {
  return driver.memoryGiven?.(memoryMib) ?? memoryMib;
}
