import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ConflictError, NotFoundError } from '../base/index.ts';
import type { ConnectionInfo, Connector, Reservation } from '../cinder-client/index.ts';
import { inTransaction, writing } from './database.ts';

/** Nova's words. Source: nova objects/fields.py and compute/power_state.py. */
export const vmStates = ['building', 'active', 'stopped', 'error', 'deleted'] as const;
export type VmState = (typeof vmStates)[number];

export const taskStates = [
  'scheduling',
  'block_device_mapping',
  'spawning',
  'deleting',
  'powering-off',
  'powering-on',
  'rebooting',
  'rebooting_hard',
] as const;
export type TaskState = (typeof taskStates)[number];

/** Why the last operation failed. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly at: string;
  readonly requestId: string;
}

const rowSchema = z.object({
  uuid: z.string(),
  name: z.string(),
  host: z.string(),
  created_at: z.string(),
  vcpus: z.number(),
  memory_mib: z.number(),
  vm_state: z.enum(vmStates),
  task_state: z.enum(taskStates).nullable(),
  power_state: z.enum(['nostate', 'running', 'paused', 'shutdown', 'crashed', 'suspended']),
  fault: z.string().nullable(),
  extra_specs: z.string(),
});
const extraSpecsSchema = z.record(z.string(), z.string());
const faultSchema = z.object({ code: z.string(), message: z.string(), at: z.string(), requestId: z.string() });

/** An instance as the manager keeps it. */
export interface InstanceRecord {
  readonly uuid: string;
  readonly name: string;
  readonly host: string;
  readonly createdAt: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly vmState: VmState;
  readonly taskState: TaskState | null;
  readonly powerState: z.infer<typeof rowSchema>['power_state'];
  readonly fault: Fault | null;
  /** Nova's word for the properties of a flavour; the keys that are a driver's begin with its name. */
  readonly extraSpecs: Readonly<Record<string, string>>;
}

/** A volume of an instance: Nova's block device mapping. */
export interface BlockDevice {
  readonly instanceUuid: string;
  readonly volumeId: string;
  readonly sizeGib: number;
  readonly bootIndex: number | null;
  readonly deviceName: string;
  readonly deleteOnTermination: boolean;
  readonly mode: 'rw' | 'ro';
  /** What Cinder knows of it; null before it is reserved. */
  readonly reservation: Reservation | null;
  /** The connector it was mapped with: detach uses this one, never a fresh guess. */
  readonly connector: Connector | null;
  readonly connectionInfo: ConnectionInfo | null;
}

type InstanceChange = Partial<Pick<InstanceRecord, 'vmState' | 'taskState' | 'powerState' | 'fault'>>;
type DeviceChange = Partial<Pick<BlockDevice, 'reservation' | 'connector' | 'connectionInfo'>>;

/** Whether nothing is left of an instance but its record: its build failed, and everything was rolled back. */
export function isOnlyRecord({ vmState, fault }: Pick<InstanceRecord, 'vmState' | 'fault'>): boolean {
  return vmState === 'error' && fault?.code === 'FLOW_ROLLED_BACK';
}

