import { initiatorsOf } from './counted.ts';
import type { Finding } from './finding.ts';
import { failedServers } from './flows.ts';
import type { Views } from './views.ts';

/** A partition of this CPC subset without an instance. Only one that this journal knows, and that rests, is safe to take. */
export function findPartitions({ guests, instances, flows }: Views): readonly Finding[] {
  const known = new Set(instances.map(({ uuid }) => uuid));
  const history = new Set(flows.map(({ subject }) => subject));
  return guests.flatMap(({ instanceUuid, name, status, uri, doubt, isAtRest }) => {
    if (instanceUuid === null || known.has(instanceUuid)) return [];
    const isSafe = doubt === undefined && history.has(instanceUuid) && isAtRest;
    return [
      {
        kind: 'partition',
        name,
        detail: `${uri}, status ${status}: no server has it; to delete it, delete server ${instanceUuid}`,
        repair: isSafe ? 'release its volumes and delete it' : null,
        target: { id: instanceUuid },
      } as const,
    ];
  });
}

/**
 * A partition that was kept for its ports when its instance was destroyed, and for which no mask stands: Cinder has no
 * attachment of the instance, nor one for these ports. Somebody who cannot see the attachments of all projects cannot know.
 */
export function findParked({ parked, owned, everyAttachment }: ParkedViews): readonly Finding[] {
  return parked.flatMap(({ instanceUuid, name, uri, status, isAtRest, wwpns }) => {
    const isAttached =
      [...owned, ...(everyAttachment ?? [])].some((one) => one.instanceUuid === instanceUuid) ||
      everyAttachment?.some((attachment) => initiatorsOf(attachment).some((wwpn) => wwpns?.has(wwpn) === true)) ===
        true;
    if (isAttached) return [];
    const isKnown = everyAttachment !== undefined && wwpns !== undefined;
    const why = isKnown
      ? 'which has no attachment in Cinder'
      : 'of which it is not known whether it has an attachment: that takes Cinder with attachments, and an administrator there';
    const found = { kind: 'parked-partition', name, target: { id: instanceUuid } } as const;
    const detail = `${uri}, status ${status}: kept for the ports of instance ${instanceUuid}, ${why}`;
    return [{ ...found, detail, repair: isKnown && isAtRest ? 'delete it' : null }];
  });
}

type ParkedViews = Pick<Views, 'parked' | 'owned' | 'everyAttachment'>;

/** A build that failed was put back, and yet its partition is there: an HMC had denied it when it was to be deleted. */
export function findPartitionsOfFailed({ guests, instances, flows }: Views): readonly Finding[] {
  const failed = failedServers({ instances, flows });
  return guests.flatMap(({ instanceUuid, name, status, uri }) => {
    const server = failed.get(instanceUuid ?? '');
    if (server === undefined || instanceUuid === null) return [];
    const detail = `${uri}, status ${status}: its server "${server}" is in ERROR; delete the server to remove it`;
    return [{ kind: 'partition', name, detail, repair: null, target: { id: instanceUuid } } as const];
  });
}

/** A storage group of this CPC subset without instance and partition. That of a partition goes with the partition. */
export function findStorage({ storage, flows, instances }: Views): readonly Finding[] {
  const history = new Set(flows.map(({ subject }) => subject));
  const failed = failedServers({ instances, flows });
  return storage.map(({ name, uri, instanceUuid, attachedTo = [] }) => {
    const found = { kind: 'storage-group', name, target: { id: instanceUuid } } as const;
    const server = failed.get(instanceUuid);
    if (server !== undefined)
      return {
        ...found,
        detail: `${uri}: its server "${server}" is in ERROR; delete the server to remove it`,
        repair: null,
      };
    if (attachedTo.length > 0) {
      const partitions = attachedTo.map((each) => `"${each}"`).join(', ');
      const advice = `if that is the partition of server ${instanceUuid}, delete the server by this UUID, else detach the group on the HMC`;
      return {
        ...found,
        detail: `${uri}: no server has it, and it is attached to partition ${partitions}; ${advice}`,
        repair: null,
      };
    }
    const repair = history.has(instanceUuid) ? 'release its volumes and delete it' : null;
    const detail = `${uri}: neither a server nor a partition has it; to delete it, delete server ${instanceUuid}`;
    return { ...found, detail, repair };
  });
}

/** A server that should have a partition, and has none, or of which nobody can tell. */
export function findServers({ guests, instances, locations }: Views): readonly Finding[] {
  return instances.flatMap(({ uuid, name, vmState }) => {
    if (vmState !== 'active' && vmState !== 'stopped') return [];
    const guest = guests.find(({ instanceUuid }) => instanceUuid === uuid);
    const location = locations.get(uuid);
    const doubt = location?.kind === 'in-doubt' ? location.error.message : guest?.doubt;
    if (doubt === undefined && (guest !== undefined || location?.kind === 'found')) return [];
    const detail =
      doubt === undefined
        ? `${uuid} is ${vmState}, but its partition does not exist; delete the server to release its volumes`
        : `${uuid} is ${vmState}, and its partition is in doubt: ${doubt}`;
    return [{ kind: 'server', name, detail, repair: null, target: { id: uuid } } as const];
  });
}
