import { z } from 'zod';
import type { JsonValue } from '../../base/index.ts';

/**
 * How a flow ended. A `waiting` flow lacks only a peer that answers, or its caller stopped it after its point of no return:
 * the next command resumes it. A `stuck` flow needs a person.
 */
const flowOutcomes = ['completed', 'rolled-back', 'stuck', 'waiting'] as const;
export type FlowOutcome = (typeof flowOutcomes)[number];

const step = z.string();
const json = z.json() as z.ZodType<JsonValue>;

/** One durable line of a flow's history. Written before and after each half of each step. */
export const eventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('flow-started'),
    flow: z.string(),
    input: json,
    /** The flow whose step ran this one. Only journals of older versions have it. */
    parent: z.string().optional(),
    subject: z.string().optional(),
  }),
  z.object({ kind: z.literal('started'), step }),
  z.object({ kind: z.literal('succeeded'), step, output: json }),
  z.object({ kind: z.literal('failed'), step, error: z.string() }),
  /** For people. It does not tell how far the step got. */
  z.object({ kind: z.literal('warning'), step, text: z.string() }),
  z.object({ kind: z.literal('undo-started'), step }),
  z.object({ kind: z.literal('undo-finished'), step }),
  z.object({ kind: z.literal('undo-failed'), step, error: z.string() }),
  z.object({
    kind: z.literal('flow-ended'),
    outcome: z.enum(flowOutcomes),
    error: z.string().optional(),
    leftBehind: z.array(z.string()).readonly().optional(),
    /** Of a waiting flow: the peer that does not answer, or `the next command`. */
    waitsFor: z.string().optional(),
  }),
]);
export type JournalEvent = Readonly<z.infer<typeof eventSchema>>;

/** An event as a journal on disk returns it. Events of older versions have neither time nor request. */
export type RecordedEvent = JournalEvent & {
  /** ISO 8601 UTC. */
  readonly at?: string;
  /** The request that did this: a flow may be resumed by another request than the one that began it. */
  readonly requestId?: string;
};

/** Whether a flow has work left that can be resumed. A damaged flow cannot. */
export function isUnfinished(state: FlowSummary['state'] | undefined): boolean {
  return state === 'running' || state === 'stuck' || state === 'waiting';
}

/** Whether a flow is resumed without a request. */
export function isResumedUnasked({ state }: Pick<FlowSummary, 'state'>): boolean {
  return state === 'running' || state === 'waiting';
}

/** The part of a flow that is listed without reading its whole history. */
export interface FlowSummary {
  readonly id: string;
  readonly flow: string;
  /** The UUID of the instance or volume that the flow works on. */
  readonly subject: string | undefined;
  /** The name of the server or volume when the flow began. */
  readonly name: string | undefined;
  /** The request that began the flow. */
  readonly requestId: string | undefined;
  readonly parent: string | undefined;
  /** `damaged`: the history cannot be read (`error` says why), and nothing more is written to it. */
  readonly state: 'running' | FlowOutcome | 'damaged';
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  readonly error: string | undefined;
  readonly leftBehind: readonly string[];
  /** Of a waiting flow: the peer that does not answer, or `the next command`. */
  readonly waitsFor: string | undefined;
}

export interface FlowFilter {
  /** Only unfinished and damaged flows. */
  readonly open?: boolean;
  readonly subject?: string;
}

/** Returns a journal that records each event as done on behalf of a request. */
export function withRequest(journal: Journal, requestId: string | undefined): Journal {
  return {
    append: async (flowId, event) => {
      await journal.append(flowId, event, requestId);
    },
    read: async (flowId) => await journal.read(flowId),
    list: async (filter) => await journal.list(filter),
    mentions: async (identifiers) => await journal.mentions(identifiers),
  };
}

