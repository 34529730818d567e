import { z } from 'zod';
import { ConfigError } from '../../base/index.ts';
import { PARAMETERS_LIMIT, withoutOurWords } from '../../partition/guest-parameters/index.ts';
import type { BootOptions, PartitionRequest } from '../../spawn/index.ts';

/** What precedes our keys among a flavour's extra specs; others are other people's. */
const PREFIX = 'dpm:';

/** The words that oslo.utils takes for true and false, of which Nova's flavours are made. */
const truth: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

interface Spec {
  /** For messages. */
  readonly expected: string;
  readonly schema: z.ZodType;
}

function wholeNumber(minimum: number, maximum: number, unit = ''): Spec & { schema: z.ZodType<number> } {
  const schema = z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number)
    .pipe(z.number().min(minimum).max(maximum));
  return { expected: `a whole number from ${minimum} to ${maximum}${unit}`, schema };
}

/**
 * The properties that an instance's flavour can carry. Ranges and characters: zhmc-ansible-modules zhmc_partition.py.
 */
const specs = {
  secure_boot: {
    expected: 'true or false',
    schema: z
      .string()
      .refine((text) => Object.hasOwn(truth, text.toLowerCase()))
      .transform((text) => truth[text.toLowerCase()] === true),
  },
  boot_load_parameters: {
    expected: 'up to 8 of the characters 0-9 A-Z @ $ # . and blank',
    schema: z.string().regex(/^[0-9A-Z@$#. ]{0,8}$/),
  },
  boot_configuration_selector: wholeNumber(0, 30),
  boot_timeout: wholeNumber(60, 600, ' seconds'),
  boot_os_specific_parameters: {
    expected: `up to ${PARAMETERS_LIMIT} printable ASCII characters, with quotes in pairs, without dpm.z= and dpm.n=`,
    schema: z
      .string()
      .max(PARAMETERS_LIMIT)
      // One byte beyond ASCII, and the kernel discards all of it. Source: linux arch/s390/boot/ipl_parm.c.
      .regex(/^[\x20-\x7e]*$/)
      .refine((text) => text.split('"').length % 2 === 1)
      // These words are the driver's: it replaces them at each start.
      .refine((text) => withoutOurWords(text) === text.trim()),
  },
  storage_group: { expected: 'the name of a storage group', schema: z.string().min(1).max(64) },
  storage_group_boot_volume: {
    expected: 'name, UUID or device number of a volume of the storage group',
    schema: z.string().min(1).max(64),
  },
} as const satisfies Record<string, Spec>;

type SpecName = keyof typeof specs;

/** The extra specs that are ours, read and checked. */
export type ExtraSpecs = { readonly [Name in SpecName]?: z.output<(typeof specs)[Name]['schema']> };

/**
 * Reads the extra specs of a flavour whose keys begin with `dpm:`.
 *
 * @throws ConfigError naming the key, the value and what was expected; also for a key of ours that does not exist
 */
export function readExtraSpecs(given: Readonly<Record<string, string>> = {}): ExtraSpecs {
  const ours = Object.entries(given).filter(([key]) => key.startsWith(PREFIX));
  const read = ours.map(([key, value]) => [key.slice(PREFIX.length), readSpec(key, value)] as const);
  return Object.fromEntries(read);
}

function readSpec(key: string, value: string): unknown {
  const name = key.slice(PREFIX.length);
  if (!isSpecName(name)) {
    const known = Object.keys(specs).map((each) => PREFIX + each);
    throw new ConfigError(`property "${key}" is not known, expected one of ${known.join(', ')}`, { option: key });
  }
  const { schema, expected }: Spec = specs[name];
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`property "${key}" is "${value}", expected ${expected}`, { option: key, value, expected });
}

function isSpecName(name: string): name is SpecName {
  return Object.hasOwn(specs, name);
}

/** The machine's own default of `boot-timeout`; it is not sent. Source: zhmc-ansible-modules zhmc_partition.py. */
const MACHINE_BOOT_TIMEOUT = 60;

/** How the partition is to be loaded; what nobody asked for is left to the machine. */
export function bootOptionsOf(read: ExtraSpecs, defaultTimeoutSeconds: number): BootOptions {
  const bootTimeout = read.boot_timeout ?? defaultTimeoutSeconds;
  return {
    ...(read.secure_boot === undefined ? {} : { secureBoot: read.secure_boot }),
    ...(read.boot_load_parameters === undefined ? {} : { bootLoadParameters: read.boot_load_parameters }),
    ...(read.boot_configuration_selector === undefined
      ? {}
      : { bootConfigurationSelector: read.boot_configuration_selector }),
    ...(read.boot_os_specific_parameters === undefined
      ? {}
      : { bootOsSpecificParameters: read.boot_os_specific_parameters }),
    ...(bootTimeout === MACHINE_BOOT_TIMEOUT ? {} : { bootTimeout }),
  };
}

/** The storage group that is to be attached besides the instance's own. @throws ConfigError for half a request */
export function storageGroupOf(read: ExtraSpecs): PartitionRequest['storageGroup'] {
  const { storage_group: name, storage_group_boot_volume: bootVolume } = read;
  if (name !== undefined) return { name, bootVolume: bootVolume ?? null };
  if (bootVolume === undefined) return null;
  throw new ConfigError(`property "${PREFIX}storage_group_boot_volume" needs "${PREFIX}storage_group"`, {
    option: `${PREFIX}storage_group_boot_volume`,
  });
}
