import { z } from 'zod';
import type { BlockDeviceInfo, Instance, NetworkInfo, RequestContext } from '../../virt/index.ts';
import type { Share } from '../claims.ts';
import { toBlockDeviceInfo, toDriverInstance, toNetworkInfo, unknownInstance } from '../services.ts';
import type { ManagerServices } from '../services.ts';
import type { VolumeKeeper } from '../volumes.ts';

/** What the steps of the manager's flows work with, for one request. None of it enters the journal. */
export interface FlowManagerDeps extends ManagerServices {
  readonly context: RequestContext;
  readonly volumes: VolumeKeeper;
  readonly share: Share;
}

export const instanceInputSchema = z.object({ instanceUuid: z.string(), name: z.string() });
export type InstanceInput = z.infer<typeof instanceInputSchema>;

/** Returns the instance. Flows keep only its UUID; each step reads the record again, so that a resumed step is up to date. */
export function instanceIn(deps: FlowManagerDeps, input: InstanceInput): Instance {
  const record = deps.store.find(input.instanceUuid);
  return record === undefined ? unknownInstance(deps.host, input.instanceUuid, input.name) : toDriverInstance(record);
}

export function blockDeviceInfoIn(deps: FlowManagerDeps, input: InstanceInput): BlockDeviceInfo {
  return toBlockDeviceInfo(deps.store.devices(input.instanceUuid));
}

export function networkInfoIn(deps: FlowManagerDeps, input: InstanceInput): NetworkInfo {
  return toNetworkInfo(deps.store.networks(input.instanceUuid));
}

/** Returns the caller's context with the step's own signal (run and undo have different ones) and its flow. */
export function contextIn(deps: FlowManagerDeps, signal: AbortSignal, flowId: string): RequestContext {
  return { ...deps.context, signal, flowId };
}
