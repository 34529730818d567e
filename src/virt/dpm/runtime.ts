import { StorageGroupStorage } from '../../partition/storage-group/index.ts';
import { DpmNetwork } from '../../partition/network/index.ts';
import { HbaStorage } from '../../partition/vhba/index.ts';
import { ConfigError, ConflictError, NotFoundError } from '../../base/index.ts';
import type { Logger, Outages, Waiting } from '../../base/index.ts';
import { isHmcError, openHmcSession } from '../../hmc-client/index.ts';
import type { Cpc, HmcSession } from '../../hmc-client/index.ts';
import { InstancePartitions, PartitionLifecycle } from '../../partition/index.ts';
import type { PartitionNetwork, PartitionRecords, PartitionStorage } from '../../partition/index.ts';
import { VolumeDriverRegistry } from '../../volume/index.ts';
import { requireAdapterPorts } from './adapter-ports.ts';
import type { DpmDriverSettings } from './settings.ts';

/** Everything that depends on the HMC and the CPC. */
export interface DpmRuntime {
  readonly hmc: HmcSession;
  readonly cpc: Cpc;
  readonly log: Logger;
  readonly lifecycle: PartitionLifecycle;
  readonly storage: PartitionStorage;
  readonly network: PartitionNetwork;
  readonly partitions: InstancePartitions;
  readonly volumeDrivers: VolumeDriverRegistry;
  /** How long an ISO image may take to appear after an upload that had no answer. */
  readonly imageLagMs: number;
}

/** Statuses of a usable CPC. Source: nova-dpm virt/dpm/utils.py; zhmcclient/mock/_urihandler.py. */
const usableCpcStatuses: ReadonlySet<string> = new Set(['active', 'service-required', 'degraded', 'exceptions']);

/** Opens the session. Sends nothing before the first request. */
export function openHmc(settings: DpmDriverSettings, log: Logger, outages?: Outages): HmcSession {
  const { hmc } = settings;
  const { urls, userid, password, ca, insecure, messagePort, maxConcurrent, client } = hmc;
  const tls = { ca, insecure };
  return openHmcSession({ urls, userid, password, tls, messagePort, maxConcurrent, ...client, outages, log });
}

interface RuntimeParts {
  readonly log: Logger;
  readonly records: PartitionRecords;
  readonly readsOnly: boolean;
}

/**
 * Finds the CPC, checks it and (unless this process only reads) the configured adapter ports, and chooses the storage model
 * that the CPC reports.
 *
 * @throws NotFoundError, ConflictError or ConfigError, each naming the CPC and what was expected
 */
export async function startRuntime(
  hmc: HmcSession,
  settings: DpmDriverSettings,
  { log, records, readsOnly }: RuntimeParts,
  w: Waiting,
): Promise<DpmRuntime> {
  const cpc = await findCpc(hmc, settings, w);
  requireUsable(cpc, settings);
  if (!readsOnly) await requireAdapterPorts(hmc, cpc, settings.adapterPorts, w);
  const storage = chooseStorage(hmc, cpc, settings, { log, records });
  const partitions = new InstancePartitions(hmc, cpc.uri, records, storage);
  const context = { log, storage, ignoredTargets: settings.ignoredTargets };
  const volumeDrivers = await VolumeDriverRegistry.load(settings.volumeDrivers, context, settings.baseDir);
  const lifecycle = new PartitionLifecycle(hmc, settings.lifecycle);
  const network = makeNetwork(hmc, cpc, settings);
  const { imageLagMs } = settings;
  return { hmc, cpc, log, storage, network, partitions, volumeDrivers, lifecycle, imageLagMs };
}

/** Early z14 have no storage groups either. Source: python-zhmcclient design/dpm-storage-model.rst. */
function chooseStorage(
  hmc: HmcSession,
  cpc: Cpc,
  settings: DpmDriverSettings,
  { log, records }: Pick<RuntimeParts, 'log' | 'records'>,
): PartitionStorage {
  const { adapterPorts: ports, fulfilment, loginBeforeZoning: attachEarly } = settings;
  if (!cpc.hasStorageManagement) return new HbaStorage(hmc, cpc.uri, ports, records);
  return new StorageGroupStorage(hmc, { cpcUri: cpc.uri, ports, fulfilment, attachEarly, records, log });
}

/** Since z14, MAC address and VLAN type of a NIC can be set. (IBM WS API, Data model - NIC element object, API 2.20) */
function makeNetwork(hmc: HmcSession, { uri, name, seVersion }: Cpc, { host }: DpmDriverSettings): PartitionNetwork {
  const [major = 0, minor = 0] = seVersion.split('.').map(Number);
  const canSetAddress = major > 2 || (major === 2 && minor >= 14);
  return new DpmNetwork(hmc, { cpcUri: uri, cpcName: name, canSetAddress }, host);
}

/** Finds the configured CPC. @throws NotFoundError that lists the CPCs that the user may see */
export async function findCpc(hmc: HmcSession, settings: Pick<DpmDriverSettings, 'cpc'>, w: Waiting): Promise<Cpc> {
  if ('objectId' in settings.cpc) return await getCpc(hmc, settings.cpc.objectId, w);
  const { name } = settings.cpc;
  const [found] = await hmc.cpcs.list({ name }, w);
  if (found !== undefined) return await hmc.cpcs.get(found.uri, w);
  const visible = (await hmc.cpcs.list({}, w)).map((cpc) => cpc.name);
  throw unknownCpc(hmc, { option: 'dpm.cpc_name', value: name, visible });
}

async function getCpc(hmc: HmcSession, objectId: string, w: Waiting): Promise<Cpc> {
  try {
    return await hmc.cpcs.get(`/api/cpcs/${objectId}`, w);
  } catch (error) {
    if (!isHmcError(error, 404)) throw error;
    const visible = (await hmc.cpcs.list({}, w)).map(({ uri, name }) => `${uri.replace('/api/cpcs/', '')} (${name})`);
    throw unknownCpc(hmc, { option: 'dpm.cpc_object_id', value: objectId, visible }, error);
  }
}

function unknownCpc(
  hmc: HmcSession,
  { option, value, visible }: { option: string; value: string; visible: readonly string[] },
  cause?: unknown,
): NotFoundError {
  const seen = visible.join(', ') || 'none';
  const text = `CPC "${value}" (${option}) is not known to HMC ${hmc.hmcHost()}; this user sees: ${seen}`;
  return new NotFoundError(text, { option, value }, { cause });
}

function requireUsable(cpc: Cpc, settings: DpmDriverSettings): void {
  if (!cpc.dpmEnabled) throw new ConflictError(`CPC "${cpc.name}" is not in DPM mode`, { cpc: cpc.name });
  if (!usableCpcStatuses.has(cpc.status)) {
    const expected = [...usableCpcStatuses].join(', ');
    throw new ConflictError(`CPC "${cpc.name}" has status "${cpc.status}" (expected one of ${expected})`, {
      cpc: cpc.name,
    });
  }
  requireWithin('dpm.max_processors', settings.maxProcessors, cpc.processorCountIfl, 'IFLs', cpc);
  requireWithin('dpm.max_memory', settings.maxMemoryMib, cpc.storageCustomer, 'MiB', cpc);
}

/** Checks that the configured share is not larger than the CPC. Accepts any share if the machine does not report its size. */
function requireWithin(option: string, value: number, available: number | undefined, unit: string, cpc: Cpc): void {
  if (available === undefined || available <= 0 || value <= available) return;
  throw new ConfigError(`${option} is ${value}, but CPC "${cpc.name}" has ${available} ${unit}`, {
    option,
    value,
    available,
  });
}
