import type { HmcContext } from '../context.ts';
import type { FcpGroupState } from '../model/fcp-group.ts';
import { numberOf, textOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { isSameSize, type FoundLun } from './matching.ts';

/** What discovery found out about one volume. */
export interface VolumeFinding {
  readonly lun: FoundLun | undefined;
  /** Whether every WWPN that should reach the LUN does. */
  readonly isReachedByAll: boolean;
  readonly wasTold: boolean;
  /** Whether an API client has accepted the LUN with its present size. */
  readonly isAccepted: boolean;
}

/** States of a storage volume. Source: zhmc-prometheus-exporter, `zhmc_storagevolume_fulfillment_state_int`. */
export type VolumeState =
  | 'complete'
  | 'configuration-error'
  | 'deleting'
  | 'incomplete'
  | 'overprovisioned'
  | 'pending'
  | 'pending-with-mismatches';

/** States of a storage group. Source: zhmc-prometheus-exporter, `zhmc_storagegroup_fulfillment_state_int`. */
export type GroupState = 'complete' | 'pending' | 'pending-with-mismatches' | 'checking-migration' | 'incomplete';

/**
 * The state of a volume after a discovery. What was `complete` and is not found any more is `incomplete`; what was only told where it is
 * stays `complete` until discovery has seen it once (inferred).
 */
export function volumeState(volume: Resource, finding: VolumeFinding): VolumeState {
  const { lun, isReachedByAll, wasTold, isAccepted } = finding;
  const before = textOf(volume.props, 'fulfillment-state');
  if (lun === undefined) {
    if (volume.props.uuid !== undefined) return 'incomplete';
    return wasTold ? 'complete' : 'pending';
  }
  const wanted = numberOf(volume.props, 'size');
  const isRightSize = isAccepted || isSameSize(lun.sizeGib, wanted);
  if (lun.sizeGib < wanted && !isRightSize) return wasTold ? 'configuration-error' : 'pending';
  if (!isReachedByAll) return before === 'pending' ? 'pending' : 'incomplete';
  return isRightSize ? 'complete' : 'overprovisioned';
}

/**
 * The state that each state of a volume gives to its group. The three that ask for a decision make it `pending-with-mismatches`. Source: IBM
 * WS API, Storage Group object: Class specific additional properties, 3932-LA2.
 */
const groupStates: Readonly<Record<VolumeState, GroupState>> = {
  'pending-with-mismatches': 'pending-with-mismatches',
  'configuration-error': 'pending-with-mismatches',
  overprovisioned: 'pending-with-mismatches',
  incomplete: 'incomplete',
  pending: 'pending',
  deleting: 'complete', // it does not count any more (inferred)
  complete: 'complete',
};

/** By how much they weigh where volumes differ (inferred). */
const weights: readonly GroupState[] = ['pending-with-mismatches', 'incomplete', 'pending'];

/** Sets the state of a group from those of its volumes; one without volumes has nothing that could be complete. */
export function updateGroupState({ model }: HmcContext, group: Resource): void {
  const volumes = model.childrenOf(group, 'storage-volume').filter(({ props }) => props['eckd-type'] !== 'alias');
  const states = volumes.map(({ props }) => groupStateOf(textOf(props, 'fulfillment-state')));
  const worst = weights.find((state) => states.includes(state));
  group.props['fulfillment-state'] = worst ?? (volumes.length === 0 ? 'pending' : 'complete');
}

/** Definition files may hold a state that no volume has. */
function groupStateOf(state: string): GroupState {
  return (groupStates as Partial<Record<string, GroupState>>)[state] ?? 'pending';
}

/** Returns whether an API client has accepted the LUN of the volume with its present size. */
export function isAcceptedLun(state: FcpGroupState, lun: FoundLun | undefined): boolean {
  return lun !== undefined && state.accepted.get(lun.uuid) === lun.sizeGib;
}