/** Instances and their block device mappings, in the state directory's database. */
export class InstanceStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  list(): readonly InstanceRecord[] {
    return this.#database.prepare('select * from instance order by created_at, uuid').all().map(toInstance);
  }

  /**
   * By UUID, else by name. A name goes first to the one that works: several in ERROR may have it, of earlier tries.
   *
   * @throws ConflictError when only the UUID can tell which is meant
   */
  find(nameOrUuid: string): InstanceRecord | undefined {
    const found = this.#named(nameOrUuid);
    const exact = found.find(({ uuid }) => uuid === nameOrUuid) ?? found.find(({ vmState }) => vmState !== 'error');
    if (exact !== undefined || found.length <= 1) return exact ?? found[0];
    const uuids = found.map(({ uuid }) => uuid).join(', ');
    throw new ConflictError(`${found.length} servers have the name "${nameOrUuid}"; give the UUID: ${uuids}`, {
      server: nameOrUuid,
    });
  }

  /** With this name or UUID, newest first. */
  #named(nameOrUuid: string): readonly InstanceRecord[] {
    // Not ?1 twice: Node.js 22.13 binds no numbered parameters.
    const query = 'select * from instance where uuid = ? or name = ? order by created_at desc';
    return this.#database.prepare(query).all(nameOrUuid, nameOrUuid).map(toInstance);
  }

  /** @throws NotFoundError */
  get(nameOrUuid: string): InstanceRecord {
    const found = this.find(nameOrUuid);
    if (found === undefined) throw new NotFoundError(`server "${nameOrUuid}" does not exist`, { server: nameOrUuid });
    return found;
  }

  /**
   * Adds an instance with its devices, if `admit` allows it beside those that are there. The name of a failed build that was
   * rolled back may be used again. One transaction, so that two
   * claims cannot both take the last of a share.
   */
  create(
    instance: InstanceRecord,
    devices: readonly BlockDevice[],
    admit: (others: readonly InstanceRecord[]) => void,
  ): void {
    const admitAndInsert = () => {
      const twin = this.#named(instance.name).find((other) => !isOnlyRecord(other));
      if (twin !== undefined)
        throw new ConflictError(`server "${instance.name}" exists already`, { server: twin.uuid });
      admit(this.list());
      this.#database
        .prepare(
          `insert into instance (uuid, name, host, created_at, vcpus, memory_mib, vm_state, task_state, power_state,
             extra_specs)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          instance.uuid,
          instance.name,
          instance.host,
          instance.createdAt,
          instance.vcpus,
          instance.memoryMib,
          instance.vmState,
          instance.taskState,
          instance.powerState,
          JSON.stringify(instance.extraSpecs),
        );
      for (const device of devices) this.addDevice(device);
    };
    writing(this.#database, () => inTransaction(this.#database, admitAndInsert));
  }

  update(uuid: string, change: InstanceChange): void {
    const columns = {
      vm_state: change.vmState,
      task_state: change.taskState,
      power_state: change.powerState,
      fault: change.fault === undefined || change.fault === null ? change.fault : JSON.stringify(change.fault),
    };
    this.#set('instance', 'uuid = ?', [uuid], columns);
  }

  delete(uuid: string): void {
    // Also that there is no partition of it is nobody's concern any more; one that may be there stays recorded.
    const done = 'delete from instance_partition where instance_uuid = ? and partition_uri is null';
    const both = () => {
      this.#database.prepare(done).run(uuid);
      this.#database.prepare('delete from instance where uuid = ?').run(uuid);
    };
    writing(this.#database, () => inTransaction(this.#database, both));
  }

  devices(instanceUuid: string): readonly BlockDevice[] {
    const query =
      'select * from block_device_mapping where instance_uuid = ? order by boot_index is null, boot_index, device_name';
    return this.#database.prepare(query).all(instanceUuid).map(toDevice);
  }

  /** Of every instance that has this volume, or is to have it. */
  devicesOf(volumeId: string): readonly BlockDevice[] {
    return this.#database.prepare('select * from block_device_mapping where volume_id = ?').all(volumeId).map(toDevice);
  }

  addDevice(device: BlockDevice): void {
    this.#database
      .prepare(
        `insert into block_device_mapping
           (instance_uuid, volume_id, size_gib, boot_index, device_name, delete_on_termination, mode)
         values (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        device.instanceUuid,
        device.volumeId,
        device.sizeGib,
        device.bootIndex,
        device.deviceName,
        device.deleteOnTermination ? 1 : 0,
        device.mode,
      );
  }

  updateDevice(instanceUuid: string, volumeId: string, change: DeviceChange): void {
    const columns = {
      reservation: toJson(change.reservation),
      connector: toJson(change.connector),
      connection_info: toJson(change.connectionInfo),
    };
    this.#set('block_device_mapping', 'instance_uuid = ? and volume_id = ?', [instanceUuid, volumeId], columns);
  }

  deleteDevice(instanceUuid: string, volumeId: string): void {
    const statement = 'delete from block_device_mapping where instance_uuid = ? and volume_id = ?';
    writing(this.#database, () => this.#database.prepare(statement).run(instanceUuid, volumeId));
  }

  #set(
    table: string,
    where: string,
    keys: readonly string[],
    columns: Record<string, string | null | undefined>,
  ): void {
    const given = Object.entries(columns).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    if (given.length === 0) return;
    const assignments = given.map(([name]) => `${name} = ?`).join(', ');
    const values = given.map(([, value]) => value);
    const statement = `update ${table} set ${assignments} where ${where}`;
    writing(this.#database, () => this.#database.prepare(statement).run(...values, ...keys));
  }
}

function toJson(value: object | null | undefined): string | null | undefined {
  return value === null || value === undefined ? value : JSON.stringify(value);
}

function toInstance(row: Record<string, unknown>): InstanceRecord {
  const parsed = rowSchema.parse(row);
  return {
    uuid: parsed.uuid,
    name: parsed.name,
    host: parsed.host,
    createdAt: parsed.created_at,
    vcpus: parsed.vcpus,
    memoryMib: parsed.memory_mib,
    vmState: parsed.vm_state,
    taskState: parsed.task_state,
    powerState: parsed.power_state,
    fault: parsed.fault === null ? null : faultSchema.parse(JSON.parse(parsed.fault)),
    extraSpecs: extraSpecsSchema.parse(JSON.parse(parsed.extra_specs)),
  };
}

function toDevice(row: Record<string, unknown>): BlockDevice {
  const fromJson = (value: unknown) => (typeof value === 'string' ? (JSON.parse(value) as unknown) : null);
  return {
    instanceUuid: String(row.instance_uuid),
    volumeId: String(row.volume_id),
    sizeGib: Number(row.size_gib),
    bootIndex: row.boot_index === null ? null : Number(row.boot_index),
    deviceName: String(row.device_name),
    deleteOnTermination: row.delete_on_termination === 1,
    mode: row.mode === 'ro' ? 'ro' : 'rw',
    // Written by this class from values of these very types; nobody else writes the file.
    reservation: fromJson(row.reservation) as Reservation | null,
    connector: fromJson(row.connector) as Connector | null,
    connectionInfo: fromJson(row.connection_info) as ConnectionInfo | null,
  };
}
