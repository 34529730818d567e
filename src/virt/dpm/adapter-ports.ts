import { ConfigError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import type { Adapter, Cpc, HmcSession } from '../../hmc-client/index.ts';
import { adapterPortUri, portOfUri } from '../../partition/index.ts';
import type { AdapterPort } from '../../partition/index.ts';

export const MAPPINGS = 'dpm.physical_storage_adapter_mappings';

/** A configured adapter port, and what the HMC says of it. */
export interface ExaminedPort {
  /** The name in the settings. */
  readonly mapping: string;
  /** Undefined if the user cannot see it. */
  readonly adapter: Adapter | undefined;
  /** Why the port cannot be used, and what to do; undefined if it can be used. */
  readonly problem: { readonly what: string; readonly advice: string } | undefined;
  /** The answer of the HMC if it denied the adapter. */
  readonly error: Error | undefined;
}

type CpcId = Pick<Cpc, 'uri' | 'name'>;

/** Checks every configured adapter port in parallel: it exists, is on this CPC, is of type FCP and has this port. */
export async function examineAdapterPorts(
  hmc: HmcSession,
  cpc: CpcId,
  ports: readonly AdapterPort[],
  w: Waiting,
): Promise<readonly ExaminedPort[]> {
  return await Promise.all(ports.map((port) => examine(hmc, cpc, port, w)));
}

async function examine(hmc: HmcSession, cpc: CpcId, port: AdapterPort, w: Waiting): Promise<ExaminedPort> {
  const mapping = portOfUri(adapterPortUri(port));
  try {
    const adapter = await hmc.adapters.get(`/api/adapters/${port.adapterObjectId}`, w);
    return { mapping, adapter, problem: problemOf(port, adapter, cpc), error: undefined };
  } catch (error) {
    // The HMC answers the same for a hidden adapter as for one that does not exist. (IBM WS API, Get Adapter Properties)
    if (!(error instanceof Error) || !isHmcError(error, 404, 1)) throw error;
    const what = 'there is no such adapter, or the user has no object access permission to it';
    return { mapping, adapter: undefined, problem: { what, advice: `check ${MAPPINGS}` }, error };
  }
}

function problemOf(port: AdapterPort, adapter: Adapter, cpc: CpcId): ExaminedPort['problem'] {
  if (adapter.parent !== undefined && adapter.parent !== cpc.uri)
    return { what: `adapter "${adapter.name}" is not in CPC "${cpc.name}"`, advice: `check ${MAPPINGS}` };
  if (adapter.type !== 'fcp') {
    const change = adapter.family === 'ficon' ? '; the type of this card can be changed to FCP on the HMC' : '';
    return {
      what: `adapter "${adapter.name}" is of type ${adapter.type}`,
      advice: `${MAPPINGS} takes FCP adapters${change}`,
    };
  }
  if (adapter.storagePortUris.includes(adapterPortUri(port))) return undefined;
  const known = adapter.storagePortUris.map((uri) => uri.split('/').at(-1)).join(', ') || 'none';
  return {
    what: `adapter "${adapter.name}" has no such port; its ports: ${known}`,
    advice: `check the port in ${MAPPINGS}`,
  };
}

/**
 * Checks all configured adapter ports; otherwise every spawn would create a partition, and remove it again.
 *
 * @throws ConfigError that names each unusable mapping, the reason, and the available FCP ports
 */
export async function requireAdapterPorts(
  hmc: HmcSession,
  cpc: CpcId,
  ports: readonly AdapterPort[],
  w: Waiting,
): Promise<void> {
  const examined = await examineAdapterPorts(hmc, cpc, ports, w);
  const wrong = examined.filter(({ problem }) => problem !== undefined);
  if (wrong.length === 0) return;
  const available = await fcpPorts(hmc, cpc, w);
  const each = wrong.map(({ mapping, problem }) => `"${mapping}" (${problem?.what ?? ''})`);
  const seen = available.join(', ') || 'none';
  throw new ConfigError(
    `${MAPPINGS} names ${each.join(', ')}; FCP ports that this user sees in CPC "${cpc.name}": ${seen}`,
    { option: MAPPINGS, value: wrong.map(({ mapping }) => mapping), available },
  );
}

/** Lists the FCP ports of a CPC that the user sees, each with the name of its adapter. */
export async function fcpPorts(hmc: HmcSession, cpc: CpcId, w: Waiting): Promise<readonly string[]> {
  const found = await hmc.adapters.list(cpc.uri, { type: 'fcp' }, w);
  const adapters = await Promise.all(found.map(({ uri }) => hmc.adapters.get(uri, w)));
  return adapters.flatMap(({ name, storagePortUris }) => storagePortUris.map((uri) => `${portOfUri(uri)} (${name})`));
}
