import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ConflictError, NotFoundError } from '../base/index.ts';
import type { ConnectionInfo, Connector, Reservation } from '../cinder-client/index.ts';
import type { VirtualInterface } from '../virt/index.ts';
import { inTransaction, writing } from './database.ts';

/** Nova's states. Source: nova objects/fields.py and compute/power_state.py. */
export const vmStates = ['building', 'active', 'stopped', 'rescued', 'error', 'deleted'] as const;
export type VmState = (typeof vmStates)[number];

const taskStates = [
  'scheduling',
  'block_device_mapping',
  'spawning',
  'deleting',
  'powering-off',
  'powering-on',
  'rebooting',
  'rebooting_hard',
  'resize_migrating',
] as const;
export type TaskState = (typeof taskStates)[number];

/** Why the last operation failed. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly at: string;
  readonly requestId: string;
}

const faultSchema: z.ZodType<Fault> = z.object({
  code: z.string(),
  message: z.string(),
  at: z.string(),
  requestId: z.string(),
});
const json = z.string().transform((text) => JSON.parse(text) as unknown);

const instanceColumns = `uuid, name, host, created_at as createdAt, vcpus, memory_mib as memoryMib, vm_state as vmState,
  task_state as taskState, power_state as powerState, fault, extra_specs as extraSpecs, description`;
const instanceSchema = z.object({
  uuid: z.string(),
  name: z.string(),
  host: z.string(),
  createdAt: z.string(),
  vcpus: z.number(),
  memoryMib: z.number(),
  vmState: z.enum(vmStates),
  taskState: z.enum(taskStates).nullable(),
  powerState: z.enum(['nostate', 'running', 'paused', 'shutdown', 'crashed', 'suspended']),
  fault: json.pipe(faultSchema).nullable(),
  /** Nova's name for the properties of a flavor. A driver reads the keys that begin with its name. */
  extraSpecs: json.pipe(z.record(z.string(), z.string())),
  /** For people; the platform does not know it. */
  description: z.string().nullable(),
});

/** An instance as the manager stores it. */
export type InstanceRecord = Readonly<z.infer<typeof instanceSchema>>;

const deviceColumns = `instance_uuid as instanceUuid, volume_id as volumeId, volume_name as volumeName, size_gib as sizeGib, boot_index as bootIndex,
  device_name as deviceName, delete_on_termination as deleteOnTermination, mode, reservation, connector,
  connection_info as connectionInfo`;
const deviceSchema = z.object({
  instanceUuid: z.string(),
  volumeId: z.string(),
  /** The volume's name in Cinder when it was attached; null if it had none, or is of an older state directory. */
  volumeName: z.string().nullable(),
  sizeGib: z.number(),
  bootIndex: z.number().nullable(),
  deviceName: z.string(),
  deleteOnTermination: z.number().transform((flag) => flag === 1),
  mode: z.enum(['rw', 'ro']),
  // InstanceStore wrote these from values of the client's own types.
  /** What Cinder knows of the volume; null before it is reserved. */
  reservation: json.pipe(z.custom<Reservation>()).nullable(),
  /** The connector that the volume was mapped with. A detach uses this one, never a new one. */
  connector: json.pipe(z.custom<Connector>()).nullable(),
  connectionInfo: json.pipe(z.custom<ConnectionInfo>()).nullable(),
});

/** A volume of an instance: Nova's block device mapping. */
export type BlockDevice = Readonly<z.infer<typeof deviceSchema>>;

const networkColumns = 'instance_uuid as instanceUuid, interface_id as interfaceId, network, vif';
const networkSchema = z.object({
  instanceUuid: z.string(),
  interfaceId: z.string(),
  /** Name in the settings when the interface was added. */
  network: z.string(),
  // InstanceStore wrote this from a value of this type.
  vif: json.pipe(z.custom<VirtualInterface>()),
});

/** A network interface of an instance: an entry of Nova's network_info. */
export type InstanceNetwork = Readonly<z.infer<typeof networkSchema>>;

type InstanceChange = Partial<Pick<InstanceRecord, 'vmState' | 'taskState' | 'powerState' | 'fault'>>;
/** What a user can change of a server. */
export type ServerChange = Pick<InstanceRecord, 'name' | 'description' | 'vcpus' | 'memoryMib' | 'extraSpecs'>;
type DeviceChange = Partial<Pick<BlockDevice, 'reservation' | 'connector' | 'connectionInfo'>>;

/** Whether only the record is left of an instance: its build failed and was rolled back. */
export function isOnlyRecord({ vmState, fault }: Pick<InstanceRecord, 'vmState' | 'fault'>): boolean {
  return vmState === 'error' && fault?.code === 'FLOW_ROLLED_BACK';
}

