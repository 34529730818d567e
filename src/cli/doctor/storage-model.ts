import type { Waiting } from '../../base/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import type { Cpc, HmcSession } from '../../hmc-client/index.ts';
import type { DpmDriverSettings } from '../../virt/index.ts';
import { hmcAdvice } from '../hmc-advice.ts';
import type { DoctorCheck } from './checks.ts';
import { failed, ok, warn } from './checks.ts';

/** First API level with discovery on request. Source: python-zhmcclient _storage_group.py. */
const DISCOVERY_SINCE = { major: 2, minor: 37 };

const TASKS = 'Configure Storage - System Programmer and Configure Storage - Storage Administrator';

/** Reports how partitions of this CPC access LUNs, and what that means for users. */
export async function checkStorageModel(
  hmc: HmcSession,
  cpc: Cpc,
  settings: Pick<DpmDriverSettings, 'adapterPorts' | 'loginBeforeZoning'>,
  w: Waiting,
): Promise<DoctorCheck> {
  const name = 'storage model';
  const count = settings.adapterPorts.length;
  const login = settings.loginBeforeZoning ? '; ports log in before volumes are mapped' : '';
  if (!cpc.hasStorageManagement) {
    const meaning = `vHBAs, ${count} for each partition; WWPNs exist only after the partition is created, and only a boot tests a path`;
    return ok(name, meaning + login);
  }
  const meaning =
    count === 0
      ? 'storage groups; only existing ones can be used'
      : `storage groups, one for each instance with ${counted(count, 'connection')}; WWPNs exist before the partition is created, and boot paths are tested before a start`;
  try {
    const [groups, { major, minor }] = await Promise.all([
      hmc.storageGroups.list({ cpcUri: cpc.uri }, w),
      hmc.apiVersion(w),
    ]);
    const detail = `${meaning}${login}; ${counted(groups.length, 'group')} visible`;
    if (major > DISCOVERY_SINCE.major || (major === DISCOVERY_SINCE.major && minor >= DISCOVERY_SINCE.minor))
      return ok(name, detail);
    const advice = 'this HMC level cannot start a discovery: finding a data volume may take ten minutes';
    return warn(name, detail, `${advice}; see dpm.discovery_timeout`);
  } catch (error) {
    const advice = isHmcError(error, 403)
      ? `the user needs the tasks ${TASKS}`
      : (hmcAdvice(error) ?? 'look at the HMC');
    return failed(name, error, advice, w.signal);
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
