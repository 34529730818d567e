import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { describeError } from '../base/index.ts';
import { eventSchema, isUnfinished, JournalError, Mentions, nameIn } from './journal/index.ts';
import type { FlowFilter, FlowSummary, Journal, JournalEvent, RecordedEvent } from './journal/index.ts';
import { inTransaction, isOpen } from './database.ts';

/** The journal in the state directory's database: an event is on disk when `append` returns. */
export class SqliteJournal implements Journal {
  readonly #database: DatabaseSync;
  readonly #insertFlow: StatementSync;
  readonly #insertEvent: StatementSync;
  readonly #endFlow: StatementSync;
  /** Open flows that this process may write to: it began them, or read their whole history. */
  readonly #sound = new Set<string>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insertFlow = database.prepare(
      'insert into flow (id, flow, subject, parent, started_at) values (?, ?, ?, ?, ?)',
    );
    this.#insertEvent = database.prepare('insert into event (flow_id, event, at, request_id) values (?, ?, ?, ?)');
    this.#endFlow = database.prepare('update flow set ended_at = ?, outcome = ? where id = ?');
  }

  append(flowId: string, event: JournalEvent, requestId?: string): Promise<void> {
    const now = new Date().toISOString();
    if (event.kind !== 'flow-started' && !this.#sound.has(flowId)) this.#events(flowId);
    inTransaction(this.#database, () => {
      if (event.kind === 'flow-started') {
        this.#insertFlow.run(flowId, event.flow, event.subject ?? null, event.parent ?? null, now);
      }
      this.#insertEvent.run(flowId, JSON.stringify(event), now, requestId ?? null);
      // A stuck or waiting flow that is resumed runs until it ends again.
      const [endedAt, outcome] = event.kind === 'flow-ended' ? [now, event.outcome] : [null, null];
      this.#endFlow.run(endedAt, outcome, flowId);
    });
    if (event.kind === 'flow-ended') this.#sound.delete(flowId);
    else this.#sound.add(flowId);
    return Promise.resolve();
  }

  /**
   * Removes ended flows: those older than `days`, and all but the newest `flows`. Open, waiting and stuck flows stay, and so do
   * flows below them.
   */
  prune({ days, flows }: { readonly days: number; readonly flows: number }, now = Date.now()): void {
    const oldest = new Date(now - days * 86_400_000).toISOString();
    inTransaction(this.#database, () => {
      this.#database.exec('create temp table if not exists pruned (id text primary key); delete from temp.pruned');
      this.#database
        .prepare(
          `insert into temp.pruned select id from flow
           where outcome in ('completed', 'rolled-back')
             and (ended_at < ? or id not in
               (select id from flow where outcome in ('completed', 'rolled-back') order by ended_at desc, rowid desc limit ?))
             and coalesce(parent, '') not in (select id from flow where ${isOpen})`,
        )
        .run(oldest, flows);
      this.#database.exec('delete from event where flow_id in (select id from temp.pruned)');
      this.#database.exec('delete from flow where id in (select id from temp.pruned)');
    });
  }

  read(flowId: string): Promise<readonly RecordedEvent[]> {
    return Promise.resolve(this.#events(flowId));
  }

  list(filter: FlowFilter = {}): Promise<readonly FlowSummary[]> {
    const conditions = [
      ...(filter.open === true ? [`(${isOpen})`] : []),
      ...(filter.subject === undefined ? [] : ['subject = ?']),
    ];
    const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
    const rows = this.#database
      .prepare(`${summaryQuery} ${where} order by started_at desc, flow.rowid desc`)
      .all(...(filter.subject === undefined ? [] : [filter.subject]));
    return Promise.resolve(rows.map((row) => this.#summarize(row)));
  }

  /** Searches damaged histories too, since nothing is parsed. */
  mentions(identifiers: ReadonlySet<string>): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = new Mentions(identifiers);
    if (identifiers.size > 0)
      for (const { flow_id: id, event } of this.#database.prepare('select flow_id, event from event').iterate())
        found.look(String(id), String(event));
    return Promise.resolve(found.flows);
  }

  /** Returns a summary also if the history cannot be read, so that the other flows are listed. */
  #summarize(row: Record<string, unknown>): FlowSummary {
    try {
      const flow = toSummary(row);
      // Unfinished flows are few: check their whole history before they are resumed.
      if (isUnfinished(flow.state)) this.#events(flow.id);
      return flow;
    } catch (error) {
      return damaged(row, error);
    }
  }

  /** Returns the flows in which a request did something, also if another request began them. */
  ofRequest(requestId: string): ReadonlySet<string> {
    // A short ID is a prefix, as of flows.
    const query = 'select distinct flow_id from event where substr(request_id, 1, ?) = ?';
    const rows = this.#database.prepare(query).all(requestId.length, requestId);
    return new Set(rows.map((row) => String(row.flow_id)));
  }

  #events(flowId: string): readonly RecordedEvent[] {
    const query = 'select event, at, request_id from event where flow_id = ? order by seq';
    return this.#database
      .prepare(query)
      .all(flowId)
      .map(({ event, at, request_id: requestId }) => ({
        ...parseEvent(flowId, String(event)),
        ...(typeof at === 'string' ? { at } : {}),
        ...(typeof requestId === 'string' ? { requestId } : {}),
      }));
  }
}

