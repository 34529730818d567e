import { ConflictError, NotFoundError, NothingChangedError, toError } from '../../base/index.ts';
import type { Waiting, Wwpn } from '../../base/index.ts';
import type { ConnectionInfo, Connector } from '../../cinder-client/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import { adapterPortUri, doubtOf, findHiddenDoubt, instanceOf, isListed } from '../../partition/index.ts';
import type { Initiator, InstanceVolume, PartitionOwner, PartitionRef, StorageWaiting } from '../../partition/index.ts';
import { makeConnector } from '../../volume/index.ts';
import type { PathRecord } from '../../volume/index.ts';
import { storageOwnerOf } from '../partition-volumes.ts';
import type { DiagnosedPath, NamedPartition, PartitionVolumes } from '../partition-volumes.ts';
import { reportPaths } from './path-report.ts';
import type { DpmRuntime } from './runtime.ts';
import type { DpmDriverSettings } from './settings.ts';

type Volume = Omit<InstanceVolume, 'isBoot'>; // nothing boots from it

/**
 * Attaches volumes to partitions that an operator names.
 *
 * Uses the object id of the partition in place of an instance's UUID: it has the same form, is unique, and does not change
 * with the name. The connector's host is that id, and its storage group is named `OpenStack-<host>-<object id>` and has the
 * mark of this host.
 */
export class DpmPartitionVolumes implements PartitionVolumes {
  readonly #runtime: DpmRuntime;
  readonly #settings: DpmDriverSettings;
  readonly #domain: ReadonlySet<string>;

  constructor(runtime: DpmRuntime, settings: DpmDriverSettings) {
    this.#runtime = runtime;
    this.#settings = settings;
    this.#domain = new Set(settings.adapterPorts.map(adapterPortUri));
  }

