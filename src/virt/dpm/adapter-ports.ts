import { ConfigError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import type { Adapter, Cpc, HmcSession } from '../../hmc-client/index.ts';
import { adapterPortUri, portOfUri } from '../../partition/index.ts';
import type { AdapterPort } from '../../partition/index.ts';

export const MAPPINGS = 'dpm.physical_storage_adapter_mappings';

/** An adapter port of the settings, as the HMC has it. */
export interface ExaminedPort {
  /** As the settings name it. */
  readonly mapping: string;
  /** Undefined where the user does not see it. */
  readonly adapter: Adapter | undefined;
  /** Why nothing can be put on this port, and what to do; undefined where it can be used. */
  readonly problem: { readonly what: string; readonly advice: string } | undefined;
  /** How the HMC denied the adapter. */
  readonly error: Error | undefined;
}

/** Looks at every adapter port of the settings, side by side: there, on this CPC, FCP, with this port. */
export async function examineAdapterPorts(
  hmc: HmcSession,
  cpc: Pick<Cpc, 'uri' | 'name'>,
  ports: readonly AdapterPort[],
  w: Waiting,
): Promise<readonly ExaminedPort[]> {
  return await Promise.all(ports.map((port) => examine(hmc, cpc, port, w)));
}

async function examine(
  hmc: HmcSession,
  cpc: Pick<Cpc, 'uri' | 'name'>,
  port: AdapterPort,
  w: Waiting,
): Promise<ExaminedPort> {
  const mapping = portOfUri(adapterPortUri(port));
  try {
    const adapter = await hmc.adapters.get(`/api/adapters/${port.adapterObjectId}`, w);
    return { mapping, adapter, problem: problemOf(port, adapter, cpc), error: undefined };
  } catch (error) {
    // An adapter without object access is answered like one that does not exist. (IBM WS API, Get Adapter Properties)
    if (!(error instanceof Error) || !isHmcError(error, 404, 1)) throw error;
    const what = 'there is no such adapter, or the user has no object access permission to it';
    return { mapping, adapter: undefined, problem: { what, advice: `check ${MAPPINGS}` }, error };
  }
}

function problemOf(port: AdapterPort, adapter: Adapter, cpc: Pick<Cpc, 'uri' | 'name'>): ExaminedPort['problem'] {
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
 * @throws ConfigError that names each mapping that cannot be used, why, and the FCP ports that there are: without this
 *   every spawn would make a partition, and remove it again
 */
export async function requireAdapterPorts(
  hmc: HmcSession,
  cpc: Pick<Cpc, 'uri' | 'name'>,
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

/** The FCP ports of a CPC that the user sees, each with the name of its adapter. */
export async function fcpPorts(
  hmc: HmcSession,
  cpc: Pick<Cpc, 'uri' | 'name'>,
  w: Waiting,
): Promise<readonly string[]> {
  const found = await hmc.adapters.list(cpc.uri, { type: 'fcp' }, w);
  const adapters = await Promise.all(found.map(({ uri }) => hmc.adapters.get(uri, w)));
  return adapters.flatMap(({ name, storagePortUris }) => storagePortUris.map((uri) => `${portOfUri(uri)} (${name})`));
}
