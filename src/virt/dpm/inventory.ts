import { deletableStatuses, instanceNamed, powerStateOf, resourceHoldingStatuses } from '../../partition/index.ts';
import type { Assigned, PowerState } from '../../partition/index.ts';
import type { PartitionWith } from '../../hmc-client/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { AvailableResource, GuestUsage, PlatformGuest } from '../driver-types.ts';
import { heldByOthers } from './capacity.ts';
import type { DpmRuntime } from './runtime.ts';
import type { DpmDriverSettings } from './settings.ts';
import { readPartitionUsage } from './usage.ts';

const guestProperties = [
  'name',
  'status',
  'description',
  'ifl-processors',
  'initial-memory',
  'processor-mode',
  'reserve-resources',
  'nic-uris',
] as const;
type GuestPartition = PartitionWith<(typeof guestProperties)[number]>;

/**
 * The part of the CPC that belongs to this compute host. Needs at most two requests for any number of partitions, if each
 * recorded partition is in the list; otherwise also reads the ports of the missing ones, once for all of them.
 */
export class CpcSubset {
  readonly #runtime: DpmRuntime;
  readonly #settings: DpmDriverSettings;

  constructor(runtime: DpmRuntime, settings: DpmDriverSettings) {
    this.#runtime = runtime;
    this.#settings = settings;
  }

  /** Returns instance UUID → power state of every partition of this host; one request if all are recorded. */
  async powerStates(w: Waiting): Promise<ReadonlyMap<string, PowerState>> {
    const { hmc, cpc, partitions: own } = this.#runtime;
    const { host } = this.#settings;
    const listed = await hmc.partitions.list(cpc.uri, {}, w);
    // A partition that is found by its name only needs its description too.
    const isComplete = listed.every(({ uri, name }) => own.isRecorded(uri) || instanceNamed(host, name) === undefined);
    const partitions = isComplete ? listed : await hmc.partitions.listDetailed(cpc.uri, {}, ['description'], w);
    const assigned = await own.assignAll(host, partitions, w);
    return new Map(
      partitions.flatMap(({ uri, status }) => {
        const uuid = assigned.get(uri)?.instanceUuid;
        const isParked = assigned.get(uri)?.isParked === true;
        return uuid === undefined || isParked ? [] : [[uuid, powerStateOf(status)] as const];
      }),
    );
  }

