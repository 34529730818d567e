export {
  hmcOperations,
  makeInstallerImage,
  ManualClock,
  type BootServer,
  type Clock,
  type DiscoveryOptions,
  type HmcModel,
  type HmcOptions,
  type HmcSnapshot,
  type HmcTiming,
  type HmcUser,
  type Json,
  type MachineName,
  type MadeStorageGroup,
  type PreparedPartition,
  type PreparedStorageGroup,
  type Props,
  type ReasonName,
  type Resource,
  type ResourceClass,
  type SimulatedHmc,
} from './hmc/index.ts';
export {
  connectionShapes,
  type CinderOptions,
  type CinderSnapshot,
  type ConnectionShape,
  type ConnectionShapeName,
  type ImageOptions,
  type InitialVolume,
  type KeystoneOptions,
  type Openstack,
  type UserOptions,
  type VolumeOptions,
} from './openstack/index.ts';
export type { ProbeResult, San, SanOptions, SanSnapshot, SimulatedSan, ZoningOptions } from './san/index.ts';
export {
  CertificateAuthority,
  FaultEngine,
  parseFaultRules,
  RequestLog,
  SimServer,
  type CertificateFlaw,
  type FaultKind,
  type FaultRule,
  type Latency,
  type RequestFilter,
  type RequestLogEntry,
  type Route,
  type SimRequest,
  type SimResponse,
  type TlsMaterial,
} from './server/index.ts';
export { parseInventory, type Inventory } from './inventory.ts';
export { KeptStateError } from './keep.ts';
export type { SimulatorSettings } from './settings.ts';
export { startSimulator, type Simulator, type SimulatorOptions, type SimulatorSnapshot } from './start.ts';
