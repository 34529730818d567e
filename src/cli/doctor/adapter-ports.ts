import { toError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { Adapter, Cpc, HmcSession } from '../../hmc-client/index.ts';
import type { AdapterPort } from '../../partition/index.ts';
import { examineAdapterPorts, fcpPorts, MAPPINGS } from '../../virt/index.ts';
import type { ExaminedPort } from '../../virt/index.ts';
import { hmcAdvice } from '../hmc-advice.ts';
import type { DoctorCheck } from './checks.ts';
import { fail, failed, ok, warn } from './checks.ts';

/** A CPC whose data cannot be read does not say whether it has storage groups. */
export type CpcRef = Pick<Cpc, 'uri' | 'name'> & Partial<Pick<Cpc, 'hasStorageManagement'>>;

/** Checks every configured adapter port: exists, FCP, active, with room for more vHBAs. */
export async function checkAdapterPorts(
  hmc: HmcSession,
  cpc: CpcRef,
  ports: readonly AdapterPort[],
  w: Waiting,
): Promise<readonly DoctorCheck[]> {
  if (ports.length === 0) return [await checkNone(hmc, cpc, w)];
  const examined = await Promise.all(ports.map((port) => examine(hmc, cpc, port, w)));
  const isWrong = examined.some((each) => 'problem' in each && each.problem !== undefined);
  const available = isWrong ? await listPorts(hmc, cpc, w) : '';
  return examined.map((each) => ('problem' in each ? judge(each, available, w) : each));
}

/** Without ports only existing storage groups can be used; on a z13, which has none, no instance can be created. */
async function checkNone(hmc: HmcSession, cpc: CpcRef, w: Waiting): Promise<DoctorCheck> {
  const name = 'adapter ports';
  try {
    const [cards, usable] = [await hmc.adapters.list(cpc.uri, { family: 'ficon' }, w), await fcpPorts(hmc, cpc, w)];
    const named = cards.map(({ name: card, type }) => `${card} (${type})`).join(', ');
    const change = named === '' ? '' : `; the type of these cards can be changed to FCP on the HMC: ${named}`;
    const choice =
      usable.length > 0 ? `FCP ports of the CPC: ${usable.join(', ')}` : `this user sees no FCP adapter${change}`;
    const detail = `${MAPPINGS} is empty: Cinder volumes cannot be used`;
    if (cpc.hasStorageManagement === false) return fail(name, detail, choice, 'CONFIG');
    return warn(name, `${detail}, only existing storage groups`, choice);
  } catch (error) {
    return failed(name, error, 'look at the adapters on the HMC', w.signal);
  }
}

async function examine(
  hmc: HmcSession,
  cpc: CpcRef,
  port: AdapterPort,
  w: Waiting,
): Promise<ExaminedPort | DoctorCheck> {
  try {
    const [examined] = await examineAdapterPorts(hmc, cpc, [port], w);
    if (examined === undefined) throw new Error('one port was asked for'); // one in, one out
    return examined;
  } catch (error) {
    const name = `adapter port ${port.adapterObjectId}:${port.port}`;
    return failed(name, error, hmcAdvice(error) ?? 'look at the adapter on the HMC', w.signal);
  }
}

async function listPorts(hmc: HmcSession, cpc: CpcRef, w: Waiting): Promise<string> {
  try {
    return `; FCP ports that this user sees: ${(await fcpPorts(hmc, cpc, w)).join(', ') || 'none'}`;
  } catch (error) {
    w.signal.throwIfAborted();
    return `; the FCP ports of the CPC cannot be listed (${toError(error).message})`;
  }
}

function judge({ mapping, adapter, problem, error }: ExaminedPort, available: string, w: Waiting): DoctorCheck {
  const name = `adapter port ${mapping}`;
  if (adapter === undefined) {
    const text = problem === undefined ? '' : `${problem.what}: ${problem.advice}${available}`;
    return failed(name, error, text, w.signal);
  }
  const label = `${adapter.name} (${adapter.adapterId}), type ${adapter.type}, status ${adapter.status}`;
  if (problem !== undefined) return fail(name, `${label}; ${problem.what}`, `${problem.advice}${available}`, 'CONFIG');
  return checkUse(name, label, adapter);
}

function checkUse(name: string, label: string, adapter: Adapter): DoctorCheck {
  const { usedCapacity, allowedCapacity } = adapter;
  const use =
    usedCapacity === undefined || allowedCapacity === undefined
      ? ''
      : `, ${usedCapacity} of ${allowedCapacity} connections used`;
  if (adapter.status !== 'active')
    return warn(name, label + use, 'check the cable, the switch, and that the adapter is online');
  if (usedCapacity !== undefined && allowedCapacity !== undefined && usedCapacity >= allowedCapacity) {
    return warn(name, label + use, 'no further vHBA fits: take another adapter, or remove partitions');
  }
  return ok(name, label + use);
}