  /** Lists the partitions of this host, or all that the user may see. */
  async guests(all: boolean, w: Waiting, isParkedToo = false): Promise<readonly PlatformGuest[]> {
    const guests = (await this.#partitions(w)).map(({ guest }) => guest);
    if (all) return guests;
    return guests.filter(
      ({ instanceUuid, parkedFor }) => instanceUuid !== null || (isParkedToo && parkedFor !== undefined),
    );
  }

  async #partitions(w: Waiting) {
    const { hmc, cpc, partitions: own } = this.#runtime;
    const partitions = await hmc.partitions.listDetailed(cpc.uri, {}, guestProperties, w);
    const assigned = await own.assignAll(this.#settings.host, partitions, w);
    return partitions.map((partition) => ({ partition, guest: toGuest(partition, assigned.get(partition.uri)) }));
  }

  /** Returns instance UUID → use of its partition; two reads and a list for any number of instances. */
  async usage(instances: readonly { readonly uuid: string }[], w: Waiting): Promise<ReadonlyMap<string, GuestUsage>> {
    const wanted = new Set(instances.map(({ uuid }) => uuid));
    const guests = (await this.guests(false, w)).flatMap(({ uri, instanceUuid }) =>
      instanceUuid !== null && wanted.has(instanceUuid) ? [{ uri, instanceUuid }] : [],
    );
    if (guests.length === 0) return new Map();
    const uris = guests.map(({ uri }) => uri);
    const byUri = await readPartitionUsage(this.#runtime, uris, w);
    return new Map(
      guests.flatMap(({ uri, instanceUuid }) => {
        const usage = byUri.get(uri);
        return usage === undefined ? [] : [[instanceUuid, usage] as const];
      }),
    );
  }

  /** Records the partitions of instances that have no record. Makes no request if all instances have one. */
  async adopt(instances: readonly { readonly uuid: string }[], w: Waiting): Promise<void> {
    const { partitions } = this.#runtime;
    const unknown = new Set(instances.map(({ uuid }) => uuid).filter((uuid) => partitions.isUnknown(uuid)));
    if (unknown.size === 0) return;
    for (const { uri, instanceUuid } of await this.guests(false, w))
      if (instanceUuid !== null && unknown.has(instanceUuid))
        partitions.recordPartition({ host: this.#settings.host, instanceUuid }, uri);
  }

  async availableResource(nodename: string, w: Waiting): Promise<AvailableResource> {
    const { hmc, cpc, storage } = this.#runtime;
    const [now, partitions] = await Promise.all([hmc.cpcs.get(cpc.uri, w), this.#partitions(w)]);
    const all = partitions.flatMap(({ guest, partition }) =>
      guest.instanceUuid === null ? [] : [{ ...guest, isDedicated: partition.processorMode === 'dedicated' }],
    );
    const guests = all.filter(({ status }) => resourceHoldingStatuses.has(status));
    // A paused or terminated partition holds resources, and runs nothing.
    const running = all.filter(({ status }) => powerStateOf(status) === 'running').length;
    const { maxProcessors, maxMemoryMib } = this.#settings;
    const share = { vcpus: maxProcessors, memoryMib: maxMemoryMib };
    const holders = partitions.map(({ partition, guest }) => {
      const isOurs = guest.instanceUuid !== null || guest.parkedFor !== undefined;
      return { ...partition, isOurs };
    });
    const held = heldByOthers(share, now, holders);
    return {
      vcpus: maxProcessors,
      memoryMb: maxMemoryMib,
      localGb: 0, // every disk is a Cinder volume
      vcpusUsed: sum(guests.map((guest) => guest.iflProcessors ?? 0)),
      memoryMbUsed: sum(guests.map((guest) => guest.memoryMib ?? 0)),
      localGbUsed: 0,
      cpuInfo: JSON.stringify({ arch: 's390x', vendor: 'IBM', model: cpc.machineType ?? null }),
      numaTopology: null,
      hypervisorType: 'PRSM',
      hypervisorVersion: versionNumber(cpc.seVersion),
      hypervisorHostname: nodename,
      supportedInstances: [['s390x', 'prsm', 'hvm']],
      diskAvailableLeast: 0,
      vcpusReserved: held.vcpus,
      vcpusDedicated: sum(guests.map(({ isDedicated, iflProcessors }) => (isDedicated ? (iflProcessors ?? 0) : 0))),
      memoryMbReserved: held.memoryMib,
      stats: { running, cpc: cpc.name, storage_model: storage.model, se_version: cpc.seVersion },
    };
  }
}

function toGuest(partition: GuestPartition, assigned: Assigned | undefined): PlatformGuest {
  const isParked = assigned?.isParked === true;
  return {
    name: partition.name,
    uri: partition.uri,
    status: partition.status,
    isAtRest: deletableStatuses.has(partition.status),
    instanceUuid: assigned === undefined || isParked ? null : assigned.instanceUuid,
    ...(assigned !== undefined && isParked ? { parkedFor: assigned.instanceUuid } : {}),
    ...(assigned?.doubt === undefined ? {} : { doubt: assigned.doubt }),
    iflProcessors: partition.iflProcessors,
    memoryMib: partition.initialMemory,
    nicUris: partition.nicUris,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}

/** Returns a version as one number, as libvirt does: major·10⁶ + minor·10³ + fix. Source: nova virt/libvirt/driver.py. */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, fix = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return major * 1_000_000 + minor * 1_000 + fix;
}
