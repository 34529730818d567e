import type { Now } from '../clock.ts';
import { ApiFault } from './api-fault.ts';
import type { Connector } from './driver.ts';

/** Status of an attachment record; of a volume's attachments as a whole also `detached`. */
type AttachStatus = 'reserved' | 'attaching' | 'attached' | 'detaching' | 'error_attaching' | 'error_detaching';

/** Cinder's own notes on a volume, shown among its metadata; texts as Python writes booleans. */
interface AdminMetadata {
  readonly?: 'True' | 'False';
  attached_mode?: 'rw' | 'ro';
}

/** One volume in Cinder's database. Times are milliseconds since the epoch. */
export interface VolumeRecord {
  readonly id: string;
  /** Order of creation: lists are newest first. */
  readonly sequence: number;
  readonly projectId: string;
  readonly userId: string;
  readonly createdAt: number;
  updatedAt: number | null;
  name: string | null;
  description: string | null;
  status: string;
  size: number;
  bootable: boolean;
  readonly multiattach: boolean;
  readonly volumeType: string;
  metadata: Record<string, string>;
  readonly adminMetadata: AdminMetadata;
  imageMetadata: Record<string, string>;
  /** Copied onto the disk after it was made. */
  readonly fromImage: boolean;
  /** A back-end has been chosen. */
  placed: boolean;
  /** Work of the volume service that ends when the clock says so. */
  pending: { readonly dueAt: number; readonly settle: () => void } | undefined;
}

/** One attachment in Cinder's database. */
export interface AttachmentRecord {
  readonly id: string;
  readonly sequence: number;
  readonly volumeId: string;
  readonly instance: string | null;
  status: AttachStatus;
  /** `null` in the text form is what Cinder stores when no mode was asked for. */
  attachMode: string | null;
  host: string | null;
  mountpoint: string | null;
  attachedAt: number | null;
  /** Flat connection_info; `{}` while reserved, null when the record was left behind by a failure or made by os-attach. */
  connectionInfo: Readonly<Record<string, unknown>> | null;
  connector: Connector | null;
  /** A fault keeps it from ever being completed. */
  stuck: boolean;
}

/** What Cinder tells a project about work that failed after its request was accepted. */
export interface MessageRecord {
  readonly id: string;
  readonly sequence: number;
  readonly projectId: string;
  readonly volumeId: string;
  readonly createdAt: number;
  readonly eventId: string;
  readonly text: string;
}

/** Whose records a request may see. */
export interface Viewer {
  readonly projectId: string;
  readonly isAdmin: boolean;
}

// Which status a volume has follows from what is left of its attachments, in this order (cinder/db/sqlalchemy/api.py).
const STATUS_BY_ATTACHMENT = [
  ['attached', 'in-use'],
  ['attaching', 'attaching'],
  ['detaching', 'detaching'],
  ['reserved', 'reserved'],
] as const;

/** Cinder's database: volumes and attachments, and the work that is due. */
export class CinderState {
  readonly now: Now;
  readonly volumes = new Map<string, VolumeRecord>();
  readonly attachments = new Map<string, AttachmentRecord>();
  readonly messages: MessageRecord[] = [];
  readonly #newId: () => string;
  #sequence = 0;

  constructor(now: Now, newId: () => string) {
    this.now = now;
    this.#newId = newId;
  }

  /** Ends the work that is due; called before each request, so that no timer is needed. */
  settle(): void {
    for (const volume of [...this.volumes.values()]) {
      // What ends may start the next piece of work, due at once.
      while (volume.pending && volume.pending.dueAt <= this.now()) {
        const { settle } = volume.pending;
        volume.pending = undefined;
        settle();
      }
    }
  }

  get lastSequence(): number {
    return this.#sequence;
  }

  /** Continues the order of creation after a restart. */
  continueAfter(sequence: number): void {
    this.#sequence = sequence;
  }

  nextId(): string {
    return this.#newId();
  }

  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** @throws {@link ApiFault} 404, also for another project's volume */
  getVolume(viewer: Viewer, id: string): VolumeRecord {
    const volume = this.volumes.get(id);
    if (volume && isVisible(viewer, volume)) return volume;
    throw new ApiFault(404, `Volume ${id} could not be found.`);
  }

  /** @throws {@link ApiFault} 404, also for an attachment of another project's volume */
  getAttachment(viewer: Viewer, id: string): AttachmentRecord {
    const attachment = this.attachments.get(id);
    const volume = attachment && this.volumes.get(attachment.volumeId);
    if (volume && isVisible(viewer, volume)) return attachment;
    throw new ApiFault(404, `Volume attachment could not be found with filter: attachment_id = ${id}.`);
  }

  visibleVolumes(viewer: Viewer, allTenants: boolean): VolumeRecord[] {
    return [...this.volumes.values()].filter((volume) => isListed(viewer, allTenants, volume));
  }

  visibleAttachments(viewer: Viewer, allTenants: boolean): AttachmentRecord[] {
    return [...this.attachments.values()].filter(({ volumeId }) => {
      const volume = this.volumes.get(volumeId);
      return volume !== undefined && isListed(viewer, allTenants, volume);
    });
  }

  attachmentsOf(volumeId: string): AttachmentRecord[] {
    return [...this.attachments.values()].filter((attachment) => attachment.volumeId === volumeId);
  }

  addAttachment(volumeId: string, instance: string | null, facts: Partial<AttachmentRecord> = {}): AttachmentRecord {
    const attachment: AttachmentRecord = {
      id: this.nextId(),
      sequence: this.nextSequence(),
      volumeId,
      instance,
      status: 'reserved',
      attachMode: null,
      host: null,
      mountpoint: null,
      attachedAt: null,
      connectionInfo: null,
      connector: null,
      stuck: false,
      ...facts,
    };
    this.attachments.set(attachment.id, attachment);
    return attachment;
  }

  /** Removes a record and gives the volume the status that follows from what is left. */
  removeAttachment(attachment: AttachmentRecord): void {
    this.attachments.delete(attachment.id);
    const volume = this.volumes.get(attachment.volumeId);
    if (volume) this.deriveStatus(volume);
  }

  deriveStatus(volume: VolumeRecord): void {
    const left = new Set(this.attachmentsOf(volume.id).map(({ status }) => status));
    const status = STATUS_BY_ATTACHMENT.find(([attachStatus]) => left.has(attachStatus))?.[1] ?? 'available';
    this.setStatus(volume, status);
    if (left.size === 0) delete volume.adminMetadata.attached_mode;
  }

  setStatus(volume: VolumeRecord, status: string): void {
    volume.status = status;
    volume.updatedAt = this.now();
  }

  isAttached(volumeId: string): boolean {
    return this.attachmentsOf(volumeId).some(({ status }) => status === 'attached');
  }
}

function isVisible(viewer: Viewer, volume: VolumeRecord): boolean {
  return viewer.isAdmin || volume.projectId === viewer.projectId;
}

// An administrator's lists are of his own project too, unless he asks for all.
function isListed(viewer: Viewer, allTenants: boolean, volume: VolumeRecord): boolean {
  return volume.projectId === viewer.projectId || (viewer.isAdmin && allTenants);
}
