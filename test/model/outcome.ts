import { describeError, findError } from '../../src/base/index.ts';

/** How an operation ended, in the words in which the manager promises what is left of it. */
export type Outcome =
  | { readonly kind: 'done' | 'crashed' }
  | { readonly kind: 'refused' | 'rolled-back' | 'stuck'; readonly error: unknown };

export async function toOutcome(work: Promise<unknown>): Promise<Outcome> {
  try {
    await work;
    return { kind: 'done' };
  } catch (error) {
    // The outermost says it: a driver's flow that was stuck may have been put right by the manager's.
    const flow = findError(error, 'FLOW_STUCK', 'FLOW_WAITING', 'FLOW_ROLLED_BACK')?.code;
    const isLeft = flow === 'FLOW_STUCK' || flow === 'FLOW_WAITING';
    return { kind: isLeft ? 'stuck' : flow === 'FLOW_ROLLED_BACK' ? 'rolled-back' : 'refused', error };
  }
}

export function explain(outcome: Outcome): string {
  return 'error' in outcome ? `${outcome.kind}: ${describeError(outcome.error)}` : outcome.kind;
}
