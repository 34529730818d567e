import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { JournalError, matches, summarize } from '../saga/index.ts';
import type { FlowSummary, Journal, JournalEvent } from '../saga/index.ts';
import { inTransaction } from './database.ts';

const step = z.string();
const eventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('flow-started'),
    flow: z.string(),
    input: z.json(),
    parent: z.string().optional(),
    subject: z.string().optional(),
  }),
  z.object({ kind: z.literal('started'), step }),
  z.object({ kind: z.literal('succeeded'), step, output: z.json() }),
  z.object({ kind: z.literal('failed'), step, error: z.string() }),
  z.object({ kind: z.literal('undo-started'), step }),
  z.object({ kind: z.literal('undo-finished'), step }),
  z.object({ kind: z.literal('undo-failed'), step, error: z.string() }),
  z.object({
    kind: z.literal('flow-ended'),
    outcome: z.enum(['completed', 'rolled-back', 'stuck']),
    error: z.string().optional(),
    leftBehind: z.array(z.string()).optional(),
  }),
]);

/** The journal in the state directory's database: an event is on disk when `append` returns. */
export class SqliteJournal implements Journal {
  readonly #database: DatabaseSync;
  readonly #insertFlow: StatementSync;
  readonly #insertEvent: StatementSync;
  readonly #endFlow: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insertFlow = database.prepare(
      'insert into flow (id, flow, subject, parent, started_at) values (?, ?, ?, ?, ?)',
    );
    this.#insertEvent = database.prepare('insert into event (flow_id, event) values (?, ?)');
    this.#endFlow = database.prepare('update flow set ended_at = ? where id = ?');
  }

  append(flowId: string, event: JournalEvent): Promise<void> {
    const now = new Date().toISOString();
    inTransaction(this.#database, () => {
      if (event.kind === 'flow-started') {
        this.#insertFlow.run(flowId, event.flow, event.subject ?? null, event.parent ?? null, now);
      }
      this.#insertEvent.run(flowId, JSON.stringify(event));
      this.#endFlow.run(event.kind === 'flow-ended' ? now : null, flowId);
    });
    return Promise.resolve();
  }

  read(flowId: string): Promise<readonly JournalEvent[]> {
    return Promise.resolve(this.#events(flowId));
  }

  list(filter: { open?: boolean; subject?: string } = {}): Promise<readonly FlowSummary[]> {
    const rows = this.#database
      .prepare('select id, started_at, ended_at from flow order by started_at desc, rowid desc')
      .all() as { id: string; started_at: string; ended_at: string | null }[]; // the columns just named
    const flows = rows.map((row) => summarize(row.id, row.started_at, row.ended_at ?? undefined, this.#events(row.id)));
    return Promise.resolve(flows.filter((flow) => matches(flow, filter)));
  }

  #events(flowId: string): readonly JournalEvent[] {
    const rows = this.#database.prepare('select event from event where flow_id = ? order by seq').all(flowId);
    return rows.map((row) => parseEvent(flowId, String(row.event)));
  }
}

function parseEvent(flowId: string, text: string): JournalEvent {
  try {
    return eventSchema.parse(JSON.parse(text)) as JournalEvent; // the same union; zod spells absent as undefined
  } catch (error) {
    throw new JournalError(`the journal of flow ${flowId} is damaged`, { flowId }, { cause: error });
  }
}
