import { ComputeResourcesUnavailableError } from '../base/index.ts';
import { isOnlyRecord } from './instances.ts';
import type { InstanceRecord } from './instances.ts';

/** What a compute host may give to its instances: the CPC subset's share. */
export interface Share {
  readonly vcpus: number;
  readonly memoryMib: number;
}

/**
 * Refuses what does not fit beside what is promised already. Instances count whether they run or not, as in Nova; those
 * in ERROR too, unless their build was rolled back: something of them may exist until they are deleted.
 *
 * @throws ComputeResourcesUnavailableError saying what is asked, used and allowed
 */
export function claim(
  wanted: Pick<InstanceRecord, 'vcpus' | 'memoryMib'>,
  others: readonly InstanceRecord[],
  share: Share,
): void {
  const counted = others.filter((other) => !isOnlyRecord(other));
  check('vCPUs', wanted.vcpus, sum(counted, 'vcpus'), share.vcpus);
  check('MiB of memory', wanted.memoryMib, sum(counted, 'memoryMib'), share.memoryMib);
}

function sum(instances: readonly InstanceRecord[], key: 'vcpus' | 'memoryMib'): number {
  return instances.reduce((total, instance) => total + instance[key], 0);
}

function check(unit: string, wanted: number, used: number, total: number): void {
  if (used + wanted <= total) return;
  throw new ComputeResourcesUnavailableError(
    `${wanted} ${unit} do not fit into the CPC subset: ${used} of ${total} are taken`,
    { wanted, used, total, unit },
  );
}