/** Instances with their block device mappings and network interfaces, in the state directory's database. */
export class InstanceStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  list(): readonly InstanceRecord[] {
    return this.#instances('order by created_at, uuid');
  }

  /**
   * Finds an instance by UUID, else by name. If several share a name, prefers one that is not in ERROR.
   *
   * @throws ConflictError when the name is ambiguous
   */
  find(nameOrUuid: string): InstanceRecord | undefined {
    const found = this.#named(nameOrUuid);
    const exact = found.find(({ uuid }) => uuid === nameOrUuid) ?? found.find(({ vmState }) => vmState !== 'error');
    if (exact !== undefined || found.length <= 1) return exact ?? found[0];
    const uuids = found.map(({ uuid }) => uuid).join(', ');
    const text = `${found.length} servers have the name "${nameOrUuid}"; give the UUID: ${uuids}`;
    throw new ConflictError(text, { server: nameOrUuid });
  }

  /** Returns the instances with this name or UUID, newest first. */
  #named(nameOrUuid: string): readonly InstanceRecord[] {
    // Node.js 22.13 does not bind numbered parameters (?1).
    return this.#instances('where uuid = ? or name = ? order by created_at desc', nameOrUuid, nameOrUuid);
  }

  #instances(clauses: string, ...values: readonly string[]): readonly InstanceRecord[] {
    const rows = this.#database.prepare(`select ${instanceColumns} from instance ${clauses}`).all(...values);
    return rows.map((row) => instanceSchema.parse(row));
  }

  /** @throws NotFoundError */
  get(nameOrUuid: string): InstanceRecord {
    const found = this.find(nameOrUuid);
    if (found === undefined) throw new NotFoundError(`server "${nameOrUuid}" does not exist`, { server: nameOrUuid });
    return found;
  }

  /**
   * Adds an instance with its devices and network interfaces, if `admit` allows it beside the existing ones. The name of a failed build that was
   * rolled back may be used again. Uses one transaction, so that two claims cannot both take the rest of a share.
   *
   * @param alsoRecord - records more in the same transaction
   */
  create(
    instance: InstanceRecord,
    devices: readonly BlockDevice[],
    admit: (others: readonly InstanceRecord[]) => void,
    networks: readonly InstanceNetwork[] = [],
    alsoRecord: () => void = () => undefined,
  ): void {
    const admitAndInsert = () => {
      this.#requireFreeName(instance.name);
      admit(this.list());
      const { uuid, name, host, createdAt, vcpus, memoryMib, vmState, taskState, powerState, extraSpecs } = instance;
      const statement = `insert into instance
        (uuid, name, host, created_at, vcpus, memory_mib, vm_state, task_state, power_state, extra_specs)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
      const states = [vmState, taskState, powerState];
      const values = [uuid, name, host, createdAt, vcpus, memoryMib, ...states, JSON.stringify(extraSpecs)];
      this.#database.prepare(statement).run(...values);
      for (const device of devices) this.addDevice(device);
      for (const network of networks) this.addNetwork(network);
      alsoRecord();
    };
    writing(this.#database, () => inTransaction(this.#database, admitAndInsert));
  }

  update(uuid: string, change: InstanceChange): void {
    const columns = {
      vm_state: change.vmState,
      task_state: change.taskState,
      power_state: change.powerState,
      fault: toJson(change.fault),
    };
    this.#set('instance', 'uuid = ?', [uuid], columns);
  }

  /**
   * Changes what a user can change, if `admit` allows it beside the other instances. Uses one transaction, as
   * {@link InstanceStore.create} does.
   *
   * @throws ConflictError when another server has the name
   */
  change(
    uuid: string,
    change: Partial<ServerChange> & InstanceChange,
    admit: (others: readonly InstanceRecord[]) => void = () => undefined,
  ): void {
    const { name, description, vcpus, memoryMib, extraSpecs, ...states } = change;
    const admitAndChange = () => {
      if (name !== undefined) this.#requireFreeName(name, uuid);
      admit(this.list().filter((other) => other.uuid !== uuid));
      const columns = { name, description, vcpus, memory_mib: memoryMib, extra_specs: toJson(extraSpecs) };
      this.#set('instance', 'uuid = ?', [uuid], columns);
      this.update(uuid, states);
    };
    writing(this.#database, () => inTransaction(this.#database, admitAndChange));
  }

  /** @throws ConflictError when another server has the name; that of a failed build that was rolled back is free */
  #requireFreeName(name: string, uuid?: string): void {
    const twin = this.#named(name).find((other) => other.uuid !== uuid && !isOnlyRecord(other));
    if (twin !== undefined) throw new ConflictError(`server "${name}" already exists`, { server: twin.uuid });
  }

  delete(uuid: string): void {
    // The record of a partition that may still exist stays.
    const done = 'delete from instance_partition where instance_uuid = ? and partition_uri is null';
    const both = () => {
      this.#database.prepare(done).run(uuid);
      this.#database.prepare('delete from instance where uuid = ?').run(uuid);
    };
    writing(this.#database, () => inTransaction(this.#database, both));
  }

  devices(instanceUuid: string): readonly BlockDevice[] {
    return this.#devices('instance_uuid = ? order by boot_index is null, boot_index, device_name', instanceUuid);
  }

  /** Returns the devices of every instance that has this volume, or is to get it. */
  devicesOf(volumeId: string): readonly BlockDevice[] {
    return this.#devices('volume_id = ?', volumeId);
  }

  #devices(condition: string, value: string): readonly BlockDevice[] {
    const query = `select ${deviceColumns} from block_device_mapping where ${condition}`;
    const rows = this.#database.prepare(query).all(value);
    return rows.map((row) => deviceSchema.parse(row));
  }

  addDevice(device: BlockDevice): void {
    const { instanceUuid, volumeId, volumeName, sizeGib, bootIndex, deviceName, deleteOnTermination, mode } = device;
    const statement = `insert into block_device_mapping
      (instance_uuid, volume_id, volume_name, size_gib, boot_index, device_name, delete_on_termination, mode)
      values (?, ?, ?, ?, ?, ?, ?, ?)`;
    const flag = deleteOnTermination ? 1 : 0;
    const values = [instanceUuid, volumeId, volumeName, sizeGib, bootIndex, deviceName, flag, mode];
    this.#database.prepare(statement).run(...values);
  }

  updateDevice(instanceUuid: string, volumeId: string, change: DeviceChange): void {
    const columns = {
      reservation: toJson(change.reservation),
      connector: toJson(change.connector),
      connection_info: toJson(change.connectionInfo),
    };
    this.#set('block_device_mapping', 'instance_uuid = ? and volume_id = ?', [instanceUuid, volumeId], columns);
  }

  /** Gives boot index 0 to another volume of the instance. Idempotent. */
  swapBootVolume(instanceUuid: string, from: string, to: string): void {
    const statement = 'update block_device_mapping set boot_index = ? where instance_uuid = ? and volume_id = ?';
    const both = () => {
      this.#database.prepare(statement).run(null, instanceUuid, from);
      this.#database.prepare(statement).run(0, instanceUuid, to);
    };
    writing(this.#database, () => inTransaction(this.#database, both));
  }

  deleteDevice(instanceUuid: string, volumeId: string): void {
    const statement = 'delete from block_device_mapping where instance_uuid = ? and volume_id = ?';
    writing(this.#database, () => this.#database.prepare(statement).run(instanceUuid, volumeId));
  }

  /** Returns the network interfaces of an instance, in the order in which they were added. */
  networks(instanceUuid: string): readonly InstanceNetwork[] {
    return this.#networks('where instance_uuid = ? order by rowid', instanceUuid);
  }

  /** Returns the network interfaces of all instances. */
  allNetworks(): readonly InstanceNetwork[] {
    return this.#networks('order by rowid');
  }

  #networks(clauses: string, ...values: readonly string[]): readonly InstanceNetwork[] {
    const rows = this.#database.prepare(`select ${networkColumns} from instance_network ${clauses}`).all(...values);
    return rows.map((row) => networkSchema.parse(row));
  }

  addNetwork({ instanceUuid, interfaceId, network, vif }: InstanceNetwork): void {
    const statement = 'insert into instance_network (instance_uuid, interface_id, network, vif) values (?, ?, ?, ?)';
    const values = [instanceUuid, interfaceId, network, JSON.stringify(vif)];
    writing(this.#database, () => this.#database.prepare(statement).run(...values));
  }

  deleteNetwork(instanceUuid: string, interfaceId: string): void {
    const statement = 'delete from instance_network where instance_uuid = ? and interface_id = ?';
    writing(this.#database, () => this.#database.prepare(statement).run(instanceUuid, interfaceId));
  }

  #set(
    table: string,
    where: string,
    keys: readonly string[],
    columns: Record<string, string | number | null | undefined>,
  ): void {
    const given = Object.keys(columns).filter((name) => columns[name] !== undefined);
    if (given.length === 0) return;
    const assignments = given.map((name) => `${name} = ?`).join(', ');
    const values = given.map((name) => columns[name] ?? null);
    const statement = `update ${table} set ${assignments} where ${where}`;
    writing(this.#database, () => this.#database.prepare(statement).run(...values, ...keys));
  }
}

function toJson(value: object | null | undefined): string | null | undefined {
  return value === null || value === undefined ? value : JSON.stringify(value);
}
