export { parseFcConnection } from './fibrechannel/connection-info.ts';
export { warnOfUnsupportedKeys } from './fibrechannel/unsupported-keys.ts';
export type { FcConnection, FcTarget, LunReader } from './fibrechannel/connection-info.ts';
export { makeConnector } from './fibrechannel/connector.ts';
export type { ConnectorRules } from './fibrechannel/connector.ts';
export { FibreChannelVolumeDriver } from './fibrechannel/driver.ts';
export { ConnectionInfoError, NoUsableTargetError } from './fibrechannel/errors.ts';
export { betweenFabrics, isBetweenFabrics } from './fibrechannel/fabrics.ts';
export type { PortPair } from './fibrechannel/fabrics.ts';
export { selectPaths } from './fibrechannel/paths.ts';
export type { ExcludedPath, FcPath, PathSelection, SelectionRules } from './fibrechannel/paths.ts';
export { loadClass, loadExport, parseExportReference } from './load-export.ts';
export type { ExportReference } from './load-export.ts';
export { pathRecordSchema } from './path-record.ts';
export type { PathRecord, PathState } from './path-record.ts';
export { VolumeDriverError, VolumeDriverRegistry } from './registry.ts';
export type { VolumeDriverEntry } from './registry.ts';
export { volumeDriverMethods } from './volume-driver.ts';
export type {
  VolumeDriver,
  VolumeDriverClass,
  VolumeDriverContext,
  VolumeInstance,
  VolumeOptions,
} from './volume-driver.ts';
