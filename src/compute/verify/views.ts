import type { Attachment, Volume } from '../../cinder-client/index.ts';
import type { LocalVolume } from '../local/index.ts';
import type { FlowSummary } from '../journal/index.ts';
import type { GuestLocation, PlatformGuest, PlatformNic, AllocatedStorage, SurplusStorage } from '../../virt/index.ts';
import type { BlockDevice, InstanceRecord } from '../instances.ts';

/** What the HMC, Cinder and the state directory show. */
export interface Views extends Records, InCinder, OnPlatform {
  /** Attachments with a mask that no record contains. */
  readonly strangers: readonly Attachment[];
  /**
   * Flows by identifiers from Cinder (attaching volumes, and initiators) that their histories mention. Also contains the ports
   * in the records of partitions, even if no flow is left.
   */
  readonly mentions: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Views of the state directory. */
export interface Records {
  readonly instances: readonly InstanceRecord[];
  readonly devices: readonly BlockDevice[];
  /** Attached without Nova. */
  readonly local: readonly LocalVolume[];
  readonly flows: readonly FlowSummary[];
  /** Whether another process is working: what it has begun is no orphan. */
  readonly isBusy: boolean;
}

export interface InCinder {
  readonly attachments: readonly Attachment[];
  /** IDs of attachments in Cinder, of either attachment API. */
  readonly attachmentIds: ReadonlySet<string>;
  /** Which instance has which volume, by either attachment API. */
  readonly owned: readonly (Pick<Attachment, 'instanceUuid' | 'volumeId'> &
    Partial<Pick<Attachment, 'connectionInfo'>>)[];
  /** Empty if they are not needed. */
  readonly volumes: readonly Volume[];
  /** Reserved by the legacy volume actions, which do not record by whom. */
  readonly attaching: readonly Volume[];
}

/** A partition kept for its ports: its instance was destroyed before its volumes were unmapped. */
export interface Parked extends Pick<PlatformGuest, 'name' | 'uri' | 'status' | 'isAtRest'> {
  readonly instanceUuid: string;
  /** Undefined if they could not be read. */
  readonly wwpns: ReadonlySet<string> | undefined;
}

interface OnPlatform {
  readonly guests: readonly PlatformGuest[];
  readonly parked: readonly Parked[];
  /** Of all projects. Undefined if this user cannot see them, or if nothing is parked. */
  readonly everyAttachment: readonly Attachment[] | undefined;
  /** Of servers that should have a guest, but have none in `guests`, or a doubtful one. */
  readonly locations: ReadonlyMap<string, GuestLocation>;
  /** Storage of instances without a record and a guest, or in ERROR. */
  readonly storage: readonly AllocatedStorage[];
  /** vHBAs and storage volumes that no record accounts for. */
  readonly surplus: readonly SurplusStorage[];
  /** NICs of the driver, with whether a network of a server has this interface. */
  readonly nics: readonly (PlatformNic & { readonly isRecorded: boolean })[];
  /** Of all partitions; only read if a volume was attached to one without Nova. */
  readonly partitionUris: ReadonlySet<string>;
  /** Of all partitions; only read if an attachment may be for a port that this host had. */
  readonly wwpnsThere: ReadonlySet<string>;
}

/** An orphan, or something that is missing. @public */
export interface Finding {
  readonly kind:
    | 'partition'
    | 'parked-partition'
    | 'vhba'
    | 'storage-group'
    | 'storage-volume'
    | 'nic'
    | 'server'
    | 'attachment'
    | 'volume'
    | 'flow';
  /** The name by which an operator finds it. */
  readonly name: string;
  readonly detail: string;
  /** What `--repair` does about it; null if an operator has to decide. */
  readonly repair: string | null;
  /** @internal What the repair changes; with `instanceUuid` if it is found only through its instance. */
  readonly target: { readonly id: string; readonly instanceUuid?: string };
}