  async find(name: string, w: Waiting): Promise<NamedPartition> {
    const { hmc, cpc } = this.#runtime;
    const found = await hmc.partitions.findByName(cpc.uri, name, w);
    if (found === undefined) {
      throw new NotFoundError(`partition "${name}" does not exist on this CPC`, { partition: name });
    }
    const { uri } = found;
    const { description, status } = await hmc.partitions.get(uri, w, ['description', 'status']);
    const { host } = this.#settings;
    const assigned = this.#runtime.partitions.assign(host, [{ uri, name, description, status }]).get(uri);
    const instanceUuid = assigned?.instanceUuid ?? (await this.#instanceByPorts({ uri, name }, w)) ?? null;
    return { uri, name, instanceUuid };
  }

  /** Finds the instance of the partition by its ports, if neither record nor name identify it. */
  async #instanceByPorts(partition: PartitionRef, w: Waiting): Promise<string | undefined> {
    const { hmc, partitions, storage } = this.#runtime;
    const { host } = this.#settings;
    if (partitions.hasVolumesWithoutNova(partition)) return undefined; // its ports are ours, the partition is not
    if (storage.model === 'hba') {
      const ports = await storage.initiators(this.#owner(partition), partition, w);
      return partitions.instanceWithPort(ports.map(({ wwpn }) => wwpn));
    }
    const { storageGroupUris } = await hmc.partitions.get(partition.uri, w, ['storage-group-uris']);
    const groups = await hmc.storageGroups.getMany(storageGroupUris, w);
    const uuids = groups.flatMap((group) => instanceOf(host, group) ?? []);
    return uuids.find((uuid) => uuid !== storageOwnerOf(partition));
  }

  async wholeConnector(partition: NamedPartition, w: Waiting): Promise<Connector> {
    const { storage } = this.#runtime;
    const host = partition.instanceUuid ?? storageOwnerOf(partition);
    const owner = { host: this.#settings.host, instanceUuid: host };
    const wwpns = new Set<Wwpn>((await storage.initiators(owner, partition, w)).map(({ wwpn }) => wwpn));
    for (const wwpn of await this.#groupPorts(partition, w)) wwpns.add(wwpn);
    if (wwpns.size > 0) return makeConnector(host, [...wwpns], this.#settings.connector);
    const text = `partition "${partition.name}" has no Fibre Channel port: there is no connector`;
    throw new NotFoundError(`${text} (dpm local-attach gives it some)`, { partition: partition.name });
  }

  async hasPorts(partition: PartitionRef, w: Waiting): Promise<boolean> {
    return (await this.#ports(partition, w)).length > 0;
  }

  async makePorts(partition: PartitionRef, { volumeId, sizeGib }: Volume, w: StorageWaiting): Promise<void> {
    const { storage } = this.#runtime;
    const owner = this.#owner(partition);
    const volumes = [{ volumeId, sizeGib, isBoot: false }];
    const obstacle = await storage.allocate(owner, volumes, w);
    if (obstacle !== null) throw new ConflictError(`give partition "${partition.name}" ports: ${obstacle}`);
    await storage.bind(owner, partition, await storage.addPorts(owner, w), w);
  }

  async removePorts(partition: PartitionRef, w: Waiting): Promise<void> {
    const { storage } = this.#runtime;
    const owner = this.#owner(partition);
    await this.#ofGone(partition, storage.unbind(owner, partition, false, w), undefined, w);
    await storage.deallocate(owner, w);
  }

  async connector(partition: PartitionRef, w: Waiting): Promise<Connector> {
    const ports = await this.#ports(partition, w);
    if (ports.length === 0) throw new ConflictError(`partition "${partition.name}" has no port of the domain`);
    const wwpns = ports.map(({ wwpn }) => wwpn);
    return makeConnector(storageOwnerOf(partition), wwpns, this.#settings.connector);
  }

  async connect(partition: PartitionRef, volume: Volume, info: ConnectionInfo, w: StorageWaiting): Promise<void> {
    const driver = this.#driverForConnect(info);
    await driver.connectVolume(...(await this.#argumentsFor(partition, volume, info, w)));
  }

  async disconnect(partition: PartitionRef, volume: Volume, info: ConnectionInfo, w: StorageWaiting): Promise<void> {
    const { partitions } = this.#runtime.hmc;
    let args;
    try {
      // A user who may not see the partition may see its storage group, and must not empty it.
      await this.#ofGone(partition, partitions.get(partition.uri, w, ['status']), undefined, w);
      args = await this.#argumentsFor(partition, volume, info, w);
    } catch (error) {
      throw new NothingChangedError(toError(error));
    }
    await this.#driver(info).disconnectVolume(...args);
  }

  async paths(
    partition: PartitionRef,
    volume: Volume,
    info: ConnectionInfo,
    w: Waiting,
  ): Promise<readonly DiagnosedPath[]> {
    return await this.#driver(info).getVolumePaths(...(await this.#argumentsFor(partition, volume, info, w)));
  }

  async report(
    partition: PartitionRef,
    mapped: readonly (Volume & { readonly connectionInfo: ConnectionInfo })[],
    w: Waiting,
  ): Promise<readonly PathRecord[]> {
    const { hmc } = this.#runtime;
    const asked = hmc.partitions.get(partition.uri, w, ['name', 'status']);
    const found = await this.#ofGone(partition, asked, undefined, w);
    if (found === undefined) return [];
    const subject = {
      owner: this.#owner(partition),
      partition: { uri: partition.uri, name: found.name, status: found.status },
      server: null,
      mapped: mapped.map((volume) => ({ ...volume, isBoot: false })),
      initiators: await this.#ports(partition, w),
    };
    return await reportPaths(this.#runtime, subject, w);
  }

  async remains(partition: PartitionRef, volumeId: string, w: Waiting): Promise<readonly string[]> {
    return await this.#runtime.storage.remains(this.#owner(partition), volumeId, w);
  }

  #driver({ driver_volume_type }: ConnectionInfo) {
    return this.#runtime.volumeDrivers.get(driver_volume_type);
  }

  /** A disconnect would need the driver too. @throws NothingChangedError */
  #driverForConnect(info: ConnectionInfo) {
    try {
      return this.#driver(info);
    } catch (error) {
      throw new NothingChangedError(toError(error));
    }
  }

  async #argumentsFor(partition: PartitionRef, volume: Volume, info: ConnectionInfo, w: StorageWaiting) {
    const { volumeId, sizeGib } = volume;
    const initiators = await this.#ports(partition, w);
    const instance = { ...this.#owner(partition), partition, initiators };
    return [info, instance, { volumeId, sizeGib, isBoot: false, ...w }] as const;
  }

  /** Returns the ports on adapter ports of the domain; a port of a new storage group is on none yet. */
  async #ports(partition: PartitionRef, w: Waiting): Promise<readonly Initiator[]> {
    const asked = this.#runtime.storage.initiators(this.#owner(partition), partition, w);
    const all = await this.#ofGone(partition, asked, [], w);
    return all.filter(({ adapterPortUri: port }) => port === null || this.#domain.has(port));
  }

  /** Returns the ports of all attached storage groups, of any owner. Machines with vHBAs have none. */
  async #groupPorts(partition: PartitionRef, w: Waiting): Promise<readonly Wwpn[]> {
    const { hmc, storage, log } = this.#runtime;
    if (storage.model === 'hba') return [];
    const { storageGroupUris } = await hmc.partitions.get(partition.uri, w, ['storage-group-uris']);
    const wwpns: Wwpn[] = [];
    const groups = await hmc.storageGroups.getMany(storageGroupUris, w);
    const hidden = storageGroupUris.filter((uri) => !groups.some((group) => group.uri === uri));
    if (hidden.length > 0) {
      const facts = { event: 'storage.hidden-group', partition: partition.name, storageGroupUris: hidden };
      log.warn(facts, 'omitting the ports of storage groups that this user may not see');
    }
    for (const { virtualStorageResourceUris } of groups) {
      const resources = await hmc.virtualStorageResources.getMany(virtualStorageResourceUris, w);
      // A shared group has ports for each of its partitions.
      const own = resources.filter(({ partitionUri }) => partitionUri === undefined || partitionUri === partition.uri);
      wwpns.push(...own.flatMap(({ wwpn }) => wwpn ?? []));
    }
    return wwpns;
  }

  /** Returns `nothing` for a deleted partition. A partition that the HMC denies but lists is not deleted. */
  async #ofGone<T>(partition: PartitionRef, asked: Promise<T>, nothing: T, w: Waiting): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      const { hmc, cpc, storage } = this.#runtime;
      if (!isHmcError(error, 404, 1) || (await isListed(hmc, cpc.uri, partition, w))) throw error;
      const doubt = await findHiddenDoubt(storage, partition, w);
      if (doubt === undefined) return nothing;
      throw doubtOf(`partition "${partition.name}"`, doubt, {}, { cause: error });
    }
  }

  #owner(partition: PartitionRef): PartitionOwner {
    return { host: this.#settings.host, instanceUuid: storageOwnerOf(partition) };
  }
}
