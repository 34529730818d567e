export { nicName, nothingKnown, volumePathSchema } from '../partition/index.ts';
export type {
  AllocatedStorage,
  ExpectedStorage,
  PartitionRecord,
  PartitionRecords,
  PowerState,
  SurplusStorage,
} from '../partition/index.ts';
export type { ConsoleConnection, ConsoleMessage, ConsoleReading, SerialConsole } from './console.ts';
export type { ComputeDriver, VirtApi } from './compute-driver.ts';
export type {
  AvailableResource,
  BlockDeviceInfo,
  BootFrom,
  BootSettings,
  Diagnostics,
  DriverBlockDevice,
  Flavor,
  GuestEnd,
  GuestChange,
  GuestConfiguration,
  GuestLocation,
  Instance,
  GuestDescription,
  GuestNic,
  GuestUsage,
  HostUsage,
  InstanceInfo,
  PlatformGuest,
  ProviderInventory,
  ProviderTree,
  PlatformNic,
  RequestContext,
} from './driver-types.ts';
export type { PathRecord } from '../volume/index.ts';
export { examineAdapterPorts, fcpPorts, MAPPINGS } from './dpm/adapter-ports.ts';
export type { ExaminedPort } from './dpm/adapter-ports.ts';
export { DpmDriver } from './dpm/driver.ts';
export { NotImplementedError, refusals } from './dpm/refusals.ts';
export { findCpc, openHmc } from './dpm/runtime.ts';
export { defaultDpmPolicies } from './dpm/settings.ts';
export type { DpmDriverSettings, DpmPolicies } from './dpm/settings.ts';
export { FakeDriver } from './fake/driver.ts';
export { GRACE_POLL_SECONDS, GRACE_SECONDS } from './grace.ts';
export type { LifecycleEvent, LifecycleSource } from './lifecycle.ts';
export { loadDriver } from './load.ts';
export { interfaceOn, vifTypes } from './network-info.ts';
export type {
  InterfaceAddresses,
  NamedNetwork,
  NetworkInfo,
  NetworkIp,
  NetworkSubnet,
  VirtualInterface,
} from './network-info.ts';
export { storageOwnerOf } from './partition-volumes.ts';
export type { DiagnosedPath, NamedPartition, PartitionVolumes } from './partition-volumes.ts';
export type { ComputeDriverClass, DriverServices } from './load.ts';
