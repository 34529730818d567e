import { describeError } from '../base/index.ts';
import type { Connector } from '../cinder-client/index.ts';
import type { AvailableResource, GuestDescription, PlatformGuest, PowerState, RequestContext } from '../virt/index.ts';
import type { BlockDevice, Fault, InstanceNetwork, InstanceRecord } from './instances.ts';
import { addressesOf } from './server-networks.ts';
import { toBlockDeviceInfo, toDriverInstance } from './services.ts';
import type { ManagerServices } from './services.ts';

// The output of commands. Every time is ISO 8601 UTC.

/** The fields of a server in a list. @public */
export interface ServerSummary {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly task_state: string | null;
  readonly power_state: PowerState;
  readonly host: string;
  readonly partition: string;
  readonly created_at: string;
  readonly vcpus: number;
  readonly memory_mb: number;
  /** Name of the boot volume, or its id if it has no name; null if the server boots from a prepared storage group. */
  readonly boot_volume: string | null;
  /** First fixed address, without prefix length; null if no network of the server has one. */
  readonly address: string | null;
}

/** Why the last operation on a server failed. @public */
export interface ServerFault {
  readonly code: string;
  readonly message: string;
  readonly at: string;
  readonly request_id: string;
}

/** @public */
export interface ServerDetail extends ServerSummary {
  readonly description: string | null;
  readonly fault: ServerFault | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly partition_uri: string | null;
  readonly partition_status: string | null;
  /** Why it is not certain which partition is the server's; absent if it is certain. */
  readonly partition_doubt?: string;
  readonly storage_model: 'hba' | 'storage-group' | null;
  readonly connector: Connector | null;
  readonly boot: ServerBoot | null;
  readonly volumes: readonly ServerVolume[];
  readonly networks: readonly ServerNetwork[];
}

/** @public */
export interface ServerBoot {
  readonly device: string;
  readonly hba_uri: string | null;
  readonly storage_volume_uri: string | null;
  readonly initiator_wwpn: string | null;
  readonly target_wwpn: string | null;
  readonly lun: string | null;
}

/** A network interface of a server. @public */
export interface ServerNetwork {
  /** Name in the settings when the network was attached. */
  readonly network: string;
  /** Identifies the interface; part of the name of the NIC. */
  readonly interface_id: string;
  /** Object ID of the adapter and element ID of its port: `<object-id>:<port>`. */
  readonly adapter_port: string;
  readonly vlan_id: number | null;
  /** Fixed addresses with their prefix lengths. */
  readonly addresses: readonly string[];
  readonly gateway: string | null;
  readonly dns: readonly string[];
  /** MAC address of the NIC; if the NIC cannot be read, the one that was requested. */
  readonly mac_address: string | null;
  /** Name of the NIC of the partition; null if it cannot be read. */
  readonly nic: string | null;
  /** `osd`, `iqd`, `roce`, … */
  readonly nic_type: string | null;
  /** Four hex digits. */
  readonly device_number: string | null;
}

/** @public */
export interface ServerVolume {
  readonly volume_id: string;
  /** Name in Cinder when the volume was attached, or the id if it had none. */
  readonly name: string;
  readonly size_gib: number;
  readonly attachment_id: string | null;
  readonly boot_index: number | null;
  readonly device_name: string;
  readonly target_lun: number | string | null;
  readonly mode: 'rw' | 'ro';
  readonly paths: readonly {
    readonly initiator_wwpn: string;
    readonly target_wwpn: string;
    readonly lun: string;
    readonly device_number: string | null;
  }[];
}

/** Nova's API words for its vm_states and task_states. Source: nova nova/api/openstack/common.py. */
export function serverStatus(instance: Pick<InstanceRecord, 'vmState' | 'taskState'>): string {
  if (instance.taskState === 'rebooting') return 'REBOOT';
  if (instance.taskState === 'rebooting_hard') return 'HARD_REBOOT';
  if (instance.taskState === 'resize_migrating') return 'RESIZE';
  const words = {
    building: 'BUILD',
    active: 'ACTIVE',
    stopped: 'SHUTOFF',
    rescued: 'RESCUE',
    error: 'ERROR',
    deleted: 'DELETED',
  } as const;
  return words[instance.vmState];
}

