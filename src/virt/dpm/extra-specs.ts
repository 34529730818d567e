import { z } from 'zod';
import { ConfigError } from '../../base/index.ts';
import { PARAMETERS_LIMIT, withoutOurWords } from '../../partition/guest-parameters/index.ts';
import type { BootOptions, PartitionRequest } from '../../spawn/index.ts';

/** The prefix of our keys among a flavour's extra specs; other keys have other owners. */
const PREFIX = 'dpm:';

/** Words for true and false in Nova's flavours. Source: oslo.utils. */
const truth = z.stringbool({ truthy: ['true', 'yes', 'on', '1'], falsy: ['false', 'no', 'off', '0'] });

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

/** The properties of a flavour. Source of ranges and characters: zhmc-ansible-modules zhmc_partition.py. */
const specs = {
  secure_boot: { expected: 'true or false', schema: truth },
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
      // The kernel discards the whole text if it has one byte beyond ASCII. Source: linux arch/s390/boot/ipl_parm.c.
      .regex(/^[\x20-\x7e]*$/)
      .refine((text) => text.split('"').length % 2 === 1)
      // The driver replaces these words at each start.
      .refine((text) => withoutOurWords(text) === text.trim()),
  },
  boot_from: {
    expected: 'volume, iso, ftp, ftps, sftp or network',
    schema: z.enum(['volume', 'iso', 'ftp', 'ftps', 'sftp', 'network']),
  },
  boot_iso: { expected: 'the path of an ISO image', schema: z.string().min(1) },
  boot_iso_ins: { expected: 'the path of an INS file in the ISO image', schema: z.string().min(1) },
  boot_ftp_host: { expected: 'a host name or IP address', schema: z.string().min(1) },
  boot_ftp_username: { expected: 'a user name', schema: z.string().min(1) },
  boot_ftp_insfile: { expected: 'the path of an INS file on the server', schema: z.string().min(1) },
  storage_group: { expected: 'the name of a storage group', schema: z.string().min(1).max(64) },
  storage_group_boot_volume: {
    expected: 'name, UUID or device number of a volume of the storage group',
    schema: z.string().min(1).max(64),
  },
} as const satisfies Record<string, Spec>;

type SpecName = keyof typeof specs;

/** Our extra specs, parsed and checked. */
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

/** The machine's default of `boot-timeout`, which is not sent. Source: zhmc-ansible-modules zhmc_partition.py. */
const MACHINE_BOOT_TIMEOUT = 60;

/** Returns the boot options; omitted options have the machine's default. */
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

/** Returns the requested prepared storage group. @throws ConfigError for a boot volume without a group */
export function storageGroupOf(read: ExtraSpecs): PartitionRequest['storageGroup'] {
  const { storage_group: name, storage_group_boot_volume: bootVolume } = read;
  if (name !== undefined) return { name, bootVolume: bootVolume ?? null };
  if (bootVolume === undefined) return null;
  throw new ConfigError(`property "${PREFIX}storage_group_boot_volume" needs "${PREFIX}storage_group"`, {
    option: `${PREFIX}storage_group_boot_volume`,
  });
}
