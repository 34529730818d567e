import { initiatorsOf } from './expected-storage.ts';
import { failedServers } from './flows.ts';
import type { Finding, Views } from './views.ts';

/** Finds partitions of this CPC subset without an instance. Deleting is safe only if this journal knows them and they are stopped. */
export function findPartitions({ guests, instances, flows }: Views): readonly Finding[] {
  const known = new Set(instances.map(({ uuid }) => uuid));
  const history = new Set(flows.map(({ subject }) => subject));
  return guests.flatMap(({ instanceUuid, name, status, uri, doubt, isAtRest }) => {
    if (instanceUuid === null || known.has(instanceUuid)) return [];
    const isSafe = doubt === undefined && history.has(instanceUuid) && isAtRest;
    const detail = `${uri}, status ${status}: it has no server; to delete it, delete server ${instanceUuid}`;
    const repair = isSafe ? 'release its volumes and delete it' : null;
    return [{ kind: 'partition', name, detail, repair, target: { id: instanceUuid } } as const];
  });
}

/**
 * Finds partitions that were kept for the ports of a destroyed instance and have no mask left: Cinder has no attachment for
 * these ports, and none of the instance whose ports it does not name. The attachments of an instance that was evacuated name
 * those of another host. Only a user who sees the attachments of all projects can be certain.
 */
export function findParked({ parked, owned, everyAttachment }: ParkedViews): readonly Finding[] {
  return parked.flatMap(({ instanceUuid, name, uri, status, isAtRest, wwpns }) => {
    const all = [...owned, ...(everyAttachment ?? [])];
    const isNeeded = all.some((one) => {
      const initiators = initiatorsOf(one);
      if (initiators.some((wwpn) => wwpns?.has(wwpn) === true)) return true;
      return one.instanceUuid === instanceUuid && (initiators.length === 0 || wwpns === undefined);
    });
    if (isNeeded) return [];
    const isKnown = everyAttachment !== undefined && wwpns !== undefined;
    const why = isKnown
      ? 'which has no attachment in Cinder'
      : "whose attachments are unknown: listing them requires Cinder's attachments API and an administrator";
    const found = { kind: 'parked-partition', name, target: { id: instanceUuid } } as const;
    const detail = `${uri}, status ${status}: kept for the ports of instance ${instanceUuid}, ${why}`;
    return [{ ...found, detail, repair: isKnown && isAtRest ? 'delete it' : null }];
  });
}

type ParkedViews = Pick<Views, 'parked' | 'owned' | 'everyAttachment'>;

/** Finds partitions of builds that were rolled back: an HMC had hidden the partition from the rollback. */
export function findPartitionsOfFailed({ guests, instances, flows }: Views): readonly Finding[] {
  const failed = failedServers({ instances, flows });
  return guests.flatMap(({ instanceUuid, name, status, uri }) => {
    const server = failed.get(instanceUuid ?? '');
    if (server === undefined || instanceUuid === null) return [];
    const detail = `${uri}, status ${status}: its server "${server}" is in ERROR; delete the server to remove it`;
    return [{ kind: 'partition', name, detail, repair: null, target: { id: instanceUuid } } as const];
  });
}

/** Finds storage groups of this CPC subset without instance and partition. */
export function findStorage({ storage, flows, instances }: Views): readonly Finding[] {
  const history = new Set(flows.map(({ subject }) => subject));
  const failed = failedServers({ instances, flows });
  return storage.map(({ name, uri, instanceUuid, attachedTo = [] }) => {
    const found = { kind: 'storage-group', name, target: { id: instanceUuid } } as const;
    const server = failed.get(instanceUuid);
    if (server !== undefined) {
      const detail = `${uri}: its server "${server}" is in ERROR; delete the server to remove it`;
      return { ...found, detail, repair: null };
    }
    if (attachedTo.length > 0) {
      const partitions = attachedTo.map((each) => `"${each}"`).join(', ');
      const advice = `if that is the partition of server ${instanceUuid}, delete the server by this UUID, else detach the group on the HMC`;
      const detail = `${uri}: no server has it, and it is attached to partition ${partitions}; ${advice}`;
      return { ...found, detail, repair: null };
    }
    const repair = history.has(instanceUuid) ? 'release its volumes and delete it' : null;
    const detail = `${uri}: neither a server nor a partition has it; to delete it, delete server ${instanceUuid}`;
    return { ...found, detail, repair };
  });
}

/** Finds servers whose partition is missing or in doubt. */
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
