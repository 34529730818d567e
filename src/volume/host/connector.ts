import type { Logger, Lun, Waiting, Wwpn } from '../../base/index.ts';
import type { ConnectionInfo, Connector } from '../../cinder-client/index.ts';
import type { HostPolicies } from './policies.ts';
import type { HostSystem } from './system.ts';

/** The argument of the constructor of a host connector. @public */
export interface HostConnectorContext {
  readonly system: HostSystem;
  readonly log: Logger;
  /** Use a multipath map when a volume has several paths. */
  readonly useMultipath: boolean;
  /** Refuse to attach without a multipath map. */
  readonly enforceMultipath: boolean;
  /** The name of this host in Cinder (default: the system's host name). */
  readonly host?: string | undefined;
  readonly ip?: string | undefined;
  /** FCP devices (`0.0.8001`) to free from the ignore list and set online before use; s390x only. */
  readonly fcpDevices?: readonly string[] | undefined;
  readonly policies?: Partial<HostPolicies> | undefined;
}

/** os-brick's device_info, with its keys. Plain JSON; keep it until the volume is disconnected. @public */
export interface DeviceInfo {
  readonly type: 'block';
  /** The block device to use: the multipath map, if there is one. */
  readonly path: string;
  /** The volume's identity as multipath tools write it, for example `36005…`. */
  readonly scsi_wwn?: string | undefined;
  /** The map's WWID; absent for a single path. */
  readonly multipath_id?: string | undefined;
  /** Paths that did not appear, or missing multipath. */
  readonly warnings?: readonly string[] | undefined;
}

/** The current state of a path of a volume on this host. @public */
export interface HostPath {
  /** The name of the path in the search path, or its device node if udev made no name. */
  readonly path: string;
  /** Device node (`/dev/sda`); undefined while the SCSI device has no disk. */
  readonly device: string | undefined;
  /** The port on its bus: `ccw-0.0.8001`, `pci-0000:04:00.0`. */
  readonly port: string;
  readonly initiatorWwpn: Wwpn | undefined;
  readonly targetWwpn: Wwpn;
  readonly lun: Lun;
  /** The kernel's state of the SCSI device: `running`, `blocked`, `offline`, … A missing mask does not change it. */
  readonly state: string;
  /** State of the remote port: `Online`, `Blocked`, `Not Present`, … */
  readonly portState: string | undefined;
  /** Identity as multipath tools write it; undefined when unreadable. */
  readonly wwid: string | undefined;
  /** Node of the multipath map that uses the path (`/dev/dm-0`). */
  readonly map: string | undefined;
  readonly sizeBytes: number;
  readonly isReadOnly: boolean;
}

/** @public */
export interface ConnectOptions extends Waiting {
  /** Make every path and the map read-only, regardless of access_mode. */
  readonly readOnly?: boolean | undefined;
}

/** @public */
export interface DisconnectOptions extends Waiting {
  /** Continue if data cannot be flushed or a path cannot be removed. Devices in use are never removed. */
  readonly force?: boolean | undefined;
}

/** @public */
export interface ExtendOptions extends Waiting {
  /** Wait until the volume has at least this size, in bytes. */
  readonly minSizeBytes?: number | undefined;
}

/**
 * Attaches and detaches volumes of one protocol on a Linux host: a connector in os-brick's sense.
 * {@link HostConnectorRegistry} loads the class of a third party, whose constructor receives a
 * {@link HostConnectorContext}.
 *
 * All methods are idempotent.
 *
 * @public
 */
export interface HostConnector {
  /** Returns the connector for Cinder, after setting `fcpDevices` online. @throws HostConnectorError without a usable port */
  getConnectorProperties(waiting: Waiting): Promise<Connector>;
  /**
   * Makes a volume that Cinder has mapped appear on this host.
   *
   * @throws DpmError when the volume does not appear. The call is rolled back, except for devices that the error names.
   * Devices that existed before the call remain: disconnect the volume before unmapping it.
   */
  connectVolume(connectionInfo: ConnectionInfo, options: ConnectOptions): Promise<DeviceInfo>;
  /**
   * Removes every path of the volume from this host. Call it before Cinder unmaps the volume.
   *
   * @param deviceInfo - result of the connect; without it only the addresses identify the volume
   * @throws VolumeInUseError when the volume is in use, HostDetachError when something is left behind
   */
  disconnectVolume(
    connectionInfo: ConnectionInfo,
    deviceInfo: DeviceInfo | undefined,
    options: DisconnectOptions,
  ): Promise<void>;
  /** Makes the host use the new size. @returns the size in bytes */
  extendVolume(connectionInfo: ConnectionInfo, options: ExtendOptions): Promise<number>;
  /** Returns the current paths of the volume. Changes nothing. */
  getVolumePaths(connectionInfo: ConnectionInfo, waiting: Waiting): Promise<readonly HostPath[]>;
  /** Returns the directory with the names of such paths. */
  getSearchPath(): string;
  /** Returns all current paths of all volumes of this kind. Changes nothing. */
  getAllVolumes(waiting: Waiting): Promise<readonly HostPath[]>;
}

/** @public */
export type HostConnectorClass = new (context: HostConnectorContext) => HostConnector;

/** The methods that every connector must have. @public */
export const hostConnectorMethods = [
  'getConnectorProperties',
  'connectVolume',
  'disconnectVolume',
  'extendVolume',
  'getVolumePaths',
  'getSearchPath',
  'getAllVolumes',
] as const satisfies readonly (keyof HostConnector)[];
