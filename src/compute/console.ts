import { ConflictError, failedTo, sleep, toError } from '../base/index.ts';
import type { ConsoleConnection, ConsoleMessage, ConsoleReading, RequestContext } from '../virt/index.ts';
import type { InstanceRecord } from './instances.ts';
import type { ManagerParts } from './manager-parts.ts';
import { toDriverInstance } from './services.ts';

/** One line of a console log, in the form of the output. @public */
export interface ConsoleLine {
  /** The lines of one message share its number. Numbers start anew with each start of the guest. */
  readonly sequence_number: number;
  /** ISO 8601; null if the guest does not say. */
  readonly time: string | null;
  readonly text: string;
  readonly is_priority: boolean;
  /** Whether the guest waits for an answer. */
  readonly is_held: boolean;
}

/** @public */
export interface FollowConsole {
  /** At most this many of the lines that there are already (default: all). */
  readonly lines?: number | undefined;
  /** Pause between two requests for new messages (default: 1 s). */
  readonly pollMs?: number | undefined;
}

type Parts = Pick<ManagerParts, 'driver' | 'onNote'>;

/** Between two requests, in milliseconds. */
const POLL_MS = 1_000;
/** Keys of messages that are remembered: more than an HMC keeps. */
const MAX_REMEMBERED = 100_000;

/**
 * Returns the last lines that the guest printed, oldest first.
 *
 * @throws ConflictError when the guest has no console log at this time
 */
export async function readConsoleLog(
  parts: Parts,
  instance: InstanceRecord,
  lines: number | undefined,
  context: RequestContext,
): Promise<readonly ConsoleLine[]> {
  const reading = await read(parts, instance, undefined, context);
  if (reading.kind === 'messages') return lastLines(reading.messages, lines);
  throw new ConflictError(`server "${instance.name}" has no console log at this time: ${reading.reason}`, {
    server: instance.uuid,
  });
}

/**
 * Yields the last lines, then each new line as the guest prints it, until the signal of the context aborts. Waits while
 * the guest is stopped, and goes on with its next start. Notes messages that the platform dropped before they were read.
 */
export async function* followConsoleLog(
  parts: Parts,
  instance: InstanceRecord,
  { lines, pollMs = POLL_MS }: FollowConsole,
  context: RequestContext,
): AsyncGenerator<ConsoleLine> {
  const log = new FollowedLog();
  let told: string | undefined;
  for (let isFirst = true; ; isFirst = false) {
    const reading = await log.readNew(async (begin) => await read(parts, instance, begin, context));
    if (reading.kind === 'unavailable' && reading.reason !== told) {
      parts.onNote?.(`waiting for the console log of server "${instance.name}": ${reading.reason}`);
    }
    told = reading.kind === 'unavailable' ? reading.reason : undefined;
    if (reading.kind === 'messages') {
      const { dropped } = reading;
      if (dropped > 0)
        parts.onNote?.(`${dropped} messages of server "${instance.name}" were dropped before they could be read`);
      yield* lastLines(reading.messages, isFirst ? lines : undefined);
    }
    await sleep(pollMs, context.signal);
  }
}

type NewMessages = Extract<ConsoleReading, { kind: 'messages' }> & { readonly dropped: number };

/**
 * Finds what is new in a log that is read again and again. Asks for messages from the last known one on: if that is still
 * there, everything after it is new. If not, the guest was started again or messages were dropped, and the whole log is
 * read and compared.
 */
export class FollowedLog {
  #last: ConsoleMessage | undefined;
  #seen = new Set<string>();

  async readNew(
    readFrom: (begin: number | undefined) => Promise<ConsoleReading>,
  ): Promise<NewMessages | Extract<ConsoleReading, { kind: 'unavailable' }>> {
    const last = this.#last;
    if (last !== undefined) {
      const reading = await readFrom(last.sequenceNumber);
      if (reading.kind === 'unavailable') return reading;
      const [first, ...others] = reading.messages;
      if (first !== undefined && keyOf(first) === keyOf(last)) return this.#take(others, 0);
    }
    const reading = await readFrom(undefined);
    if (reading.kind === 'unavailable') return reading;
    const { messages } = reading;
    const unseen = messages.filter((message) => !this.#seen.has(keyOf(message)));
    this.#seen = new Set(messages.map(keyOf));
    return this.#take(unseen, droppedBetween(last, unseen[0]));
  }

  #take(messages: readonly ConsoleMessage[], dropped: number): NewMessages {
    for (const message of messages) this.#seen.add(keyOf(message));
    if (this.#seen.size > MAX_REMEMBERED) this.#seen = new Set(messages.map(keyOf));
    this.#last = messages.at(-1) ?? this.#last;
    return { kind: 'messages', messages, dropped };
  }
}

/** After a new start the numbers begin with small ones again: nothing was dropped. */
function droppedBetween(last: ConsoleMessage | undefined, next: ConsoleMessage | undefined): number {
  if (last === undefined || next === undefined) return 0;
  return Math.max(0, next.sequenceNumber - last.sequenceNumber - 1);
}

function keyOf({ sequenceNumber, timestamp, text }: ConsoleMessage): string {
  return `${sequenceNumber} ${timestamp ?? '-'} ${text}`;
}

/** Opens the serial console of a server. @throws ConflictError when the driver has none, or it cannot be opened */
export async function openConsole(
  { driver }: Parts,
  instance: InstanceRecord,
  { force = false }: { readonly force?: boolean },
  context: RequestContext,
): Promise<ConsoleConnection> {
  if (driver.getSerialConsole === undefined) throw withoutConsole(instance);
  try {
    const console = await driver.getSerialConsole(context, toDriverInstance(instance));
    return await console.connect({ force }, context);
  } catch (error) {
    throw failedTo(`open the console of server "${instance.name}"`, toError(error));
  }
}

async function read(
  { driver }: Parts,
  instance: InstanceRecord,
  begin: number | undefined,
  context: RequestContext,
): Promise<ConsoleReading> {
  if (driver.readConsole === undefined) throw withoutConsole(instance);
  return await driver.readConsole(context, toDriverInstance(instance), begin);
}

function withoutConsole({ name, uuid }: InstanceRecord): ConflictError {
  return new ConflictError(`server "${name}" has no console: its driver has none`, { server: uuid });
}

function lastLines(messages: readonly ConsoleMessage[], lines: number | undefined): readonly ConsoleLine[] {
  const all = messages.flatMap((message) => linesOf(message).map((text) => toLine(message, text)));
  return lines === undefined ? all : all.slice(Math.max(0, all.length - lines));
}

function linesOf({ text }: ConsoleMessage): readonly string[] {
  return text.replace(/\r*\n$/, '').split(/\r*\n/);
}

function toLine({ sequenceNumber, timestamp, isPriority, isHeld }: ConsoleMessage, text: string): ConsoleLine {
  const time = timestamp === null ? null : new Date(timestamp).toISOString();
  return { sequence_number: sequenceNumber, time, text, is_priority: isPriority, is_held: isHeld };
}
