import { z } from 'zod';
import { uri } from './common.ts';

/**
 * Crypto adapters of a partition, and the domains that it has on each of them. Source: python-zhmcclient,
 * Partition.increase_crypto_config.
 *
 * @public
 */
export interface CryptoConfiguration {
  readonly adapterUris: readonly string[];
  /** Domains that the partition may use and control, by index. */
  readonly usageDomains: readonly number[];
  /** Domains that the partition may only load keys into. */
  readonly controlDomains: readonly number[];
}

export const noCrypto: CryptoConfiguration = { adapterUris: [], usageDomains: [], controlDomains: [] };

const domain = z.looseObject({ 'domain-index': z.int(), 'access-mode': z.string() });
const configuration = z.looseObject({
  'crypto-adapter-uris': z.array(uri).nullish(),
  'crypto-domain-configurations': z.array(domain).nullish(),
});

/** The property `crypto-configuration`: null or absent for none. */
export const cryptoOrNone = configuration.nullish().transform((wire): CryptoConfiguration => {
  const domains = wire?.['crypto-domain-configurations'] ?? [];
  const indexes = (isUsed: boolean) =>
    domains.filter((each) => (each['access-mode'] === 'control-usage') === isUsed).map((each) => each['domain-index']);
  return {
    adapterUris: wire?.['crypto-adapter-uris'] ?? [],
    usageDomains: indexes(true),
    controlDomains: indexes(false),
  };
});
