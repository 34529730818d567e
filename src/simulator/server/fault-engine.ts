import type { FaultKind, FaultRule } from './fault-rules.ts';
import { createRandom, type Random } from './random.ts';

/** What a rule looks at. */
export interface FaultSubject {
  readonly method: string;
  /** The path, with its query if there is one. */
  readonly path: string;
  readonly body: unknown;
}

interface Entry {
  readonly rule: FaultRule;
  readonly path: RegExp | undefined;
  readonly body: RegExp | undefined;
  readonly random: Random;
  seen: number;
  struck: number;
}

/**
 * Decides which requests go wrong. Rules are asked in the order in which they were added; the first that strikes wins.
 *
 * Each rule has its own seeded die, so that adding a rule does not change what another does.
 * @public
 */
export class FaultEngine {
  readonly #entries = new Map<string, Entry>();
  readonly #seed: number;

  /** @param seed - equal seeds and equal requests give equal faults */
  constructor(rules: readonly FaultRule[] = [], seed = 1) {
    this.#seed = seed;
    for (const rule of rules) this.add(rule);
  }

  /**
   * Adds a rule, effective from the next request on.
   * @throws Error when a rule with this id exists, SyntaxError when a regular expression is none
   */
  add(rule: FaultRule): void {
    if (this.#entries.has(rule.id)) throw new Error(`fault rule "${rule.id}" exists`);
    this.#entries.set(rule.id, {
      rule,
      path: rule.match?.path === undefined ? undefined : new RegExp(rule.match.path, 'u'),
      body: rule.match?.body === undefined ? undefined : new RegExp(rule.match.body, 'u'),
      random: createRandom(this.#seed ^ textHash(rule.id)),
      seen: 0,
      struck: 0,
    });
  }

  /** Removes a rule with its count; unknown ids are ignored. */
  remove(id: string): void {
    this.#entries.delete(id);
  }

  /** Removes all rules. */
  clear(): void {
    this.#entries.clear();
  }

  /** How often the rule has struck; 0 for an unknown one. */
  struck(id: string): number {
    return this.#entries.get(id)?.struck ?? 0;
  }

  /** The rules, in the order in which they are asked. */
  get rules(): readonly FaultRule[] {
    return [...this.#entries.values()].map(({ rule }) => rule);
  }

  /** The rule that strikes this request, already counted; `undefined` when all goes well. */
  decide(server: FaultRule['server'], operation: string, subject: FaultSubject): FaultRule | undefined {
    for (const entry of this.#entries.values()) {
      if (matches(entry, server, operation, subject) && strikes(entry)) return entry.rule;
    }
    return undefined;
  }

  /** As `decide`, for a connection of which nothing is read yet: only `refuse-connection` for `*` without `match` can strike. */
  decideConnection(server: FaultRule['server']): FaultRule | undefined {
    for (const entry of this.#entries.values()) {
      if (entry.rule.server === server && isForConnections(entry.rule) && strikes(entry)) return entry.rule;
    }
    return undefined;
  }

  /** Takes a strike back: the request offered nothing that this kind of fault could break, so the rule waits for the next. */
  missed(rule: FaultRule): void {
    const entry = this.#entries.get(rule.id);
    if (entry !== undefined && entry.struck > 0) entry.struck -= 1;
  }
}

/** Kinds that the server core cannot act out alone: the peer's own code has to, and says so by `StruckFault.take`. */
const domainKinds: ReadonlySet<FaultKind['type']> = new Set([
  'session-lost',
  'job',
  'status',
  'backend-error',
  'stuck',
  'lose',
  'repeat',
]);

/** Whether the peer's own code has to act this fault out. */
export function isDomainFault(kind: FaultKind): boolean {
  return domainKinds.has(kind.type);
}

function isForConnections(rule: FaultRule): boolean {
  return rule.kind.type === 'refuse-connection' && rule.operation === '*' && rule.match === undefined;
}

function matches(entry: Entry, server: string, operation: string, subject: FaultSubject): boolean {
  const { rule } = entry;
  if (rule.server !== server || isForConnections(rule)) return false;
  if (rule.operation !== '*' && rule.operation !== operation) return false;
  if (rule.match?.method !== undefined && rule.match.method !== subject.method) return false;
  if (entry.path !== undefined && !entry.path.test(subject.path)) return false;
  return entry.body?.test(subject.body === undefined ? '' : JSON.stringify(subject.body)) ?? true;
}

/** Counts a matching request, and tells whether it is one of those that fail. */
function strikes(entry: Entry): boolean {
  const { skip = 0, times = 1, probability = 1 } = entry.rule.when ?? {};
  if (times !== -1 && entry.struck >= times) return false;
  entry.seen += 1;
  if (entry.seen <= skip) return false;
  if (probability < 1 && entry.random() >= probability) return false;
  entry.struck += 1;
  return true;
}

/** FNV-1a: spreads ids over the seeds. */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
