import { ConfigError } from '../../base/index.ts';
import type { BootOptions, PartitionRequest } from '../../spawn/index.ts';
import { specs } from './extra-spec-table.ts';
import type { SpecName, TakesEffect } from './extra-spec-table.ts';

/** The prefix of our keys among a flavour's extra specs; other keys have other owners. */
const PREFIX = 'dpm:';

/** Nova's name of the processor mode. Source: nova doc/source/user/flavors.rst. */
const CPU_POLICY = 'hw:cpu_policy';

/** Our extra specs, parsed and checked. */
export type ExtraSpecs = { readonly [Name in SpecName]?: ReturnType<(typeof specs)[Name]['schema']['parse']> };

/**
 * Reads the extra specs of a flavour whose keys begin with `dpm:`, and Nova's `hw:cpu_policy`.
 *
 * @throws ConfigError naming the key, the value and what was expected; also for a key of ours that does not exist, and for
 *   keys that contradict each other
 */
export function readExtraSpecs(given: Readonly<Record<string, string>> = {}): ExtraSpecs {
  const ours = Object.entries(given).filter(([key]) => key.startsWith(PREFIX));
  const read: ExtraSpecs = Object.fromEntries(ours.map(([key, value]) => [nameOf(key), readSpec(key, value)] as const));
  const all = { ...cpuPolicyIn(given, read), ...read };
  checkTogether(all);
  return all;
}

/** Returns the name of a key of ours. @throws ConfigError that lists the known keys */
function nameOf(key: string): SpecName {
  const name = key.slice(PREFIX.length);
  if (isSpecName(name)) return name;
  const known = Object.keys(specs).map((each) => PREFIX + each);
  throw new ConfigError(`property "${key}" is not known, expected one of ${known.join(', ')}`, { option: key });
}

function readSpec(key: string, value: string): unknown {
  const { schema, expected } = specs[nameOf(key)];
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw unexpected(key, value, expected);
}

function unexpected(key: string, value: string, expected: string): ConfigError {
  return new ConfigError(`property "${key}" is "${value}", expected ${expected}`, { option: key, value, expected });
}

function isSpecName(name: string): name is SpecName {
  return Object.hasOwn(specs, name);
}

/** A partition has processors of one mode, so that Nova's `mixed` is refused. */
function cpuPolicyIn(given: Readonly<Record<string, string>>, { processor_mode: mode }: ExtraSpecs): ExtraSpecs {
  const policy = given[CPU_POLICY];
  if (policy === undefined) return {};
  if (policy !== 'shared' && policy !== 'dedicated') throw unexpected(CPU_POLICY, policy, 'shared or dedicated');
  if (mode === undefined || mode === policy) return { processor_mode: policy };
  throw contradiction('processor_mode', `is "${mode}", but property "${CPU_POLICY}" is "${policy}"`);
}

/** What the HMC would refuse. Sources: zhmccli, partition create; 409.111 and 409.170 of zhmcclient. */
function checkTogether(read: ExtraSpecs): void {
  const { minimum_processing_weight: least = 1, maximum_processing_weight: greatest = 999 } = read;
  const {
    initial_processing_weight: initial = 100,
    crypto_usage_domains: usage,
    crypto_control_domains: control,
  } = read;
  if (least > initial)
    throw contradiction('minimum_processing_weight', `is ${least}, above the initial weight ${initial}`);
  if (greatest < initial) {
    throw contradiction('maximum_processing_weight', `is ${greatest}, below the initial weight ${initial}`);
  }
  const shared = sharedOnly.find((name) => read[name] !== undefined && read[name] !== false);
  if (read.processor_mode === 'dedicated' && shared !== undefined) {
    throw contradiction(shared, 'is for shared processors, but the processors are dedicated');
  }
  if ((usage ?? control) !== undefined && read.crypto_adapters === undefined) {
    throw contradiction(
      usage === undefined ? 'crypto_control_domains' : 'crypto_usage_domains',
      `needs "${PREFIX}crypto_adapters"`,
    );
  }
  if (read.crypto_adapters !== undefined && usage === undefined) {
    throw contradiction('crypto_adapters', `needs "${PREFIX}crypto_usage_domains"`);
  }
  const both = control?.find((index) => usage?.includes(index));
  if (both !== undefined)
    throw contradiction('crypto_control_domains', `has domain ${both}, which is a usage domain too`);
}

const sharedOnly = [
  'initial_processing_weight',
  'minimum_processing_weight',
  'maximum_processing_weight',
  'processing_weight_capped',
  'absolute_processor_capping',
  'capacity_group',
] as const satisfies readonly SpecName[];

function contradiction(name: SpecName, text: string): ConfigError {
  return new ConfigError(`property "${PREFIX}${name}" ${text}`, { option: PREFIX + name });
}

/** Returns the names of our specs whose text differs between two flavours. */
export function changedSpecs(
  from: Readonly<Record<string, string>>,
  to: Readonly<Record<string, string>>,
): readonly SpecName[] {
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter((key) => from[key] !== to[key]);
  const changed = keys.flatMap((key): SpecName[] => {
    if (key === CPU_POLICY) return ['processor_mode'];
    return key.startsWith(PREFIX) ? [nameOf(key)] : [];
  });
  return [...new Set(changed)];
}

/** Returns the key of a spec in a flavour. */
export function keyOf(name: SpecName): string {
  return PREFIX + name;
}

export function effectOf(name: SpecName): TakesEffect {
  return specs[name].takesEffect;
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
  throw contradiction('storage_group_boot_volume', `needs "${PREFIX}storage_group"`);
}
