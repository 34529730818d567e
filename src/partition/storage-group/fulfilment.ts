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

/** How long DPM is given to find LUNs. */
export interface FulfilmentPolicy extends WaitPolicy {
  /** Discoveries that are asked for; where the machine takes no such request, only the time counts. */
  readonly discoveries: number;
}

export const defaultFulfilmentPolicy: FulfilmentPolicy = {
  discoveries: 3,
  minDelayMs: 5_000,
  maxDelayMs: 30_000,
  // DPM looks by itself every ten minutes: one of those fits in. Source: python-zhmcclient _storage_group.py,
  // discover_fcp.
  timeoutMs: 900_000,
};

/** What one look at the group gave: an end, or what is still missing, in words. */
export type Look<T> =
  { readonly kind: 'done'; readonly value: T } | { readonly kind: 'missing'; readonly what: string };

/**
 * Waits until what is looked for is there. Asks DPM for a discovery when it is not there at once, and again after a
 * pause, since a zone or a mask takes a moment to be known everywhere; then what was not found is not there.
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

  /** @param explain - makes the error once waiting is over, from what was missing at last */
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
   * Performs "Start FCP Storage Discovery" and waits for its job. One that is under way is replaced: it may have begun
   * before the LUNs were mapped.
   *
   * @returns false when the machine takes no such request (API before 2.37)
   */
  async #discover(groupUri: string, timeoutMs: number, w: StorageWaiting): Promise<boolean> {
    try {
      const job = await this.#hmc.storageGroups.startDiscovery(groupUri, w, { forceRestart: true });
      await job.wait({ timeoutMs, signal: w.signal });
      return true;
    } catch (error) {
      if (isHmcError(error, 404, 1) || isHmcError(error, 405)) return false;
      // How it went is seen at the volumes; a job that failed or got lost is no worse than one that found nothing.
      const isEnd = [JobFailedError, JobLostError, JobTimeoutError].some((kind) => error instanceof kind);
      if (!isEnd && !(error instanceof HmcConnectionError && error.sent)) throw error;
      this.#log.warn(
        { event: 'storage.discovery', groupUri, error: describeError(error) },
        'discovery did not end well',
      );
      return true;
    }
  }

  /** What DPM's own report says of a group, in a few words; nothing where there is none yet. */
  async report(groupUri: string, w: StorageWaiting): Promise<string | undefined> {
    try {
      const { configurationStatuses } = await this.#hmc.storageGroups.getConnectionReport(groupUri, w);
      const counts = new Map<string, number>();
      for (const status of configurationStatuses) counts.set(status, (counts.get(status) ?? 0) + 1);
      const words = [...counts].map(([status, count]) => `${count} × ${status}`).join(', ');
      return `connection report: ${words || 'no storage subsystem was seen'}`;
    } catch (error) {
      if (!(error instanceof HmcHttpError)) throw error;
      return undefined; // there is none before the first discovery, nor below API 2.37
    }
  }
}

/** A volume and its state, as DPM sees it. */
export function describeVolume({ name, uri, sizeGib, activeSizeGib, fulfillmentState, uuid }: StorageVolume): string {
  const size = sizeGib === undefined ? '' : ` of ${sizeGib} GiB`;
  const found =
    uuid === undefined ? '' : ` (found: ${uuid}${activeSizeGib === undefined ? '' : `, ${activeSizeGib} GiB`})`;
  return `storage volume "${name ?? uri}"${size} is ${fulfillmentState ?? 'in no state'}${found}`;
}

/** The error of a wait that ended without success: who was waited for, and everything that is known of why. */
export function notFulfilled(
  group: Pick<StorageGroup, 'name' | 'fulfillmentState'>,
  volumeIds: readonly string[],
  reasons: readonly string[],
): VolumeNotFulfilledError {
  const who = volumeIds.length === 0 ? '' : `, volume ${volumeIds.join(', ')}`;
  return new VolumeNotFulfilledError(
    `storage group "${group.name}"${who}: DPM did not find what was asked for: ${reasons.join('; ')}`,
    { storageGroup: group.name, fulfillmentState: group.fulfillmentState, volumeIds, reasons },
  );
}
