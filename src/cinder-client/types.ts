import type { JsonValue, Waiting } from '../base/index.ts';

/**
 * Describes the ports that will use a volume; the keys are Cinder's. Source: os-brick initiator/connector.py; cinder
 * volume/driver.py, FibreChannelDriver.
 * @public
 */
export interface Connector {
  /** Unique per partition: arrays name their host objects after it, and Cinder its locks. */
  readonly host: string;
  readonly wwpns: readonly string[];
  /** Seventeen families of back ends require it (cinder volume/driver.py, FibreChannelDriver.validate_connector). */
  readonly wwnns?: readonly string[] | undefined;
  readonly platform?: string | undefined;
  readonly os_type?: string | undefined;
  readonly multipath?: boolean | undefined;
  readonly ip?: string | undefined;
  /** The attachments API keeps it as the attachment's mount point. */
  readonly mountpoint?: string | undefined;
  readonly mode?: string | undefined;
  readonly do_local_attach?: boolean | undefined;
  readonly [key: string]: JsonValue | undefined;
}

/**
 * What an array answers to a connector, always with the array's data under `data`. `readConnectionInfo` brings the flat
 * answers of the attachments API into this form. Extra keys are kept.
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
  /** Only those in state `attached`; the attachments API also shows reserved and attaching ones. */
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
  /** Only administrators and services see it. */
  readonly hostName: string | undefined;
  readonly device: string | undefined;
}

/** An attachment, as the attachments API shows it. @public */
export interface Attachment {
  readonly id: string;
  readonly volumeId: string;
  readonly instanceUuid: string | undefined;
  /** The answers to create and update still have the earlier status, `reserved` (Cinder 21.3.1). */
  readonly status: string;
  readonly mode: AttachMode | undefined;
  /** Absent in a reservation, and in a list's summary. */
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

/** A volume type: where and how Cinder makes a volume. @public */
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
  /** Omitted without Nova: Cinder guards an attachment that names an instance. Never sent as null. */
  readonly instanceUuid?: string | undefined;
  /** Connects at once; without a connector the volume is only reserved. */
  readonly connector?: Connector | undefined;
  /** Sent from microversion 3.54; before that it belongs into the connector. */
  readonly mode?: AttachMode | undefined;
}

/** An attachment as the journal keeps it, from its reservation on. @public */
export type Reservation = {
  readonly volumeId: string;
  /** Null in the legacy flow until `complete`. */
  readonly attachmentId: string | null;
  readonly instanceUuid?: string | undefined;
  /**
   * `legacy`: a connection was requested in the legacy flow, and the array may have it; Cinder does not record it.
   * `attachments`: requested in the attachments flow, outcome unknown: the array may have it although Cinder does not.
   * `removed`: the array no longer has it. Absent: none was requested, or Cinder has recorded it.
   */
  readonly connection?: 'attachments' | 'legacy' | 'removed' | undefined;
  /** Whether we asked Cinder to begin detaching the volume. Absent: unknown. */
  readonly isDetaching?: boolean | undefined;
};

/** Called as soon as the array has removed the connection. Record it: many arrays fail to remove one twice. @public */
export type OnRemoved = () => void;

/** @public */
export type ReserveRequest = Pick<CreateAttachment, 'volumeId' | 'instanceUuid' | 'mode'>;

/** @public */
export interface CompleteRequest {
  readonly mountpoint: string;
  readonly mode: AttachMode;
  /** Required in the legacy flow when no instance was named. */
  readonly hostName?: string | undefined;
}

/** One interface to both attach flows, so that callers need not know which one the server supports. @public */
export interface VolumeConnections {
  readonly kind: 'attachments' | 'legacy';
  reserve(request: ReserveRequest, w: Waiting): Promise<Reservation>;
  /**
   * Masks the volume to the connector's ports. Put `mountpoint` and `mode` into the connector: the attachments API
   * takes them from there. After a failure, the array is asked to remove what it may have masked; then release the
   * reservation.
   */
  connect(reservation: Reservation, connector: Connector, w: Waiting, onRemoved?: OnRemoved): Promise<ConnectionInfo>;
  /** Sets the volume to in-use. Returns what the journal must keep instead of the first reservation. */
  complete(reservation: Reservation, request: CompleteRequest, w: Waiting): Promise<Reservation>;
  /**
   * Returns to the state before `reserve`, from any point. Releasing twice succeeds. Without a connector, nothing was
   * connected.
   * @throws VolumeStateError when only an administrator can get the volume out of its state
   */
  release(reservation: Reservation, connector: Connector | undefined, w: Waiting, onRemoved?: OnRemoved): Promise<void>;
  beginDetaching(volumeId: string, w: Waiting): Promise<void>;
  rollDetaching(volumeId: string, w: Waiting): Promise<void>;
  /**
   * Returns what Cinder has, for recovery.
   * @remarks A reservation of the legacy flow is anonymous until `complete`: a volume that is requested by ID and is
   * `attaching` is returned with neither attachment nor instance, whatever instance was requested.
   */
  findReservations(filter: AttachmentFilter, w: Waiting): Promise<readonly Reservation[]>;
}
