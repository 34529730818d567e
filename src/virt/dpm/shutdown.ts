import { describeError, waitUntil } from '../../base/index.ts';
import type { Verdict, Waiting } from '../../base/index.ts';
import { HmcHttpError, isHmcError, mayHaveEffect } from '../../hmc-client/index.ts';
import { runningStatuses } from '../../partition/index.ts';
import type { PartitionRef } from '../../partition/index.ts';
import type { GuestEnd } from '../driver-types.ts';
import type { DpmRuntime } from './runtime.ts';

/**
 * Typed at the line-mode console of a Linux guest. DPM has no operation that asks a guest to shut down: Stop Partition ends
 * it at once, and Send OS Command is the only way to reach its operating system.
 */
const SHUTDOWN_COMMAND = 'shutdown -h now';

/** What a login prompt answers: it took the command for the name of a user. */
const asksForPassword = /^password:\s*$/im;

/** How long a guest may take to shut down, and how often to look. */
export interface Grace {
  readonly timeoutMs: number;
  readonly pollMs: number;
}

type ShutdownDeps = Pick<DpmRuntime, 'hmc' | 'lifecycle' | 'log'>;

/**
 * Asks a running guest to shut down and waits until it has ended.
 *
 * @returns why the guest still runs, if it does: the caller stops it by force
 */
export async function shutDownGuest(
  deps: ShutdownDeps,
  partition: PartitionRef,
  grace: Grace,
  w: Waiting,
): Promise<GuestEnd> {
  const lastMessage = await lastSequenceNumber(deps, partition, w);
  const refusal = await askGuest(deps, partition, w);
  const reason = refusal ?? (await waitForGuest(deps, partition, { ...grace, lastMessage }, w));
  deps.log.info({ event: 'guest.shutdown', partition: partition.name, reason }, 'asked the guest to shut down');
  return reason === undefined ? { endedBy: 'guest' } : { endedBy: 'force', reason };
}

/** @returns why the guest cannot be asked */
async function askGuest({ hmc, log }: ShutdownDeps, partition: PartitionRef, w: Waiting): Promise<string | undefined> {
  try {
    await hmc.partitions.sendOsCommand(partition.uri, SHUTDOWN_COMMAND, w);
    return undefined;
  } catch (error) {
    if (isHmcError(error, 409, 332, 1)) return 'its console accepts no commands';
    if (isHmcError(error, 403, 1)) return 'the HMC user lacks the task permission "Operating System Messages"';
    if (isHmcError(error, 404)) return 'the HMC does not offer its console';
    if (!mayHaveEffect(error)) throw error;
    // The command may have arrived: waiting shows it.
    const facts = { event: 'guest.asked', partition: partition.name, error: describeError(error) };
    log.warn(facts, 'the HMC did not confirm the shutdown command');
    return undefined;
  }
}

/** @returns why the guest still runs; undefined when it has ended */
async function waitForGuest(
  deps: ShutdownDeps,
  partition: PartitionRef,
  { timeoutMs, pollMs, lastMessage }: Grace & { readonly lastMessage: number | undefined },
  w: Waiting,
): Promise<string | undefined> {
  const timedOut = new Error(`it did not shut down within ${timeoutMs / 1000} s`);
  using watch = deps.hmc.events.watch(partition.uri, pollMs);
  try {
    return await waitUntil({
      pause: watch.pause,
      minDelayMs: pollMs,
      maxDelayMs: pollMs,
      timeoutMs,
      signal: w.signal,
      poll: async (signal) => {
        const status = await deps.lifecycle.status(partition, { signal });
        const isRunning = runningStatuses.has(status);
        const isLoginPrompt = isRunning && (await isAskedForPassword(deps, partition, lastMessage, { signal }));
        return { status, isRunning, isLoginPrompt };
      },
      accept: ({ isRunning, isLoginPrompt }): Verdict<string | undefined> => {
        if (!isRunning) return { kind: 'done', value: undefined };
        if (isLoginPrompt) return { kind: 'done', value: 'its console asks for a login, so no shell took the command' };
        return { kind: 'again' };
      },
      label: ({ status }) => status,
      onTimeout: () => timedOut,
    });
  } catch (error) {
    if (error !== timedOut) throw error;
    return timedOut.message;
  }
}

/** Returns the number of the last message; undefined where messages cannot be listed (z13). The stop goes on without. */
async function lastSequenceNumber(
  { hmc }: ShutdownDeps,
  partition: PartitionRef,
  w: Waiting,
): Promise<number | undefined> {
  try {
    return (await hmc.partitions.readOsMessages(partition.uri, {}, w)).at(-1)?.sequenceNumber;
  } catch (error) {
    if (error instanceof HmcHttpError) return undefined;
    throw error;
  }
}

async function isAskedForPassword(
  { hmc }: ShutdownDeps,
  partition: PartitionRef,
  lastMessage: number | undefined,
  w: Waiting,
): Promise<boolean> {
  if (lastMessage === undefined) return false;
  try {
    const messages = await hmc.partitions.readOsMessages(partition.uri, { begin: lastMessage + 1 }, w);
    return messages.some(({ text }) => asksForPassword.test(text));
  } catch (error) {
    if (error instanceof HmcHttpError) return false; // the guest is ending
    throw error;
  }
}
