import type { JsonValue } from '../../base/index.ts';

/** One durable line of a flow's history. Written before and after each half of each step. */
export type JournalEvent =
  | {
      readonly kind: 'flow-started';
      readonly flow: string;
      readonly input: JsonValue;
      /** The flow whose step ran this one: only journals of older versions have it. */
      readonly parent?: string | undefined;
      readonly subject?: string | undefined;
    }
  | { readonly kind: 'started'; readonly step: string }
  | { readonly kind: 'succeeded'; readonly step: string; readonly output: JsonValue }
  | { readonly kind: 'failed'; readonly step: string; readonly error: string }
  /** For people; it says nothing of how far the step got. */
  | { readonly kind: 'warning'; readonly step: string; readonly text: string }
  | { readonly kind: 'undo-started'; readonly step: string }
  | { readonly kind: 'undo-finished'; readonly step: string }
  | { readonly kind: 'undo-failed'; readonly step: string; readonly error: string }
  | {
      readonly kind: 'flow-ended';
      readonly outcome: FlowOutcome;
      readonly error?: string | undefined;
      readonly leftBehind?: readonly string[];
      /** Of one that waits: the peer that does not answer, or `the next command`. */
      readonly waitsFor?: string | undefined;
    };

/**
 * How a flow ended. The last two can be taken up again: what is `waiting` only lacks a peer that answers (or was stopped
 * by its caller where only forward is a way), and whoever comes next takes it up; what is `stuck`, a person has to solve.
 */
export const flowOutcomes = ['completed', 'rolled-back', 'stuck', 'waiting'] as const;
export type FlowOutcome = (typeof flowOutcomes)[number];

/** Has a flow something left to do? Neither is one that is damaged at an end. */
export function isUnfinished(state: FlowSummary['state'] | undefined): boolean {
  return state === 'running' || state === 'stuck' || state === 'waiting';
}

/** Is a flow to be taken up without being asked for? */
export function isToBeTakenUp({ state }: Pick<FlowSummary, 'state'>): boolean {
  return state === 'running' || state === 'waiting';
}

/** What is listed of a flow without reading its whole history. */
export interface FlowSummary {
  readonly id: string;
  readonly flow: string;
  /** The thing it works on, for people and for finding it again: an instance's UUID. */
  readonly subject: string | undefined;
  readonly parent: string | undefined;
  /** `damaged`: its history cannot be read, `error` says why; nothing more is written to it. */
  readonly state: 'running' | FlowOutcome | 'damaged';
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  readonly error: string | undefined;
  readonly leftBehind: readonly string[];
  /** Of one that waits: the peer that does not answer, or `the next command`. */
  readonly waitsFor: string | undefined;
}

/** Where histories are kept. */
export interface Journal {
  /**
   * Durable once it returns; throws when the event could not be recorded, or the flow's history is damaged, and then
   * nothing may be started.
   */
  append(flowId: string, event: JournalEvent): Promise<void>;
  /** The whole history of one flow, oldest first; empty when there is none. */
  read(flowId: string): Promise<readonly JournalEvent[]>;
  /** Flows, newest first; only those not ended well when `open` is asked for. One that is damaged hides no other. */
  list(filter?: { open?: boolean; subject?: string }): Promise<readonly FlowSummary[]>;
  /**
   * Which flows were given these identifiers, or have come upon them: UUIDs and WWPNs, each as a whole, in the input of a
   * flow or the output of a step. An error may name anybody's, and tells nothing. One pass over all histories, however
   * many identifiers.
   *
   * @returns ids of flows, by identifier; those that are in none are left out
   */
  mentions(identifiers: ReadonlySet<string>): Promise<ReadonlyMap<string, ReadonlySet<string>>>;
}

/** Keeps histories in memory: for tests, and for callers that have no disk to trust. */
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

  list(filter: { open?: boolean; subject?: string } = {}): Promise<readonly FlowSummary[]> {
    const all = [...this.#flows].map(([id, flow]) => summarize(id, flow.startedAt, undefined, flow.events)).reverse();
    return Promise.resolve(all.filter((flow) => matches(flow, filter)));
  }

  mentions(identifiers: ReadonlySet<string>): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = new Mentions(identifiers);
    for (const [id, { events }] of this.#flows) for (const event of events) found.look(id, JSON.stringify(event));
    return Promise.resolve(found.flows);
  }
}

/** What is taken for an identifier: a run of hex digits and hyphens as long as a WWPN, or longer. */
const identifier = /(?<![\w-])[0-9a-f][0-9a-f-]{15,}(?![\w-])/g;

/** Events that say what a flow is about. In the text of an error the quotes would be escaped. */
const telling = /"kind":"(?:flow-started|succeeded)"/;

/** Gathers where identifiers are mentioned. One place for both stores. */
export class Mentions {
  readonly flows = new Map<string, Set<string>>();
  readonly #wanted: ReadonlySet<string>;

  constructor(wanted: ReadonlySet<string>) {
    this.#wanted = wanted;
  }

  /** @param text - one event, as JSON */
  look(flowId: string, text: string): void {
    if (!telling.test(text)) return;
    for (const [word] of text.matchAll(identifier)) {
      if (this.#wanted.has(word)) this.flows.set(word, (this.flows.get(word) ?? new Set()).add(flowId));
    }
  }
}

/** Does a flow belong to a listing? One place for both stores. */
export function matches(flow: FlowSummary, filter: { open?: boolean; subject?: string }): boolean {
  const isOpen = isUnfinished(flow.state) || flow.state === 'damaged';
  return (filter.open !== true || isOpen) && (filter.subject === undefined || flow.subject === filter.subject);
}

/** The summary that a history amounts to. */
export function summarize(
  id: string,
  startedAt: string,
  endedAt: string | undefined,
  events: readonly JournalEvent[],
): FlowSummary {
  const first = events.find((event) => event.kind === 'flow-started');
  const last = events.at(-1); // a stuck flow that was taken up again runs until it ends anew
  const ended = last?.kind === 'flow-ended' ? last : undefined;
  return {
    id,
    flow: first?.flow ?? '?',
    subject: first?.subject,
    parent: first?.parent,
    state: ended?.outcome ?? 'running',
    startedAt,
    endedAt: ended === undefined ? undefined : endedAt,
    error: ended?.error,
    leftBehind: ended?.leftBehind ?? [],
    waitsFor: ended?.waitsFor,
  };
}
