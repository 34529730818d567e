import type { HmcContext } from '../context.ts';
import { isObject, numberOf, objectsOf, textOf, textsOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { holdsResources } from '../rules/statuses.ts';

/** Every adapter of the configuration has every domain of it (python-zhmcclient, Partition.increase_crypto_config). */
export interface CryptoConfiguration {
  readonly adapters: readonly string[];
  readonly domains: readonly { readonly index: number; readonly mode: string }[];
}

/** The crypto configuration of a partition; empty if it has none. */
export function cryptoOf({ props }: Resource): CryptoConfiguration {
  const found = props['crypto-configuration'];
  if (!isObject(found)) return { adapters: [], domains: [] };
  const domains = objectsOf(found, 'crypto-domain-configurations');
  return {
    adapters: textsOf(found, 'crypto-adapter-uris'),
    domains: domains.map((each) => ({ index: numberOf(each, 'domain-index'), mode: textOf(each, 'access-mode') })),
  };
}

/** Says which domain another partition that holds its resources uses already: one partition at a time uses a domain of an adapter. */
export function cryptoConflict(
  context: HmcContext,
  partition: Resource,
  wanted: CryptoConfiguration,
): string | undefined {
  const used = usedDomains(wanted);
  const others = context.model
    .childrenOf(context.cpcOf(partition), 'partition')
    .filter((other) => other !== partition && holdsResources(other));
  for (const other of others) {
    const taken = usedDomains(cryptoOf(other)).find((domain) => used.includes(domain));
    if (taken !== undefined) return `partition ${textOf(other.props, 'name')} uses crypto domain ${taken}`;
  }
  return undefined;
}

function usedDomains({ adapters, domains }: CryptoConfiguration): string[] {
  const indexes = domains.filter(({ mode }) => mode === 'control-usage').map(({ index }) => index);
  return adapters.flatMap((uri) => indexes.map((index) => `${index} of ${uri}`));
}
