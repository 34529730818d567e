export type { Share } from './claims.ts';
export type { ResumedOperation } from './journal/index.ts';
export type { ConsoleLine, FollowConsole } from './console.ts';
export { ComputeManager } from './manager.ts';
export { loadComputeDriver, toDpmSettings } from './load-driver.ts';
export type { LoadComputeDriverOptions } from './load-driver.ts';
export { openLocalVolumes, openManager } from './open.ts';
export {
  forgetLeftovers,
  readAttachedNames,
  readFlow,
  readFlows,
  readHostVolumes,
  readServerEvents,
} from './read-state-directory.ts';
export type { FlowListFilter, ServerEvent } from './history.ts';
export type { AttachedNames } from './read-state-directory.ts';
export type { OpenManagerOptions } from './open.ts';
export type {
  BootFromRequest,
  CreateServer,
  ServerNetworkRequest,
  ServerVolumeRequest,
  StorageGroupRequest,
} from './requests.ts';
export type { RescueFrom } from './server-rescue.ts';
export type { Repaired } from './repair.ts';
export { Ownership } from './ownership.ts';
export { findServiceSocket, publishServiceSocket } from './service-socket.ts';
export { openServedHost } from './served-host.ts';
export type { ServedHost } from './served-host.ts';
export type { ServedInstance } from './served-instances.ts';
export { waitForServer } from './wait-for-server.ts';
export type { RecordedServer } from './wait-for-server.ts';
export type { Finding } from './verify/views.ts';
export type { PathFilter, SearchPath } from './volume-paths.ts';
export type { HypervisorStats, InterfaceStats, ServerStats } from './stats.ts';
export type {
  HypervisorView,
  PartitionView,
  ServerDetail,
  ServerFault,
  ServerNetwork,
  ServerSummary,
  ServerVolume,
} from './views.ts';
