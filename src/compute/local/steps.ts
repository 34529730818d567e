import type { Logger, Waiting } from '../../base/index.ts';
import type {
  CinderClient,
  CompleteRequest,
  SaveClaim,
  VolumeClaims,
  VolumeConnections,
} from '../../cinder-client/index.ts';
import type { AttachPlace } from './place.ts';
import type {
  LocalVolume,
  LocalVolumeChange,
  LocalVolumeInput,
  LocalVolumeKey,
  LocalVolumeStore,
  Place,
} from './records.ts';

/** Live things that the steps work with; none of it enters the journal. */
export interface LocalFlowDeps {
  readonly store: LocalVolumeStore;
  readonly cinder: CinderClient;
  readonly connections: (w: Waiting) => Promise<VolumeConnections>;
  readonly claims: VolumeClaims;
  readonly placeOf: (place: Place) => AttachPlace;
  readonly log: Logger;
}

/** The record is what the steps go by, so that a resumed step sees what is. */
export function saver(deps: LocalFlowDeps, key: LocalVolumeKey): SaveClaim & ((change: LocalVolumeChange) => void) {
  return (change: LocalVolumeChange) => {
    deps.store.update(key, change);
  };
}

export function recordOf(deps: LocalFlowDeps, input: LocalVolumeInput): LocalVolume | undefined {
  return deps.store.find(input);
}

/** What Cinder shows of the user: the directory, the device, or that there is none to tell of. */
export function completionOf({ mountpoint, deviceInfo, mode, connector }: LocalVolume): CompleteRequest {
  return { mountpoint: mountpoint ?? deviceInfo?.path ?? 'na', mode, hostName: connector?.host };
}
