import { findError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { HmcConnectionError, isHmcError } from '../../hmc-client/index.ts';
import type { Cpc, CpcSummary, HmcSession } from '../../hmc-client/index.ts';
import { findCpc, openHmc } from '../../virt/index.ts';
import type { DpmDriverSettings, NamedNetwork } from '../../virt/index.ts';
import { tlsAdvice } from '../advice.ts';
import { hmcAdvice } from '../hmc-advice.ts';
import type { DoctorCheck, DoctorOptions } from './checks.ts';
import { checkAdapterPorts } from './adapter-ports.ts';
import type { CpcRef } from './adapter-ports.ts';
import { fail, failed, ok, warn } from './checks.ts';
import { checkNetworks } from './networks.ts';
import { checkStorageModel } from './storage-model.ts';

/** The settings of the driver, and the networks, which the driver does not know. */
type CheckedSettings = DpmDriverSettings & { readonly networks: readonly NamedNetwork[] };

/** No retry: the user waits, and can run the command again. */
const noRetry = { attempts: 1, firstDelayMs: 0, maxDelayMs: 0, factor: 1, budgetMs: 0 };

/** Checks the HMCs, the CPC, the adapter ports and the networks of the settings. */
export async function checkHmcs(
  settings: CheckedSettings,
  options: DoctorOptions,
  w: Waiting,
): Promise<readonly DoctorCheck[]> {
  const reached = await Promise.all(settings.hmc.urls.map((url) => checkReach(url, settings, options, w)));
  const checks = reached.map(({ check }) => check);
  if (!reached.some(({ answers }) => answers)) return checks;
  // One HMC that answers is enough; the others become warnings.
  const eased = checks.map((check): DoctorCheck => (check.status === 'fail' ? { ...check, status: 'warn' } : check));
  await using hmc = openHmc(settings, options.log);
  return [...eased, ...(await checkSession(hmc, settings, w))];
}

async function checkReach(url: string, settings: CheckedSettings, options: DoctorOptions, w: Waiting) {
  const name = `hmc ${new URL(url).host}`;
  const client = { ...settings.hmc.client, policies: { ...settings.hmc.client.policies, read: noRetry } };
  await using hmc = openHmc({ ...settings, hmc: { ...settings.hmc, urls: [url], client } }, options.log);
  try {
    const { hmcName, hmcVersion, major, minor } = await hmc.apiVersion(w);
    const detail = `${hmcName}, version ${hmcVersion}, API ${major}.${minor}`;
    return { answers: true, check: settings.hmc.insecure ? unverified(name, detail) : ok(name, detail) };
  } catch (error) {
    return { answers: false, check: failed(name, error, reachAdvice(error), w.signal) };
  }
}

function unverified(name: string, detail: string): DoctorCheck {
  return warn(name, `${detail}; its certificate is not verified`, 'set dpm.hmc_ca_certs and remove dpm.hmc_insecure');
}

function reachAdvice(error: unknown): string {
  // A refusal may tell what answered, even when it was not the HMC.
  const known = hmcAdvice(error);
  if (known !== undefined) return known;
  if (!(error instanceof HmcConnectionError)) return 'is this an HMC? Its Web Services API listens on port 6794';
  if (error.phase === 'tls') return tlsAdvice.HMC_CONNECTION;
  return 'check dpm.hmc, the way through firewalls, and that the Web Services API is enabled on the HMC';
}

/** Checks the logon and what the user sees. A failed check stops only checks that depend on it. */
async function checkSession(hmc: HmcSession, settings: CheckedSettings, w: Waiting): Promise<readonly DoctorCheck[]> {
  const user = await checkUser(hmc, settings, w);
  if (user.code === 'HMC_AUTH' || user.code === 'HMC_CONNECTION') return [user];
  return [user, ...(await checkCpc(hmc, settings, w))];
}

/**
 * Checks the user by listing the CPCs, which every user may do. Does not read the console, which needs permission.
 */
async function checkUser(hmc: HmcSession, settings: CheckedSettings, w: Waiting): Promise<DoctorCheck> {
  const name = `user ${settings.hmc.userid}`;
  try {
    await hmc.cpcs.list({}, w);
    return ok(name, `logged on at ${hmc.hmcHost()}`);
  } catch (error) {
    return failed(name, error, logonAdvice(error), w.signal);
  }
}

function logonAdvice(error: unknown): string {
  if (findError(error, 'HMC_AUTH') === undefined)
    return hmcAdvice(error) ?? 'the user needs access to the Web Services API (user properties on the HMC)';
  return 'check user and password, that the user may use the Web Services API, and its sessions; a rejected password is not tried again';
}

async function checkCpc(hmc: HmcSession, settings: CheckedSettings, w: Waiting): Promise<readonly DoctorCheck[]> {
  const name = 'objectId' in settings.cpc ? `cpc ${settings.cpc.objectId}` : `cpc ${settings.cpc.name}`;
  let cpc: Cpc;
  try {
    cpc = await findCpc(hmc, settings, w);
  } catch (error) {
    const unseen = failed(name, error, cpcAdvice(error), w.signal);
    // The contents can be listed even when the CPC cannot return its own data (409.272).
    const listed = await listedCpc(hmc, settings, w);
    return listed === undefined ? [unseen] : [unseen, ...(await checkContents(hmc, listed, settings, w))];
  }
  const [storage, contents] = await Promise.all([
    checkStorageModel(hmc, cpc, settings, w),
    checkContents(hmc, cpc, settings, w),
  ]);
  return [...describeCpc(cpc, settings), storage, ...contents];
}

async function checkContents(
  hmc: HmcSession,
  cpc: CpcRef,
  { adapterPorts, networks }: CheckedSettings,
  w: Waiting,
): Promise<readonly DoctorCheck[]> {
  const [partitions, ports, nets] = await Promise.all([
    checkPartitions(hmc, cpc, w),
    checkAdapterPorts(hmc, cpc, adapterPorts, w),
    checkNetworks(hmc, cpc, networks, w),
  ]);
  return [partitions, ...ports, ...nets];
}

function cpcAdvice(error: unknown): string {
  const isHidden = findError(error, 'NOT_FOUND') !== undefined || isHmcError(error, 404);
  if (isHidden) return 'the user needs object access permission to the CPC; check dpm.cpc_object_id or dpm.cpc_name';
  return hmcAdvice(error) ?? 'look at the CPC on the HMC';
}

/** Finds the CPC of the settings in the list of CPCs, if that is possible. */
async function listedCpc(hmc: HmcSession, { cpc }: CheckedSettings, w: Waiting): Promise<CpcSummary | undefined> {
  try {
    const listed = await hmc.cpcs.list('name' in cpc ? { name: cpc.name } : {}, w);
    return listed.find(({ uri }) => !('objectId' in cpc) || uri === `/api/cpcs/${cpc.objectId}`);
  } catch {
    w.signal.throwIfAborted();
    return undefined; // the check of the user reports it
  }
}

function describeCpc(cpc: Cpc, settings: CheckedSettings): readonly DoctorCheck[] {
  const name = `cpc ${cpc.name}`;
  if (!cpc.dpmEnabled) return [fail(name, 'is not in DPM mode', 'DPM mode is switched on when the CPC is started')];
  const isUsual = cpc.status === 'active' || cpc.status === 'service-required';
  const detail = `DPM mode, status ${cpc.status}`;
  return [
    isUsual ? ok(name, detail) : warn(name, detail, 'look at the CPC on the HMC'),
    checkShare('max_processors', settings.maxProcessors, cpc.processorCountIfl, 'IFLs'),
    checkShare('max_memory', settings.maxMemoryMib, cpc.storageCustomer, 'MiB'),
  ];
}

function checkShare(option: string, share: number, available: number | undefined, unit: string): DoctorCheck {
  const name = `dpm.${option}`;
  if (available === undefined || available <= 0)
    return warn(name, `${share} ${unit}`, 'the CPC does not report its capacity');
  if (share <= available) return ok(name, `${share} of ${available} ${unit}`);
  const detail = `${share} ${unit}, and the CPC has ${available}`;
  return fail(name, detail, `set dpm.${option} to ${available} at most`, 'CONFIG');
}

/** Tests only reading, which changes nothing; the advice names the other permissions. */
async function checkPartitions(hmc: HmcSession, cpc: Pick<Cpc, 'uri'>, w: Waiting): Promise<DoctorCheck> {
  const name = 'partitions';
  try {
    const partitions = await hmc.partitions.list(cpc.uri, {}, w);
    return ok(name, `${partitions.length} visible`);
  } catch (error) {
    const advice = isHmcError(error, 403)
      ? 'the user needs the tasks New Partition, Delete Partition, Start Partition, Stop Partition and Partition Details'
      : (hmcAdvice(error) ?? 'look at the HMC');
    return failed(name, error, advice, w.signal);
  }
}
