export { hmcOperations, hmcRoutes, startHmc, type SimulatedHmc } from './hmc.ts';
export type { MachineName } from './machines.ts';
export { ManualClock, type Clock } from './model/clock.ts';
export type { HmcModel, Resource, ResourceClass } from './model/model.ts';
export type { Json, Props } from './model/json.ts';
export type { ReasonName } from './model/refusal.ts';
export type { DiscoveryOptions, HmcOptions, HmcSurroundings, HmcTiming, HmcUser } from './options.ts';
export type { MadeStorageGroup, PreparedStorageGroup } from './storage/prepare.ts';
export type { HmcSnapshot } from './snapshot.ts';
