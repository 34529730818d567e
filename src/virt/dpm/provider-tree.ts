import type { AvailableResource, ProviderInventory, ProviderTree } from '../driver-types.ts';
import type { DpmRuntime } from './runtime.ts';
import type { DpmDriverSettings } from './settings.ts';

/**
 * Writes inventory and traits of this host into Placement's tree.
 *
 * `reserved` is what partitions of other owners hold of the share. An allocation ratio that the tree has already is kept; the
 * default is 1, because DPM cannot overcommit memory, and the compute manager does not overcommit processors. There is no
 * DISK_GB: every disk is a Cinder volume.
 *
 * VCPU (shared processors) and PCPU (dedicated ones, for flavours with `hw:cpu_policy=dedicated`) are the same processors. So
 * that Placement gives out none of them twice, those that partitions of this host have in one mode are reserved in the other.
 */
export function updateProviderTree(
  tree: ProviderTree,
  nodename: string,
  resource: AvailableResource,
  { cpc, storage }: DpmRuntime,
  { memoryIncrementMib: increment }: Pick<DpmDriverSettings, 'memoryIncrementMib'>,
): void {
  const { inventory: known } = tree.data(nodename);
  const { vcpus, vcpusUsed, vcpusReserved = 0, vcpusDedicated = 0, memoryMb, memoryMbReserved = 0 } = resource;
  const record = (total: number, reserved: number, step: number, ratio = 1): ProviderInventory => ({
    total,
    reserved,
    min_unit: Math.min(step, total),
    max_unit: total,
    step_size: step,
    allocation_ratio: ratio,
  });
  tree.updateInventory(nodename, {
    VCPU: record(vcpus, Math.min(vcpus, vcpusReserved + vcpusDedicated), 1, known.VCPU?.allocation_ratio),
    PCPU: record(vcpus, Math.min(vcpus, vcpusReserved + Math.max(0, vcpusUsed - vcpusDedicated)), 1),
    MEMORY_MB: record(memoryMb, memoryMbReserved, increment),
  });
  tree.addTraits(
    nodename,
    'HW_ARCH_S390X',
    'CUSTOM_DPM',
    storage.model === 'hba' ? 'CUSTOM_DPM_VHBA' : 'CUSTOM_DPM_STORAGE_GROUPS',
    ...(cpc.machineType === undefined ? [] : [`CUSTOM_IBM_Z_${cpc.machineType.toUpperCase()}`]),
  );
}