/** Stores the histories of flows. */
export interface Journal {
  /**
   * Writes an event durably. Throws when the event cannot be recorded or the flow's history is damaged; then nothing may
   * be started.
   *
   * @param requestId - the request on whose behalf this is done
   */
  append(flowId: string, event: JournalEvent, requestId?: string): Promise<void>;
  /** Returns the whole history of one flow, oldest first; empty when there is none. */
  read(flowId: string): Promise<readonly RecordedEvent[]>;
  /** Returns flows, newest first; with `open`, only unfinished and damaged ones. A damaged flow hides no other flow. */
  list(filter?: FlowFilter): Promise<readonly FlowSummary[]>;
  /**
   * Finds the flows whose input or step outputs contain these identifiers (whole UUIDs and WWPNs). Error texts do not
   * count: they may name identifiers of others. Reads all histories once, however many identifiers are given.
   *
   * @returns ids of flows by identifier; identifiers that no flow mentions are left out
   */
  mentions(identifiers: ReadonlySet<string>): Promise<ReadonlyMap<string, ReadonlySet<string>>>;
}

/** Keeps histories in memory, without times: for tests, and for callers without a disk. */
export class MemoryJournal implements Journal {
  readonly #flows = new Map<string, { startedAt: string; events: JournalEvent[] }>();

  append(flowId: string, event: JournalEvent): Promise<void> {
    const flow = this.#flows.get(flowId) ?? { startedAt: new Date().toISOString(), events: [] };
    flow.events.push(event);
    this.#flows.set(flowId, flow);
    return Promise.resolve();
  }

  read(flowId: string): Promise<readonly JournalEvent[]> {
    return Promise.resolve([...(this.#flows.get(flowId)?.events ?? [])]);
  }

  list(filter: FlowFilter = {}): Promise<readonly FlowSummary[]> {
    const all = [...this.#flows].map(([id, flow]) => summarize(id, flow.startedAt, undefined, flow.events)).reverse();
    return Promise.resolve(all.filter((flow) => matches(flow, filter)));
  }

  mentions(identifiers: ReadonlySet<string>): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = new Mentions(identifiers);
    for (const [id, { events }] of this.#flows) for (const event of events) found.look(id, JSON.stringify(event));
    return Promise.resolve(found.flows);
  }
}

/** An identifier: a run of hex digits and hyphens, at least as long as a WWPN. */
const identifier = /(?<![\w-])[0-9a-f][0-9a-f-]{15,}(?![\w-])/g;

/** Events with inputs and outputs. Inside an error text the quotes would be escaped. */
const inputOrOutput = /"kind":"(?:flow-started|succeeded)"/;

/** Collects which flows mention which identifiers. */
export class Mentions {
  readonly flows = new Map<string, Set<string>>();
  readonly #wanted: ReadonlySet<string>;

  constructor(wanted: ReadonlySet<string>) {
    this.#wanted = wanted;
  }

  /** @param text - one event, as JSON */
  look(flowId: string, text: string): void {
    if (!inputOrOutput.test(text)) return;
    for (const [word] of text.matchAll(identifier)) {
      if (this.#wanted.has(word)) this.flows.set(word, (this.flows.get(word) ?? new Set()).add(flowId));
    }
  }
}

function matches(flow: FlowSummary, filter: FlowFilter): boolean {
  const isOpen = isUnfinished(flow.state) || flow.state === 'damaged';
  return (filter.open !== true || isOpen) && (filter.subject === undefined || flow.subject === filter.subject);
}

/** Returns the name of the server or volume in the input of a flow. */
export function nameIn(input: JsonValue | undefined): string | undefined {
  const name = typeof input === 'object' && input !== null && 'name' in input ? input.name : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** Returns the summary of a history. */
export function summarize(
  id: string,
  startedAt: string,
  endedAt: string | undefined,
  events: readonly JournalEvent[],
): FlowSummary {
  const first = events.find((event) => event.kind === 'flow-started');
  const last = events.at(-1); // a stuck flow that was resumed runs until it ends again
  const ended = last?.kind === 'flow-ended' ? last : undefined;
  return {
    id,
    flow: first?.flow ?? '?',
    subject: first?.subject,
    name: nameIn(first?.input),
    requestId: undefined,
    parent: first?.parent,
    state: ended?.outcome ?? 'running',
    startedAt,
    endedAt: ended === undefined ? undefined : endedAt,
    error: ended?.error,
    leftBehind: ended?.leftBehind ?? [],
    waitsFor: ended?.waitsFor,
  };
}
