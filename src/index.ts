/**
 * nova-dpm: instances as partitions of an IBM Z or LinuxONE machine in DPM mode, booted from Fibre Channel LUNs that
 * Cinder provides.
 *
 * @packageDocumentation
 */
export {
  describeError,
  DpmError,
  errorCodes,
  findError,
  lunFromCinder,
  lunToByPath,
  parseLun,
  parseWwpn,
  Secret,
  silentLogger,
} from './base/index.ts';
export type { ErrorCode, ErrorFacts, JsonValue, Logger, Lun, StepEvent, Waiting, Wwpn } from './base/index.ts';
export {
  CinderConnectionError,
  CinderHttpError,
  CinderSchemaError,
  openCinder,
  volumeConnections,
} from './cinder-client/index.ts';
export type {
  CinderClient,
  CinderOptions,
  ConnectionInfo,
  Connector,
  Reservation,
  VolumeConnections,
} from './cinder-client/index.ts';
export { ComputeManager, loadComputeDriver, openLocalVolumes, openManager } from './compute/index.ts';
export type {
  ConsoleLine,
  CreateServer,
  FollowConsole,
  HypervisorStats,
  HypervisorView,
  InterfaceStats,
  LoadComputeDriverOptions,
  OpenManagerOptions,
  PathFilter,
  PartitionView,
  ResumedOperation,
  SearchPath,
  ServerDetail,
  ServerStats,
  ServerSummary,
  ServerFault,
  ServerVolume,
  ServerVolumeRequest,
  ServerNetwork,
  ServerNetworkRequest,
  StorageGroupRequest,
} from './compute/index.ts';
export { configSample, configShow, loadSettings, nodeFiles, settingsSchema } from './config/index.ts';
export type { FileAccess, LoadOptions, Settings } from './config/index.ts';
export {
  byPathNames,
  defaultHostPolicies,
  FibreChannelConnector,
  HostAttachError,
  HostConnectorError,
  HostConnectorRegistry,
  HostDetachError,
  hostConnectorMethods,
  LunNotFoundError,
  openLocalSystem,
  VolumeInUseError,
  ZfcpConnector,
} from './volume/host/index.ts';
export type {
  CommandOptions,
  CommandResult,
  ConnectOptions,
  DeviceInfo,
  DisconnectOptions,
  ExtendOptions,
  HostConnector,
  HostConnectorClass,
  HostConnectorContext,
  HostConnectorEntry,
  HostPath,
  HostPolicies,
  HostSystem,
  LocalSystemOptions,
  ServedProtocol,
} from './volume/host/index.ts';
export type {
  DetachedVolume,
  LocalAttachment,
  LocalAttachRequest,
  LocalDetachRequest,
  LocalHost,
  LocalVolumes,
  MultipathChoice,
} from './compute/local/index.ts';
export {
  BootFailedError,
  LunUnreachableError,
  MemoryPartitionRecords,
  PartitionInDoubtError,
  StartRefusedError,
  StatusTimeoutError,
  VolumeNotFulfilledError,
} from './partition/index.ts';
export type {
  BootVolume,
  ConnectedVolume,
  Initiator,
  InstanceVolume,
  PartitionOwner,
  PartitionRecord,
  PartitionRecords,
  PartitionRef,
  PartitionStorage,
  VolumePath,
} from './partition/index.ts';
export { MemoryJournal } from './compute/journal/index.ts';
export type { FlowSummary, Journal, JournalEvent } from './compute/journal/index.ts';
export { DpmDriver, FakeDriver, NotImplementedError } from './virt/index.ts';
export type {
  AvailableResource,
  BlockDeviceInfo,
  ComputeDriver,
  ComputeDriverClass,
  ConsoleConnection,
  ConsoleMessage,
  ConsoleReading,
  DriverBlockDevice,
  DriverServices,
  GuestEnd,
  GuestLocation,
  GuestNic,
  Instance,
  InstanceInfo,
  LifecycleEvent,
  LifecycleSource,
  NamedPartition,
  NetworkInfo,
  NetworkIp,
  NetworkSubnet,
  PartitionVolumes,
  RequestContext,
  SerialConsole,
  VirtApi,
  VirtualInterface,
} from './virt/index.ts';
export {
  ConnectionInfoError,
  FibreChannelVolumeDriver,
  NoUsableTargetError,
  parseFcConnection,
  selectPaths,
  volumeDriverMethods,
} from './volume/index.ts';
export type {
  FcConnection,
  LunReader,
  PathRecord,
  PathSelection,
  PathState,
  VolumeDriver,
  VolumeDriverClass,
  VolumeDriverContext,
  VolumeInstance,
  VolumeOptions,
} from './volume/index.ts';
