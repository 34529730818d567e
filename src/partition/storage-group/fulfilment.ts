import {
  HmcConnectionError,
  HmcHttpError,
  isHmcError,
  JobFailedError,
  JobLostError,
  JobTimeoutError,
} from '../../hmc-client/errors/index.ts';
import { describeError, sleep } from '../../base/index.ts';
import type { Logger, WaitPolicy } from '../../base/index.ts';
import type { HmcSession, StorageGroup, StorageVolume } from '../../hmc-client/index.ts';
import { VolumeNotFulfilledError } from '../errors.ts';
import type { StorageWaiting } from '../storage.ts';

/** How long DPM may take to find LUNs. */
export interface FulfilmentPolicy extends WaitPolicy {
  /** Maximum number of discoveries; if the machine has no discovery, only the time limits the wait. */
  readonly discoveries: number;
}

export const defaultFulfilmentPolicy: FulfilmentPolicy = {
  discoveries: 3,
  minDelayMs: 5_000,
  maxDelayMs: 30_000,
  // Long enough for one of the searches that DPM makes every ten minutes. Source: python-zhmcclient _storage_group.py,
  // discover_fcp.
  timeoutMs: 900_000,
};

/** The result of one check: done, or what is still missing. */
export type Look<T> =
  { readonly kind: 'done'; readonly value: T } | { readonly kind: 'missing'; readonly what: string };

/**
 * Waits until DPM has found the LUNs. Starts a discovery if they are missing, and repeats it after a pause, because a zone or
 * mask takes time to be effective.
 */
export class Fulfilment {
  readonly #hmc: HmcSession;
  readonly #policy: FulfilmentPolicy;
  readonly #log: Logger;

  constructor(hmc: HmcSession, policy: FulfilmentPolicy, log: Logger) {
    this.#hmc = hmc;
    this.#policy = policy;
    this.#log = log;
  }

  /** @param explain - returns the error of a failed wait, from what was missing last */
  async wait<T>(
    groupUri: string,
    look: () => Promise<Look<T>>,
    explain: (missing: string) => Promise<Error>,
    w: StorageWaiting,
  ): Promise<T> {
    const { discoveries, timeoutMs, minDelayMs, maxDelayMs } = this.#policy;
    const deadline = performance.now() + timeoutMs;
    let canDiscover = true;
    let asked = 0;
    for (let delayMs = minDelayMs; ; delayMs = Math.min(delayMs * 1.5, maxDelayMs)) {
      const seen = await look();
      if (seen.kind === 'done') return seen.value;
      const left = deadline - performance.now();
      if (left <= 0 || (canDiscover && asked >= discoveries)) throw await explain(seen.what);
      if (asked > 0) {
        w.progress?.(`${seen.what}; looking again in ${Math.ceil(delayMs / 1000)} s`);
        await sleep(Math.min(delayMs, left), w.signal);
      }
      asked += 1;
      if (!canDiscover) continue;
      w.progress?.(`${seen.what}; discovery ${asked} of ${discoveries}`);
      canDiscover = await this.#discover(groupUri, Math.max(left, 1), w);
    }
  }

  /**
   * Performs "Start FCP Storage Discovery" and waits for its job. Restarts a running discovery, which may have begun before the
   * LUNs were mapped.
   *
   * @returns false when the machine has no discovery (API before 2.37)
   */
  async #discover(groupUri: string, timeoutMs: number, w: StorageWaiting): Promise<boolean> {
    try {
      const job = await this.#hmc.storageGroups.startDiscovery(groupUri, w, { forceRestart: true });
      await job.wait({ timeoutMs, signal: w.signal });
      return true;
    } catch (error) {
      if (isHmcError(error, 404, 1) || isHmcError(error, 405)) return false;
      // The volumes show the result. A failed or lost job counts as a discovery that found nothing.
      const isEnd = [JobFailedError, JobLostError, JobTimeoutError].some((kind) => error instanceof kind);
      if (!isEnd && !(error instanceof HmcConnectionError && error.sent)) throw error;
      this.#log.warn({ event: 'storage.discovery', groupUri, error: describeError(error) }, 'the discovery failed');
      return true;
    }
  }

  /** Summarizes DPM's connection report of a group; undefined if there is none yet. */
  async report(groupUri: string, w: StorageWaiting): Promise<string | undefined> {
    try {
      const { configurationStatuses } = await this.#hmc.storageGroups.getConnectionReport(groupUri, w);
      const counts = new Map<string, number>();
      for (const status of configurationStatuses) counts.set(status, (counts.get(status) ?? 0) + 1);
      const words = [...counts].map(([status, count]) => `${count} × ${status}`).join(', ');
      return `connection report: ${words || 'no storage subsystem was seen'}`;
    } catch (error) {
      if (!(error instanceof HmcHttpError)) throw error;
      return undefined; // no report before the first discovery, or below API 2.37
    }
  }
}

/** Describes a volume and its state in DPM. */
export function describeVolume({ name, uri, sizeGib, activeSizeGib, fulfillmentState, uuid }: StorageVolume): string {
  const size = sizeGib === undefined ? '' : ` of ${sizeGib} GiB`;
  const found =
    uuid === undefined ? '' : ` (found: ${uuid}${activeSizeGib === undefined ? '' : `, ${activeSizeGib} GiB`})`;
  return `storage volume "${name ?? uri}"${size} is ${fulfillmentState ?? 'in no state'}${found}`;
}

/** Returns the error of a failed wait, with the volumes and all known reasons. */
export function notFulfilled(
  group: Pick<StorageGroup, 'name' | 'fulfillmentState'>,
  volumeIds: readonly string[],
  reasons: readonly string[],
): VolumeNotFulfilledError {
  const who = volumeIds.length === 0 ? '' : `, volume ${volumeIds.join(', ')}`;
  return new VolumeNotFulfilledError(
    `storage group "${group.name}"${who}: DPM did not find the requested volumes: ${reasons.join('; ')}`,
    { storageGroup: group.name, fulfillmentState: group.fulfillmentState, volumeIds, reasons },
  );
}
