import type { HmcContext } from '../context.ts';
import { numberOf, textOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { isSameSize, type FoundLun } from './matching.ts';

/** What discovery found out about one volume. */
export interface VolumeFinding {
  readonly lun: FoundLun | undefined;
  /** Whether every WWPN that should reach the LUN does. */
  readonly isReachedByAll: boolean;
  readonly wasTold: boolean;
}

/**
 * The state of a volume after a discovery. What was `complete` and is not found any more is `incomplete`; what was only told where it is
 * stays `complete` until discovery has seen it once (inferred).
 */
export function volumeState(volume: Resource, { lun, isReachedByAll, wasTold }: VolumeFinding): string {
  const before = textOf(volume.props, 'fulfillment-state');
  if (lun === undefined) {
    if (volume.props.uuid !== undefined) return 'incomplete';
    return wasTold ? 'complete' : 'pending';
  }
  const wanted = numberOf(volume.props, 'size');
  if (lun.sizeGib < wanted && !isSameSize(lun.sizeGib, wanted)) return wasTold ? 'configuration-error' : 'pending';
  if (!isReachedByAll) return before === 'pending' ? 'pending' : 'incomplete';
  return isSameSize(lun.sizeGib, wanted) ? 'complete' : 'overprovisioned';
}

/** States of volumes by how much they weigh for the group; volumes with more than was asked for count as complete. */
const weights = ['pending-with-mismatches', 'configuration-error', 'incomplete', 'checking-migration', 'pending'];

/** Sets the state of a group from those of its volumes; one without volumes has nothing that could be complete. */
export function updateGroupState({ model }: HmcContext, group: Resource): void {
  const volumes = model.childrenOf(group, 'storage-volume').filter(({ props }) => props['eckd-type'] !== 'alias');
  const states = volumes.map(({ props }) => textOf(props, 'fulfillment-state'));
  const worst = weights.find((state) => states.includes(state));
  group.props['fulfillment-state'] = worst ?? (volumes.length === 0 ? 'pending' : 'complete');
}
