import { describeError } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import type { ManagerServices } from './services.ts';
import { findParked } from './verify/guests.ts';
import { lookForParked } from './verify/look.ts';

/** @internal */
export interface RemoveParkedOptions {
  /** `recorded`: asks the HMC only if the records of this host name a parked partition. `all`: always asks it. */
  readonly scope: 'recorded' | 'all';
  /** Runs work when no other operation of this process on the instance is running. Default: at once. */
  readonly inTurn?: ((instanceUuid: string, work: () => Promise<void>) => Promise<void>) | undefined;
}

/** @internal */
export interface RemovedParked {
  /** Names of the deleted partitions. */
  readonly removed: readonly string[];
  /** Partitions without a known attachment that only an operator may delete, and why. */
  readonly kept: readonly { readonly name: string; readonly detail: string }[];
}

/**
 * Deletes the parked partitions for which Cinder has no attachment, with their ports and their records. A failure does not stop
 * the next one.
 */
export async function removeParkedPartitions(
  services: ManagerServices,
  { scope, inTurn = async (_uuid, work) => await work() }: RemoveParkedOptions,
  context: RequestContext,
): Promise<RemovedParked> {
  const { log, partitionRecords } = services;
  const removed: string[] = [];
  const kept: RemovedParked['kept'][number][] = [];
  if (scope === 'recorded' && !partitionRecords.list().some(({ isParked }) => isParked === true))
    return { removed, kept };
  for (const { name, target, detail, repair } of findParked(await lookForParked(services, context))) {
    if (repair === null) {
      kept.push({ name, detail });
      continue;
    }
    const facts = { event: 'parked.remove', partition: name, instance: target.id };
    try {
      await inTurn(target.id, async () => {
        if (!(await removeOne(services, target.id, context))) return;
        removed.push(name);
        log.info(facts, 'parked partition deleted: Cinder has no attachment of its instance');
      });
    } catch (error) {
      context.signal.throwIfAborted();
      log.error({ ...facts, error: describeError(error) }, 'parked partition not deleted');
    }
  }
  return { removed, kept };
}

/** Looks again, now that nobody else works on the instance: a rebuild may have asked for its ports meanwhile. */
async function removeOne(services: ManagerServices, uuid: string, context: RequestContext): Promise<boolean> {
  const { driver, ownership, served, store } = services;
  using owned = ownership.tryAcquire(uuid);
  if (owned === undefined) return false;
  const now = findParked(await lookForParked(services, context)).find(({ target }) => target.id === uuid);
  if (now === undefined || now.repair === null) return false;
  await driver.removeParked?.(context, { uuid });
  served.forget(uuid);
  if (store.find(uuid) === undefined) store.delete(uuid); // the record of its partition
  return true;
}
