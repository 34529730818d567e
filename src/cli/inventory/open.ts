import { ConfigError, describeError, NotFoundError } from '../../base/index.ts';
import type { Logger, Waiting } from '../../base/index.ts';
import { readAttachedNames } from '../../compute/index.ts';
import type { HmcSettings } from '../../config/index.ts';
import { openHmcSession } from '../../hmc-client/index.ts';
import type { CpcSummary, HmcSession } from '../../hmc-client/index.ts';
import { listAdapters } from './adapters.ts';
import { listCpcs } from './cpcs.ts';
import { listNetworks } from './networks.ts';
import { showPartition } from './partitions.ts';
import { listStorageGroups, showStorageGroup } from './storage-groups.ts';

export type Inventory = ReturnType<typeof openInventory>;

/** Opens the view of what an HMC manages. It changes nothing. Sends nothing before the first request. */
export function openInventory(settings: HmcSettings, log: Logger) {
  const { dpm } = settings;
  const hmc = openHmcSession({
    urls: dpm.hmcUrls,
    userid: dpm.hmcUsername,
    password: () => Promise.resolve(dpm.hmcPassword),
    tls: { ca: dpm.hmcCa, insecure: dpm.hmcInsecure },
    maxConcurrent: dpm.maxHmcRequests,
    log,
  });
  /** @param asked - of `--cpc`, instead of the CPC in the settings */
  const cpcOf = (asked: string | undefined, w: Waiting) => findCpc(hmc, settings, asked, w);
  return {
    cpcs: (w: Waiting) => listCpcs(hmc, w),
    adapters: async (cpc: string | undefined, kind: string | undefined, w: Waiting) =>
      await listAdapters(hmc, await cpcOf(cpc, w), kind, dpm.adapterPorts, w),
    networks: (w: Waiting) => listNetworks(hmc, dpm.networks, w),
    storageGroups: async (cpc: string | undefined, w: Waiting) => await listStorageGroups(hmc, await cpcOf(cpc, w), w),
    storageGroup: async (cpc: string | undefined, nameOrId: string, w: Waiting) =>
      await showStorageGroup(hmc, await cpcOf(cpc, w), nameOrId, w),
    partition: async (cpc: string | undefined, nameOrId: string, w: Waiting) =>
      await showPartition(hmc, await cpcOf(cpc, w), nameOrId, serverNames(settings, log), w),
    [Symbol.asyncDispose]: () => hmc[Symbol.asyncDispose](),
  };
}

/** Returns the names of servers by UUID; none if the state directory cannot be read. */
function serverNames({ statePath, host }: HmcSettings, log: Logger): ReadonlyMap<string, string> {
  try {
    return readAttachedNames(statePath, host).servers;
  } catch (error) {
    log.warn({ event: 'state.unread', error: describeError(error) }, 'the names of servers cannot be read');
    return new Map();
  }
}

/**
 * Finds the CPC that is asked for, else the one in the settings, else the only one in DPM mode.
 *
 * @throws NotFoundError or ConfigError, each with the CPCs that the user sees
 */
async function findCpc(
  hmc: HmcSession,
  { dpm }: HmcSettings,
  asked: string | undefined,
  w: Waiting,
): Promise<CpcSummary> {
  const visible = await hmc.cpcs.list({}, w);
  const wanted = asked ?? dpm.cpcObjectId ?? dpm.cpcName;
  const named = visible.filter(({ uri, name }) => uri === `/api/cpcs/${wanted ?? ''}` || name === wanted);
  const candidates = wanted === undefined ? visible.filter(({ dpmEnabled }) => dpmEnabled === true) : named;
  const [found, ...others] = candidates;
  if (found !== undefined && others.length === 0) return found;
  const seen = visible.map(({ name }) => name).join(', ') || 'none';
  if (wanted === undefined) {
    throw new ConfigError(`the settings name no CPC; set dpm.cpc_name or give --cpc; this user sees: ${seen}`);
  }
  const text = `CPC "${wanted}" is not known to HMC ${hmc.hmcHost()}; this user sees: ${seen}`;
  throw new NotFoundError(text, { cpc: wanted });
}
