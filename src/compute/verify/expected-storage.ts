import { parseWwpn } from '../../base/index.ts';
import type { Attachment } from '../../cinder-client/index.ts';
import { storageOwnerOf } from '../../virt/index.ts';
import type { ExpectedStorage, SurplusStorage } from '../../virt/index.ts';
import type { BlockDevice } from '../instances.ts';
import { openSubjects, settledServers } from './flows.ts';
import type { Finding, Views } from './views.ts';

type Counting = Pick<Views, 'instances' | 'devices' | 'local' | 'flows' | 'attachments' | 'owned' | 'isBusy'>;

/**
 * Returns the storage of servers and partitions, by this host's records and Cinder's. Leaves out those with an open flow, which
 * finishes or undoes its own work, and servers in ERROR, which are to be deleted as a whole.
 */
export function listExpectedStorage(views: Counting): readonly ExpectedStorage[] {
  if (views.isBusy) return [];
  // A port with a masked volume counts as used, also if the volume is not ours.
  const masked = views.attachments.flatMap(initiatorsOf);
  return [...listExpectedOfServers(views, masked), ...listExpectedOfPartitions(views, masked)];
}

function listExpectedOfServers(
  { instances, flows, devices, owned }: Counting,
  masked: readonly string[],
): ExpectedStorage[] {
  return [...settledServers({ instances, flows }).keys()].map((instanceUuid) => {
    const own = devices.filter((device) => device.instanceUuid === instanceUuid);
    const inCinder = owned.filter((one) => one.instanceUuid === instanceUuid);
    const volumeIds = new Set([...own, ...inCinder].map(({ volumeId }) => volumeId));
    return { instanceUuid, volumeIds, wwpns: new Set([...masked, ...own.flatMap(portsOf)]) };
  });
}

/** Counts volumes attached without Nova, by partition. Its object ID takes the place of an instance's UUID. */
function listExpectedOfPartitions({ local, flows }: Counting, masked: readonly string[]): ExpectedStorage[] {
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

/** Finds orphaned vHBAs and storage volumes at partitions and storage groups of this host. */
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

/** Returns the initiators that an attachment masks its volume to, if the back end names them. */
export function initiatorsOf({ connectionInfo }: Partial<Pick<Attachment, 'connectionInfo'>>): readonly string[] {
  const map = connectionInfo?.data.initiator_target_map;
  if (map === null || typeof map !== 'object' || Array.isArray(map)) return [];
  return Object.keys(map).flatMap((text) => parseWwpn(text) ?? []);
}

export function portsOf({ connector }: Pick<BlockDevice, 'connector'>): readonly string[] {
  return connector?.wwpns ?? [];
}
