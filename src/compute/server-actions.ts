import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { describeError } from '../base/index.ts';
import { writing } from './database.ts';

/** An action on a server that has no flow: start, stop or reboot. Nova keeps the same as instance actions. */
export interface ServerAction {
  readonly id: string;
  readonly server: string;
  /** The name of the server at that time. */
  readonly name: string;
  readonly action: string;
  readonly requestId: string;
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  /** Why it failed. */
  readonly error: string | undefined;
}

const rowSchema = z.object({
  id: z.string(),
  server: z.string(),
  name: z.string(),
  action: z.string(),
  request_id: z.string(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  error: z.string().nullable(),
});

/** The history of actions without a flow, in the state directory's database. */
export class ServerActions {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Records an action of a server while it runs, and how it ended. The caller owns the server.
   *
   * @throws the error of the action
   */
  async record<T>(
    action: Pick<ServerAction, 'server' | 'name' | 'action' | 'requestId'>,
    work: () => Promise<T>,
  ): Promise<T> {
    this.endInterrupted(action.server);
    const id = randomUUID();
    const insert = `insert into server_action (id, server, name, action, request_id, started_at) values (?, ?, ?, ?, ?, ?)`;
    const values = [id, action.server, action.name, action.action, action.requestId, now()];
    writing(this.#database, () => this.#database.prepare(insert).run(...values));
    try {
      const result = await work();
      this.#end('id', id, null);
      return result;
    } catch (error) {
      this.#end('id', id, describeError(error));
      throw error;
    }
  }

  /** Ends the actions of a server that a dead process left open. The caller owns the server. */
  endInterrupted(server: string): void {
    const open = 'select 1 from server_action where server = ? and ended_at is null';
    if (this.#database.prepare(open).get(server) === undefined) return;
    this.#end('server', server, INTERRUPTED);
  }

  /** Returns the actions, newest first. */
  list(): readonly ServerAction[] {
    const rows = this.#database.prepare('select * from server_action order by started_at desc, rowid desc').all();
    return rows.map((row) => {
      const { request_id, started_at, ended_at, error, ...others } = rowSchema.parse(row);
      const times = { startedAt: started_at, endedAt: ended_at ?? undefined };
      return { ...others, requestId: request_id, ...times, error: error ?? undefined };
    });
  }

  /** Removes ended actions: those older than `days`, and all but the newest `flows`. The limits are those of flows. */
  prune({ days, flows }: { readonly days: number; readonly flows: number }, at = Date.now()): void {
    const oldest = new Date(at - days * 86_400_000).toISOString();
    const newest = 'select id from server_action order by started_at desc, rowid desc limit ?';
    const statement = `delete from server_action where ended_at is not null and (ended_at < ? or id not in (${newest}))`;
    writing(this.#database, () => this.#database.prepare(statement).run(oldest, flows));
  }

  #end(column: 'id' | 'server', value: string, error: string | null): void {
    const statement = `update server_action set ended_at = ?, error = ? where ${column} = ? and ended_at is null`;
    writing(this.#database, () => this.#database.prepare(statement).run(now(), error, value));
  }
}

export const INTERRUPTED = 'the process ended before the action finished';

function now(): string {
  return new Date().toISOString();
}
