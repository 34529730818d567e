import type { Waiting } from '../../base/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import type { Cpc, CpcSummary, HmcSession } from '../../hmc-client/index.ts';

/** Lists the CPCs that the user sees, with what each says about itself. */
export async function listCpcs(hmc: HmcSession, w: Waiting) {
  const listed = await hmc.cpcs.list({}, w);
  const rows = await Promise.all(listed.map(async (cpc) => cpcRow(cpc, await readCpc(hmc, cpc, w))));
  return rows.sort((one, other) => one.name.localeCompare(other.name));
}

/** A CPC that does not communicate cannot return its own data (409). */
async function readCpc(hmc: HmcSession, { uri }: CpcSummary, w: Waiting): Promise<Cpc | undefined> {
  try {
    return await hmc.cpcs.get(uri, w);
  } catch (error) {
    if (isHmcError(error, 403) || isHmcError(error, 404) || isHmcError(error, 409)) return undefined;
    throw error;
  }
}

function cpcRow(summary: CpcSummary, cpc: Cpc | undefined) {
  const { machineType, machineModel } = cpc ?? {};
  return {
    name: summary.name,
    object_id: summary.uri.replace('/api/cpcs/', ''),
    status: cpc?.status ?? summary.status,
    dpm: cpc?.dpmEnabled ?? summary.dpmEnabled ?? null,
    machine: machineType === undefined ? null : [machineType, machineModel ?? []].flat().join('-'),
    se_version: cpc?.seVersion ?? summary.seVersion ?? null,
    processors_ifl: cpc?.processorCountIfl ?? null,
    memory_mb: cpc?.storageCustomer ?? null,
    storage_groups: cpc?.hasStorageManagement ?? null,
  };
}
