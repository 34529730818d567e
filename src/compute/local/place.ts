import type { Waiting } from '../../base/index.ts';
import type { Connector } from '../../cinder-client/index.ts';
import type { LocalVolume, LocalVolumeChange } from './records.ts';

/** Waits in which a person may want to know what for. */
export interface PlaceWaiting extends Waiting {
  readonly progress?: ((detail: string) => void) | undefined;
}

/**
 * A place to which volumes are attached: this host, or a partition by way of its HMC. The flows know only this.
 *
 * Every method is safe to call twice, and those that take away succeed when there is nothing left.
 */
export interface AttachPlace {
  /** Gives the place what a connector needs. @param save - writes down what is about to be made, before it is */
  prepare(volume: LocalVolume, save: (change: LocalVolumeChange) => void, w: PlaceWaiting): Promise<void>;
  /** Takes away what {@link AttachPlace.prepare} made, unless another volume needs it. */
  giveBack(volume: LocalVolume, w: PlaceWaiting): Promise<void>;
  connector(volume: LocalVolume, w: Waiting): Promise<Connector>;
  /** Makes a volume that Cinder has mapped usable there. @returns what is to be kept of it */
  connect(volume: LocalVolume, w: PlaceWaiting): Promise<LocalVolumeChange>;
  /** Takes the volume away, before Cinder unmaps it. @param force - go on where data cannot be flushed */
  disconnect(volume: LocalVolume, force: boolean, w: PlaceWaiting): Promise<void>;
  mount(volume: LocalVolume, w: Waiting): Promise<void>;
  /** @returns whether it was mounted */
  unmount(volume: LocalVolume, w: Waiting): Promise<boolean>;
  /** What is there of the volume now, one line each; nothing of it is changed. */
  remains(volume: LocalVolume, w: Waiting): Promise<readonly string[]>;
}
