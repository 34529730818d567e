import { describePlace } from '../local/index.ts';
import { isOpen, openSubjects, settledServers } from './flows.ts';
import type { Finding, Views } from './views.ts';

/** Finds volumes of servers whose attachment Cinder does not have. */
export function findVolumes({ devices, attachmentIds, instances }: Views): readonly Finding[] {
  return devices.flatMap(({ reservation, volumeId, instanceUuid }) => {
    const attachmentId = reservation?.attachmentId ?? null;
    if (attachmentId === null || attachmentIds.has(attachmentId)) return [];
    const server = instances.find(({ uuid }) => uuid === instanceUuid)?.name ?? instanceUuid;
    const detail = `server ${server} has it by attachment ${attachmentId}, which Cinder does not know`;
    return [{ kind: 'volume', name: volumeId, detail, repair: null, target: { id: volumeId } } as const];
  });
}

/** Finds volumes attached without Nova whose attachment Cinder no longer has, or whose partition is gone. */
export function findLocalVolumes({ local, attachmentIds, flows, partitionUris }: Views): readonly Finding[] {
  const open = openSubjects(flows);
  return local.flatMap(({ volumeId, place, reservation }) => {
    const attachmentId = reservation?.attachmentId ?? null;
    const isPlaceGone = place.kind === 'partition' && !partitionUris.has(place.uri);
    const isKnown = attachmentId !== null && attachmentIds.has(attachmentId);
    if (open.has(volumeId) || (isKnown && !isPlaceGone)) return [];
    const why = isPlaceGone ? 'but the partition does not exist' : 'which Cinder does not know';
    const how = attachmentId === null ? '' : ` by attachment ${attachmentId}, ${why}`;
    const detail = `${describePlace(place)} has it${how}; dpm local-detach removes what is left of it`;
    return [{ kind: 'volume', name: volumeId, detail, repair: null, target: { id: volumeId } } as const];
  });
}

/** A volume without an open flow, and its user. */
interface Use {
  readonly volumeId: string;
  readonly attachmentId: string | null;
  readonly user: string;
}

/** Returns the uses by servers, and by places to which volumes were attached without Nova. */
function settledUses({ devices, local, flows, instances }: Views): readonly Use[] {
  const settled = settledServers({ instances, flows });
  const open = openSubjects(flows);
  return [
    ...devices.flatMap(({ volumeId, instanceUuid, reservation }) => {
      const server = settled.get(instanceUuid);
      const attachmentId = reservation?.attachmentId ?? null;
      return server === undefined ? [] : [{ volumeId, attachmentId, user: `server ${server}` }];
    }),
    ...local
      .filter(({ volumeId, isAttached }) => isAttached && !open.has(volumeId))
      .map(({ volumeId, reservation, place }) => {
        return { volumeId, attachmentId: reservation?.attachmentId ?? null, user: describePlace(place) };
      }),
  ];
}

/**
 * Finds volumes in use that Cinder still shows as attaching: an older request took effect after the volume was completed.
 */
export function findUnfinishedVolumes(views: Views): readonly Finding[] {
  const { attachments, isBusy } = views;
  if (isBusy) return [];
  const uses = settledUses(views);
  return attachments.flatMap(({ id, status }) => {
    const use = uses.find(({ attachmentId }) => attachmentId === id);
    if (use === undefined || status === 'attached') return [];
    const detail = `${use.user} uses it by attachment ${id}, which Cinder has in status ${status}`;
    const repair = 'set its status in Cinder to in-use';
    return [{ kind: 'volume', name: use.volumeId, detail, repair, target: { id } } as const];
  });
}

/** Finds volumes in use that Cinder began to detach for a request that was abandoned. */
export function findDetachingVolumes(views: Views): readonly Finding[] {
  const { volumes, isBusy } = views;
  if (isBusy) return [];
  const detaching = new Set(volumes.filter(({ status }) => status === 'detaching').map(({ id }) => id));
  return settledUses(views).flatMap(({ volumeId, user }) => {
    if (!detaching.has(volumeId)) return [];
    const detail = `${user} uses it, and Cinder has it in status detaching, but no detach is running`;
    const repair = 'roll the detach back in Cinder';
    return [{ kind: 'volume', name: volumeId, detail, repair, target: { id: volumeId } } as const];
  });
}

/**
 * Finds volumes with a legacy reservation (which names no owner) that the journal mentions: the reservation may have taken effect
 * after it was abandoned. Only an operator may remove it, because another host may be attaching the volume now.
 */
export function findAttachingVolumes({ attaching, mentions, flows, isBusy }: Views): readonly Finding[] {
  if (isBusy) return [];
  const open = new Set(flows.filter(isOpen).map(({ id }) => id));
  return attaching.flatMap(({ id, name }) => {
    const ours = mentions.get(id) ?? new Set();
    if (ours.size === 0 || [...ours].some((flow) => open.has(flow))) return [];
    const called = name === '' ? '' : ` "${name}"`;
    const detail = `volume${called} is in status attaching, but no flow of this host that used it is running; unless another host is attaching it, cancel the reservation (os-unreserve)`;
    return [{ kind: 'volume', name: id, detail, repair: null, target: { id } } as const];
  });
}
