import { isHmcError } from '../../hmc-client/errors/index.ts';
import { ConflictError, InternalError, toError } from '../../base/index.ts';
import type { Waiting, Wwpn } from '../../base/index.ts';
import type { Hba, HmcSession, Partition, UpdatePartition } from '../../hmc-client/index.ts';
import { hbaAudit } from './audit.ts';
import { hbaInspection } from './inspection.ts';
import { findHiddenUse } from '../hidden-use.ts';
import { isListed } from '../lifecycle.ts';
import type { PartitionRef } from '../lifecycle.ts';
import { adapterPortUri, hbaName, isOurElementName, requireAnyPort } from '../naming.ts';
import type { AdapterPort, PartitionOwner } from '../naming.ts';
import { MemoryPartitionRecords } from '../records.ts';
import type { PartitionRecords } from '../records.ts';
import { mayHoldResources } from '../status.ts';
import type { StorageAudit } from '../storage-audit.ts';
import type {
  AllocatedStorage,
  BootSource,
  ConnectedVolume,
  HoldersRequest,
  Initiator,
  PartitionStorage,
  PathInspection,
  PortHolder,
  PortsSeen,
  StorageTarget,
  VolumePath,
} from '../storage.ts';

/** Size of the cache of vHBAs, in partitions. A CPC has fewer partitions. */
const MAX_KNOWN = 100;

/**
 * Storage of machines without the feature dpm-storage-management (z13): a vHBA for each configured adapter port. A partition
 * sees a LUN as soon as it is masked to a vHBA, so expose and conceal do nothing. Source: IBM WS API, Create HBA, 3932-AGL.
 */
export class HbaStorage implements PartitionStorage {
  readonly model = 'hba';
  /** These machines cannot check a LUN path before a load. Source: python-zhmcclient _cpc.py, validate_lun_path. */
  readonly likelyBootFailure =
    'zoning, masking or the number of the LUN, or a volume that holds nothing bootable: this machine does not report which';
  readonly hasAdapterPorts: boolean;
  readonly preparedGroups = undefined;
  readonly inspection: PathInspection;
  readonly audit: StorageAudit;
  readonly #hmc: HmcSession;
  readonly #ports: readonly AdapterPort[];
  readonly #cpcUri: string;
  /** Cache: the vHBAs of each partition, as last read. */
  readonly #known = new Map<string, readonly Hba[]>();

  constructor(
    hmc: HmcSession,
    cpcUri: string,
    ports: readonly AdapterPort[],
    records: PartitionRecords = new MemoryPartitionRecords(),
  ) {
    this.#hmc = hmc;
    this.#ports = ports;
    this.#cpcUri = cpcUri;
    this.hasAdapterPorts = ports.length > 0;
    this.inspection = hbaInspection(hmc);
    this.audit = hbaAudit(hmc, cpcUri, ports, records);
  }

