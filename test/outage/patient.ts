import type { OpenManagerOptions } from '../../src/compute/index.ts';
import { defaultOutagePolicy } from '../../src/base/index.ts';
import { defaultPolicies } from '../../src/hmc-client/index.ts';
import { defaultDpmPolicies } from '../../src/virt/index.ts';
import { quickPolicies as cinder } from '../support/cinder-policies.ts';
import { quickPolicies as hmc } from '../support/hmc-policies.ts';

const { lifecycle, fulfilment, undo } = defaultDpmPolicies;

/** The budgets and pauses of the defaults; only the attempts of one request and of one undo follow each other at once. */
export const patient: Pick<OpenManagerOptions, 'policies' | 'cinder'> = {
  policies: {
    lifecycle,
    fulfilment,
    undo: { ...undo, retry: { ...undo.retry, firstDelayMs: 1, maxDelayMs: 2 } },
    hmc: { policies: { ...hmc, poll: defaultPolicies.poll, outage: defaultOutagePolicy } },
  },
  cinder: { policies: { ...cinder, outage: defaultOutagePolicy } },
};
