import { AsyncLocalStorage } from 'node:async_hooks';
import {
  FaultEngine,
  RequestLog,
  type FaultRule,
  type FaultSubject,
  type RequestLogEntry,
} from '../../server/index.ts';
import { actionHandlers, actionNameOf } from './actions.ts';

/** What the server core calls POST /volumes/{id}/action, as it names an operation by its path. */
export const VOLUME_ACTION = 'Volume Action';

type LogStart = Parameters<RequestLog['begin']>[0];
type LogHandle = ReturnType<RequestLog['begin']>;

/**
 * Gives each volume action its own operation name, in the log and for fault rules: `os-reserve`, `os-attach` ...
 *
 * All share one path and differ in their body, which is read after the log entry was begun. So the entry of the
 * request being served is kept at hand and renamed when the body is known.
 */
export function nameActions(faults: FaultEngine, log: RequestLog): { faults: FaultEngine; log: RequestLog } {
  const current = new AsyncLocalStorage<RequestLogEntry | undefined>();
  return { faults: new ActionFaults(faults, current), log: new ActionLog(log, current) };
}

/** Notes which entry belongs to the request being served. */
class ActionLog extends RequestLog {
  readonly #log: RequestLog;
  readonly #current: AsyncLocalStorage<RequestLogEntry | undefined>;

  constructor(log: RequestLog, current: AsyncLocalStorage<RequestLogEntry | undefined>) {
    super();
    this.#log = log;
    this.#current = current;
  }

  override begin(start: LogStart): LogHandle {
    const handle = this.#log.begin(start);
    this.#current.enterWith(this.#log.entries.at(-1));
    return handle;
  }
}

/** Asks the fault rules under the action's name. Every request is decided on once, so this is where the entry is renamed. */
class ActionFaults extends FaultEngine {
  readonly #faults: FaultEngine;
  readonly #current: AsyncLocalStorage<RequestLogEntry | undefined>;

  constructor(faults: FaultEngine, current: AsyncLocalStorage<RequestLogEntry | undefined>) {
    super();
    this.#faults = faults;
    this.#current = current;
  }

  override decide(server: FaultRule['server'], operation: string, subject: FaultSubject): FaultRule | undefined {
    if (operation !== VOLUME_ACTION) return this.#faults.decide(server, operation, subject);
    const name = knownAction(subject.body);
    const entry = this.#current.getStore();
    if (entry) Object.assign(entry, { operation: name });
    return this.#faults.decide(server, name, subject);
  }

  override decideConnection(server: FaultRule['server']): FaultRule | undefined {
    return this.#faults.decideConnection(server);
  }

  override missed(rule: FaultRule): void {
    this.#faults.missed(rule);
  }
}

function knownAction(body: unknown): string {
  const name = actionNameOf(body);
  return name !== undefined && Object.hasOwn(actionHandlers, name) ? name : VOLUME_ACTION;
}
