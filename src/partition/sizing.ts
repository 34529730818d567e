import { ConfigError } from '../base/index.ts';

/** What a flavour asks for. */
export interface Flavor {
  readonly vcpus: number;
  readonly memoryMib: number;
}

export interface PartitionSize {
  readonly iflProcessors: number;
  /** Rounded up to the machine's increment. */
  readonly memoryMib: number;
}

/**
 * The size of the partition for a flavour: one IFL a vCPU, and memory rounded up to the increment.
 *
 * @param incrementMib - the machine's memory granularity: a gap in the public sources, hence a setting
 * @throws ConfigError naming what is out of range
 */
export function sizePartition(flavor: Flavor, incrementMib: number): PartitionSize {
  requireWhole('vcpus', flavor.vcpus, 1);
  requireWhole('memory', flavor.memoryMib, 1);
  return {
    iflProcessors: flavor.vcpus,
    memoryMib: Math.ceil(flavor.memoryMib / incrementMib) * incrementMib,
  };
}

function requireWhole(name: string, value: number, minimum: number): void {
  if (Number.isSafeInteger(value) && value >= minimum) return;
  throw new ConfigError(`${name} is ${value}, expected a whole number from ${minimum}`, { option: name, value });
}