function summarizeServer(
  instance: InstanceRecord,
  devices: readonly BlockDevice[],
  networks: readonly InstanceNetwork[],
  partition: string,
  powerState: PowerState | undefined,
): ServerSummary {
  const boot = devices.find(({ bootIndex }) => bootIndex === 0);
  return {
    id: instance.uuid,
    name: instance.name,
    status: serverStatus(instance),
    task_state: instance.taskState,
    power_state: powerState ?? 'nostate',
    host: instance.host,
    partition,
    created_at: instance.createdAt,
    vcpus: instance.vcpus,
    memory_mb: instance.memoryMib,
    boot_volume: boot === undefined ? null : volumeLabel(boot),
    address: networks.flatMap(addressesOf)[0] ?? null,
  };
}

function volumeLabel({ volumeName, volumeId }: BlockDevice): string {
  return volumeName ?? volumeId;
}

function viewFault({ code, message, at, requestId }: Fault): ServerFault {
  return { code, message, at, request_id: requestId };
}

function detailServer(
  instance: InstanceRecord,
  devices: readonly BlockDevice[],
  networks: readonly InstanceNetwork[],
  seen: GuestDescription | undefined,
  server: ServerSummary,
): ServerDetail {
  return {
    ...server,
    description: instance.description,
    fault: instance.fault === null ? null : viewFault(instance.fault),
    properties: instance.extraSpecs,
    partition_uri: seen?.partitionUri ?? null,
    partition_status: seen?.partitionStatus ?? null,
    storage_model: seen?.storageModel ?? null,
    connector: seen?.connector ?? null,
    boot: seen?.boot ? detailBoot(seen.boot) : null,
    volumes: devices.map((device) => detailVolume(device, seen)),
    networks: networks.map((network) => detailNetwork(network, seen)),
  };
}

function detailBoot(boot: NonNullable<GuestDescription['boot']>): ServerBoot {
  return {
    device: boot.device,
    hba_uri: boot.hbaUri,
    storage_volume_uri: boot.storageVolumeUri,
    initiator_wwpn: boot.initiatorWwpn,
    target_wwpn: boot.targetWwpn,
    lun: boot.lun,
  };
}

function detailVolume(device: BlockDevice, seen: GuestDescription | undefined): ServerVolume {
  const targetLun = device.connectionInfo?.data.target_lun;
  return {
    volume_id: device.volumeId,
    name: volumeLabel(device),
    size_gib: device.sizeGib,
    attachment_id: device.reservation?.attachmentId ?? null,
    boot_index: device.bootIndex,
    device_name: device.deviceName,
    target_lun: typeof targetLun === 'number' || typeof targetLun === 'string' ? targetLun : null,
    mode: device.mode,
    paths: (seen?.volumes.get(device.volumeId) ?? []).map((path) => ({
      initiator_wwpn: path.initiatorWwpn,
      target_wwpn: path.targetWwpn,
      lun: path.lun,
      device_number: path.deviceNumber,
    })),
  };
}

function detailNetwork(record: InstanceNetwork, seen: GuestDescription | undefined): ServerNetwork {
  const { network, interfaceId, vif } = record;
  const { object_id: adapter, port_element_id: port, vlan } = vif.details;
  const nic = seen?.nics?.get(interfaceId);
  const [subnet] = vif.network.subnets;
  return {
    network,
    interface_id: interfaceId,
    adapter_port: `${text(adapter)}:${text(port)}`,
    vlan_id: typeof vlan === 'number' ? vlan : null,
    addresses: vif.network.subnets.flatMap(({ cidr, ips }) =>
      ips.map(({ address }) => `${address}/${cidr.split('/')[1] ?? ''}`),
    ),
    gateway: subnet?.gateway?.address ?? null,
    dns: subnet?.dns.map(({ address }) => address) ?? [],
    mac_address: nic?.macAddress ?? vif.address,
    nic: nic?.name ?? null,
    nic_type: nic?.type ?? null,
    device_number: nic?.deviceNumber ?? null,
  };
}

/** @public */
export interface HypervisorView {
  readonly hypervisor_hostname: string;
  readonly hypervisor_type: string;
  readonly hypervisor_version: number;
  readonly cpc: string;
  readonly storage_model: string;
  readonly vcpus: number;
  readonly vcpus_used: number;
  readonly memory_mb: number;
  readonly memory_mb_used: number;
  /** Of `vcpus`, what the machine cannot provide now, because partitions of other owners hold it. */
  readonly vcpus_reserved: number;
  /** The same of `memory_mb`. */
  readonly memory_mb_reserved: number;
  /** Instances in power state `running`; Nova's own table counts every instance of the host under this name. */
  readonly running_vms: number;
}

