import type { JsonValue, Waiting, WaitPolicy } from '../base/index.ts';

/**
 * What Cinder is told about the ports that will use a volume; the keys are Cinder's own. Source: os-brick
 * initiator/connector.py; cinder volume/driver.py, FibreChannelDriver.
 * @public
 */
export interface Connector {
  /** Unique per partition: arrays name their host objects after it, and Cinder its locks. */
  readonly host: string;
  readonly wwpns: readonly string[];
  /**
   * Seventeen families of back-ends refuse a connector without (cinder volume/driver.py,
   * FibreChannelDriver.validate_connector).
   */
  readonly wwnns?: readonly string[] | undefined;
  readonly platform?: string | undefined;
  readonly os_type?: string | undefined;
  readonly multipath?: boolean | undefined;
  readonly ip?: string | undefined;
  /** Kept by the attachments API as the attachment's mount point. */
  readonly mountpoint?: string | undefined;
  readonly mode?: string | undefined;
  readonly do_local_attach?: boolean | undefined;
  readonly [key: string]: JsonValue | undefined;
}

/**
 * What an array answers to a connector: always nested here, as the old call gives it; the flat answers of the
 * attachments API are nested by `readConnectionInfo`. Extra keys are kept.
 *
 * @public
 */
export interface ConnectionInfo {
  readonly driver_volume_type: string;
  readonly data: Readonly<Record<string, JsonValue>>;
  readonly [key: string]: JsonValue | undefined;
}

/** rw or ro. @public */
export type AttachMode = 'rw' | 'ro';

