export { evidenceOf } from './deps.ts';
export { guestVolumes, warnOfOmitted } from './guest-volumes.ts';
export { connectedVolumeSchema } from './deps.ts';
export { bootTriesOf } from './steps/boot-tries.ts';
export { startOverPaths } from './start-over-paths.ts';
export type { BootWays } from './start-over-paths.ts';
export type { BootPolicy, FlowDeps, FlowVolume, MappedVolume, VolumeMapper } from './deps.ts';
export {
  attachVolumeFlow,
  destroyFlow,
  detachVolumeFlow,
  driverFlows,
  prepareFlow,
  spawnFlow,
  spawnPreparedFlow,
} from './flows.ts';
export type { BootOptions, PartitionSpec, PreparedInput, SpawnInput } from './inputs.ts';
export type { VolumeInput } from './steps/attach.ts';
export type { BootChoice, Started } from './steps/boot.ts';
export type { DestroyInput } from './steps/destroy.ts';
export type { PreparedSpawnInput } from './steps/prepared.ts';
