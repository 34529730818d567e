import type { HmcContext } from '../context.ts';
import type { Resource } from '../model/model.ts';

/** Detaches all storage groups from a partition that is being deleted. */
export function detachAllGroups(_context: HmcContext, _partition: Resource): void {
  // filled in with storage groups
}
