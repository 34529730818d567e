import { z } from 'zod';
import { PARAMETERS_LIMIT, withoutOurWords } from '../../partition/guest-parameters/index.ts';

/**
 * When a change of a property takes effect on a server that runs: at once, at the next start of the server, or never,
 * because the HMC changes it only while the partition is stopped. Only a create sets those of `create`, and the option
 * `--boot-from` changes those of `boot-from`.
 */
export type TakesEffect = 'now' | 'next start' | 'stopped' | 'create' | 'boot-from';

interface Spec {
  /** For messages and the table in the docs. */
  readonly expected: string;
  readonly schema: z.ZodType;
  readonly meaning: string;
  readonly takesEffect: TakesEffect;
}

/** Words for true and false in Nova's flavours. Source: oslo.utils. */
const truth = {
  expected: 'true or false',
  schema: z.stringbool({ truthy: ['true', 'yes', 'on', '1'], falsy: ['false', 'no', 'off', '0'] }),
};

function wholeNumber(minimum: number, maximum: number, unit = '') {
  const schema = z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .pipe(z.number().min(minimum).max(maximum));
  return { expected: `a whole number from ${minimum} to ${maximum}${unit}`, schema };
}

const weight = wholeNumber(1, 999);

/** The highest domain of a Crypto Express 5S in a z13. Source: python-zhmcclient, Partition.increase_crypto_config. */
const MAX_DOMAIN = 84;

const domains = {
  expected: `domain numbers from 0 to ${MAX_DOMAIN}, such as 0,3-5`,
  schema: z
    .string()
    .regex(/^\d{1,2}(?:-\d{1,2})?(?:,\d{1,2}(?:-\d{1,2})?)*$/)
    .transform((text) => text.split(',').flatMap(numbersIn))
    .refine((indexes) => indexes.length > 0 && indexes.every((index) => index <= MAX_DOMAIN))
    .transform((indexes) => [...new Set(indexes)].sort((a, b) => a - b)),
};

