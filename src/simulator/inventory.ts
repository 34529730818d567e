import { z } from 'zod';
import type { SimulatorOptions } from './start.ts';

const name = z.string().min(1);
const gib = z.int().min(1).describe('GiB');

const volume = z.strictObject({
  name,
  size_gib: gib,
  bootable: z.boolean().optional(),
  multiattach: z.boolean().optional(),
});

const partition = z.strictObject({
  name,
  description: z.string().optional(),
  vcpus: z.int().min(1).optional(),
  memory_mib: z.int().min(512).optional(),
  running: z.boolean().optional(),
});

const storageGroup = z.strictObject({
  name,
  type: z.enum(['fcp', 'fc', 'nvme']),
  connectivity: z.int().min(1).max(128).optional(),
  volumes: z.array(z.strictObject({ name, size_gib: gib, usage: z.enum(['boot', 'data']).optional() })),
});

const san = z.strictObject({
  fabrics: z.array(name).min(1).optional(),
  arrays: z.int().min(1).max(16).optional(),
  ports_per_fabric: z.int().min(1).max(16).optional(),
});

/** The inventory file. Other sections will be added. */
const inventorySchema = z.strictObject({
  volumes: z.array(volume).optional(),
  partitions: z.array(partition).optional(),
  storage_groups: z.array(storageGroup).optional(),
  san: san.optional(),
  adapters: z.int().min(1).max(64).optional(),
});

/** What an inventory file says, in the words of {@link SimulatorOptions}. @public */
export type Inventory = Pick<SimulatorOptions, 'volumes' | 'partitions' | 'storageGroups' | 'san' | 'adapters'>;

/**
 * Reads an inventory from parsed YAML or JSON.
 *
 * @throws Error naming each key that is wrong with its path in the file, such as `volumes[1].size_gib`
 * @public
 */
export function parseInventory(value: unknown): Inventory {
  const parsed = inventorySchema.safeParse(value ?? {});
  if (!parsed.success) throw new Error(parsed.error.issues.map(describeIssue).join('; '));
  const { volumes, partitions, storage_groups: groups, san: network, adapters } = parsed.data;
  return withoutUndefined({
    volumes: volumes?.map(({ size_gib: size, ...other }) => withoutUndefined({ size, ...other })),
    partitions: partitions?.map(({ memory_mib: memoryMib, ...other }) => withoutUndefined({ memoryMib, ...other })),
    storageGroups: groups?.map(({ volumes: own, ...other }) =>
      withoutUndefined({
        ...other,
        volumes: own.map(({ size_gib: sizeGib, ...each }) => withoutUndefined({ sizeGib, ...each })),
      }),
    ),
    san:
      network === undefined
        ? undefined
        : withoutUndefined({
            fabrics: network.fabrics,
            arrays: network.arrays,
            portsPerFabric: network.ports_per_fabric,
          }),
    adapters,
  });
}

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  const where = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return `${where === '' ? 'the file' : where.replace(/^\./, '')}: ${message}`;
}

type WithoutUndefined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Leaves out what the file leaves out, so that the defaults apply. */
function withoutUndefined<T extends object>(value: T): Partial<WithoutUndefined<T>> & Pick<T, RequiredKeys<T>> {
  // Only keys without a value are removed.
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}

type RequiredKeys<T> = { [Key in keyof T]-?: undefined extends T[Key] ? never : Key }[keyof T];
