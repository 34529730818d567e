import type { ConnectionInfo } from 'nova-dpm';
import { randomUUID } from 'node:crypto';

/** Nothing of what a back end answers. */
export const emptied = (info: ConnectionInfo): ConnectionInfo => ({ ...info, data: {} });

/** The same keys, and under each of them what no back end answers. */
export const garbled = (info: ConnectionInfo): ConnectionInfo => ({
  ...info,
  data: Object.fromEntries(Object.keys(info.data).map((key) => [key, { not: ['of', 'this', 'form'] }])),
});

/** Back ends of other protocols put CHAP passwords there; what is logged, thrown and journaled is read by many. */
export function withSecret(info: ConnectionInfo): {
  readonly secret: string;
  /** Good, empty and wrong, each with the secret. */
  readonly infos: readonly ConnectionInfo[];
} {
  const secret = randomUUID();
  const planted = (each: ConnectionInfo): ConnectionInfo => ({
    ...each,
    data: { ...each.data, auth_username: 'conformance', auth_password: secret, discovery_auth_password: secret },
  });
  return { secret, infos: [info, emptied(info), garbled(info)].map(planted) };
}
