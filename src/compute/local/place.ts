import type { Waiting } from '../../base/index.ts';
import type { Connector } from '../../cinder-client/index.ts';
import type { LocalVolume, LocalVolumeChange } from './records.ts';

/** Options of operations that report their progress. */
export interface PlaceWaiting extends Waiting {
  readonly progress?: ((detail: string) => void) | undefined;
}

/**
 * A place to which volumes are attached: this host, or a partition through its HMC.
 *
 * Every method is idempotent. Methods that remove something succeed when it is already gone.
 */
export interface AttachPlace {
  /** Creates the ports that a connector needs. @param save - records them before they are created */
  prepare(volume: LocalVolume, save: (change: LocalVolumeChange) => void, w: PlaceWaiting): Promise<void>;
  /** Removes what {@link AttachPlace.prepare} created, unless another volume needs it. */
  giveBack(volume: LocalVolume, w: PlaceWaiting): Promise<void>;
  connector(volume: LocalVolume, w: Waiting): Promise<Connector>;
  /** Connects a mapped volume. @returns the change of its record */
  connect(volume: LocalVolume, w: PlaceWaiting): Promise<LocalVolumeChange>;
  /** Disconnects the volume, before Cinder unmaps it. @param force - continue if data cannot be flushed */
  disconnect(volume: LocalVolume, force: boolean, w: PlaceWaiting): Promise<void>;
  /** Removes devices that a scan added again between the disconnect and the unmapping. The volume is no longer mapped. */
  clear(volume: LocalVolume, w: PlaceWaiting): Promise<void>;
  mount(volume: LocalVolume, w: Waiting): Promise<void>;
  /** @returns whether it was mounted */
  unmount(volume: LocalVolume, w: Waiting): Promise<boolean>;
  /** Returns what exists of the volume now, one line each. Changes nothing. */
  remains(volume: LocalVolume, w: Waiting): Promise<readonly string[]>;
}
