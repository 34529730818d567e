export { hostConnectorMethods } from './connector.ts';
export type {
  ConnectOptions,
  DeviceInfo,
  DisconnectOptions,
  ExtendOptions,
  HostConnector,
  HostConnectorClass,
  HostConnectorContext,
  HostPath,
} from './connector.ts';
export { HostAttachError, HostConnectorError, HostDetachError, LunNotFoundError, VolumeInUseError } from './errors.ts';
export { BY_PATH, byPathNames } from './fibrechannel/by-path.ts';
export { FibreChannelConnector, ZfcpConnector } from './fibrechannel/fibre-channel-connector.ts';
export { readHostConnection, removeLeftover, takeInventory } from './fibrechannel/inventory.ts';
export type {
  HostDevice,
  HostInventory,
  HostMap,
  HostPort,
  HostUnit,
  InventoryOptions,
  Leftover,
} from './fibrechannel/inventory.ts';
export { openLocalSystem } from './local-system.ts';
export type { LocalSystemOptions } from './local-system.ts';
export { defaultHostPolicies } from './policies.ts';
export type { HostPolicies } from './policies.ts';
export { HostConnectorRegistry } from './registry.ts';
export type { HostConnectorEntry, ServedProtocol } from './registry.ts';
export { unescapeOctal } from './system.ts';
export type { CommandOptions, CommandResult, HostSystem } from './system.ts';
