import type { Logger, Waiting } from '../../base/index.ts';
import type { CinderClient, CompleteRequest, VolumeClaims, VolumeConnections } from '../../cinder-client/index.ts';
import type { StepContext } from '../journal/index.ts';
import type { AttachPlace } from './place.ts';
import type { LocalVolume, LocalVolumeChange, LocalVolumeInput, LocalVolumeStore, Place } from './records.ts';

/** What the steps work with. None of it enters the journal. */
export interface LocalFlowDeps {
  readonly store: LocalVolumeStore;
  readonly cinder: CinderClient;
  readonly connections: (w: Waiting) => Promise<VolumeConnections>;
  readonly claims: VolumeClaims;
  readonly placeOf: (place: Place) => AttachPlace;
  readonly log: Logger;
}

type Context<Input extends LocalVolumeInput> = StepContext<{ readonly input: Input }, LocalFlowDeps>;

/** Returns the record as it is now: a resumed step must not use an older one. */
export function recordOf({ state, deps }: Context<LocalVolumeInput>): LocalVolume | undefined {
  return deps.store.find(state.input);
}

/** Returns a function that writes changes to the record. */
export function saver({ state, deps }: Context<LocalVolumeInput>): (change: LocalVolumeChange) => void {
  return (change) => {
    deps.store.update(state.input, change);
  };
}

export function placeOf({ state, deps }: Context<LocalVolumeInput>): AttachPlace {
  return deps.placeOf(state.input.place);
}

/** Undoes a reservation or a mapping. */
export async function release(ctx: Context<LocalVolumeInput>): Promise<void> {
  const record = recordOf(ctx);
  if (record !== undefined) await ctx.deps.claims.release(record, saver(ctx), { signal: ctx.signal });
}

/** Returns what Cinder shows as the user of the volume: the directory, the device, or `na`. */
export function completionOf({ mountpoint, deviceInfo, mode, connector }: LocalVolume): CompleteRequest {
  return { mountpoint: mountpoint ?? deviceInfo?.path ?? 'na', mode, hostName: connector?.host };
}
