import { z } from 'zod';
import { flowVolumeSchema, ownerSchema } from './deps.ts';

/**
 * How a partition is to be loaded, besides from where. What is left out has the machine's default. Source:
 * zhmc-ansible-modules zhmc_partition.py.
 */
export const bootOptionsSchema = z.object({
  secureBoot: z.boolean().optional(),
  bootLoadParameters: z.string().optional(),
  bootConfigurationSelector: z.number().optional(),
  /** What the kernel is to be given besides; what the guest is told of its volumes comes behind it. */
  bootOsSpecificParameters: z.string().optional(),
  /** Seconds. */
  bootTimeout: z.number().optional(),
});
export type BootOptions = z.infer<typeof bootOptionsSchema>;

/** What a partition is to be. Plain JSON. */
export const partitionSpecSchema = z.object({
  name: z.string(),
  description: z.string(),
  iflProcessors: z.number(),
  memoryMib: z.number(),
  boot: bootOptionsSchema,
});
export type PartitionSpec = z.infer<typeof partitionSpecSchema>;

/** Input of the flows that make a partition. */
export const preparedInputSchema = z.object({
  owner: ownerSchema,
  partition: partitionSpecSchema,
  volumes: z.array(flowVolumeSchema),
  /** A storage group that is there already, and which of its volumes to boot from where that has to be said. */
  storageGroup: z.object({ name: z.string(), bootVolume: z.string().nullable() }).nullable(),
});
export type PreparedInput = z.infer<typeof preparedInputSchema>;

/** Input of the flows that end with a running partition. */
export const spawnInputSchema = preparedInputSchema.extend({ powerOn: z.boolean() });
export type SpawnInput = z.infer<typeof spawnInputSchema>;
