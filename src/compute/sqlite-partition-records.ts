import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { wwpnSchema } from '../base/index.ts';
import type { Wwpn } from '../base/index.ts';
import { nothingKnown } from '../virt/index.ts';
import type { PartitionRecord, PartitionRecords } from '../virt/index.ts';
import { bootVolumeSchema } from './boot-volume-records.ts';
import { writing } from './database.ts';

const rowSchema = z.object({
  instance_uuid: z.string(),
  partition_uri: z.string().nullable(),
  wwpns: z.string(),
  storage_group_uri: z.string().nullable(),
  prepared_group_uri: z.string().nullable(),
  is_begun_here: z.number(),
  is_connected: z.number(),
  boot_volume: z.string().nullable(),
  is_parked: z.number(),
});
const wwpnsSchema = z.array(wwpnSchema);
const connectorSchema = z.looseObject({ wwpns: z.array(z.string()).default([]) });

/**
 * The driver's records of partitions, in the state directory's database. Servers built by an older version have no record: the
 * connectors that their volumes were mapped with tell their ports.
 */
export class SqlitePartitionRecords implements PartitionRecords {
  readonly #database: DatabaseSync;
  readonly #isReader: boolean;

  /** @param options.access - a reader resumes nothing, and so records nothing */
  constructor(database: DatabaseSync, { access }: { readonly access: 'read' | 'write' }) {
    this.#database = database;
    this.#isReader = access === 'read';
  }

  find(instanceUuid: string): PartitionRecord | undefined {
    const row = this.#database.prepare('select * from instance_partition where instance_uuid = ?').get(instanceUuid);
    return this.#complete(instanceUuid, row === undefined ? undefined : toRecord(row));
  }

  list(): readonly PartitionRecord[] {
    const rows = this.#database.prepare('select * from instance_partition').all().map(toRecord);
    const written = new Map(rows.map((record) => [record.instanceUuid, record]));
    const instances = this.#database.prepare('select uuid from instance').all();
    const all = new Set([...written.keys(), ...instances.map(({ uuid }) => String(uuid))]);
    return [...all].flatMap((uuid) => this.#complete(uuid, written.get(uuid)) ?? []);
  }

  put({ isBegunHere, isConnected, bootVolume, isParked = false, ...record }: PartitionRecord): void {
    if (this.#isReader) return;
    const statement = `insert or replace into instance_partition
      (instance_uuid, partition_uri, wwpns, storage_group_uri, prepared_group_uri, is_begun_here, is_connected, is_parked,
       boot_volume)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const { instanceUuid, partitionUri, wwpns, storageGroupUri, preparedGroupUri } = record;
    const groups = [storageGroupUri, preparedGroupUri];
    const flags = [isBegunHere, isConnected, isParked].map(Number);
    const boot = bootVolume === null ? null : JSON.stringify(bootVolume);
    const values = [instanceUuid, partitionUri, JSON.stringify(wwpns), ...groups, ...flags, boot];
    writing(this.#database, () => this.#database.prepare(statement).run(...values));
  }

  hasVolumesWithoutNova(partitionUri: string): boolean {
    return this.#database.prepare('select 1 from local_volume where place = ?').get(partitionUri) !== undefined;
  }

  #complete(instanceUuid: string, written: PartitionRecord | undefined): PartitionRecord | undefined {
    if (written !== undefined && written.wwpns.length > 0) return written;
    const wwpns = this.#connectedPorts(instanceUuid);
    if (written !== undefined) return { ...written, wwpns };
    if (wwpns.length === 0) return undefined;
    return { ...nothingKnown(instanceUuid), wwpns };
  }

  #connectedPorts(instanceUuid: string): readonly Wwpn[] {
    const query = 'select connector from block_device_mapping where instance_uuid = ? and connector is not null';
    const rows = this.#database.prepare(query).all(instanceUuid);
    const found = rows.flatMap(({ connector }) => connectorSchema.parse(JSON.parse(String(connector))).wwpns);
    return [...new Set(found)].flatMap((text) => {
      const parsed = wwpnSchema.safeParse(text);
      return parsed.success ? [parsed.data] : [];
    });
  }
}

function toRecord(row: unknown): PartitionRecord {
  const parsed = rowSchema.parse(row);
  return {
    instanceUuid: parsed.instance_uuid,
    partitionUri: parsed.partition_uri,
    wwpns: wwpnsSchema.parse(JSON.parse(parsed.wwpns)),
    storageGroupUri: parsed.storage_group_uri,
    preparedGroupUri: parsed.prepared_group_uri,
    isBegunHere: parsed.is_begun_here === 1,
    isConnected: parsed.is_connected === 1,
    bootVolume: parsed.boot_volume === null ? null : bootVolumeSchema.parse(JSON.parse(parsed.boot_volume)),
    ...(parsed.is_parked === 1 ? { isParked: true } : {}),
  };
}
