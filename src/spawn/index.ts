export { actsOf, beforeChanges } from './act.ts';
export type { Act, Watchers } from './act.ts';
export { attachActs, attachVolume, detachActs, detachVolume } from './attach.ts';
export { bootTriesOf } from './boot-tries.ts';
export { guestVolumes, warnOfOmitted } from './boot.ts';
export { destroy, destroyActs } from './destroy.ts';
export { park, removeParked } from './park.ts';
export { prepare, prepareActs, prepareParked, spawn, spawnActs, spawnInStockOrder } from './spawn.ts';
export { startOverPaths } from './start-over-paths.ts';
export type { BootTries } from './start-over-paths.ts';
export type {
  BootOptions,
  BootSource,
  MappedVolume,
  PartitionRequest,
  PartitionResources,
  SpawnTools,
  VerbCall,
  VolumeMapper,
} from './types.ts';
export { evidenceOf, undoPartialWork } from './volumes.ts';
