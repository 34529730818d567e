import { defaultPolicies } from '../../src/hmc-client/index.ts';
import type { HmcPolicies } from '../../src/hmc-client/index.ts';

/** Nobody is waited for: what gives up gives up after its attempts. */
export const noOutage = { budgetMs: 0, firstDelayMs: 1, maxDelayMs: 2 } as const;

const quick = { firstDelayMs: 1, maxDelayMs: 2, factor: 1 } as const;

/** The decisions of the defaults without their delays. */
export const quickPolicies: HmcPolicies = {
  read: { ...defaultPolicies.read, ...quick },
  write: { ...defaultPolicies.write, ...quick, attempts: 3 },
  reconcile: { ...defaultPolicies.reconcile, ...quick },
  poll: { minDelayMs: 1, maxDelayMs: 2 },
  events: { ...defaultPolicies.events, reconnect: { minDelayMs: 1, maxDelayMs: 2 } },
  outage: noOutage,
};
