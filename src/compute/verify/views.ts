import type { Attachment, Volume } from '../../cinder-client/index.ts';
import type { LocalVolume } from '../local/index.ts';
import type { FlowSummary } from '../journal/index.ts';
import type { GuestLocation, PlatformGuest, AllocatedStorage, SurplusStorage } from '../../virt/index.ts';
import type { BlockDevice, InstanceRecord } from '../instances.ts';

/** What HMC, Cinder and the state directory say, side by side. */
export interface Views extends Records, InCinder, OnPlatform {
  /** Attachments with a mask that are in no record. */
  readonly strangers: readonly Attachment[];
  /**
   * Flows in whose histories identifiers that Cinder tells are found: volumes that are attaching, and initiators. A port
   * that a record of a partition knows is here too, also if no flow is left.
   */
  readonly mentions: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The state directory. */
export interface Records {
  readonly instances: readonly InstanceRecord[];
  readonly devices: readonly BlockDevice[];
  /** Attached without Nova. */
  readonly local: readonly LocalVolume[];
  readonly flows: readonly FlowSummary[];
  /** Another process is at work: what it has begun is not left behind. */
  readonly isBusy: boolean;
}

export interface InCinder {
  readonly attachments: readonly Attachment[];
  /** Ids under which Cinder has volumes attached, in whichever flow they were. */
  readonly attachmentIds: ReadonlySet<string>;
  /** Which instance has which volume, in whichever flow. */
  readonly owned: readonly { readonly instanceUuid: string | undefined; readonly volumeId: string }[];
  /** Not asked for where they would tell nothing. */
  readonly volumes: readonly Volume[];
  /** Reserved in the flow of old, by nobody knows whom. */
  readonly attaching: readonly Volume[];
}

/** A partition that is kept for its ports: its instance was destroyed before its volumes were unmapped. */
export interface Parked extends Pick<PlatformGuest, 'name' | 'uri' | 'status' | 'isAtRest'> {
  readonly instanceUuid: string;
  /** Undefined where they could not be read. */
  readonly wwpns: ReadonlySet<string> | undefined;
}

interface OnPlatform {
  readonly guests: readonly PlatformGuest[];
  readonly parked: readonly Parked[];
  /** Of all projects. Undefined where this user cannot see them, or there is nothing parked that they would be asked for. */
  readonly everyAttachment: readonly Attachment[] | undefined;
  /** Of servers that should have a guest and are not in that list, or are with a doubt. */
  readonly locations: ReadonlyMap<string, GuestLocation>;
  /** Storage beside guests, of instances that are neither here nor there, or in ERROR. */
  readonly storage: readonly AllocatedStorage[];
  /** vHBAs and storage volumes that are not counted. */
  readonly surplus: readonly SurplusStorage[];
  /** Of all partitions; only looked at where a volume was attached to one without Nova. */
  readonly partitionUris: ReadonlySet<string>;
  /** Of all partitions; only looked at where an attachment may be for a port of ours that is gone. */
  readonly wwpnsThere: ReadonlySet<string>;
}
