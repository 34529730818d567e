import type { Logger, Lun, Waiting, Wwpn } from '../../base/index.ts';
import type { ConnectionInfo, Connector } from '../../cinder-client/index.ts';
import type { HostPolicies } from './policies.ts';
import type { HostSystem } from './system.ts';

/** What a host connector is given once, when it is made. @public */
export interface HostConnectorContext {
  readonly system: HostSystem;
  readonly log: Logger;
  /** Use a multipath map where a volume has several paths. */
  readonly useMultipath: boolean;
  /** Refuse to attach without a multipath map. */
  readonly enforceMultipath: boolean;
  /** The name of this host for Cinder; the system's host name unless told otherwise. */
  readonly host?: string | undefined;
  readonly ip?: string | undefined;
  /** FCP devices (`0.0.8001`) to free from the ignore list and to set online before they are used; s390x only. */
  readonly fcpDevices?: readonly string[] | undefined;
  readonly policies?: Partial<HostPolicies> | undefined;
}

/** What os-brick calls device_info, with its keys: plain JSON, to be kept until the volume is disconnected. @public */
export interface DeviceInfo {
  readonly type: 'block';
  /** The block device to use: the multipath map's where there is one. */
  readonly path: string;
  /** The volume's identity as multipath tools write it, for example `36005…`. */
  readonly scsi_wwn?: string | undefined;
  /** The map's WWID; absent when a single path is used. */
  readonly multipath_id?: string | undefined;
  /** What a person should know: paths that did not come, multipath that is missing. */
  readonly warnings?: readonly string[] | undefined;
}

/** One path of a volume on this host, as it is now. @public */
export interface HostPath {
  /** Its name in the search path, or its device node where udev has made none. */
  readonly path: string;
  /** Node of this path (`/dev/sda`); undefined while the SCSI device has no disk. */
  readonly device: string | undefined;
  /** `ccw-0.0.8001`, `pci-0000:04:00.0`: the port's place on its bus. */
  readonly port: string;
  readonly initiatorWwpn: Wwpn | undefined;
  readonly targetWwpn: Wwpn;
  readonly lun: Lun;
  /** The kernel's word for the SCSI device: `running`, `blocked`, `offline`, … It says nothing about the mask. */
  readonly state: string;
  /** Of the remote port: `Online`, `Blocked`, `Not Present`, … */
  readonly portState: string | undefined;
  /** Identity as multipath tools write it; undefined when it cannot be read. */
  readonly wwid: string | undefined;
  /** Node of the multipath map on top (`/dev/dm-0`). */
  readonly map: string | undefined;
  readonly sizeBytes: number;
  readonly isReadOnly: boolean;
}

/** @public */
export interface ConnectOptions extends Waiting {
  /** Make every path and the map read-only, whatever access_mode says. */
  readonly readOnly?: boolean | undefined;
}

/** @public */
export interface DisconnectOptions extends Waiting {
  /** Go on where data cannot be flushed or a path does not obey. What is in use is never removed. */
  readonly force?: boolean | undefined;
}

/** @public */
export interface ExtendOptions extends Waiting {
  /** Wait until the volume has at least this size, in bytes. */
  readonly minSizeBytes?: number | undefined;
}

/**
 * What makes the volumes of one protocol appear on a Linux host, and disappear again: os-brick's idea of a connector.
 * A third party's class is loaded by {@link HostConnectorRegistry}; its constructor gets a {@link HostConnectorContext}.
 *
 * All methods may be called twice for the same volume; the second call changes nothing.
 *
 * @public
 */
export interface HostConnector {
  /** The connector for Cinder. Changes nothing but that it sets `fcpDevices` online. @throws HostConnectorError when this host has no usable port */
  getConnectorProperties(waiting: Waiting): Promise<Connector>;
  /**
   * Makes a volume that Cinder has mapped to this host appear.
   *
   * @throws DpmError when it does not; whatever this call made has been removed again, but for what the error names.
   * Devices that were there before stay: a caller that goes on to unmap the volume disconnects it first.
   */
  connectVolume(connectionInfo: ConnectionInfo, options: ConnectOptions): Promise<DeviceInfo>;
  /**
   * Removes every path of the volume from this host, before Cinder unmaps it. Succeeds when there is none.
   *
   * @param deviceInfo - what the connect returned; without it the volume is known by its addresses alone
   * @throws VolumeInUseError when it is in use, HostDetachError when something is left
   */
  disconnectVolume(
    connectionInfo: ConnectionInfo,
    deviceInfo: DeviceInfo | undefined,
    options: DisconnectOptions,
  ): Promise<void>;
  /** Makes the host see a new size. @returns the size in bytes */
  extendVolume(connectionInfo: ConnectionInfo, options: ExtendOptions): Promise<number>;
  /** The paths that the volume has now. Changes nothing. */
  getVolumePaths(connectionInfo: ConnectionInfo, waiting: Waiting): Promise<readonly HostPath[]>;
  /** The directory in which paths of this kind are named. */
  getSearchPath(): string;
  /** Every path of every volume of this kind that the host has now. Changes nothing. */
  getAllVolumes(waiting: Waiting): Promise<readonly HostPath[]>;
}

/** @public */
export type HostConnectorClass = new (context: HostConnectorContext) => HostConnector;

/** The methods that a third party's connector must have. @public */
export const hostConnectorMethods = [
  'getConnectorProperties',
  'connectVolume',
  'disconnectVolume',
  'extendVolume',
  'getVolumePaths',
  'getSearchPath',
  'getAllVolumes',
] as const satisfies readonly (keyof HostConnector)[];
