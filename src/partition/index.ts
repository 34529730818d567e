export { isAsMade } from './assignment.ts';
export {
  BootFailedError,
  doubtOf,
  LunUnreachableError,
  PartitionInDoubtError,
  PartitionStatusError,
  StartRefusedError,
  StatusTimeoutError,
  VolumeNotFulfilledError,
} from './errors.ts';
export { startRefused, wasRefused } from './failed-start.ts';
export { findHiddenDoubt } from './hidden-use.ts';
export { inDoubt, InstancePartitions } from './instance-partitions.ts';
export { defaultLifecyclePolicy, isListed, partitionExists, PartitionLifecycle } from './lifecycle.ts';
export type { FailedStart, LifecyclePolicy, PartitionRef, StartResult } from './lifecycle.ts';
export {
  adapterPortUri,
  hbaName,
  hostPrefix,
  instanceNamed,
  instanceOf,
  isOurElementName,
  markOf,
  nicName,
  parkedDescription,
  partitionDescription,
  partitionName,
  portOfNicName,
  portOfUri,
  serverDescription,
} from './naming.ts';
export type { AdapterPort, PartitionOwner } from './naming.ts';
export { MemoryPartitionRecords, nothingKnown } from './records.ts';
export type { Assigned, BootVolume, PartitionRecord, PartitionRecords } from './records.ts';
export { sizePartition } from './sizing.ts';
export {
  deletableStatuses,
  mayHoldResources,
  partitionStatuses,
  powerStateOf,
  resourceHoldingStatuses,
  runningStatuses,
  startableStatuses,
  stoppableStatuses,
  transitionalStatuses,
  unknowableStatuses,
  verbsByStatus,
} from './status.ts';
export type {
  NicAddresses,
  NicBacking,
  NicInGuest,
  NicPort,
  NicRequest,
  PartitionNetwork,
  PlannedNic,
} from './network.ts';
export type { PowerState } from './status.ts';
export type { ExpectedStorage, SurplusStorage } from './storage-audit.ts';
export { volumePathSchema } from './storage.ts';
export type {
  AllocatedStorage,
  ConnectedVolume,
  Initiator,
  InstanceVolume,
  KnownPath,
  PortsSeen,
  PartitionStorage,
  PreparedGroup,
  PreparedGroups,
  StorageWaiting,
  VolumePath,
} from './storage.ts';
export { withoutParked, noEvidence } from './search-result.ts';
export type { Decided, Evidence, OwnPartition, SearchResult } from './search-result.ts';
