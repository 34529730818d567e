import { waitUntil } from '../../base/index.ts';
import type { Verdict, Waiting } from '../../base/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import { runningStatuses, VolumeNotFulfilledError } from '../../partition/index.ts';
import type { OwnPartition, PartitionOwner, PartitionRef } from '../../partition/index.ts';
import { startOverPaths } from '../../spawn/index.ts';
import type { MappedVolume } from '../../spawn/index.ts';
import { readBoot, waysToLoad } from './boot-ways.ts';
import { renewGuestParameters } from './guest-parameters.ts';
import type { DpmRuntime } from './runtime.ts';

/** What asks a Linux to end itself, typed at its console: the only way to a guest that the HMC offers. */
const SHUTDOWN_COMMAND = 'shutdown -h now';

/** What a start of an instance works with. */
export interface PowerOn {
  readonly owner: PartitionOwner;
  readonly partition: OwnPartition;
  /** The volumes as Cinder maps them; undefined where nobody told. */
  readonly mapped: readonly MappedVolume[] | undefined;
  /** Paths that are tried at most. */
  readonly attempts: number;
}

/**
 * Starts the partition once its volumes are there, over each of its paths like a spawn, or says why it does not run. With
 * volumes that are not all there it is started nevertheless: it ran with them before, and what still answers may be
 * enough for it.
 */
export async function powerOn(
  runtime: DpmRuntime,
  { owner, partition, mapped, attempts }: PowerOn,
  w: Waiting,
): Promise<void> {
  const { lifecycle, log } = runtime;
  const missing = await settle(runtime, owner, w);
  const record = mapped && (await renewGuestParameters(runtime, owner, partition, mapped, w));
  const plan = {
    partition,
    start: async () => await lifecycle.ensureRunning(partition, w, { seen: partition.status }),
    ways: async () =>
      waysToLoad(runtime, owner, record ?? (await readBoot(runtime, owner, partition, mapped ?? [], w))),
    cause: missing,
  };
  await startOverPaths({ ...runtime, attempts }, plan, { signal: w.signal, log });
}

/** @returns what is not as it should be */
async function settle({ storage, log }: DpmRuntime, owner: PartitionOwner, w: Waiting): Promise<Error | undefined> {
  try {
    await storage.settle(owner, [], w);
    return undefined;
  } catch (error) {
    if (!(error instanceof VolumeNotFulfilledError)) throw error;
    log.warn(
      { event: 'storage.incomplete', instance: owner.instanceUuid, error: error.message },
      'not all volumes are there',
    );
    return error;
  }
}

/**
 * Stops the partition. With a timeout the guest is asked first, through its console, and stopped by force when it has
 * not ended by then, or cannot be asked.
 */
export async function powerOff(
  runtime: DpmRuntime,
  partition: OwnPartition,
  timeoutMs: number,
  pollMs: number,
  w: Waiting,
): Promise<void> {
  const isAsked = timeoutMs > 0 && (await askGuest(runtime, partition, w));
  if (isAsked) await waitForGuest(runtime, partition, timeoutMs, pollMs, w);
  await runtime.lifecycle.ensureStopped(partition, w, { seen: isAsked ? undefined : partition.status });
}

/** @returns false when the guest has no console that takes commands (409.332), so that waiting would be in vain */
async function askGuest(runtime: DpmRuntime, partition: PartitionRef, w: Waiting): Promise<boolean> {
  try {
    const body = { 'is-priority': false, 'operating-system-command-text': SHUTDOWN_COMMAND };
    await runtime.hmc.request('POST', `${partition.uri}/operations/send-os-cmd`, { ...w, body });
    return true;
  } catch (error) {
    if (isHmcError(error, 409, 332, 1) || isHmcError(error, 403, 1) || isHmcError(error, 404)) return false;
    throw error;
  }
}

/** A guest that is slow is not an error: it is then stopped by force. */
async function waitForGuest(
  runtime: DpmRuntime,
  partition: PartitionRef,
  timeoutMs: number,
  pollMs: number,
  w: Waiting,
) {
  const ended = (status: string): Verdict<boolean> =>
    runningStatuses.has(status) ? { kind: 'again' } : { kind: 'done', value: true };
  const timedOut = new Error('the guest is still running');
  try {
    await waitUntil({
      minDelayMs: pollMs,
      maxDelayMs: pollMs,
      timeoutMs,
      signal: w.signal,
      poll: async (signal) => await runtime.lifecycle.status(partition, { signal }),
      accept: ended,
      label: (status) => status,
      onTimeout: () => timedOut,
    });
  } catch (error) {
    if (error !== timedOut) throw error;
  }
}
