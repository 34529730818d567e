import { z } from 'zod';
import { flowVolumeSchema, ownerSchema } from './deps.ts';

/** What a partition is to be. Plain JSON; kebab-case properties of newer machines travel in `extra`. */
export const partitionSpecSchema = z.object({
  name: z.string(),
  description: z.string(),
  iflProcessors: z.number(),
  memoryMib: z.number(),
});
export type PartitionSpec = z.infer<typeof partitionSpecSchema>;

/** Input of the flows that make a partition. */
export const preparedInputSchema = z.object({
  owner: ownerSchema,
  partition: partitionSpecSchema,
  volumes: z.array(flowVolumeSchema),
});
export type PreparedInput = z.infer<typeof preparedInputSchema>;

/** Input of the flows that end with a running partition. */
export const spawnInputSchema = preparedInputSchema.extend({ powerOn: z.boolean() });
export type SpawnInput = z.infer<typeof spawnInputSchema>;
