import type { StruckFault } from '../../server/index.ts';
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

  /** Starts making the disk of a volume in `creating`; a stuck one stays there. */
  create(volume: VolumeRecord, fault: StruckFault | undefined): void {
    const { state, driver, timing } = this.#service;
    this.#schedule(volume, timing.createMs, fault, (isHealthy) => {
      volume.placed = isHealthy;
      const made =
        isHealthy && attempt(CREATE_ATTEMPTS, () => driver.createVolume(volume.id, volume.size, volume.bootable));
      state.setStatus(volume, made ? 'available' : 'error');
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
    this.#schedule(volume, timing.deleteMs, fault, (isHealthy) => this.#remove(volume, isHealthy));
  }

  /** Starts enlarging the disk of a volume that the caller has checked. */
  extend(volume: VolumeRecord, newSize: number, fault: StruckFault | undefined): void {
    const { state, driver, timing } = this.#service;
    const before = volume.status;
    state.setStatus(volume, 'extending');
    this.#schedule(volume, timing.extendMs, fault, (isHealthy) => {
      const extended = isHealthy && attempt(1, () => driver.extendVolume(volume.id, newSize));
      if (extended) volume.size = newSize;
      state.setStatus(volume, extended ? before : 'error_extending');
    });
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

  #schedule(
    volume: VolumeRecord,
    afterMs: number,
    fault: StruckFault | undefined,
    settle: (isHealthy: boolean) => void,
  ): void {
    const kind = fault?.kind.type;
    if (kind === 'stuck' || kind === 'backend-error') fault?.take();
    if (kind === 'stuck') return;
    const isHealthy = kind !== 'backend-error';
    volume.pending = { dueAt: this.#service.state.now() + afterMs, settle: () => settle(isHealthy) };
  }
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
