import { ConflictError, findError, toError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import type { AsciiConsole, OsMessage } from '../../hmc-client/index.ts';
import { runningStatuses } from '../../partition/index.ts';
import type { PartitionRef } from '../../partition/index.ts';
import type { ConsoleConnection, ConsoleMessage, ConsoleReading, SerialConsole } from '../console.ts';
import type { DpmRuntime } from './runtime.ts';

/** The port of an HTTPS URL without a port: `hmcHost` leaves this one out. */
const HTTPS_PORT = 443;

type ConsoleDeps = Pick<DpmRuntime, 'hmc' | 'cpc' | 'lifecycle'>;

/**
 * Reads the operating-system messages of a partition.
 *
 * @param begin - the first sequence number to read (default: all messages that the HMC keeps)
 * @throws ConflictError when the machine is too old to list messages
 */
export async function readConsole(
  deps: ConsoleDeps,
  partition: PartitionRef,
  begin: number | undefined,
  w: Waiting,
): Promise<ConsoleReading> {
  try {
    const messages = await deps.hmc.partitions.readOsMessages(partition.uri, { begin }, w);
    return { kind: 'messages', messages: messages.map(toMessage) };
  } catch (error) {
    if (isHmcError(error, 409, 332)) return { kind: 'unavailable', reason: await whyUnavailable(deps, partition, w) };
    if (!isHmcError(error, 404) && !isHmcError(error, 405)) throw error;
    await deps.lifecycle.status(partition, w); // a 404 here means that the partition is gone
    throw withoutList(deps, partition, error);
  }
}

/** Returns all messages that the HMC keeps, as one text; empty when there is none at this time. */
export async function consoleText(deps: ConsoleDeps, partition: PartitionRef, w: Waiting): Promise<string> {
  const reading = await readConsole(deps, partition, undefined, w);
  if (reading.kind === 'unavailable') return '';
  return reading.messages.map(({ text }) => (text.endsWith('\n') ? text : `${text}\n`)).join('');
}

function toMessage({ sequenceNumber, timestamp, text, isPriority, isHeld }: OsMessage): ConsoleMessage {
  const known = timestamp === undefined || timestamp < 0 ? null : timestamp; // -1: not known (python-zhmcclient)
  return { sequenceNumber, timestamp: known, text, isPriority: isPriority ?? false, isHeld: isHeld ?? false };
}

async function whyUnavailable({ lifecycle }: ConsoleDeps, partition: PartitionRef, w: Waiting): Promise<string> {
  const status = await lifecycle.status(partition, w);
  if (runningStatuses.has(status)) return 'its operating system has not opened its message interface';
  return `its partition has the status "${status}"`;
}

/** Machines before z14 offer messages only through the message broker of the HMC (python-zhmcclient _partition.py). */
function withoutList({ cpc }: ConsoleDeps, partition: PartitionRef, cause: unknown): ConflictError {
  const text = `cannot read the console log of partition "${partition.name}": CPC "${cpc.name}" (SE ${cpc.seVersion}) cannot list operating-system messages, which needs SE 2.14 (z14); it sends them only through the message broker of the HMC, which nova-dpm does not use`;
  return new ConflictError(text, { partition: partition.name, seVersion: cpc.seVersion }, { cause });
}

/** Returns the ASCII console of a partition. Sends no request. */
export function serialConsole(deps: ConsoleDeps, partition: PartitionRef): SerialConsole {
  const { hostname, port } = new URL(`https://${deps.hmc.hmcHost()}`);
  return {
    host: hostname,
    port: port === '' ? HTTPS_PORT : Number(port),
    connect: async ({ force = false }, w) => await connect(deps, partition, force, w),
  };
}

async function connect(
  deps: ConsoleDeps,
  partition: PartitionRef,
  force: boolean,
  w: Waiting,
): Promise<ConsoleConnection> {
  try {
    const console = await deps.hmc.partitions.openAsciiConsole(partition.uri, { force }, w);
    return connectionOf(deps, partition, console, w);
  } catch (error) {
    if (!isHmcError(error, 409) && !isHmcError(error, 404)) throw error;
    const status = await deps.lifecycle.status(partition, w); // a 404 here means that the partition is gone
    throw await cannotOpen(deps, partition, { status, force, cause: toError(error) }, w);
  }
}

async function cannotOpen(
  { hmc }: ConsoleDeps,
  partition: PartitionRef,
  { status, force, cause }: { readonly status: string; readonly force: boolean; readonly cause: Error },
  w: Waiting,
): Promise<ConflictError> {
  const facts = { partition: partition.name, status };
  if (isHmcError(cause, 404)) {
    const { major, minor } = await hmc.apiVersion(w);
    const text = `HMC ${hmc.hmcHost()} (API ${major}.${minor}) has no ASCII console for programs, which needs API 2.22 (HMC 2.14)`;
    return new ConflictError(text, facts, { cause });
  }
  if (!runningStatuses.has(status)) {
    const text = `partition "${partition.name}" does not run: its status is "${status}"`;
    return new ConflictError(text, facts, { cause });
  }
  const way = force
    ? 'a console that is open on the same HMC cannot be taken over: close it there'
    : 'to take it over from another HMC, use --force';
  const text = `the console of partition "${partition.name}" seems to be open in another session; ${way}`;
  return new ConflictError(text, facts, { cause });
}

function connectionOf(
  deps: ConsoleDeps,
  partition: PartitionRef,
  console: AsciiConsole,
  w: Waiting,
): ConsoleConnection {
  return {
    output: explainEnd(deps, partition, console.output, w),
    send: (text) => console.send(text),
    [Symbol.asyncDispose]: async () => await console[Symbol.asyncDispose](),
  };
}

/** Adds the status of the partition to the error with which the HMC ended the console: it tells more than a closing code. */
async function* explainEnd(
  { lifecycle }: ConsoleDeps,
  partition: PartitionRef,
  output: AsyncIterable<string>,
  w: Waiting,
): AsyncGenerator<string> {
  try {
    yield* output;
  } catch (error) {
    if (findError(error, 'CONFLICT') === undefined) throw error;
    const status = await lifecycle.status(partition, w).catch(() => undefined);
    const why =
      status === undefined || runningStatuses.has(status)
        ? 'another session may have taken it over'
        : `the partition has the status "${status}"`;
    const text = `the console of partition "${partition.name}" ended: ${why}`;
    throw new ConflictError(text, { partition: partition.name, status }, { cause: error });
  }
}
