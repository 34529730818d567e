import type { FulfilmentPolicy } from '../../partition/storage-group/index.ts';
import { defaultFulfilmentPolicy } from '../../partition/storage-group/index.ts';
import type { UndoPolicy } from '../../base/index.ts';
import type { HmcSessionOptions } from '../../hmc-client/index.ts';
import { defaultLifecyclePolicy } from '../../partition/index.ts';
import type { LifecyclePolicy } from '../../partition/index.ts';

/** Numbers that few people turn, but a test does. @public */
export interface DpmPolicies {
  readonly lifecycle: LifecyclePolicy;
  /** How long DPM is given to find the LUNs of storage groups. */
  readonly fulfilment: FulfilmentPolicy;
  readonly undo: UndoPolicy;
  /** The machine's memory granularity: no public source tells it. */
  readonly memoryIncrementMib: number;
  /** Deadlines and repeats of the HMC client; what is left out has its default. */
  readonly hmc: Pick<HmcSessionOptions, 'policies' | 'timeouts'>;
}

/** @public */
export const defaultDpmPolicies: DpmPolicies = {
  lifecycle: defaultLifecyclePolicy,
  fulfilment: defaultFulfilmentPolicy,
  undo: {
    retry: { attempts: 4, firstDelayMs: 500, maxDelayMs: 10_000, factor: 2, budgetMs: 120_000 },
    timeoutMs: 900_000,
  },
  memoryIncrementMib: 1024,
  hmc: {},
};