  async allocate(): Promise<null> {
    requireAnyPort(this.#ports);
    return await Promise.resolve(null);
  }

  /** WWPNs exist only with the partition's vHBAs. */
  addPorts(): Promise<readonly Initiator[]> {
    return Promise.resolve([]);
  }

  deallocate(): Promise<void> {
    return Promise.resolve();
  }

  listAllocated(): Promise<readonly AllocatedStorage[]> {
    return Promise.resolve([]);
  }

  /** Creates the vHBAs in parallel, then reads their WWPNs in one request. */
  async bind(
    _owner: PartitionOwner,
    partition: PartitionRef,
    _known: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly Initiator[]> {
    const names = this.#ports.map(hbaName);
    const results = await Promise.allSettled(this.#ports.map((port) => this.#create(partition, port, w)));
    const failures = results.flatMap((result, index) =>
      result.status === 'rejected' ? [{ name: names[index] ?? '', reason: result.reason as unknown }] : [],
    );
    if (failures.length > 0) throw createFailed(failures);
    const uris = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const hbas = await this.#readMany(partition, uris, w);
    return this.#inPortOrder(partition, hbas);
  }

  /** Deletes the vHBAs of nova-dpm, unless the partition will be deleted with them. */
  async unbind(
    _owner: PartitionOwner,
    partition: PartitionRef,
    partitionWillBeDeleted: boolean,
    w: Waiting,
  ): Promise<void> {
    if (partitionWillBeDeleted) return;
    try {
      const { hbaUris, hbas } = await this.#read(partition, w);
      const ports = this.#ports.map(adapterPortUri);
      const ours = hbas
        // Another compute host may have created vHBAs with such names in a partition of a third owner.
        .filter((hba) => isOurElementName(hba.name) && ports.includes(hba.adapterPortUri))
        .map(({ uri }) => uri);
      await Promise.all(ours.map((uri) => this.#hmc.hbas.delete(uri, w)));
      const unread = hbaUris.filter((uri) => !hbas.some((hba) => hba.uri === uri));
      await this.#requireGone(partition, [...ours, ...unread], w);
    } catch (error) {
      // vHBAs are deleted with their partition.
      if (!isHmcError(error, 404, 1) || (await isListed(this.#hmc, this.#cpcUri, partition, w))) throw error;
    }
  }

  unbindOthers(): Promise<void> {
    return Promise.resolve(); // with vHBAs, a partition has only ports
  }

  /** Checks that the partition no longer lists the vHBAs: the answer "gone" of an HMC is not enough. */
  async #requireGone(partition: PartitionRef, uris: readonly string[], w: Waiting): Promise<void> {
    if (uris.length === 0) return;
    const { hbaUris } = await this.#hmc.partitions.get(partition.uri, w, ['hba-uris']);
    const left = uris.filter((uri) => hbaUris.includes(uri));
    if (left.length === 0) return;
    const text = `partition "${partition.name}" still lists vHBA ${left.join(', ')}, which the HMC reports as deleted`;
    throw new ConflictError(text, { partition: partition.name, hbas: left });
  }

  async initiators(
    _owner: PartitionOwner,
    partition: (PartitionRef & PortsSeen) | undefined,
    w: Waiting,
  ): Promise<readonly Initiator[]> {
    if (partition === undefined) return [];
    const hbas = this.#knownOf(partition) ?? (await this.#existing(partition, w));
    return this.#sorted(hbas).flatMap((hba) => toInitiator(hba) ?? []);
  }

  async holders(requests: readonly HoldersRequest[], w: Waiting): Promise<readonly (readonly PortHolder[])[]> {
    const all = requests.some(({ wwpns }) => wwpns.length > 0) ? await this.#allHbas(w) : [];
    return requests.map(({ wwpns }) => holdersAmong(all, wwpns));
  }

  async hiddenUse(w: Waiting): Promise<string | undefined> {
    return await findHiddenUse(this.#hmc, this.#cpcUri, w, async () => {
      const all = await this.#allHbas(w);
      return all.filter(({ partition }) => mayHoldResources(partition)).map(({ hba }) => hba.adapterPortUri);
    });
  }

  /** Reads the vHBAs of every partition that this user sees. */
  async #allHbas(w: Waiting) {
    const partitions = await this.#hmc.partitions.listDetailed(this.#cpcUri, {}, ['hba-uris', 'reserve-resources'], w);
    const hbas = await this.#hmc.hbas.getMany(
      partitions.flatMap(({ hbaUris }) => hbaUris),
      w,
    );
    return hbas.flatMap((hba) => {
      const partition = partitions.find(({ hbaUris }) => hbaUris.includes(hba.uri));
      return partition === undefined ? [] : [{ hba, partition }];
    });
  }

  expose(_target: StorageTarget, volumes: readonly ConnectedVolume[]): Promise<readonly ConnectedVolume[]> {
    return Promise.resolve(volumes); // a partition sees every LUN that is masked to its vHBA
  }

  conceal(): Promise<void> {
    return Promise.resolve(); // the guest loses the LUN when Cinder unmasks it
  }

  remains(): Promise<readonly string[]> {
    return Promise.resolve([]); // an HMC of these machines does not know volumes
  }

  /** Does not search for LUNs: with vHBAs they are found only when the partition boots. */
  hasJustSentLuns(): Promise<boolean> {
    return Promise.resolve(false);
  }

  waitForVolumes(_owner: PartitionOwner, exposed: readonly ConnectedVolume[]): Promise<readonly ConnectedVolume[]> {
    return Promise.resolve(exposed); // only a load finds the LUNs
  }

  bootProperties(_volume: ConnectedVolume, path: VolumePath, initiators: readonly Initiator[]): UpdatePartition {
    const hbaUri = initiators.find(({ wwpn }) => wwpn === path.initiatorWwpn)?.elementUri ?? null;
    if (hbaUri === null) throw new InternalError(`no vHBA has WWPN ${path.initiatorWwpn}`);
    return {
      bootDevice: 'storage-adapter',
      bootStorageDevice: hbaUri,
      bootWorldWidePortName: path.targetWwpn,
      bootLogicalUnitNumber: path.lun,
    };
  }

  bootSource(partition: Partition, initiators: readonly Initiator[]): Promise<BootSource> {
    const hbaUri = partition.bootStorageDevice ?? null;
    const hba = initiators.find(({ elementUri }) => hbaUri !== null && elementUri === hbaUri);
    return Promise.resolve({
      device: partition.bootDevice,
      hbaUri,
      storageVolumeUri: null,
      initiatorWwpn: hba?.wwpn ?? null,
      targetWwpn: partition.bootWorldWidePortName ?? null,
      lun: partition.bootLogicalUnitNumber ?? null,
    });
  }

  async #create(partition: PartitionRef, port: AdapterPort, w: Waiting): Promise<string> {
    const name = hbaName(port);
    try {
      return await this.#hmc.hbas.create(partition.uri, { name, adapterPortUri: adapterPortUri(port) }, w);
    } catch (error) {
      if (!isHmcError(error, 400, 8)) throw error;
      // An earlier run of this step may have created the vHBA.
      const twin = (await this.#existing(partition, w)).find((hba) => hba.name === name);
      if (twin?.adapterPortUri !== adapterPortUri(port)) throw error;
      return twin.uri;
    }
  }

  async #existing(partition: PartitionRef, w: Waiting): Promise<readonly Hba[]> {
    return (await this.#read(partition, w)).hbas;
  }

  /** @returns the URIs that the partition lists, and the vHBAs that could be read */
  async #read(partition: PartitionRef, w: Waiting): Promise<Pick<Partition, 'hbaUris'> & { hbas: readonly Hba[] }> {
    const { hbaUris } = await this.#hmc.partitions.get(partition.uri, w, ['hba-uris']);
    return { hbaUris, hbas: hbaUris.length === 0 ? [] : await this.#readMany(partition, hbaUris, w) };
  }

  async #readMany({ uri }: PartitionRef, hbaUris: readonly string[], w: Waiting): Promise<readonly Hba[]> {
    const hbas = await this.#hmc.hbas.getMany(hbaUris, w);
    this.#known.delete(uri); // moves the entry to the end
    this.#known.set(uri, hbas);
    const [oldest = ''] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN) this.#known.delete(oldest);
    return hbas;
  }

  /** Returns the vHBAs of `hbaUris` from the cache, if it has all of them. */
  #knownOf({ uri, hbaUris }: PartitionRef & PortsSeen): readonly Hba[] | undefined {
    const known = this.#known.get(uri);
    const found = hbaUris?.map((each) => known?.find((hba) => hba.uri === each));
    return found?.every((hba) => hba !== undefined) === true ? found : undefined;
  }

  #inPortOrder(partition: PartitionRef, hbas: readonly Hba[]): readonly Initiator[] {
    return this.#ports.map((port) => {
      const hba = hbas.find((candidate) => candidate.name === hbaName(port));
      const initiator = hba === undefined ? undefined : toInitiator(hba);
      // With an empty list of WWPNs, a back end could map the volume to no initiator, or to all.
      if (initiator === undefined) {
        throw new ConflictError(`vHBA "${hbaName(port)}" of partition "${partition.name}" has no WWPN`, {
          partition: partition.name,
          hba: hbaName(port),
        });
      }
      return initiator;
    });
  }

  #sorted(hbas: readonly Hba[]): readonly Hba[] {
    const order = new Map(this.#ports.map((port, index) => [hbaName(port), index]));
    const rank = (hba: Hba) => order.get(hba.name) ?? Number.MAX_SAFE_INTEGER;
    return hbas.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  }
}

