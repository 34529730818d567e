import { defaultPolicies } from '../../src/cinder-client/policy.ts';
import type { CinderPolicies } from '../../src/cinder-client/index.ts';
import { noOutage } from './hmc-policies.ts';

const quick = { firstDelayMs: 1, maxDelayMs: 2, factor: 1 } as const;

/** The decisions of the defaults without their delays. */
export const quickPolicies: CinderPolicies = {
  read: { ...defaultPolicies.read, ...quick },
  repeatable: { ...defaultPolicies.repeatable, ...quick },
  once: { ...defaultPolicies.once, ...quick },
  outage: noOutage,
};
