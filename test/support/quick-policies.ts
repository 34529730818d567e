import type { OpenManagerOptions } from '../../src/compute/index.ts';
import { quickPolicies as cinderPolicies } from './cinder-policies.ts';
import { noOutage } from './hmc-policies.ts';

/** Waits that no test should feel. Attempts are few; the budgets only have to outlast a busy machine. */
export const quickPolicies: OpenManagerOptions['policies'] = {
  lifecycle: { timeoutMs: 10_000, poll: { minDelayMs: 1, maxDelayMs: 20 }, statusLagMs: 0 },
  imageLagMs: 200,
  fulfilment: { discoveries: 2, minDelayMs: 1, maxDelayMs: 5, timeoutMs: 10_000 },
  undo: { retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 5, factor: 2, budgetMs: 60_000 }, timeoutMs: 10_000 },
  hmc: {
    policies: {
      read: { attempts: 4, firstDelayMs: 1, maxDelayMs: 2, factor: 1, budgetMs: 60_000 },
      write: { attempts: 4, firstDelayMs: 1, maxDelayMs: 2, factor: 1, budgetMs: 60_000 },
      reconcile: { attempts: 3, firstDelayMs: 1, maxDelayMs: 2, factor: 1, budgetMs: 60_000 },
      poll: { minDelayMs: 1, maxDelayMs: 5 },
      outage: noOutage,
    },
  },
};

/** Cinder's repeats without their delays. */
export const quickCinder = { policies: cinderPolicies };
