import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { writing } from './database.ts';

const columns = `instance_uuid as instanceUuid, request_id as requestId, requested_at as requestedAt,
  power_on as powerOn, attempts`;
const rowSchema = z.object({
  instanceUuid: z.string(),
  /** The request of the command that recorded it. */
  requestId: z.string(),
  /** ISO 8601 UTC. */
  requestedAt: z.string(),
  powerOn: z.number().transform((flag) => flag === 1),
  /** How often a service has begun to build the server and then died. */
  attempts: z.number(),
});

/** A request to create a server, for the running service. The record of the server has everything else. */
export type WaitingRequest = Readonly<z.infer<typeof rowSchema>>;

/**
 * The requests for the running service, in the database of the state directory. A request exists until the server is built, or
 * its build has failed. It is deleted with the record of its server.
 */
export class WaitingRequests {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Returns the requests, oldest first. */
  list(): readonly WaitingRequest[] {
    const rows = this.#database.prepare(`select ${columns} from server_request order by rowid`).all();
    return rows.map((row) => rowSchema.parse(row));
  }

  find(instanceUuid: string): WaitingRequest | undefined {
    const row = this.#database
      .prepare(`select ${columns} from server_request where instance_uuid = ?`)
      .get(instanceUuid);
    return row === undefined ? undefined : rowSchema.parse(row);
  }

  /** Adds a request. The record of its server exists. */
  add({ instanceUuid, requestId, requestedAt, powerOn }: Omit<WaitingRequest, 'attempts'>): void {
    const statement = `insert into server_request (instance_uuid, request_id, requested_at, power_on, attempts)
      values (?, ?, ?, ?, 0)`;
    writing(this.#database, () =>
      this.#database.prepare(statement).run(instanceUuid, requestId, requestedAt, Number(powerOn)),
    );
  }

  countAttempt(instanceUuid: string, by: 1 | -1): void {
    const statement = 'update server_request set attempts = attempts + ? where instance_uuid = ?';
    writing(this.#database, () => this.#database.prepare(statement).run(by, instanceUuid));
  }

  remove(instanceUuid: string): void {
    writing(this.#database, () =>
      this.#database.prepare('delete from server_request where instance_uuid = ?').run(instanceUuid),
    );
  }
}
