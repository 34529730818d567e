import { ComputeResourcesUnavailableError } from '../base/index.ts';
import { isOnlyRecord } from './instances.ts';
import type { ComputeDriver } from '../virt/index.ts';
import type { InstanceRecord } from './instances.ts';

/** The resources of the CPC subset that instances may use. */
export interface Share {
  readonly vcpus: number;
  readonly memoryMib: number;
}

/** A share, and the driver that says how much memory a server gets. */
interface ShareOfDriver {
  readonly share: Share;
  readonly driver: ComputeDriver;
}

/**
 * Checks that an instance fits beside the others. As in Nova, stopped instances count too. Instances in ERROR count unless their
 * build was rolled back, since something of them may exist until they are deleted.
 *
 * @throws ComputeResourcesUnavailableError with what is wanted, used and allowed
 */
export function claim(
  wanted: Pick<InstanceRecord, 'vcpus' | 'memoryMib'>,
  others: readonly InstanceRecord[],
  share: Share,
): void {
  const counted = others.filter((other) => !isOnlyRecord(other));
  const units = { vcpus: 'vCPUs', memoryMib: 'MiB of memory' } as const;
  for (const key of ['vcpus', 'memoryMib'] as const) {
    const used = counted.reduce((total, instance) => total + instance[key], 0);
    if (used + wanted[key] <= share[key]) continue;
    const facts = { wanted: wanted[key], used, total: share[key], unit: units[key] };
    const text = `${facts.wanted} ${facts.unit} do not fit into the CPC subset: ${used} of ${facts.total} are taken`;
    throw new ComputeResourcesUnavailableError(text, facts);
  }
}

/** @throws ComputeResourcesUnavailableError when a server of this size exceeds this host's share of the CPC */
export function requireShare(
  { share, driver }: ShareOfDriver,
  record: Pick<InstanceRecord, 'vcpus' | 'memoryMib'>,
  others: readonly InstanceRecord[],
): void {
  // Older records hold the memory that was requested, not rounded.
  const taken = others.map((other) => ({ ...other, memoryMib: assignedMemory(driver, other.memoryMib) }));
  claim(record, taken, share);
}

/** Returns the memory that the platform assigns for a requested size, both in MiB. */
export function assignedMemory(driver: ComputeDriver, memoryMib: number): number {
  return driver.assignedMemory?.(memoryMib) ?? memoryMib;
}
