export { describeError, DpmError, neverAborted, RetriesExhaustedError, Secret, TimeoutError } from '../base/index.ts';
export type {
  ErrorCode,
  ErrorFacts,
  Logger,
  Lun,
  OutagePolicy,
  RetryClass,
  RetryPolicy,
  Waiting,
  Wwpn,
} from '../base/index.ts';
export type { TlsOptions, Upload } from '../http/index.ts';
export {
  classify,
  HmcAuthError,
  HmcConnectionError,
  HmcHttpError,
  HmcSchemaError,
  isHmcError,
  isUnreachable,
  JobFailedError,
  JobLostError,
  JobTimeoutError,
  mayHaveEffect,
} from './errors/index.ts';
export type { AsciiConsole } from './ascii-console.ts';
export { defaultPolicies, defaultTimeouts } from './policy.ts';
export type { HmcEvents, ObjectWatch } from './events.ts';
export type { EventPolicy, HmcPolicies, HmcTimeouts, OperationKind, PollPolicy } from './policy.ts';
export type { AdapterFilter, AdapterResource } from './resources/adapter.ts';
export type { CapacityGroupResource } from './resources/capacity-group.ts';
export type { ConsoleResource } from './resources/console.ts';
export type { CpcResource } from './resources/cpc.ts';
export type { HbaResource } from './resources/hba.ts';
export type { NicResource } from './resources/nic.ts';
export type { DumpSource, IsoImage, PartitionFilter, PartitionResource } from './resources/partition.ts';
export type { MetricsResource } from './resources/metrics.ts';
export type { MessageRange } from './resources/partition-console.ts';
export type { LunPath, LunPathVerdict } from './resources/lun-path.ts';
export type { StorageGroupFilter, StorageGroupResource } from './resources/storage-group.ts';
export type { StorageVolumeResource } from './resources/storage-volume.ts';
export type { VirtualStorageResourceResource } from './resources/virtual-storage-resource.ts';
export { openHmcSession } from './session.ts';
export type { HmcJob, JobWaiting } from './job.ts';
export type { RawAnswer } from './requester.ts';
export type { HmcSession, HmcSessionOptions, RawRequest } from './types.ts';
export type { Adapter, AdapterSummary, StoragePort } from './wire/adapter.ts';
export type { CapacityGroup, CapacityGroupSummary } from './wire/capacity-group.ts';
export type { HmcConsole } from './wire/console.ts';
export type { Cpc, CpcSummary } from './wire/cpc.ts';
export { noCrypto } from './wire/crypto.ts';
export type { CryptoConfiguration } from './wire/crypto.ts';
export type { CreateHba, Hba, UpdateHba } from './wire/hba.ts';
export type { NicOnLink } from './wire/partition-link.ts';
export type { CreateNic, Nic, UpdateNic, VirtualSwitch } from './wire/nic.ts';
export type { MetricRow, MetricValue } from './wire/metrics.ts';
export type { HmcNotification } from './wire/notification.ts';
export type { OsMessage } from './wire/os-message.ts';
export type {
  CreatePartition,
  Partition,
  PartitionProperty,
  PartitionSummary,
  PartitionWith,
  UpdatePartition,
} from './wire/partition.ts';
export type { ApiVersion } from './wire/session.ts';
export type {
  ConnectionReport,
  AttachedPartition,
  CreatedStorageGroup,
  CreateStorageGroup,
  ModifyStorageGroup,
  StorageGroup,
  StorageGroupSummary,
} from './wire/storage-group.ts';
export type { FcpFulfillment, NewStorageVolume, StorageVolume, StorageVolumeChange } from './wire/storage-volume.ts';
export type { UpdateVirtualStorageResource, VirtualStorageResource } from './wire/virtual-storage-resource.ts';
