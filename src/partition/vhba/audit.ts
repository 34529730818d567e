import type { Hba, HmcSession, PartitionWith } from '../../hmc-client/index.ts';
import { assignPartitions } from '../assignment.ts';
import { adapterPortUri, hbaName, isOurElementName, portOfUri } from '../naming.ts';
import type { AdapterPort } from '../naming.ts';
import type { PartitionRecords } from '../records.ts';
import { removable } from '../storage-audit.ts';
import type { ExpectedStorage, StorageAudit, SurplusStorage } from '../storage-audit.ts';

const asked = ['name', 'status', 'description', 'hba-uris', 'boot-storage-device'] as const;
type AskedPartition = PartitionWith<(typeof asked)[number]>;

/**
 * Finds orphaned vHBAs: on an adapter port that is not configured, or a second one on its port. Considers only the names of
 * nova-dpm (`OpenStack_Port_…`) in partitions of this CPC subset; another host or an administrator may have created the others.
 */
export function hbaAudit(
  hmc: HmcSession,
  cpcUri: string,
  ports: readonly AdapterPort[],
  records: PartitionRecords,
): StorageAudit {
  const wanted = new Map(ports.map((port) => [hbaName(port), adapterPortUri(port)]));
  /** Makes two requests: lists partitions, and reads all their vHBAs. */
  const list: StorageAudit['list'] = async (host, expected, w) => {
    if (expected.length === 0) return [];
    const partitions = await hmc.partitions.listDetailed(cpcUri, {}, asked, w);
    const assigned = assignPartitions(host, records, partitions);
    const owned = partitions.flatMap((partition) => {
      const own = assigned.get(partition.uri);
      const count = expected.find((each) => each.instanceUuid === own?.instanceUuid);
      return count === undefined || own?.doubt !== undefined ? [] : [{ partition, count }];
    });
    const uris = owned.flatMap(({ partition }) => partition.hbaUris);
    const hbas = new Map((await hmc.hbas.getMany(uris, w)).map((hba) => [hba.uri, hba]));
    return owned.flatMap(({ partition, count }) =>
      partition.hbaUris.flatMap((uri) => judge(hbas.get(uri), partition, count, wanted)),
    );
  };
  return {
    list,
    remove: async (host, expected, uri, w) => {
      const found = removable(await list(host, [expected], w), uri);
      if (found !== undefined) await hmc.hbas.delete(found.uri, w);
    },
    allWwpns: async (w) => {
      const partitions = await hmc.partitions.listDetailed(cpcUri, {}, ['hba-uris'], w);
      const uris = partitions.flatMap(({ hbaUris }) => hbaUris);
      return new Set((await hmc.hbas.getMany(uris, w)).flatMap(({ wwpn }) => wwpn ?? []));
    },
  };
}

/** @param wanted - adapter port URI by vHBA name */
function judge(
  hba: Hba | undefined,
  partition: AskedPartition,
  { instanceUuid, wwpns }: ExpectedStorage,
  wanted: ReadonlyMap<string, string>,
): SurplusStorage[] {
  if (hba === undefined || !isOurElementName(hba.name)) return [];
  if (wanted.get(hba.name) === hba.adapterPortUri) return [];
  // Its adapter port was configured earlier, and volumes are still masked to it.
  if (hba.wwpn !== undefined && wwpns.has(hba.wwpn)) return [];
  const isSecond = [...wanted.values()].includes(hba.adapterPortUri);
  const port = portOfUri(hba.adapterPortUri);
  const why = isSecond
    ? `adapter port ${port} already has another vHBA`
    : `adapter port ${port} is not in dpm.physical_storage_adapter_mappings`;
  const { name, status } = partition;
  const isBoot = partition.bootStorageDevice === hba.uri;
  const detail = `${hba.uri} of partition "${name}" (${status}), WWPN ${hba.wwpn ?? 'none'}: ${why}, and no volume is masked to it${isBoot ? '; the partition boots from it' : ''}`;
  // A stopped guest does not use it, and its WWPN is unknown.
  const isSafe = status === 'stopped' && !isBoot;
  return [{ kind: 'vhba', name: hba.name, uri: hba.uri, instanceUuid, detail, isSafe }];
}
