import { parseWwpn } from '../../base/index.ts';
import type { Attachment } from '../../cinder-client/index.ts';
import { storageOwnerOf } from '../../virt/index.ts';
import type { CountedStorage, SurplusStorage } from '../../virt/index.ts';
import type { BlockDevice } from '../instances.ts';
import type { Finding } from './finding.ts';
import { openSubjects, settledServers } from './flows.ts';
import type { Views } from './views.ts';

type Counting = Pick<Views, 'instances' | 'devices' | 'local' | 'flows' | 'attachments' | 'owned' | 'isBusy'>;

/**
 * What servers and partitions have, by our records and by Cinder's. Only of those for which nothing is under way: what a
 * flow has begun is its own to finish or undo, and a server in ERROR is to be deleted as a whole.
 */
export function countStorage(views: Counting): readonly CountedStorage[] {
  if (views.isBusy) return [];
  // An adapter port to which anybody has a volume masked is used by somebody.
  const masked = views.attachments.flatMap(initiatorsOf);
  return [...countServers(views, masked), ...countPartitions(views, masked)];
}

function countServers({ instances, flows, devices, owned }: Counting, masked: readonly string[]): CountedStorage[] {
  return [...settledServers({ instances, flows }).keys()].map((instanceUuid) => {
    const own = devices.filter((device) => device.instanceUuid === instanceUuid);
    const inCinder = owned.filter((one) => one.instanceUuid === instanceUuid);
    const volumeIds = new Set([...own, ...inCinder].map(({ volumeId }) => volumeId));
    return { instanceUuid, volumeIds, wwpns: new Set([...masked, ...own.flatMap(portsOf)]) };
  });
}

/** Volumes attached without Nova, by partition: its object id stands where an instance's UUID would. */
function countPartitions({ local, flows }: Counting, masked: readonly string[]): CountedStorage[] {
  const open = openSubjects(flows);
  const uris = new Set(local.flatMap(({ place }) => (place.kind === 'partition' ? [place.uri] : [])));
  return [...uris].flatMap((uri) => {
    const volumes = local.filter(({ place }) => place.kind === 'partition' && place.uri === uri);
    if (volumes.some(({ volumeId }) => open.has(volumeId))) return [];
    const volumeIds = new Set(volumes.map(({ volumeId }) => volumeId));
    return [
      { instanceUuid: storageOwnerOf({ uri }), volumeIds, wwpns: new Set([...masked, ...volumes.flatMap(portsOf)]) },
    ];
  });
}

/** vHBAs and storage volumes of ours which hang on something of ours, and belong to nothing. */
export function findSurplus({ surplus }: Views): readonly Finding[] {
  return surplus.map(({ kind, name, uri, instanceUuid, detail, isSafe }) => ({
    kind,
    name,
    detail,
    repair: isSafe ? repairs[kind] : null,
    target: { id: uri, instanceUuid },
  }));
}

const repairs: Readonly<Record<SurplusStorage['kind'], string>> = {
  vhba: 'delete it: its partition is stopped, and nothing is masked to it',
  'storage-volume': 'delete it: it holds no LUN',
};

/** Initiators to which an attachment has its volume masked, as far as its back end tells. */
export function initiatorsOf({ connectionInfo }: Attachment): readonly string[] {
  const map = connectionInfo?.data.initiator_target_map;
  if (map === null || typeof map !== 'object' || Array.isArray(map)) return [];
  return Object.keys(map).flatMap((text) => parseWwpn(text) ?? []);
}

export function portsOf({ connector }: Pick<BlockDevice, 'connector'>): readonly string[] {
  return connector?.wwpns ?? [];
}
