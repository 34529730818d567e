import { NotFoundError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { CpcSummary, HmcSession, Partition } from '../../hmc-client/index.ts';
import { portOfUri } from '../../partition/index.ts';

/**
 * Returns a partition of any owner, by name or object ID.
 *
 * @param servers - names of servers by UUID
 * @throws NotFoundError
 */
export async function showPartition(
  hmc: HmcSession,
  cpc: CpcSummary,
  nameOrId: string,
  servers: ReadonlyMap<string, string>,
  w: Waiting,
) {
  const listed = await hmc.partitions.list(cpc.uri, {}, w);
  const found = listed.find(({ uri, name }) => uri === `/api/partitions/${nameOrId}` || name === nameOrId);
  if (found === undefined) {
    const text = `partition "${nameOrId}" does not exist on CPC "${cpc.name}", or this user does not see it; dpm partition list --all shows the partitions`;
    throw new NotFoundError(text, { partition: nameOrId });
  }
  const partition = await hmc.partitions.get(found.uri, w);
  const [hbas, groups, ports] = await Promise.all([
    hmc.hbas.getMany(partition.hbaUris, w),
    hmc.storageGroups.getMany(partition.storageGroupUris, w),
    storagePorts(hmc, partition, w),
  ]);
  const vhbas = hbas.map(({ name, wwpn, deviceNumber, adapterPortUri }) => {
    return { name, wwpn: wwpn ?? null, device_number: deviceNumber, adapter_port: portOfUri(adapterPortUri) };
  });
  return {
    ...identity(partition, cpc, servers),
    ...resources(partition),
    ...boot(partition),
    storage_groups: groups.map(({ name }) => name),
    vhbas: [...vhbas, ...ports],
    nics: partition.nicUris.length,
  };
}

function identity(partition: Partition, cpc: CpcSummary, servers: ReadonlyMap<string, string>) {
  const instance = /^OpenStack-.*-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(partition.name)?.[1];
  return {
    name: partition.name,
    object_id: partition.uri.replace('/api/partitions/', ''),
    server: (instance === undefined ? undefined : servers.get(instance)) ?? null,
    cpc: cpc.name,
    description: partition.description,
    status: partition.status,
    type: partition.type,
    os: [partition.osName, partition.osVersion].filter((part) => part !== undefined && part !== '').join(' '),
  };
}

function resources(partition: Partition) {
  return {
    processors: partition.iflProcessors + partition.cpProcessors,
    processor_mode: partition.processorMode,
    memory_mb: partition.initialMemory,
    maximum_memory_mb: partition.maximumMemory,
  };
}

function boot(partition: Partition) {
  return {
    boot_device: partition.bootDevice,
    boot_wwpn: partition.bootWorldWidePortName ?? null,
    boot_lun: partition.bootLogicalUnitNumber ?? null,
  };
}

/** The virtual storage resources of the partition's storage groups: its vHBAs on a CPC with storage groups. */
async function storagePorts(hmc: HmcSession, partition: Partition, w: Waiting) {
  const groups = await hmc.storageGroups.getMany(partition.storageGroupUris, w);
  const uris = groups.flatMap(({ virtualStorageResourceUris }) => virtualStorageResourceUris);
  const all = await hmc.virtualStorageResources.getMany(uris, w);
  return all
    .filter(({ partitionUri }) => partitionUri === partition.uri)
    .map(({ name, wwpn, deviceNumber, adapterPortUri }) => ({
      name,
      wwpn: wwpn ?? null,
      device_number: deviceNumber ?? null,
      adapter_port: adapterPortUri === undefined ? null : portOfUri(adapterPortUri),
    }));
}
