import type { Finding } from './finding.ts';
import { isOpen, openSubjects, settledServers } from './flows.ts';
import type { Views } from './views.ts';

/** A volume that a server counts as its own, and Cinder does not. */
export function findVolumes({ devices, attachmentIds, instances }: Views): readonly Finding[] {
  return devices.flatMap(({ reservation, volumeId, instanceUuid }) => {
    const attachmentId = reservation?.attachmentId ?? null;
    if (attachmentId === null || attachmentIds.has(attachmentId)) return [];
    const server = instances.find(({ uuid }) => uuid === instanceUuid)?.name ?? instanceUuid;
    const detail = `server ${server} has it by attachment ${attachmentId}, which Cinder does not know`;
    return [{ kind: 'volume', name: volumeId, detail, repair: null, target: { id: volumeId } } as const];
  });
}

/** A volume that was attached without Nova, and that Cinder counts as attached no longer. */
export function findLocalVolumes({ local, attachmentIds, flows, partitionUris }: Views): readonly Finding[] {
  const open = openSubjects(flows);
  return local.flatMap(({ volumeId, place, reservation }) => {
    const attachmentId = reservation?.attachmentId ?? null;
    const isPlaceGone = place.kind === 'partition' && !partitionUris.has(place.uri);
    const isKnown = attachmentId !== null && attachmentIds.has(attachmentId);
    if (open.has(volumeId) || (isKnown && !isPlaceGone)) return [];
    const where = place.kind === 'host' ? 'this host' : `partition "${place.name}"`;
    const why = isPlaceGone ? 'but the partition does not exist' : 'which Cinder does not know';
    const how = attachmentId === null ? '' : ` by attachment ${attachmentId}, ${why}`;
    const detail = `${where} has it${how}; dpm local-detach takes away what is left of it`;
    return [{ kind: 'volume', name: volumeId, detail, repair: null, target: { id: volumeId } } as const];
  });
}

/**
 * A volume that a server uses, and of which Cinder says that it is still on the way: an answer to an older request came
 * after the volume was told to be in use.
 */
export function findUnfinishedVolumes({ attachments, devices, flows, instances, isBusy }: Views): readonly Finding[] {
  if (isBusy) return [];
  const settled = settledServers({ instances, flows });
  return attachments.flatMap(({ id, status }) => {
    const device = devices.find(({ reservation }) => reservation?.attachmentId === id);
    const server = settled.get(device?.instanceUuid ?? '');
    if (device === undefined || server === undefined || status === 'attached') return [];
    const detail = `server ${server} uses it by attachment ${id}, which Cinder has in status ${status}`;
    return [
      {
        kind: 'volume',
        name: device.volumeId,
        detail,
        repair: 'tell Cinder that it is in use',
        target: { id },
      } as const,
    ];
  });
}

/** A volume that a server uses, and that Cinder has begun to detach for a request that nobody waits for any more. */
export function findDetachingVolumes({ volumes, devices, flows, instances, isBusy }: Views): readonly Finding[] {
  if (isBusy) return [];
  const detaching = new Set(volumes.filter(({ status }) => status === 'detaching').map(({ id }) => id));
  const settled = settledServers({ instances, flows });
  return devices.flatMap(({ volumeId, instanceUuid }) => {
    const server = settled.get(instanceUuid);
    if (server === undefined || !detaching.has(volumeId)) return [];
    const detail = `server ${server} uses it, and Cinder has it in status detaching, though nothing detaches it`;
    return [
      { kind: 'volume', name: volumeId, detail, repair: 'take the detaching back', target: { id: volumeId } } as const,
    ];
  });
}

/**
 * A volume that was reserved in the flow of old, which names nobody, and of which only our journal tells that it may be
 * ours: a reservation that came late, when nobody waited for it any more. Another host may be attaching it at this very
 * moment, so it is a person who takes it back.
 */
export function findAttachingVolumes({ attaching, mentions, flows, isBusy }: Views): readonly Finding[] {
  if (isBusy) return [];
  const open = new Set(flows.filter(isOpen).map(({ id }) => id));
  return attaching.flatMap(({ id, name }) => {
    const ours = mentions.get(id) ?? new Set();
    if (ours.size === 0 || [...ours].some((flow) => open.has(flow))) return [];
    const called = name === '' ? '' : ` "${name}"`;
    const detail = `volume${called} is in status attaching, and none of the flows of this host that had it is under way; unless another host is attaching it, take the reservation back (os-unreserve)`;
    return [{ kind: 'volume', name: id, detail, repair: null, target: { id } } as const];
  });
}
