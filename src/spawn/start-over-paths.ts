import { describeError, neverAborted } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import type { HmcSession } from '../hmc-client/index.ts';
import { BootFailedError, portOfUri, startRefused, wasRefused } from '../partition/index.ts';
import type {
  FailedStart,
  Initiator,
  PartitionLifecycle,
  PartitionRef,
  PartitionStorage,
  StartResult,
} from '../partition/index.ts';
import type { BootTry } from './types.ts';

/** What {@link startOverPaths} uses. */
export interface StartDeps {
  readonly hmc: { readonly partitions: Pick<HmcSession['partitions'], 'update' | 'listOsMessages'> };
  readonly lifecycle: Pick<PartitionLifecycle, 'start' | 'ensureStopped'>;
  readonly storage: Pick<PartitionStorage, 'likelyBootFailure'>;
  readonly attempts: number;
}

export interface StartPlan {
  readonly partition: PartitionRef;
  /** The first start, with the boot properties as they are. */
  readonly start: () => Promise<StartResult>;
  /** Called when the first start has failed. */
  readonly readTries: () => Promise<BootTries>;
  /** What else explains a failure. */
  readonly cause?: Error | undefined;
}

export interface BootTries {
  /** The path in the boot properties; undefined if they name none, or it is not known. */
  readonly current: BootTry | undefined;
  /** Boot tries over the other paths of the same volume. */
  readonly others: readonly BootTry[];
  /** Needed to name adapter ports in messages. */
  readonly initiators: readonly Initiator[];
}

export interface StartWaiting extends Waiting {
  readonly log: Logger;
  readonly progress?: ((detail: string) => void) | undefined;
}

interface Failure {
  readonly attempt: BootTry | undefined;
  readonly result: FailedStart;
}

/**
 * Starts a partition, and tries another path after each failed load. Every start uses this function, so that a partition
 * that once loaded can load again.
 *
 * @returns `loaded`: the path of the successful load; undefined for the one in the boot properties
 * @throws StartRefusedError when the HMC did not start the partition: another path would not help
 * @throws BootFailedError with every path that was tried
 */
export async function startOverPaths(
  deps: StartDeps,
  plan: StartPlan,
  w: StartWaiting,
): Promise<{ readonly status: string; readonly loaded: BootTry | undefined; readonly attempts: number }> {
  const { partition } = plan;
  const first = await plan.start();
  if (first.kind === 'running') return { status: first.status, loaded: undefined, attempts: 1 };
  requireLoadFailure(plan, first);
  const tries = await plan.readTries();
  const failures: Failure[] = [{ attempt: tries.current, result: first }];
  const others = tries.others.slice(0, deps.attempts - 1);
  try {
    for (const attempt of others) {
      await prepareNextTry(deps, partition, { attempt, failed: failures.length, tries }, w);
      const result = await deps.lifecycle.start(partition, w);
      if (result.kind === 'running') return { status: result.status, loaded: attempt, attempts: failures.length + 1 };
      requireLoadFailure(plan, result);
      failures.push({ attempt, result });
    }
    throw await bootFailed(deps, plan, { failures, tries }, w);
  } catch (error) {
    if (others.length > 0) await restoreBoot(deps, partition, tries, w);
    throw error;
  }
}

/** Restores the path of the first start, so that a failed start leaves the boot properties unchanged. */
async function restoreBoot(
  { hmc }: StartDeps,
  partition: PartitionRef,
  { current }: BootTries,
  { log }: StartWaiting,
): Promise<void> {
  if (current === undefined) return; // without a known path there is nothing to restore
  try {
    await hmc.partitions.update(partition.uri, current.properties, { signal: neverAborted() }); // also after an abort
  } catch (error) {
    const facts = { event: 'boot.path-kept', partition: partition.name, error: describeError(error) };
    log.warn(facts, 'cannot restore the boot path: the boot properties still name the last path that was tried');
  }
}

function requireLoadFailure({ partition, cause }: StartPlan, result: FailedStart): void {
  if (wasRefused(result)) throw startRefused(partition, result, cause);
}

async function prepareNextTry(
  { lifecycle, hmc }: StartDeps,
  partition: PartitionRef,
  next: { readonly attempt: BootTry; readonly failed: number; readonly tries: BootTries },
  w: StartWaiting,
): Promise<void> {
  const { attempt, failed, tries } = next;
  w.log.warn(
    { event: 'boot.next-path', failed, ...attempt.path },
    'the load did not find its LUN; trying the next path',
  );
  w.progress?.(`the load failed; trying ${describeSource(attempt, tries)}`);
  await lifecycle.ensureStopped(partition, w);
  await hmc.partitions.update(partition.uri, attempt.properties, w);
}

function describeSource(attempt: BootTry | undefined, { initiators }: BootTries): string {
  if (attempt === undefined) return 'the path in the boot properties';
  if (attempt.path === null) return attempt.reason;
  const { initiatorWwpn, targetWwpn, lun } = attempt.path;
  const port = initiators.find(({ wwpn }) => wwpn === initiatorWwpn)?.adapterPortUri;
  const on = port === undefined || port === null ? '' : ` on adapter port ${portOfUri(port)}`;
  return `initiator ${initiatorWwpn}${on}, target ${targetWwpn}, LUN ${lun}`;
}

/** Returns the error with every path tried, its end, and the messages of HMC and loader. */
async function bootFailed(
  { hmc, storage }: StartDeps,
  { partition, cause }: StartPlan,
  { failures, tries }: { readonly failures: readonly Failure[]; readonly tries: BootTries },
  w: StartWaiting,
): Promise<BootFailedError> {
  const messages = await hmc.partitions.listOsMessages(partition.uri, w).catch(() => []);
  const lines = messages.map(({ text }) => text.trim()).filter((text) => text !== '');
  const tried = failures.map(
    ({ attempt, result }) => `${describeSource(attempt, tries)}: status "${result.status}", ${result.hmcSaid}`,
  );
  const console = lines.length === 0 ? '' : `; last messages of the guest: ${lines.slice(-3).join(' | ')}`;
  const first = failures[0]?.attempt;
  const likelyCause = first?.likelyFailure ?? storage.likelyBootFailure;
  const firstHint = first?.hint;
  const hint = firstHint === undefined ? '' : `; ${firstHint}`;
  const paths = tried.length === 1 ? 'its path' : `any of ${tried.length} paths`;
  const why = `likely cause: ${likelyCause}${hint}`;
  return new BootFailedError(
    `partition "${partition.name}" did not boot over ${paths}; ${why}; tried: ${tried.join('; then ')}${console}`,
    {
      partition: partition.name,
      partitionUri: partition.uri,
      likelyCause,
      status: failures.at(-1)?.result.status,
      tries: tried,
      osMessages: lines.slice(-20),
    },
    { cause: cause ?? failures.find(({ result }) => result.cause !== undefined)?.result.cause },
  );
}
