import type { RequestContext } from '../virt/index.ts';
import type { ManagerServices } from './services.ts';
import { findAttachments, findStrayMasks } from './verify/attachments.ts';
import { findSurplus } from './verify/expected-storage.ts';
import type { Finding } from './verify/views.ts';
import { withoutServed } from './verify/served.ts';
import { findFlows } from './verify/flows.ts';
import { findParked, findPartitions, findPartitionsOfFailed, findServers, findStorage } from './verify/guests.ts';
import { look } from './verify/look.ts';
import { findNics } from './verify/networks.ts';
import {
  findAttachingVolumes,
  findDetachingVolumes,
  findLocalVolumes,
  findUnfinishedVolumes,
  findVolumes,
} from './verify/volumes.ts';

/**
 * Compares the HMC, Cinder and the journal, and returns orphans. Changes nothing.
 *
 * Cinder serves other compute hosts too: an attachment belongs to this host if it names an instance, or a port of a partition,
 * that this journal knows.
 */
export async function findOrphans(services: ManagerServices, context: RequestContext): Promise<readonly Finding[]> {
  const views = withoutServed(await look(services, context), services);
  return [
    ...findPartitions(views),
    ...findParked(views),
    ...findPartitionsOfFailed(views),
    ...findStorage(views),
    ...findSurplus(views),
    ...findNics(views),
    ...findServers(views),
    ...findVolumes(views),
    ...findLocalVolumes(views),
    ...findUnfinishedVolumes(views),
    ...findDetachingVolumes(views),
    ...findAttachingVolumes(views),
    ...findAttachments(views),
    ...findStrayMasks(views),
    ...findFlows(views),
  ];
}
