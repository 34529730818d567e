import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { blankSecrets } from '../base/index.ts';
import type { PartitionRecords } from '../virt/index.ts';
import { writing } from './database.ts';

/** An instance of Nova that `dpm serve` serves on this host. */
export interface ServedInstance {
  readonly uuid: string;
  readonly name: string;
  /** ISO 8601 UTC. */
  readonly since: string;
  /** When Nova destroyed it, after which its partition may be kept for its ports; null before. */
  readonly destroyedAt: string | null;
}

const rowSchema = z.object({
  instance_uuid: z.string(),
  name: z.string(),
  since: z.string(),
  destroyed_at: z.string().nullable(),
  rescue: z.string().nullable(),
});

/**
 * The instances that Nova owns through `dpm serve`. A record is written before anything of the instance is created, and kept
 * until nothing of it is left, so that the commands of the own compute manager never count its partition as an orphan.
 */
export class ServedInstances {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  list(): readonly ServedInstance[] {
    const rows = this.#database.prepare('select * from served_instance order by since').all();
    return rows.map((row) => {
      const { instance_uuid: uuid, name, since, destroyed_at: destroyedAt } = rowSchema.parse(row);
      return { uuid, name, since, destroyedAt };
    });
  }

  /** Records an instance before it is created. One that was destroyed before lives again. */
  begin(uuid: string, name: string): void {
    const statement = `insert into served_instance (instance_uuid, name, since) values (?, ?, ?)
      on conflict (instance_uuid) do update set name = excluded.name, destroyed_at = null`;
    this.#write(statement, uuid, name, new Date().toISOString());
  }

  /** Records that the instance is known, without a change of one that is recorded already. */
  note(uuid: string, name: string): void {
    const statement = 'insert or ignore into served_instance (instance_uuid, name, since) values (?, ?, ?)';
    this.#write(statement, uuid, name, new Date().toISOString());
  }

  markDestroyed(uuid: string): void {
    const statement = `update served_instance set destroyed_at = coalesce(destroyed_at, ?), rescue = null
      where instance_uuid = ?`;
    this.#write(statement, new Date().toISOString(), uuid);
  }

  /** Forgets an instance of which nothing is left. */
  forget(uuid: string): void {
    this.#write('delete from served_instance where instance_uuid = ?', uuid);
  }

  /** Forgets the instance if the driver's record of its partition says that nothing is left. @returns whether it did */
  forgetIfGone(uuid: string, records: Pick<PartitionRecords, 'find'>): boolean {
    const record = records.find(uuid);
    const isGone = record === undefined || (record.partitionUri === null && record.storageGroupUri === null);
    if (isGone) this.forget(uuid);
    return isGone;
  }

  /** Keeps the volumes of a rescue for an unrescue, to which Nova does not pass them. Without secrets. */
  recordRescue(uuid: string, blockDeviceInfo: unknown): void {
    const json = JSON.stringify(blankSecrets(blockDeviceInfo ?? null));
    this.#write('update served_instance set rescue = ? where instance_uuid = ?', json, uuid);
  }

  /** Returns what {@link recordRescue} has kept. */
  rescued(uuid: string): unknown {
    const row = this.#database.prepare('select rescue from served_instance where instance_uuid = ?').get(uuid);
    return typeof row?.rescue === 'string' ? JSON.parse(row.rescue) : undefined;
  }

  #write(statement: string, ...values: readonly string[]): void {
    writing(this.#database, () => this.#database.prepare(statement).run(...values));
  }
}
