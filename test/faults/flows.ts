import { managerFlows } from '../../src/compute/manager-flows.ts';
import { localAttachFlow } from '../../src/local-attach/attach-flow.ts';
import { localDetachFlow } from '../../src/local-attach/detach-flow.ts';
import { driverFlows } from '../../src/spawn/index.ts';

interface FlowOutline {
  readonly name: string;
  readonly steps: readonly { readonly name: string; readonly pivot?: boolean; readonly undo: unknown }[];
}

/** Every flow of this program, by its definition: a new step is here the day it is written. */
export const allFlows: readonly FlowOutline[] = [...managerFlows, localAttachFlow, localDetachFlow, ...driverFlows];
