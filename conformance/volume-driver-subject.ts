import type { ConnectionInfo, VolumePath } from 'nova-dpm';
import type { MakeVolumeDriver } from './rehearsal.ts';

/** A volume to try a driver with: what Cinder answers for it. @public */
export interface VolumeDriverSample {
  /** For the names of the checks: the back end, or what is special about its answer. */
  readonly name: string;
  /**
   * As Cinder gives it for the ports of {@link conformanceInstance}. At least one target can be reached from them, and
   * `data` means nothing once it is empty.
   */
  readonly connectionInfo: ConnectionInfo;
  /** The paths that the driver has to find, in the order in which a boot has to try them; not compared where it is left out. */
  readonly paths?: readonly Pick<VolumePath, 'initiatorWwpn' | 'targetWwpn' | 'lun'>[] | undefined;
}

/** One sample, and how the driver for it is made. */
export interface VolumeDriverSubject {
  readonly make: MakeVolumeDriver;
  readonly sample: VolumeDriverSample;
  readonly patienceMs: number;
}

/** A check of the contract, to be tried with each sample. */
export interface VolumeDriverCheck {
  readonly name: string;
  readonly run: (subject: VolumeDriverSubject) => Promise<void>;
}
