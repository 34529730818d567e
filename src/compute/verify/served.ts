import type { ManagerServices } from '../services.ts';
import { initiatorsOf } from './expected-storage.ts';
import type { Views } from './views.ts';

/**
 * Returns the views without what belongs to the instances of Nova that `dpm serve` serves on this host. Nova and the service
 * answer for them, also for parked partitions until their attachments are gone.
 */
export function withoutServed(
  views: Views,
  { served, partitionRecords }: Pick<ManagerServices, 'served' | 'partitionRecords'>,
): Views {
  const ids = new Set(served.list().map(({ uuid }) => uuid));
  if (ids.size === 0) return views;
  const wwpns = new Set([...ids].flatMap((uuid) => partitionRecords.find(uuid)?.wwpns ?? []).map(String));
  const isOthers = (uuid: string | null | undefined) => uuid === null || uuid === undefined || !ids.has(uuid);
  const guests = views.guests.filter(({ instanceUuid }) => isOthers(instanceUuid));
  const ownUris = new Set(views.guests.filter((guest) => !guests.includes(guest)).map(({ uri }) => uri));
  return {
    ...views,
    guests,
    parked: views.parked.filter(({ instanceUuid }) => isOthers(instanceUuid)),
    storage: views.storage.filter(({ instanceUuid }) => isOthers(instanceUuid)),
    nics: views.nics.filter(({ guestUri }) => !ownUris.has(guestUri)),
    attachments: views.attachments.filter(({ instanceUuid }) => isOthers(instanceUuid)),
    strangers: views.strangers.filter(
      (attachment) => isOthers(attachment.instanceUuid) && !initiatorsOf(attachment).some((wwpn) => wwpns.has(wwpn)),
    ),
  };
}
