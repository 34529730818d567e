import type { StruckFault } from '../../server/index.ts';
import { addMessage } from './messages.ts';
import { ApiFault } from './api-fault.ts';
import { BackendError } from './driver.ts';
import type { CinderService } from './service.ts';
import type { VolumeRecord } from './state.ts';

// cinder/volume/flows: a create is tried on the back-end this often before the volume goes to `error`.
const CREATE_ATTEMPTS = 3;

// cinder/volume/api.py API.delete.
const DELETABLE = ['available', 'error', 'error_restoring', 'error_extending', 'error_managing'];

const NOT_DELETABLE =
  'Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing ' +
  'and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, ' +
  'or be disassociated from snapshots after volume transfer.';

/** What the volume service does on its own time: the disk is made, removed or enlarged when the clock says so. */
export class VolumeService {
  readonly #service: CinderService;

  constructor(service: CinderService) {
    this.#service = service;
  }

  /** Starts making the disk of a volume in `creating`: first a back-end is chosen, then the disk is made there. */
  create(volume: VolumeRecord, fault: StruckFault | undefined): void {
    const { timing } = this.#service;
    const end = takeEnd(fault);
    this.#later(volume, timing.scheduleMs, () => {
      volume.placed = true;
      volume.updatedAt = this.#service.state.now();
      const make = (isHealthy: boolean): void => this.#make(volume, isHealthy);
      const afterMs = timing.createMs - timing.scheduleMs;
      // With an image, the fault strikes while the image is copied.
      if (volume.fromImage) this.#later(volume, afterMs, () => this.#makeFromImage(volume, end));
      else this.#schedule(volume, afterMs, end, make);
    });
  }

  #makeFromImage(volume: VolumeRecord, end: End): void {
    const { state, timing } = this.#service;
    this.#make(volume, true);
    if (volume.status === 'error') return;
    state.setStatus(volume, 'downloading');
    this.#schedule(volume, timing.downloadMs, end, (isHealthy) => {
      state.setStatus(volume, isHealthy ? 'available' : 'error');
      if (!isHealthy) addMessage(this.#service, volume, 'imageNotCopied');
    });
  }

  /** Starts removing the disk. Throws {@link ApiFault} 400 in a status or with attachments that forbid it. */
  delete(volume: VolumeRecord, force: boolean, fault: StruckFault | undefined): void {
    const { state, timing } = this.#service;
    if (this.#isUnplaced(volume)) {
      // The scheduler has not seen it yet: there is nothing to undo, the record is simply gone.
      state.volumes.delete(volume.id);
      return;
    }
    const isFree = force || DELETABLE.includes(volume.status);
    if (!isFree || state.attachmentsOf(volume.id).length > 0) throw new ApiFault(400, NOT_DELETABLE);
    state.setStatus(volume, 'deleting');
    this.#schedule(volume, timing.deleteMs, takeEnd(fault), (isHealthy) => this.#remove(volume, isHealthy));
  }

  /** Starts enlarging the disk of a volume that the caller has checked. */
  extend(volume: VolumeRecord, newSize: number, fault: StruckFault | undefined): void {
    const { state, driver, timing } = this.#service;
    const before = volume.status;
    state.setStatus(volume, 'extending');
    this.#schedule(volume, timing.extendMs, takeEnd(fault), (isHealthy) => {
      const extended = isHealthy && attempt(1, () => driver.extendVolume(volume.id, newSize));
      if (extended) volume.size = newSize;
      state.setStatus(volume, extended ? before : 'error_extending');
    });
  }

  #make(volume: VolumeRecord, isHealthy: boolean): void {
    const { state, driver } = this.#service;
    const make = (): void => driver.createVolume(volume.id, volume.size, volume.bootable);
    volume.placed = isHealthy && attempt(CREATE_ATTEMPTS, make);
    state.setStatus(volume, volume.placed ? 'available' : 'error');
    if (!volume.placed) addMessage(this.#service, volume, 'noBackend');
  }

  #remove(volume: VolumeRecord, isHealthy: boolean): void {
    const { state, driver } = this.#service;
    const removed = isHealthy && attempt(1, () => driver.deleteVolume(volume.id));
    if (removed) state.volumes.delete(volume.id);
    else state.setStatus(volume, 'error_deleting');
  }

  #isUnplaced(volume: VolumeRecord): boolean {
    const { state, timing } = this.#service;
    return volume.status === 'creating' && state.now() < volume.createdAt + timing.scheduleMs;
  }

  #schedule(volume: VolumeRecord, afterMs: number, end: End, settle: (isHealthy: boolean) => void): void {
    if (end !== 'never') this.#later(volume, afterMs, () => settle(end === 'well'));
  }

  #later(volume: VolumeRecord, afterMs: number, settle: () => void): void {
    volume.pending = { dueAt: this.#service.state.now() + Math.max(0, afterMs), settle };
  }
}

/** How a piece of the service's work ends. */
type End = 'well' | 'badly' | 'never';

/** Read while the request is served, as that is when a fault must say that it strikes. */
function takeEnd(fault: StruckFault | undefined): End {
  const kind = fault?.kind.type;
  if (kind !== 'stuck' && kind !== 'backend-error') return 'well';
  fault?.take();
  return kind === 'stuck' ? 'never' : 'badly';
}

/** Whether the work succeeded within so many attempts; the array's failures count, anything else is thrown on. */
function attempt(attempts: number, work: () => void): boolean {
  for (let left = attempts; left > 0; left -= 1) {
    try {
      work();
      return true;
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
    }
  }
  return false;
}