/** Returns the numbers of `3-5` or `3`; of `5-3` one that no domain has. */
function numbersIn(range: string): readonly number[] {
  const [first = 0, last = first] = range.split('-').map(Number);
  return last < first ? [MAX_DOMAIN + 1] : Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const names = {
  expected: 'names or object IDs, separated by commas, each once',
  schema: z
    .string()
    .transform((text) => text.split(',').map((name) => name.trim()))
    .refine((all) => all.every((name) => name !== '') && new Set(all).size === all.length),
};

const text = z.string().min(1);
const name = z.string().min(1).max(64);

/** The properties of a flavour. Source of ranges and characters: zhmc-ansible-modules zhmc_partition.py; zhmccli. */
export const specs = {
  processor_mode: {
    expected: 'shared or dedicated',
    schema: z.enum(['shared', 'dedicated']),
    meaning:
      'Whether the processors are shared with other partitions (default) or dedicated. Nova’s `hw:cpu_policy` means the same',
    takesEffect: 'stopped',
  },
  initial_processing_weight: {
    ...weight,
    meaning: 'The share of the partition in the shared processors, relative to other partitions; default 100',
    takesEffect: 'now',
  },
  minimum_processing_weight: {
    ...weight,
    meaning: 'The lowest weight to which the machine may lower the initial weight; default 1',
    takesEffect: 'now',
  },
  maximum_processing_weight: {
    ...weight,
    meaning: 'The highest weight to which the machine may raise the initial weight; default 999',
    takesEffect: 'now',
  },
  processing_weight_capped: {
    ...truth,
    meaning: 'Whether the weight is also a limit, even while processors are idle; default false',
    takesEffect: 'now',
  },
  absolute_processor_capping: {
    expected: 'a number from 0.01 to 255 with up to two decimals',
    schema: z
      .string()
      .regex(/^\d{1,3}(?:\.\d{1,2})?$/)
      .transform(Number)
      .pipe(z.number().min(0.01).max(255)),
    meaning: 'The most shared processors that the partition may use, such as 1.5; default no limit',
    takesEffect: 'now',
  },
  maximum_memory: {
    ...wholeNumber(1, 1_073_741_824, ' MiB'),
    meaning: 'The memory up to which the partition can grow while it runs; default the memory of the server',
    takesEffect: 'stopped',
  },
  reserve_resources: {
    ...truth,
    meaning:
      'Whether the machine keeps processors, memory and adapters for the partition while it is stopped; default false',
    takesEffect: 'now',
  },
  capacity_group: {
    expected: 'the name of a capacity group',
    schema: name,
    meaning: 'An existing capacity group of the CPC, whose partitions have a limit on processors in common',
    takesEffect: 'now',
  },
  crypto_adapters: {
    ...names,
    meaning: 'Crypto adapters of the CPC; needs `dpm:crypto_usage_domains`',
    takesEffect: 'now',
  },
  crypto_usage_domains: {
    ...domains,
    meaning:
      'Domains of these adapters that the partition uses and controls. Another partition that runs must not use them',
    takesEffect: 'now',
  },
  crypto_control_domains: {
    ...domains,
    meaning: 'Domains of these adapters that the partition only loads keys into',
    takesEffect: 'now',
  },
  secure_boot: {
    ...truth,
    meaning: 'Whether the firmware loads only signed operating systems (z15 and later); default false',
    takesEffect: 'next start',
  },
  boot_load_parameters: {
    expected: 'up to 8 of the characters 0-9 A-Z @ $ # . and blank',
    schema: z.string().regex(/^[0-9A-Z@$#. ]{0,8}$/),
    meaning: 'Parameters of the load (z14 and later)',
    takesEffect: 'next start',
  },
  boot_configuration_selector: {
    ...wholeNumber(0, 30),
    meaning: 'The entry of the boot menu on the volume; default 0',
    takesEffect: 'next start',
  },
  boot_timeout: {
    ...wholeNumber(60, 600, ' seconds'),
    meaning: 'The time limit of a load; default the setting `dpm.boot_timeout`',
    takesEffect: 'next start',
  },
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
    meaning: 'Kernel parameters, before those that describe the volumes',
    takesEffect: 'next start',
  },
  boot_from: {
    expected: 'volume, iso, ftp, ftps, sftp or network',
    schema: z.enum(['volume', 'iso', 'ftp', 'ftps', 'sftp', 'network']),
    meaning: 'What the server boots from; default volume',
    takesEffect: 'boot-from',
  },
  boot_iso: {
    expected: 'the path of an ISO image',
    schema: text,
    meaning: 'The ISO image, with `dpm:boot_from=iso`',
    takesEffect: 'boot-from',
  },
  boot_iso_ins: {
    expected: 'the path of an INS file in the ISO image',
    schema: text,
    meaning: 'The INS file, if the ISO image has several',
    takesEffect: 'boot-from',
  },
  boot_ftp_host: {
    expected: 'a host name or IP address',
    schema: text,
    meaning: 'The FTP server, with `dpm:boot_from=ftp`, `ftps` or `sftp`',
    takesEffect: 'boot-from',
  },
  boot_ftp_username: {
    expected: 'a user name',
    schema: text,
    meaning: 'The user name at the FTP server',
    takesEffect: 'boot-from',
  },
  boot_ftp_insfile: {
    expected: 'the path of an INS file on the server',
    schema: text,
    meaning: 'The INS file',
    takesEffect: 'boot-from',
  },
  storage_group: {
    expected: 'the name of a storage group',
    schema: name,
    meaning: 'A prepared storage group, as `--storage-group`',
    takesEffect: 'create',
  },
  storage_group_boot_volume: {
    expected: 'name, UUID or device number of a volume of the storage group',
    schema: name,
    meaning: 'The boot volume of the prepared storage group',
    takesEffect: 'create',
  },
} as const satisfies Record<string, Spec>;

export type SpecName = keyof typeof specs;
