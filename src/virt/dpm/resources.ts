import { ConfigError } from '../../base/index.ts';
import { sizePartition } from '../../partition/index.ts';
import type { PartitionResources } from '../../spawn/index.ts';
import type { Instance } from '../driver-types.ts';
import type { ExtraSpecs } from './extra-specs.ts';

/**
 * Returns the processors and memory of a partition for a flavour. Omits what has the machine's default.
 *
 * @throws ConfigError when the memory exceeds the maximum memory
 */
export function resourcesOf(
  { vcpus, memoryMb: memoryMib }: Instance['flavor'],
  specs: ExtraSpecs,
  incrementMib: number,
): PartitionResources {
  const { iflProcessors, memoryMib: initialMemory } = sizePartition({ vcpus, memoryMib }, incrementMib);
  const maximumMemory = maximumMemoryOf(initialMemory, specs, incrementMib);
  const size = { iflProcessors, processorMode: specs.processor_mode ?? 'shared', initialMemory, maximumMemory };
  return { ...size, ...sharingOf(specs) };
}

function maximumMemoryOf(initialMib: number, { maximum_memory: maximum }: ExtraSpecs, incrementMib: number): number {
  if (maximum === undefined) return initialMib;
  const rounded = Math.ceil(maximum / incrementMib) * incrementMib;
  if (rounded >= initialMib) return rounded;
  const text = `memory is ${initialMib} MiB, above property "dpm:maximum_memory", which is ${maximum}`;
  throw new ConfigError(text, { option: 'memory', value: initialMib, maximum });
}

/** Returns the properties of the given specs. */
function sharingOf(specs: ExtraSpecs): Partial<PartitionResources> {
  const given = {
    initialIflProcessingWeight: specs.initial_processing_weight,
    minimumIflProcessingWeight: specs.minimum_processing_weight,
    maximumIflProcessingWeight: specs.maximum_processing_weight,
    iflProcessingWeightCapped: specs.processing_weight_capped,
    iflAbsoluteProcessorCapping: specs.absolute_processor_capping === undefined ? undefined : true,
    iflAbsoluteProcessorCappingValue: specs.absolute_processor_capping,
    reserveResources: specs.reserve_resources,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
