import { z } from 'zod';
import type { BlockDeviceInfo, Instance, RequestContext } from '../../virt/index.ts';
import type { BlockDevice } from '../instances.ts';
import { toBlockDeviceInfo, toDriverInstance } from '../services.ts';
import type { ManagerDeps } from '../services.ts';
import type { VolumeKeeper } from '../volumes.ts';

export interface FlowManagerDeps extends ManagerDeps {
  readonly volumes: VolumeKeeper;
}

export const instanceInputSchema = z.object({ instanceUuid: z.string(), name: z.string() });
export type InstanceInput = z.infer<typeof instanceInputSchema>;

/** Flows keep the UUID alone; everything else is read when a step needs it, so that a resumed step sees what is. */
export function instanceIn(deps: FlowManagerDeps, input: InstanceInput): Instance {
  const record = deps.store.find(input.instanceUuid);
  if (record !== undefined) return toDriverInstance(record);
  // The record is gone, what it stood for may not be: the driver finds its things by UUID.
  return { uuid: input.instanceUuid, name: input.name, host: deps.host, flavor: { vcpus: 1, memoryMb: 1 } };
}

export function devicesIn(deps: FlowManagerDeps, input: InstanceInput): readonly BlockDevice[] {
  return deps.store.devices(input.instanceUuid);
}

export function blockDeviceInfoIn(deps: FlowManagerDeps, input: InstanceInput): BlockDeviceInfo {
  return toBlockDeviceInfo(devicesIn(deps, input));
}

/** The caller's context under the step's own signal, for undo runs under another than run; and whose step it is. */
export function contextIn(deps: FlowManagerDeps, signal: AbortSignal, flowId: string): RequestContext {
  return { ...deps.context, signal, flowId };
}
