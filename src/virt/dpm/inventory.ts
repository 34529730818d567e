import { deletableStatuses, instanceNamed, powerStateOf, resourceHoldingStatuses } from '../../partition/index.ts';
import type { Assigned, PowerState } from '../../partition/index.ts';
import type { PartitionWith } from '../../hmc-client/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { AvailableResource, PlatformGuest } from '../compute-driver.ts';
import type { DpmRuntime } from './runtime.ts';
import type { DpmDriverSettings } from './settings.ts';

/** What a guest's line is made of. */
const guestProperties = ['name', 'status', 'description', 'ifl-processors', 'initial-memory'] as const;
type GuestPartition = PartitionWith<(typeof guestProperties)[number]>;

/**
 * What of the CPC is this compute host's, and how much of it is used. Two requests at most, however many partitions, while
 * each recorded partition is in the list; else the ports of those that are missing are read too, and what concerns the
 * whole CPC is read once for all of them.
 */
export class CpcSubset {
  readonly #runtime: DpmRuntime;
  readonly #settings: DpmDriverSettings;

  constructor(runtime: DpmRuntime, settings: DpmDriverSettings) {
    this.#runtime = runtime;
    this.#settings = settings;
  }

  /** Instance UUID → power state of every partition of this host: by one list where all of them are recorded. */
  async powerStates(w: Waiting): Promise<ReadonlyMap<string, PowerState>> {
    const { hmc, cpc, partitions: own } = this.#runtime;
    const { host } = this.#settings;
    const listed = await hmc.partitions.list(cpc.uri, {}, w);
    // Of one that only its name tells, the description decides too.
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

  /** Partitions with what they are made of: this host's, or all that the user may see. */
  async guests(all: boolean, w: Waiting, isParkedToo = false): Promise<readonly PlatformGuest[]> {
    const { hmc, cpc, partitions: own } = this.#runtime;
    const partitions = await hmc.partitions.listDetailed(cpc.uri, {}, guestProperties, w);
    const assigned = await own.assignAll(this.#settings.host, partitions, w);
    const guests = partitions.map((partition) => toGuest(partition, assigned.get(partition.uri)));
    if (all) return guests;
    return guests.filter(
      ({ instanceUuid, parkedFor }) => instanceUuid !== null || (isParkedToo && parkedFor !== undefined),
    );
  }

  async availableResource(nodename: string, w: Waiting): Promise<AvailableResource> {
    const all = await this.guests(false, w);
    const guests = all.filter(({ status }) => resourceHoldingStatuses.has(status));
    // What is paused or terminated holds its share, and runs nothing.
    const running = all.filter(({ status }) => powerStateOf(status) === 'running').length;
    const { cpc, storage } = this.#runtime;
    const { maxProcessors, maxMemoryMib } = this.#settings;
    return {
      vcpus: maxProcessors,
      memoryMb: maxMemoryMib,
      localGb: 0, // every disk is a volume of Cinder
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
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}

/** libvirt's way of a version in one number: major·10⁶ + minor·10³ + fix. Source: nova virt/libvirt/driver.py. */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, fix = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return major * 1_000_000 + minor * 1_000 + fix;
}