/** Reads only the first and the last event of each flow, since histories can be long. */
const summaryQuery = `
  select id, flow, subject, parent, started_at, ended_at, outcome,
    (select event from event where flow_id = flow.id order by seq desc limit 1) as last,
    (select event from event where flow_id = flow.id order by seq limit 1) as first,
    (select request_id from event where flow_id = flow.id order by seq limit 1) as request_id
  from flow`;

const rowSchema = z.object({
  id: z.string(),
  flow: z.string(),
  subject: z.string().nullable(),
  parent: z.string().nullable(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  outcome: z.enum(['completed', 'rolled-back', 'stuck', 'waiting']).nullable(),
  last: z.string().nullable(),
  first: z.string().nullable(),
  request_id: z.string().nullable(),
});

function toSummary(row: unknown): FlowSummary {
  const { id, flow, subject, parent, started_at, ended_at, outcome, last, first, request_id } = rowSchema.parse(row);
  const end = outcome === null ? undefined : parseEvent(id, last ?? '');
  const ended = end?.kind === 'flow-ended' ? end : undefined;
  return {
    id,
    flow,
    subject: subject ?? undefined,
    name: firstName(first),
    requestId: request_id ?? undefined,
    parent: parent ?? undefined,
    state: outcome ?? 'running',
    startedAt: started_at,
    endedAt: ended_at ?? undefined,
    error: ended?.error,
    leftBehind: ended?.leftBehind ?? [],
    waitsFor: ended?.waitsFor,
  };
}

function damaged(row: Record<string, unknown>, error: unknown): FlowSummary {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    id: text(row.id) ?? '?',
    flow: text(row.flow) ?? '?',
    subject: text(row.subject),
    name: firstName(text(row.first) ?? null),
    requestId: text(row.request_id),
    parent: text(row.parent),
    state: 'damaged',
    startedAt: text(row.started_at) ?? '',
    endedAt: text(row.ended_at),
    error: describeError(error),
    leftBehind: [],
    waitsFor: undefined,
  };
}

/** Returns the name in the first event; undefined if the event is damaged, which does not matter for a flow that has ended. */
function firstName(first: string | null): string | undefined {
  try {
    const event = eventSchema.parse(JSON.parse(first ?? ''));
    return event.kind === 'flow-started' ? nameIn(event.input) : undefined;
  } catch {
    return undefined;
  }
}

function parseEvent(flowId: string, text: string): JournalEvent {
  try {
    return eventSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new JournalError(`the journal of flow ${flowId} is damaged`, { flowId }, { cause: error });
  }
}
