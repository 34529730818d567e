import type { Waiting } from '../../base/index.ts';
import { HmcHttpError } from '../errors/index.ts';
import { readOne } from '../read.ts';
import type { Requester } from '../requester.ts';
import { noContent } from '../wire/common.ts';
import type { CryptoConfiguration } from '../wire/crypto.ts';
import { readSome } from '../wire/fields.ts';
import { partitionFields } from '../wire/partition.ts';

/**
 * Gives a partition this crypto configuration: adds what is missing, changes access modes, then removes the rest, so that
 * the HMC always finds a domain that is used (409.111). Idempotent: the reason codes of a second increase or decrease are
 * not public, so after a refusal the client reads the partition, and continues if the refused change is there.
 *
 * Sources: IBM WS API, Increase Crypto Configuration, 3932-LA2; Decrease Crypto Configuration and Change Crypto Domain
 * Configuration, Z16M-A01.
 */
export async function setCryptoConfiguration(
  requester: Requester,
  uri: string,
  wanted: CryptoConfiguration,
  w: Waiting,
): Promise<void> {
  let changes = changesTo(wanted, await readCrypto(requester, uri, w));
  for (let [change] = changes; change !== undefined; [change] = changes) {
    try {
      await send(requester, uri, change, w);
      changes = changes.slice(1);
    } catch (error) {
      const mayMeanDone = error instanceof HmcHttpError && error.status < 500 && error.status !== 403;
      const left = mayMeanDone ? changesTo(wanted, await readCrypto(requester, uri, w)) : changes;
      if (left.length >= changes.length) throw error;
      changes = left;
    }
  }
}

interface Change {
  readonly operation: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Returns the requests that turn one configuration into the other; none if they are equal. */
function changesTo(wanted: CryptoConfiguration, now: CryptoConfiguration): readonly Change[] {
  const [wantedModes, modes] = [modesOf(wanted), modesOf(now)];
  const added = [...wantedModes].filter(([index]) => !modes.has(index));
  const changed = [...wantedModes].filter(([index, mode]) => modes.has(index) && modes.get(index) !== mode);
  const removed = [...modes.keys()].filter((index) => !wantedModes.has(index));
  const newAdapters = wanted.adapterUris.filter((uri) => !now.adapterUris.includes(uri));
  const oldAdapters = now.adapterUris.filter((uri) => !wanted.adapterUris.includes(uri));
  const increase = newAdapters.length + added.length > 0;
  const decrease = oldAdapters.length + removed.length > 0;
  return [
    ...(increase ? [increaseBy(newAdapters, added)] : []),
    // First those that are used from now on: one domain at least is used all the time.
    ...changed.toSorted(([, a], [, b]) => b.length - a.length).map(changeOf),
    ...(decrease ? [decreaseBy(oldAdapters, removed)] : []),
  ];
}

function modesOf({ usageDomains, controlDomains }: CryptoConfiguration): Map<number, 'control' | 'control-usage'> {
  return new Map([
    ...controlDomains.map((index) => [index, 'control'] as const),
    ...usageDomains.map((index) => [index, 'control-usage'] as const),
  ]);
}

function increaseBy(adapterUris: readonly string[], domains: readonly (readonly [number, string])[]): Change {
  const configurations = domains.map(([index, mode]) => ({ 'domain-index': index, 'access-mode': mode }));
  const body = { 'crypto-adapter-uris': adapterUris, 'crypto-domain-configurations': configurations };
  return { operation: 'Increase Crypto Configuration', path: 'increase-crypto-configuration', body };
}

function changeOf([index, mode]: readonly [number, string]): Change {
  const body = { 'domain-index': index, 'access-mode': mode };
  return { operation: 'Change Crypto Domain Configuration', path: 'change-crypto-domain-configuration', body };
}

function decreaseBy(adapterUris: readonly string[], indexes: readonly number[]): Change {
  const body = { 'crypto-adapter-uris': adapterUris, 'crypto-domain-indexes': indexes };
  return { operation: 'Decrease Crypto Configuration', path: 'decrease-crypto-configuration', body };
}

async function send(requester: Requester, uri: string, { operation, path, body }: Change, w: Waiting): Promise<void> {
  const call = {
    operation,
    what: `change the crypto configuration of partition ${uri}`,
    kind: 'update',
    method: 'POST',
    uri: `${uri}/operations/${path}`,
    body,
    answer: noContent,
  } as const;
  await requester.call(call, w);
}

async function readCrypto(requester: Requester, uri: string, w: Waiting): Promise<CryptoConfiguration> {
  const reading = {
    operation: 'Get Partition Properties',
    what: `get the crypto configuration of partition ${uri}`,
    uri,
    resource: 'partition',
    properties: ['crypto-configuration'],
    answer: readSome(partitionFields, ['crypto-configuration']),
  };
  return (await readOne(requester, reading, w)).cryptoConfiguration;
}