function hypervisorView(resource: AvailableResource): HypervisorView {
  const { stats } = resource;
  return {
    hypervisor_hostname: resource.hypervisorHostname,
    hypervisor_type: resource.hypervisorType,
    hypervisor_version: resource.hypervisorVersion,
    cpc: text(stats.cpc),
    storage_model: text(stats.storage_model),
    vcpus: resource.vcpus,
    vcpus_used: resource.vcpusUsed,
    memory_mb: resource.memoryMb,
    memory_mb_used: resource.memoryMbUsed,
    vcpus_reserved: resource.vcpusReserved ?? 0,
    memory_mb_reserved: resource.memoryMbReserved ?? 0,
    running_vms: Number(stats.running ?? 0),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** @public */
export interface PartitionView {
  readonly name: string;
  readonly status: string;
  readonly instance: string | null;
  /** Name of the server, also of one of Nova; null for a partition of another owner, and without a record of the server. */
  readonly server: string | null;
  readonly processors: number | null;
  readonly memory_mb: number | null;
  readonly uri: string;
  /** The deleted instance whose ports the partition keeps until its volumes are unmapped; absent otherwise. */
  readonly parked_for?: string;
}

function partitionView(guest: PlatformGuest, server: string | null): PartitionView {
  return {
    name: guest.name,
    status: guest.status,
    instance: guest.instanceUuid,
    server,
    processors: guest.iflProcessors,
    memory_mb: guest.memoryMib,
    uri: guest.uri,
    ...(guest.parkedFor === undefined ? {} : { parked_for: guest.parkedFor }),
  };
}

/** Combines the manager's records with what the driver sees. Changes nothing. */
export class ServerViews {
  readonly #services: ManagerServices;

  constructor(services: ManagerServices) {
    this.#services = services;
  }

  async list(context: RequestContext): Promise<readonly ServerSummary[]> {
    const powerStates = await this.#services.driver.listPowerStates(context);
    const { store } = this.#services;
    return store.list().map((instance) => this.#summarize(instance, powerStates.get(instance.uuid)));
  }

  async show(instance: InstanceRecord, context: RequestContext): Promise<ServerDetail> {
    const { store, driver } = this.#services;
    const devices = store.devices(instance.uuid);
    const guest = toDriverInstance(instance);
    const info = toBlockDeviceInfo(devices);
    const seen = await driver.describeGuest(context, guest, info);
    const summary = this.#summarize(instance, seen?.powerState);
    const shown = detailServer(instance, devices, store.networks(instance.uuid), seen, summary);
    if (seen !== undefined) return seen.doubt === undefined ? shown : { ...shown, partition_doubt: seen.doubt };
    const location = await driver.locateGuest?.(context, guest, info);
    return location?.kind === 'in-doubt' ? { ...shown, partition_doubt: location.error.message } : shown;
  }

  /** Like {@link ServerViews.show}, after an operation is done: details that cannot be read are left out. */
  async showDone(instance: InstanceRecord, context: RequestContext): Promise<ServerDetail> {
    try {
      return await this.show(instance, context);
    } catch (error) {
      const facts = { event: 'server.show', server: instance.uuid, error: describeError(error) };
      this.#services.log.warn(facts, 'details not known');
      const { store } = this.#services;
      const [devices, networks] = [store.devices(instance.uuid), store.networks(instance.uuid)];
      return detailServer(instance, devices, networks, undefined, this.#summarize(instance, instance.powerState));
    }
  }

  async hypervisor(context: RequestContext): Promise<HypervisorView> {
    return hypervisorView(await this.#services.driver.getAvailableResource(this.#services.host, context));
  }

  async partitions(options: { readonly all: boolean }, context: RequestContext): Promise<readonly PartitionView[]> {
    const guests = await this.#services.driver.listGuests(context, { ...options, parked: true });
    const { store, served } = this.#services;
    const names = new Map([...served.list(), ...store.list()].map(({ uuid, name }) => [uuid, name]));
    return guests.map((guest) => partitionView(guest, names.get(guest.instanceUuid ?? '') ?? null));
  }

  #summarize(instance: InstanceRecord, powerState: PowerState | undefined): ServerSummary {
    const { store, driver } = this.#services;
    const [devices, networks] = [store.devices(instance.uuid), store.networks(instance.uuid)];
    return summarizeServer(instance, devices, networks, driver.guestName(instance), powerState);
  }
}
