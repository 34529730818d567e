import { managerFlows } from '../../src/compute/manager-flows.ts';
import { localAttachFlow } from '../../src/compute/local/attach-flow.ts';
import { localDetachFlow } from '../../src/compute/local/detach-flow.ts';
import { attachActs, destroyActs, detachActs, prepareActs, spawnActs } from '../../src/spawn/index.ts';

interface FlowOutline {
  readonly name: string;
  readonly steps: readonly {
    readonly name: string;
    readonly pivot?: boolean;
    readonly undo: unknown;
    /** An act by which a verb undoes its own partial work. */
    readonly isWayBack?: boolean;
  }[];
}

/** The verbs of the driver: their acts are struck like steps, and undone by the flow that called the verb. */
const verbs = {
  spawn: spawnActs,
  'prepare-for-spawn': prepareActs,
  destroy: destroyActs,
  'attach-volume': attachActs,
  'detach-volume': detachActs,
};

const waysBack: ReadonlySet<string> = new Set(['roll-back-volume', 'reconnect-volume']);

export const verbOutlines: readonly FlowOutline[] = Object.entries(verbs).map(([name, acts]) => ({
  name,
  steps: acts.map((act) => ({
    name: act,
    undo: undefined,
    isWayBack: waysBack.has(act),
    pivot: name === 'destroy' && act !== 'find-partition', // once it has stopped the partition, a destroy only goes forward
  })),
}));

/** Every flow of this program, by its definition, and every verb of the driver: a new step is here the day it is written. */
export const allFlows: readonly FlowOutline[] = [...managerFlows, localAttachFlow, localDetachFlow, ...verbOutlines];
