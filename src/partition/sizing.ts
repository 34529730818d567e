import { ConfigError } from '../base/index.ts';

/**
 * Returns the size of the partition for a flavor: one IFL for each vCPU, and memory rounded up to the increment.
 *
 * @param incrementMib - the machine's memory granularity: a setting, because no public source states it
 * @throws ConfigError naming what is out of range
 */
export function sizePartition(flavor: { readonly vcpus: number; readonly memoryMib: number }, incrementMib: number) {
  const { vcpus, memoryMib } = flavor;
  for (const [name, value] of [['vcpus', vcpus] as const, ['memory', memoryMib] as const])
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ConfigError(`${name} is ${value}, expected a whole number from 1`, { option: name, value });
  return { iflProcessors: vcpus, memoryMib: Math.ceil(memoryMib / incrementMib) * incrementMib };
}
