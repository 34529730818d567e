import type { JsonValue, Waiting } from '../base/index.ts';

/**
 * Describes the ports that will use a volume; the keys are Cinder's. Source: os-brick initiator/connector.py; cinder
 * volume/driver.py, FibreChannelDriver.
 * @public
 */
export interface Connector {
  /** Unique per partition: arrays name their host objects after it, and Cinder names its locks after it. */
  readonly host: string;
  readonly wwpns: readonly string[];
  /** Seventeen families of back ends require it (cinder volume/driver.py, FibreChannelDriver.validate_connector). */
  readonly wwnns?: readonly string[] | undefined;
  readonly platform?: string | undefined;
  readonly os_type?: string | undefined;
  readonly multipath?: boolean | undefined;
  readonly ip?: string | undefined;
  /** The attachments API stores it as the mount point of the attachment. */
  readonly mountpoint?: string | undefined;
  readonly mode?: string | undefined;
  readonly do_local_attach?: boolean | undefined;
  readonly [key: string]: JsonValue | undefined;
}

/**
 * How to reach a volume, with the data of the array under `data`. `readConnectionInfo` converts the flat form of the
 * attachments API into this form. Extra keys are kept.
 *
 * @public
 */
export interface ConnectionInfo {
  readonly driver_volume_type: string;
  readonly data: Readonly<Record<string, JsonValue>>;
  readonly [key: string]: JsonValue | undefined;
}

/** @public */
export type AttachMode = 'rw' | 'ro';