function toInitiator(hba: Hba): Initiator | undefined {
  if (hba.wwpn === undefined) return undefined;
  return {
    wwpn: hba.wwpn,
    deviceNumber: hba.deviceNumber.toLowerCase(),
    elementUri: hba.uri,
    adapterPortUri: hba.adapterPortUri,
  };
}

/** Returns a single failure itself; several as an AggregateError with the names. */
function createFailed(failures: readonly { name: string; reason: unknown }[]): Error {
  const [first, ...others] = failures.map(({ reason }) => toError(reason));
  if (first !== undefined && others.length === 0) return first;
  const names = failures.map(({ name }) => name).join(', ');
  return new AggregateError([first, ...others], `create vHBAs ${names}`);
}

function holdersAmong(
  all: readonly { readonly hba: Hba; readonly partition: { readonly uri: string } }[],
  wwpns: readonly Wwpn[],
): readonly PortHolder[] {
  const holders = new Map<string, PortHolder>();
  for (const { hba, partition } of all) {
    if (hba.wwpn === undefined || !wwpns.includes(hba.wwpn)) continue;
    const ours = isOurElementName(hba.name) ? [hba.uri] : [];
    const bootSources = [...(holders.get(partition.uri)?.bootSources ?? []), ...ours];
    const how = `has vHBA "${hba.name}" with WWPN ${hba.wwpn} of this server`;
    holders.set(partition.uri, { holds: 'port', partitionUri: partition.uri, how, bootSources });
  }
  return [...holders.values()];
}
