import type { SimResponse } from '../../server/index.ts';
import { done, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { numberOf, objectsOf, textOf, textsOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { cryptoConflict, cryptoOf, type CryptoConfiguration } from '../power/crypto.ts';
import { checkBody, type PropertyRules } from '../rules/property-rule.ts';
import { holdsResources } from '../rules/statuses.ts';
import { needSettled } from './partitions.ts';

// Sources: IBM WS API, Increase Crypto Configuration (3932-LA2), Decrease Crypto Configuration (Z16M-A01), Change Crypto Domain
// Configuration (Z16M-A01), Zeroize Crypto Domain (3932-LA2). The tables of reason codes are not public: 409.111 is from
// zhmc-ansible-modules, the others are inferred.

const operations = '/api/partitions/:id/operations';

/** Crypto adapters and domains of partitions: each adapter has every domain of the configuration. */
export const cryptoRoutes: readonly HmcRoute[] = [
  {
    method: 'POST',
    path: `${operations}/increase-crypto-configuration`,
    operation: 'Increase Crypto Configuration',
    handle: increase,
  },
  {
    method: 'POST',
    path: `${operations}/decrease-crypto-configuration`,
    operation: 'Decrease Crypto Configuration',
    handle: decrease,
  },
  {
    method: 'POST',
    path: `${operations}/change-crypto-domain-configuration`,
    operation: 'Change Crypto Domain Configuration',
    handle: change,
  },
  {
    method: 'POST',
    path: `${operations}/zeroize-crypto-domain`,
    operation: 'Zeroize Crypto Domain',
    handle: zeroize,
  },
];

const accessMode = { type: 'string', values: ['control', 'control-usage'], create: 'required' } as const;
/** python-zhmcclient, Partition.increase_crypto_config: 84 is the highest domain of a Crypto Express 5S in a z13. */
const domainIndex = { type: 'integer', min: 0, max: 84, create: 'required' } as const;
const domainRules: PropertyRules = { 'domain-index': domainIndex, 'access-mode': accessMode };

const increaseRules: PropertyRules = {
  'crypto-adapter-uris': { type: 'strings', create: true },
  'crypto-domain-configurations': { type: 'objects', create: true },
};

function increase(call: Call): SimResponse {
  const partition = partitionOf(call);
  const body = call.body();
  checkBody(increaseRules, body, 'create');
  const domains = objectsOf(body, 'crypto-domain-configurations');
  for (const domain of domains) checkBody(domainRules, domain, 'create');
  const adapters = adaptersIn(call, partition, body);
  needSomething(adapters, domains);
  needSettledPartition(call, partition);
  const before = cryptoOf(partition);
  const changed = domains.find((domain) =>
    before.domains.some(({ index, mode }) => index === domain['domain-index'] && mode !== domain['access-mode']),
  );
  if (changed !== undefined) refuse('contradiction', 'the domain is configured with the other access mode');
  const added = domains.map((domain) => ({
    index: numberOf(domain, 'domain-index'),
    mode: textOf(domain, 'access-mode'),
  }));
  const known = new Set(before.domains.map(({ index }) => index));
  return set(call.context, partition, {
    adapters: [...new Set([...before.adapters, ...adapters])],
    domains: [...before.domains, ...added.filter(({ index }) => !known.has(index))],
  });
}

const decreaseRules: PropertyRules = {
  'crypto-adapter-uris': { type: 'strings', create: true },
  'crypto-domain-indexes': { type: 'integers', create: true },
};

function decrease(call: Call): SimResponse {
  const partition = partitionOf(call);
  const body = call.body();
  checkBody(decreaseRules, body, 'create');
  const adapters = adaptersIn(call, partition, body);
  const given = body['crypto-domain-indexes'];
  const indexes: readonly unknown[] = Array.isArray(given) ? given : [];
  needSomething(adapters, indexes);
  needSettledPartition(call, partition);
  const before = cryptoOf(partition);
  return set(call.context, partition, {
    adapters: before.adapters.filter((uri) => !adapters.includes(uri)),
    domains: before.domains.filter(({ index }) => !indexes.includes(index)),
  });
}

function change(call: Call): SimResponse {
  const partition = partitionOf(call);
  const body = call.body();
  checkBody(domainRules, body, 'create');
  needSettledPartition(call, partition);
  const [index, mode] = [numberOf(body, 'domain-index'), textOf(body, 'access-mode')];
  const before = cryptoOf(partition);
  if (!before.domains.some((domain) => domain.index === index)) {
    refuse('cryptoDomainMissing', `domain ${index} is not in the crypto configuration`);
  }
  const domains = before.domains.map((domain) => (domain.index === index ? { index, mode } : domain));
  return set(call.context, partition, { ...before, domains });
}

const zeroizeRules: PropertyRules = {
  'crypto-adapter-uri': { type: 'string', create: 'required' },
  'domain-index': domainIndex,
};

/** The simulator keeps no keys: it only checks that there could be some. */
function zeroize(call: Call): SimResponse {
  const partition = call.object('partition');
  call.need('Zeroize Crypto Domain (API only)');
  call.allowQuery();
  const body = call.body();
  checkBody(zeroizeRules, body, 'create');
  const adapter = cryptoAdapter(call, partition, textOf(body, 'crypto-adapter-uri'));
  needSettledPartition(call, partition);
  const { adapters, domains } = cryptoOf(partition);
  const domain = domains.find(({ index }) => index === body['domain-index']);
  if (!adapters.includes(adapter) || domain?.mode !== 'control-usage') {
    refuse('cryptoDomainMissing', 'the partition does not use this domain of this adapter');
  }
  return done;
}

function partitionOf(call: Call): Resource {
  const partition = call.object('partition');
  call.need('Partition Details');
  call.allowQuery();
  return partition;
}

function needSomething(...lists: readonly (readonly unknown[])[]): void {
  if (lists.every((list) => list.length === 0)) refuse('fieldMissing', 'no adapter and no domain is given');
}

function needSettledPartition(call: Call, partition: Resource): void {
  call.needUsableCpc(partition);
  needSettled(partition);
}

function adaptersIn(call: Call, partition: Resource, body: Readonly<Props>): string[] {
  return textsOf(body, 'crypto-adapter-uris').map((uri) => cryptoAdapter(call, partition, uri));
}

/** 404.2 for what is no adapter of the CPC that the user may see; 400.18 for one of another family. */
function cryptoAdapter(call: Call, partition: Resource, uri: string): string {
  const adapter = call.context.model.find('adapter', uri);
  if (adapter?.parent !== partition.parent || !call.canSee(adapter)) {
    return refuse('referenceNotFound', `there is no adapter at ${uri}`);
  }
  if (adapter.props['adapter-family'] === 'crypto') return uri;
  return refuse('adapterNotSuitable', `the adapter at ${uri} is no crypto adapter`);
}

/** A configuration with adapters has at least one domain that the partition uses. */
function set(context: HmcContext, partition: Resource, { adapters, domains }: CryptoConfiguration): SimResponse {
  const isUsed = domains.some(({ mode }) => mode === 'control-usage');
  if (!isUsed && adapters.length + domains.length > 0) {
    refuse('cryptoDomainNeeded', "at least one domain with access mode 'control-usage' is needed");
  }
  const conflict = holdsResources(partition) ? cryptoConflict(context, partition, { adapters, domains }) : undefined;
  if (conflict !== undefined) refuse('cryptoDomainTaken', conflict);
  partition.props['crypto-configuration'] =
    adapters.length + domains.length === 0
      ? null
      : {
          'crypto-adapter-uris': [...adapters],
          'crypto-domain-configurations': domains.map(({ index, mode }) => ({
            'domain-index': index,
            'access-mode': mode,
          })),
        };
  return done;
}