/** @public */
export interface Volume {
  readonly id: string;
  /** Empty for a volume without a name. */
  readonly name: string;
  /** As Cinder reports it, unknown statuses included. */
  readonly status: string;
  readonly sizeGib: number;
  readonly bootable: boolean;
  readonly multiattach: boolean;
  readonly encrypted: boolean;
  /** Only attachments in state `attached`. The attachments API also shows reserved and attaching ones. */
  readonly attachments: readonly VolumeAttachment[];
  readonly description: string | undefined;
  readonly volumeType: string | undefined;
  readonly availabilityZone: string | undefined;
  readonly createdAt: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An attachment, as the volume shows it. @public */
export interface VolumeAttachment {
  readonly attachmentId: string;
  readonly serverId: string | undefined;
  /** Shown only to administrators and services. */
  readonly hostName: string | undefined;
  readonly device: string | undefined;
}

/** An attachment, as the attachments API shows it. @public */
export interface Attachment {
  readonly id: string;
  readonly volumeId: string;
  readonly instanceUuid: string | undefined;
  /** The responses to create and update still have the earlier status, `reserved` (Cinder 21.3.1). */
  readonly status: string;
  readonly mode: AttachMode | undefined;
  /** Absent in a reservation, and in the summary of a list. */
  readonly connectionInfo: ConnectionInfo | undefined;
}

/** @public */
export interface CreateVolume {
  readonly sizeGib: number;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly volumeType?: string | undefined;
  readonly availabilityZone?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly imageRef?: string | undefined;
  readonly snapshotId?: string | undefined;
  readonly sourceVolumeId?: string | undefined;
}

/** A volume type, which decides on which array and how Cinder creates a volume. @public */
export interface VolumeType {
  readonly id: string;
  readonly name: string;
  readonly description: string | undefined;
}

/** An image of Glance. @public */
export interface Image {
  readonly id: string;
  /** Empty for an image without a name. */
  readonly name: string;
  /** Cinder accepts only `active` images. */
  readonly status: string;
}

/** An image of Glance with what a download needs. @public */
export interface ImageDetail extends Image {
  /** `raw`, `iso`, `qcow2`, …; null before the image has content. */
  readonly diskFormat: string | null;
  /** Bytes; null before the image has content. */
  readonly bytes: number | null;
  /** Sum of the content, in lower-case hex digits; undefined if Glance has none. */
  readonly hash: { readonly algorithm: string; readonly value: string } | undefined;
  /** Properties that `openstack image set --property` sets. */
  readonly properties: Readonly<Record<string, string>>;
}

/** @public */
export interface VolumeFilter {
  readonly name?: string | undefined;
  readonly status?: string | undefined;
}

/** @public */
export interface AttachmentFilter {
  readonly volumeId?: string | undefined;
  readonly instanceUuid?: string | undefined;
  /** Attachments of all projects. Cinder silently ignores it for users who are not administrators. */
  readonly allProjects?: boolean | undefined;
}

/** @public */
export interface CreateAttachment {
  readonly volumeId: string;
  /** Omitted without Nova, because Cinder protects an attachment with an instance. Never sent as null. */
  readonly instanceUuid?: string | undefined;
  /** Connects the volume at once. Without a connector the volume is only reserved. */
  readonly connector?: Connector | undefined;
  /** Sent since microversion 3.54. Older servers read it from the connector. */
  readonly mode?: AttachMode | undefined;
}

/** An attachment as the journal records it, from its reservation on. @public */
export type Reservation = {
  readonly volumeId: string;
  /** Null in the legacy flow until `complete`. */
  readonly attachmentId: string | null;
  readonly instanceUuid?: string | undefined;
  /**
   * `legacy`: a connection was requested in the legacy flow. The array may have it; Cinder does not record it.
   * `attachments`: a connection was requested in the attachments flow, and its outcome is unknown. The array may have it
   * even if Cinder has no record of it. `removed`: the array has removed the connection. Absent: no connection was
   * requested, or Cinder has recorded it.
   */
  readonly connection?: 'attachments' | 'legacy' | 'removed' | undefined;
  /** Whether this program asked Cinder to begin detaching the volume. Absent: unknown. */
  readonly isDetaching?: boolean | undefined;
};

/** Called as soon as the array has removed the connection. Record this: many arrays fail to remove a connection twice. @public */
export type OnRemoved = () => void;

/** @public */
export type ReserveRequest = Pick<CreateAttachment, 'volumeId' | 'instanceUuid' | 'mode'>;

/** @public */
export interface CompleteRequest {
  readonly mountpoint: string;
  readonly mode: AttachMode;
  /** Required in the legacy flow without an instance. */
  readonly hostName?: string | undefined;
}

/** A common interface of both attach flows. Callers do not need to know which one the server supports. @public */
export interface VolumeConnections {
  readonly kind: 'attachments' | 'legacy';
  reserve(request: ReserveRequest, w: Waiting): Promise<Reservation>;
  /**
   * Masks the volume to the ports of the connector. Put `mountpoint` and `mode` into the connector: the attachments API
   * reads them from there. After a failure, removes a mask that the array may have made. The caller then has to release the
   * reservation.
   */
  connect(reservation: Reservation, connector: Connector, w: Waiting, onRemoved?: OnRemoved): Promise<ConnectionInfo>;
  /** Sets the volume to in-use. Returns the reservation that replaces the first one in the journal. */
  complete(reservation: Reservation, request: CompleteRequest, w: Waiting): Promise<Reservation>;
  /**
   * Restores the state before `reserve`, after any step. Releasing twice succeeds. Omit the connector if the volume was not
   * connected.
   * @throws VolumeStateError when only an administrator can reset the status of the volume
   */
  release(reservation: Reservation, connector: Connector | undefined, w: Waiting, onRemoved?: OnRemoved): Promise<void>;
  beginDetaching(volumeId: string, w: Waiting): Promise<void>;
  rollDetaching(volumeId: string, w: Waiting): Promise<void>;
  /**
   * Returns the attachments and reservations in Cinder, for recovery.
   * @remarks A reservation of the legacy flow is anonymous until `complete`: a volume that is requested by ID and is
   * `attaching` is returned with neither attachment nor instance, whatever instance was requested.
   */
  findReservations(filter: AttachmentFilter, w: Waiting): Promise<readonly Reservation[]>;
}
