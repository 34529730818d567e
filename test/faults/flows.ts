import { managerFlows } from '../../src/compute/manager-flows.ts';
import { localAttachFlow } from '../../src/compute/local/attach-flow.ts';
import { localDetachFlow } from '../../src/compute/local/detach-flow.ts';
import { attachActs, destroyActs, detachActs, prepareActs, spawnActs } from '../../src/spawn/index.ts';
import { parkActs } from '../../src/spawn/park.ts';
import { attachInterfaceActs, detachInterfaceActs } from '../../src/virt/dpm/interfaces.ts';
import { switchActs } from '../../src/virt/dpm/boot-switch.ts';

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
  destroy: [...new Set([...destroyActs, ...parkActs])],
  'attach-volume': attachActs,
  'detach-volume': detachActs,
  'attach-interface': attachInterfaceActs,
  'detach-interface': detachInterfaceActs,
  'switch-boot': switchActs,
};

const waysBack: ReadonlySet<string> = new Set(['roll-back-volume', 'reconnect-volume', 'roll-back-nics']);

export const verbOutlines: readonly FlowOutline[] = Object.entries(verbs).map(([name, acts]) => ({
  name,
  steps: acts.map((act) => ({
    name: act,
    undo: undefined,
    isWayBack: waysBack.has(act),
    pivot: name === 'destroy' && act !== 'find-partition', // once it has stopped the partition, a destroy only goes forward
  })),
}));

const journaledFlows: readonly FlowOutline[] = [...managerFlows, localAttachFlow, localDetachFlow];

/** Every flow of this program, by its definition, and every verb of the driver: a new step is here the day it is written. */
export const allFlows: readonly FlowOutline[] = [...journaledFlows, ...verbOutlines];

/** Stands for a step where a flow has ended and its caller is told how things are. */
export const DONE = '(done)';

/** `flow/step` of the last step of each flow. */
export const lastSteps: ReadonlySet<string> = new Set(
  journaledFlows.map(({ name, steps }) => `${name}/${steps.at(-1)?.name ?? ''}`),
);

const stepsByName = new Map(allFlows.flatMap(({ name, steps }) => steps.map((step) => [`${name}/${step.name}`, step])));

/** Is it a verb of the driver, rather than a flow of the compute manager? */
export function isVerb(name: string): boolean {
  return Object.hasOwn(verbs, name);
}

/** @param step - `flow/step` */
export function isPivot(step: string): boolean {
  return stepsByName.get(step)?.pivot === true;
}

/** @param step - `flow/step` */
export function isWayBack(step: string): boolean {
  return stepsByName.get(step)?.isWayBack === true;
}
