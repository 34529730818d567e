import type { ConnectionInfo } from 'nova-dpm';
import { randomUUID } from 'node:crypto';

/** Removes all data of the back end. */
export const emptied = (info: ConnectionInfo): ConnectionInfo => ({ ...info, data: {} });

/** Keeps the keys, and replaces each value by one that no back end sends. */
export const garbled = (info: ConnectionInfo): ConnectionInfo => ({
  ...info,
  data: Object.fromEntries(Object.keys(info.data).map((key) => [key, { not: ['of', 'this', 'form'] }])),
});

/**
 * Adds a password to `connection_info`, where back ends of other protocols put CHAP passwords. Logs, errors and
 * journals have many readers.
 */
export function withSecret(info: ConnectionInfo): {
  readonly secret: string;
  /** Correct, empty and wrong data, each with the secret. */
  readonly infos: readonly ConnectionInfo[];
} {
  const secret = randomUUID();
  const planted = (each: ConnectionInfo): ConnectionInfo => ({
    ...each,
    data: { ...each.data, auth_username: 'conformance', auth_password: secret, discovery_auth_password: secret },
  });
  return { secret, infos: [info, emptied(info), garbled(info)].map(planted) };
}
