import type { ConnectionInfo, VolumePath } from 'nova-dpm';
import type { MakeVolumeDriver } from './rehearsal.ts';

/** A volume for the checks: an answer of Cinder. @public */
export interface VolumeDriverSample {
  /** Used in the names of the checks: the back end, or a property of its answer. */
  readonly name: string;
  /**
   * `connection_info` for the ports of {@link conformanceInstance}, which reach at least one of its targets. With an
   * empty `data`, it must be unusable.
   */
  readonly connectionInfo: ConnectionInfo;
  /** The expected paths, in boot order. Not compared if omitted. */
  readonly paths?: readonly Pick<VolumePath, 'initiatorWwpn' | 'targetWwpn' | 'lun'>[] | undefined;
}

/** A sample, and the function that creates a driver. */
export interface VolumeDriverSubject {
  readonly make: MakeVolumeDriver;
  readonly sample: VolumeDriverSample;
  readonly patienceMs: number;
}

/** A check that is run with each sample. */
export interface VolumeDriverCheck {
  readonly name: string;
  readonly run: (subject: VolumeDriverSubject) => Promise<void>;
}