/** @public */
export interface Volume {
  readonly id: string;
  /** Empty when it has none. */
  readonly name: string;
  /** As Cinder says it; a status that we do not know stays as it came. */
  readonly status: string;
  readonly sizeGib: number;
  readonly bootable: boolean;
  readonly multiattach: boolean;
  readonly encrypted: boolean;
  /** Records whose state is `attached`; reserved and attaching ones are seen through the attachments only. */
  readonly attachments: readonly VolumeAttachment[];
  readonly description: string | undefined;
  readonly volumeType: string | undefined;
  readonly availabilityZone: string | undefined;
  readonly createdAt: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** One use of a volume, as the volume shows it. @public */
export interface VolumeAttachment {
  readonly attachmentId: string;
  readonly serverId: string | undefined;
  /** Hidden from anyone but administrators and services. */
  readonly hostName: string | undefined;
  readonly device: string | undefined;
}

/** Cinder's record of a volume's use. @public */
export interface Attachment {
  readonly id: string;
  readonly volumeId: string;
  readonly instanceUuid: string | undefined;
  /** Create and update answer with the status from before: a stale `reserved` (Cinder 21.3.1). */
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

/** @public */
export interface VolumeFilter {
  readonly name?: string | undefined;
  readonly status?: string | undefined;
}

/** @public */
export interface AttachmentFilter {
  readonly volumeId?: string | undefined;
  readonly instanceUuid?: string | undefined;
  /** Those of all projects; Cinder heeds it for administrators only, and tells nobody else that it does not. */
  readonly allProjects?: boolean | undefined;
}

/** @public */
export interface CreateAttachment {
  readonly volumeId: string;
  /** Left out where there is no Nova: Cinder guards an attachment that names an instance. Never sent as null. */
  readonly instanceUuid?: string | undefined;
  /** Connects at once; without one the volume is only reserved. */
  readonly connector?: Connector | undefined;
  /** Sent from microversion 3.54; before that it belongs into the connector. */
  readonly mode?: AttachMode | undefined;
}

/** Who uses a volume from now on: an instance, or a host without Nova. @public */
export type AttachTarget = { readonly mountpoint: string; readonly mode: AttachMode } & (
  { readonly instanceUuid: string } | { readonly hostName: string }
);

/** What the server speaks. @public */
export interface CinderLevel {
  /** The server's highest, for example `3.70`. */
  readonly microversion: string;
  /** 3.44 and later: the whole attachments flow, `os-complete` included. */
  readonly hasAttachments: boolean;
}

/** What {@link CinderClient.check} found. @public */
export interface CinderCheck {
  /** Undefined without Keystone. */
  readonly keystone: string | undefined;
  readonly cinder: string;
  readonly microversion: string;
  readonly project: string | undefined;
  readonly user: string | undefined;
  readonly roles: readonly string[];
  /** ISO 8601, of the token in use. */
  readonly expiresAt: string | undefined;
  /** The roles of the service user; Cinder wants `service` among them. Undefined when none is configured. */
  readonly serviceRoles: readonly string[] | undefined;
}

/** The attachments API. Needs microversion 3.27; `complete` 3.44. @public */
export interface AttachmentVerbs {
  /** Never blindly repeated: a lost answer is looked up, and what a refused call left behind is removed. */
  create(request: CreateAttachment, w: Waiting): Promise<Attachment>;
  /** Connects: the array masks the volume to the connector's ports. */
  update(id: string, connector: Connector, w: Waiting): Promise<Attachment>;
  complete(id: string, w: Waiting): Promise<void>;
  /** @throws NotFoundError */
  show(id: string, w: Waiting): Promise<Attachment>;
  find(id: string, w: Waiting): Promise<Attachment | undefined>;
  list(filter: AttachmentFilter, w: Waiting): Promise<readonly Attachment[]>;
  /** Disconnects and forgets; gone is success. */
  delete(id: string, w: Waiting): Promise<void>;
}

/** `POST /volumes/{id}/action`. Source of states: cinder api/contrib/volume_actions.py. @public */
export interface VolumeActions {
  /** available to attaching. */
  reserve(volumeId: string, w: Waiting): Promise<void>;
  /** attaching to what it was; anything else stays. */
  unreserve(volumeId: string, w: Waiting): Promise<void>;
  initializeConnection(volumeId: string, connector: Connector, w: Waiting): Promise<ConnectionInfo>;
  /** An empty connector would unmask everyone; it is refused here. Also unreserves a volume that is attaching. */
  terminateConnection(volumeId: string, connector: Connector, w: Waiting): Promise<void>;
  attach(volumeId: string, target: AttachTarget, w: Waiting): Promise<void>;
  /** Without an attachment id the volume's only one. A volume that is gone is success. */
  detach(volumeId: string, attachmentId: string | undefined, w: Waiting): Promise<void>;
  /** For administrators: terminates and detaches in one. */
  forceDetach(volumeId: string, attachmentId: string, connector: Connector | undefined, w: Waiting): Promise<void>;
  /** in-use to detaching. */
  beginDetaching(volumeId: string, w: Waiting): Promise<void>;
  /** detaching to in-use; anything else stays. */
  rollDetaching(volumeId: string, w: Waiting): Promise<void>;
  extend(volumeId: string, newSizeGib: number, w: Waiting): Promise<void>;
  /** For administrators: Cinder's database alone, the array is not told. */
  resetStatus(volumeId: string, status: ResetStatus, w: Waiting): Promise<void>;
  setBootable(volumeId: string, bootable: boolean, w: Waiting): Promise<void>;
}

/** @public */
export interface ResetStatus {
  readonly status?: string | undefined;
  readonly attachStatus?: string | undefined;
}

/**
 * One Cinder, and the Keystone before it. Opened by {@link openCinder} without a request; tokens, endpoint and level are
 * fetched when first needed and shared by concurrent callers.
 *
 * @remarks Every call may throw CinderConnectionError, CinderHttpError, CinderAuthError or CinderSchemaError, or
 * RetriesExhaustedError around the last of several.
 * @public
 */
export interface CinderClient extends Disposable {
  readonly attachments: AttachmentVerbs;
  readonly actions: VolumeActions;
  level(w: Waiting): Promise<CinderLevel>;
  /** By id, else by name. @throws ConflictError when several have the name. */
  findVolume(nameOrId: string, w: Waiting): Promise<Volume | undefined>;
  /** @throws NotFoundError */
  getVolume(id: string, w: Waiting): Promise<Volume>;
  listVolumes(filter: VolumeFilter, w: Waiting): Promise<readonly Volume[]>;
  /** Answers at once, with status `creating`. Not repeated after a lost answer: names of volumes are not unique. */
  createVolume(volume: CreateVolume, w: Waiting): Promise<Volume>;
  /** Answers at once; gone is success. */
  deleteVolume(id: string, w: Waiting): Promise<void>;
  /**
   * Until the volume has one of these statuses.
   * @throws VolumeStateError at an error status that was not asked for, and when the time is over.
   */
  waitForVolume(id: string, accept: readonly string[], policy: WaitPolicy, w: Waiting): Promise<Volume>;
  /** Until a deleted volume is gone. @throws VolumeStateError */
  waitForVolumeGone(id: string, policy: WaitPolicy, w: Waiting): Promise<void>;
  /** One authenticated read, for `dpm doctor`. */
  check(w: Waiting): Promise<CinderCheck>;
}

/** What one reservation is, as the journal keeps it. @public */
export type Reservation = {
  readonly volumeId: string;
  /** Null in the flow of old until `complete`. */
  readonly attachmentId: string | null;
  readonly instanceUuid?: string | undefined;
  /**
   * `legacy`: a connection was asked for in that flow, and the array may have it; Cinder keeps no note of it.
   * `attachments`: asked for there, and no answer is known: the array may have what Cinder does not know of.
   * `removed`: the array does not have it any more. Absent: none was asked for, or Cinder knows it.
   */
  readonly connection?: 'attachments' | 'legacy' | 'removed' | undefined;
  /** Have we asked Cinder to begin detaching the volume? Absent: nobody knows. */
  readonly isDetaching?: boolean | undefined;
};

/** Called as soon as the array does not have the connection any more. Keep it: many arrays fail to remove one twice. @public */
export type OnRemoved = () => void;

/** @public */
export interface ReserveRequest {
  readonly volumeId: string;
  readonly instanceUuid?: string | undefined;
  readonly mode?: AttachMode | undefined;
}

/** @public */
export interface CompleteRequest {
  readonly mountpoint: string;
  readonly mode: AttachMode;
  /** Needed in the flow of old where no instance was named. */
  readonly hostName?: string | undefined;
}

/**
 * The two attach flows behind one interface, so that nothing above asks which one the server speaks.
 *
 * @public
 */
export interface VolumeConnections {
  readonly kind: 'attachments' | 'legacy';
  reserve(request: ReserveRequest, w: Waiting): Promise<Reservation>;
  /**
   * Masks the volume to the connector's ports. Put `mountpoint` and `mode` into the connector: the attachments API keeps
   * them from there. When it fails the array is told to take back what it may have done; then release the reservation.
   */
  connect(reservation: Reservation, connector: Connector, w: Waiting, onRemoved?: OnRemoved): Promise<ConnectionInfo>;
  /** The volume is in use from now on; answers with what the journal must keep instead of the first reservation. */
  complete(reservation: Reservation, request: CompleteRequest, w: Waiting): Promise<Reservation>;
  /**
   * Back to before `reserve`, from any point; nothing left is success. Without a connector nothing was connected.
   * @throws VolumeStateError when the volume is in a state that only an administrator gets it out of.
   */
  release(reservation: Reservation, connector: Connector | undefined, w: Waiting, onRemoved?: OnRemoved): Promise<void>;
  beginDetaching(volumeId: string, w: Waiting): Promise<void>;
  rollDetaching(volumeId: string, w: Waiting): Promise<void>;
  /**
   * What Cinder really has, for recovery.
   * @remarks A reservation of the flow of old is anonymous until `complete`: a volume asked for by id that is
   * `attaching` is reported with neither attachment nor instance, whatever instance was asked for.
   */
  findReservations(filter: AttachmentFilter, w: Waiting): Promise<readonly Reservation[]>;
}
