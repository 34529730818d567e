import type { Attachment } from '../../cinder-client/index.ts';
import type { LocalVolume } from '../local/index.ts';
import { initiatorsOf, portsOf } from './expected-storage.ts';
import { isOpen, openSubjects } from './flows.ts';
import type { Finding, Views } from './views.ts';

/** Finds attachments (and their LUN masks) of an instance of this host that is gone, or whose record lacks them. */
export function findAttachments({ attachments, devices, flows, guests, instances }: Views): readonly Finding[] {
  const history = new Set(flows.map(({ subject }) => subject));
  const counted = new Set(devices.map(({ reservation }) => reservation?.attachmentId));
  const busy = new Set(flows.filter(({ state }) => state === 'running').map(({ subject }) => subject));
  const held = new Set([...guests.map(({ instanceUuid }) => instanceUuid), ...instances.map(({ uuid }) => uuid)]);
  return attachments.flatMap(({ id, volumeId, instanceUuid, status }) => {
    if (instanceUuid === undefined || !history.has(instanceUuid) || counted.has(id) || busy.has(instanceUuid))
      return [];
    return [
      {
        kind: 'attachment',
        name: id,
        detail: `of volume ${volumeId}, status ${status}, for instance ${instanceUuid}`,
        // While the instance exists, its guest may be using the disk.
        repair: held.has(instanceUuid) ? null : 'delete it, which also removes its LUN mask',
        target: { id, instanceUuid },
      } as const,
    ];
  });
}

/**
 * Finds attachments that name no instance of this host and are in none of its records: those of other hosts, and, without a
 * service user (attachments then name no instance), orphans of this host. Their ports tell which are of this host.
 */
export function findStrangers({ attachments, devices, local, flows }: StrangerViews): readonly Attachment[] {
  const history = new Set(flows.map(({ subject }) => subject));
  const counted = new Set([...devices, ...local].map(({ reservation }) => reservation?.attachmentId));
  return attachments.filter(
    (attachment) =>
      !counted.has(attachment.id) &&
      !(attachment.instanceUuid !== undefined && history.has(attachment.instanceUuid)) &&
      initiatorsOf(attachment).length > 0,
  );
}

type StrangerViews = Pick<Views, 'attachments' | 'devices' | 'local' | 'flows'>;

/**
 * Finds masks for present or past ports of this host's partitions, by attachments that no record contains. Only an operator may
 * delete them: a guest may be using the disk, or a WWPN that this user cannot see may belong to another partition now.
 */
export function findStrayMasks(views: Views): readonly Finding[] {
  const { strangers, mentions, flows, isBusy } = views;
  if (isBusy) return [];
  const users = portUsers(views);
  const open = new Set(flows.filter(isOpen).map(({ id }) => id));
  return strangers.flatMap((attachment) => {
    const wwpns = initiatorsOf(attachment).filter((wwpn) => mentions.has(wwpn) || users.has(wwpn));
    const history = wwpns.flatMap((wwpn) => [...(mentions.get(wwpn) ?? [])]);
    if (wwpns.length === 0 || history.some((id) => open.has(id))) return [];
    const where = describePorts(wwpns, users, views);
    if (where === undefined) return [];
    const { id, volumeId, status } = attachment;
    const detail = `of volume ${volumeId}, status ${status}, masks it to ${wwpns.join(', ')}: ${where}`;
    return [{ kind: 'attachment', name: id, detail, repair: null, target: { id } } as const];
  });
}

/**
 * Returns the users of the ports that this program made, by WWPN. Ports that a partition had before a volume was attached to it
 * without Nova are not included: their owner may have volumes there.
 */
function portUsers({ devices, local, instances, flows }: Views): ReadonlyMap<string, string> {
  const open = openSubjects(flows);
  const names = new Map(instances.map(({ uuid, name }) => [uuid, name]));
  const made = local.filter(({ madePorts, volumeId }) => madePorts && !open.has(volumeId));
  return new Map([
    ...made.flatMap((volume) => portsOf(volume).map((wwpn) => [wwpn, describe(volume)] as const)),
    ...devices.flatMap((device) =>
      portsOf(device).map(
        (wwpn) => [wwpn, `server "${names.get(device.instanceUuid) ?? device.instanceUuid}"`] as const,
      ),
    ),
  ]);
}

function describe({ place }: LocalVolume): string {
  return place.kind === 'partition' ? `partition "${place.name}"` : 'this host';
}

/** Describes whose ports these are; undefined if they belong to others by now. */
function describePorts(
  wwpns: readonly string[],
  users: ReadonlyMap<string, string>,
  { wwpnsThere }: Views,
): string | undefined {
  const user = wwpns.map((wwpn) => users.get(wwpn)).find((name) => name !== undefined);
  if (user !== undefined) return `ports of ${user}, which has no record of the volume`;
  if (wwpns.some((wwpn) => wwpnsThere.has(wwpn))) return undefined;
  return 'ports of a deleted partition of this host; the next owner of one of these WWPNs could access the disk';
}
