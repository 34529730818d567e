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
import type { BootTry } from './boot-tries.ts';

/** What a load over several paths works with. */
export interface StartDeps {
  readonly hmc: { readonly partitions: Pick<HmcSession['partitions'], 'update' | 'listOsMessages'> };
  readonly lifecycle: Pick<PartitionLifecycle, 'start' | 'ensureStopped'>;
  readonly storage: Pick<PartitionStorage, 'likelyBootFailure'>;
  /** Paths that are tried at most. */
  readonly attempts: number;
}

/** The ways to load a partition. */
export interface StartPlan {
  readonly partition: PartitionRef;
  /** The first start, with the boot properties as they are. */
  readonly start: () => Promise<StartResult>;
  /** Asked for once the first start has failed. */
  readonly ways: () => Promise<BootWays>;
  /** What else explains a failure. */
  readonly cause?: Error | undefined;
}

export interface BootWays {
  /** What the boot properties name; undefined where that is not a path, or not known. */
  readonly recorded: BootTry | undefined;
  /** Other ways to load the same. */
  readonly others: readonly BootTry[];
  /** The ports, so that messages can name those of the adapters. */
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
 * Starts a partition, over another path after each load that fails. Every start of a partition goes this way, the first
 * and any later one, so that what could be loaded once can be loaded again.
 *
 * @returns the path over which it was loaded: undefined for that of the boot properties, which nobody had to know
 * @throws StartRefusedError when the HMC did not start it: another path would not help
 * @throws BootFailedError with everything that was tried
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
  const ways = await plan.ways();
  const failures: Failure[] = [{ attempt: ways.recorded, result: first }];
  const others = ways.others.slice(0, deps.attempts - 1);
  try {
    for (const attempt of others) {
      await prepareNextTry(deps, partition, { attempt, failed: failures.length, ways }, w);
      // It has just been stopped: no need to ask first.
      const result = await deps.lifecycle.start(partition, w);
      if (result.kind === 'running') return { status: result.status, loaded: attempt, attempts: failures.length + 1 };
      requireLoadFailure(plan, result);
      failures.push({ attempt, result });
    }
    throw await bootFailed(deps, plan, { failures, ways }, w);
  } catch (error) {
    if (others.length > 0) await restoreBoot(deps, partition, ways, w);
    throw error;
  }
}

/** Writes the path of the first start back, so that a start that failed leaves the boot properties as they were. */
async function restoreBoot(
  { hmc }: StartDeps,
  partition: PartitionRef,
  { recorded }: BootWays,
  { log }: StartWaiting,
): Promise<void> {
  if (recorded === undefined) return; // the other ways change nothing that is not known
  try {
    // Also after the caller has aborted.
    await hmc.partitions.update(partition.uri, recorded.properties, { signal: neverAborted() });
  } catch (error) {
    const facts = { event: 'boot.path-kept', partition: partition.name, error: describeError(error) };
    log.warn(facts, 'the boot properties still name the path that was tried last');
  }
}

function requireLoadFailure({ partition, cause }: StartPlan, result: FailedStart): void {
  if (wasRefused(result)) throw startRefused(partition, result, cause);
}

async function prepareNextTry(
  { lifecycle, hmc }: StartDeps,
  partition: PartitionRef,
  next: { readonly attempt: BootTry; readonly failed: number; readonly ways: BootWays },
  w: StartWaiting,
): Promise<void> {
  const { attempt, failed, ways } = next;
  w.log.warn(
    { event: 'boot.next-path', failed, ...attempt.path },
    'the load did not find its LUN: trying the next path',
  );
  w.progress?.(`the load failed; trying ${describeSource(attempt, ways)}`);
  await lifecycle.ensureStopped(partition, w);
  await hmc.partitions.update(partition.uri, attempt.properties, w);
}

function describeSource(attempt: BootTry | undefined, { initiators }: BootWays): string {
  if (attempt === undefined) return 'what its boot properties name';
  if (attempt.path === null) return 'the boot volume of the storage group';
  const { initiatorWwpn, targetWwpn, lun } = attempt.path;
  const port = initiators.find(({ wwpn }) => wwpn === initiatorWwpn)?.adapterPortUri;
  const on = port === undefined || port === null ? '' : ` on adapter port ${portOfUri(port)}`;
  return `initiator ${initiatorWwpn}${on}, target ${targetWwpn}, LUN ${lun}`;
}

/** Everything a person needs: what was tried, where it ended, and what HMC and loader said. */
async function bootFailed(
  { hmc, storage }: StartDeps,
  { partition, cause }: StartPlan,
  { failures, ways }: { readonly failures: readonly Failure[]; readonly ways: BootWays },
  w: StartWaiting,
): Promise<BootFailedError> {
  const messages = await hmc.partitions.listOsMessages(partition.uri, w).catch(() => []);
  const lines = messages.map(({ text }) => text.trim()).filter((text) => text !== '');
  const tries = failures.map(
    ({ attempt, result }) => `${describeSource(attempt, ways)}: status "${result.status}", ${result.hmcSaid}`,
  );
  const console = lines.length === 0 ? '' : `; the console shows: ${lines.slice(-5).join(' | ')}`;
  const { likelyBootFailure: likelyCause } = storage;
  const hint = failures[0]?.attempt?.hint === undefined ? '' : `; ${failures[0].attempt.hint}`;
  const why = `; likely cause: ${likelyCause}${console}${hint}`;
  return new BootFailedError(
    `boot partition "${partition.name}": ${tries.join('; then ')}${why}`,
    {
      partition: partition.name,
      partitionUri: partition.uri,
      likelyCause,
      status: failures.at(-1)?.result.status,
      tries,
      osMessages: lines.slice(-20),
    },
    { cause: cause ?? failures.find(({ result }) => result.cause !== undefined)?.result.cause },
  );
}
