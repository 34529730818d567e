export type { Share } from './claims.ts';
export type { Fault } from './instances.ts';
export { ComputeManager } from './manager.ts';
export { openManager, toDpmSettings } from './open.ts';
export type { OpenManagerOptions } from './open.ts';
export type { CreateServer, ServerVolumeRequest } from './requests.ts';
export { StateBusyError } from './state-lock.ts';
export type { HypervisorView, PartitionView, ServerDetail, ServerSummary, ServerVolume } from './views.ts';
