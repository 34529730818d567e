import { neverAborted, Secret } from '../../src/base/index.ts';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import type { HmcSession, HmcSessionOptions } from '../../src/hmc-client/index.ts';
import type { FaultKind, Simulator } from '../../src/simulator/index.ts';
import { quickPolicies } from './hmc-policies.ts';

/** Waiting that nobody ends. */
export const w = { signal: neverAborted() };
/** The same for a job. */
export const waiting = { ...w, timeoutMs: 20_000 };

/** A session of the user that the simulated HMC came with, without delays. */
export function openSession({ hmc, ca }: Simulator, options: Partial<HmcSessionOptions> = {}): HmcSession {
  return openHmcSession({
    urls: [hmc.url],
    userid: hmc.username,
    password: async () => new Secret(hmc.password),
    policies: quickPolicies,
    tls: ca && { ca: ca.pem },
    ...options,
  });
}

/** The CPC that is simulated. */
export function cpcUriOf({ hmc }: Simulator): string {
  return `/api/cpcs/${hmc.cpcObjectId}`;
}

/** The storage ports of all FCP adapters. */
export async function fcpPortUris(hmc: HmcSession, cpcUri: string): Promise<string[]> {
  const summaries = await hmc.adapters.list(cpcUri, { type: 'fcp' }, w);
  const adapters = await Promise.all(summaries.map(async ({ uri }) => await hmc.adapters.get(uri, w)));
  return adapters.flatMap(({ storagePortUris }) => storagePortUris);
}

/** Faults after which a call that is not a start or stop still has its effect, once, and says so. */
export const survivableFaults: Readonly<Record<string, FaultKind>> = {
  'the connection is refused': { type: 'refuse-connection' },
  'the connection breaks before the effect': { type: 'drop', when: 'before' },
  'the connection breaks after the effect': { type: 'drop', when: 'after' },
  'the answer is cut off': { type: 'truncate' },
  'the answer is damaged': { type: 'malformed' },
  'the session is lost': { type: 'session-lost' },
  'the HMC restarts': { type: 'restart' },
  'the object is busy': { type: 'refuse', status: 409, reason: 2 },
  'the HMC is not ready': { type: 'refuse', status: 503, reason: 1, headers: { 'Retry-After': '0' } },
  'the HMC errs before the effect': { type: 'refuse', status: 500, reason: 12, effect: 'none' },
  'the HMC errs after the effect': { type: 'refuse', status: 500, reason: 12, effect: 'done' },
  'an HTML page comes instead': { type: 'html', status: 500 },
};
