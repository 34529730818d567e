import { ConfigError, ConflictError } from '../../base/index.ts';
import type { JsonValue, Waiting } from '../../base/index.ts';
import type { Partition, UpdatePartition } from '../../hmc-client/index.ts';
import { PARAMETERS_LIMIT, withoutOurWords } from '../../partition/guest-parameters/index.ts';
import { partitionDescription, serverDescription, startableStatuses } from '../../partition/index.ts';
import type { PartitionRef } from '../../partition/index.ts';
import type { Flavor, GuestChange, GuestConfiguration, Instance } from '../driver-types.ts';
import { assign, findCapacityGroup, findCrypto, leaveCapacityGroup, readCapacityGroup } from './assignments.ts';
import type { Assignments } from './assignments.ts';
import { changedSpecs, effectOf, keyOf, readExtraSpecs, storageGroupOf } from './extra-specs.ts';
import type { ExtraSpecs } from './extra-specs.ts';
import type { SpecName, TakesEffect } from './extra-spec-table.ts';
import { resourcesOf } from './resources.ts';
import type { DpmRuntime } from './runtime.ts';
import type { DpmDriverSettings } from './settings.ts';

/** A part of the configuration of a partition, as a flow keeps it. */
interface Configuration extends Assignments {
  readonly properties: UpdatePartition;
}

/** What a server becomes: its name and flavour, and whether its size is to be as the flavour says. */
export interface WantedServer {
  readonly name: string;
  readonly flavor: Flavor;
  readonly isResize: boolean;
}

type Settings = Pick<DpmDriverSettings, 'host' | 'memoryIncrementMib' | 'bootTimeoutSeconds'>;

/**
 * Compares the partition of a server with what the server is to become. Changes nothing.
 *
 * Only what the request changes is compared: what an administrator changed on the HMC stays. Only a running partition
 * needs a stop, for what the HMC does not change while a partition is active (column "update while active" of
 * zhmc-ansible-modules zhmc_partition.py), and to get less memory (unverified on hardware).
 *
 * @throws ConfigError for values that contradict each other, or that are chosen only by a create; NotFoundError for a group
 *   or adapter that does not exist; ConflictError for a property that this machine does not have
 */
export async function planChange(
  runtime: DpmRuntime,
  settings: Settings,
  partition: PartitionRef,
  server: Instance,
  wanted: WantedServer,
  w: Waiting,
): Promise<GuestChange> {
  const specs = readExtraSpecs(wanted.flavor.extraSpecs);
  storageGroupOf(specs);
  const changed = changedSpecs(server.flavor.extraSpecs ?? {}, wanted.flavor.extraSpecs ?? {});
  requireChangeable(changed);
  const now = await runtime.hmc.partitions.get(partition.uri, w);
  const isSized = wanted.isResize || changed.includes('maximum_memory');
  const properties = differing(
    now,
    [
      descriptionFor(now, server, wanted, settings.host),
      isSized ? sizeFor(now, wanted, specs, settings) : {},
      ...changed.map((name) => propertiesOfSpec(name, specs, now, settings)),
    ].reduce<UpdatePartition>((all, each) => ({ ...all, ...each }), {}),
  );
  const other = await differingAssignments(runtime, now, changed, specs, w);
  const from: Configuration = { properties: pick(now, Object.keys(properties)), ...other.from };
  const to: Configuration = { properties, ...other.to };
  const isActive = !startableStatuses.has(now.status);
  return {
    from: toJson(from),
    to: toJson(to),
    stopNeededFor: isActive ? frozen(now, properties) : [],
    atNextStart: isActive ? changed.filter((name) => effectOf(name) === 'next start').map(keyOf) : [],
  };
}

/** Gives a partition this configuration. Idempotent. */
export async function reconfigure(
  runtime: DpmRuntime,
  partition: PartitionRef,
  configuration: GuestConfiguration,
  w: Waiting,
): Promise<void> {
  const { properties, ...assignments } = configuration as unknown as Configuration; // made by `planChange`
  const { capacityGroup } = assignments;
  // Before a change to dedicated processors, which no group has.
  if (capacityGroup !== undefined) await leaveCapacityGroup(runtime, partition, capacityGroup, w);
  if (Object.keys(properties).length > 0) await runtime.hmc.partitions.update(partition.uri, properties, w);
  await assign(runtime, partition, assignments, w);
}

function requireChangeable(changed: readonly SpecName[]): void {
  const reasons: Partial<Record<TakesEffect, string>> = {
    create: 'is chosen when a server is created, and cannot be changed',
    'boot-from': 'is changed with the option --boot-from',
  };
  for (const name of changed) {
    const reason = reasons[effectOf(name)];
    if (reason !== undefined) throw new ConfigError(`property "${keyOf(name)}" ${reason}`, { option: keyOf(name) });
  }
}

/** Names the new server, unless an administrator has changed the description. */
function descriptionFor(now: Partition, server: Instance, wanted: WantedServer, host: string): UpdatePartition {
  const ours = [serverDescription(host, server.name), partitionDescription(host)];
  return wanted.name !== server.name && ours.includes(now.description)
    ? { description: serverDescription(host, wanted.name) }
    : {};
}

/** Without a maximum in the flavour, a partition that has room to grow keeps its maximum. */
function sizeFor(now: Partition, { flavor, isResize }: WantedServer, specs: ExtraSpecs, settings: Settings) {
  const { iflProcessors, initialMemory, maximumMemory } = resourcesOf(flavor, specs, settings.memoryIncrementMib);
  if (!isResize) return { maximumMemory };
  const hasRoom = initialMemory >= now.initialMemory && initialMemory <= now.maximumMemory;
  const keepsMaximum = specs.maximum_memory === undefined && hasRoom;
  return { iflProcessors, initialMemory, maximumMemory: keepsMaximum ? now.maximumMemory : maximumMemory };
}

/** Returns the properties of a spec; the machine's default where the flavour does not have it. */
function propertiesOfSpec(name: SpecName, specs: ExtraSpecs, now: Partition, settings: Settings): UpdatePartition {
  switch (name) {
    case 'processor_mode':
      return { processorMode: specs[name] ?? 'shared' };
    case 'initial_processing_weight':
      return { initialIflProcessingWeight: specs[name] ?? 100 };
    case 'minimum_processing_weight':
      return { minimumIflProcessingWeight: specs[name] ?? 1 };
    case 'maximum_processing_weight':
      return { maximumIflProcessingWeight: specs[name] ?? 999 };
    case 'processing_weight_capped':
      return { iflProcessingWeightCapped: specs[name] ?? false };
    case 'absolute_processor_capping': {
      const limit = specs[name];
      return limit === undefined
        ? { iflAbsoluteProcessorCapping: false }
        : { iflAbsoluteProcessorCapping: true, iflAbsoluteProcessorCappingValue: limit };
    }
    case 'reserve_resources':
      return { reserveResources: specs[name] ?? false };
    case 'secure_boot':
      return { secureBoot: specs[name] ?? false };
    case 'boot_load_parameters':
      return { bootLoadParameters: specs[name] ?? '' };
    case 'boot_configuration_selector':
      return { bootConfigurationSelector: specs[name] ?? 0, ...bootConfigurationFor(specs, now) };
    case 'boot_timeout':
      return { bootTimeout: specs[name] ?? settings.bootTimeoutSeconds };
    case 'boot_os_specific_parameters':
      return { bootOsSpecificParameters: parametersFor(specs[name] ?? '', now.bootOsSpecificParameters ?? '') };
    default:
      return {}; // the size and the assignments
  }
}

/** The selector is used only with this property, on levels that have it (see setBoot in spawn/boot.ts). */
function bootConfigurationFor(specs: ExtraSpecs, { bootConfiguration }: Partition): UpdatePartition {
  if (bootConfiguration === undefined || bootConfiguration === null) return {};
  return { bootConfiguration: specs.boot_configuration_selector === undefined ? 'automatic' : 'selector' };
}

/** Keeps our words, which describe the volumes, if they still fit; otherwise the next start adds them as far as they fit. */
function parametersFor(text: string, now: string): string {
  const ours = now.split(/\s+/).filter((word) => word !== '' && withoutOurWords(word) === '');
  const whole = [text.trim(), ...ours].join(' ').trim();
  return whole.length <= PARAMETERS_LIMIT ? whole : text.trim();
}

/** Returns the properties that differ. @throws ConflictError for one that the machine does not have */
function differing(now: Partition, wanted: UpdatePartition): UpdatePartition {
  const entries = Object.entries(wanted).filter(([key, value]) => {
    const current = now[key as keyof Partition];
    if (current !== undefined) return current !== value;
    if (value === false || value === '' || value === 0) return false; // it has nothing to turn off
    const property = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new ConflictError(`this machine does not have the property ${property} of partitions`, { property });
  });
  return Object.fromEntries(entries);
}

type Draft = { -readonly [Part in keyof Assignments]: Assignments[Part] };

async function differingAssignments(
  runtime: DpmRuntime,
  now: Partition,
  changed: readonly SpecName[],
  specs: ExtraSpecs,
  w: Waiting,
): Promise<{ readonly from: Assignments; readonly to: Assignments }> {
  const [from, to]: [Draft, Draft] = [{}, {}];
  if (changed.some((name) => name.startsWith('crypto_'))) {
    const crypto = await findCrypto(runtime, specs, w);
    if (!isEqual(crypto, now.cryptoConfiguration)) [from.crypto, to.crypto] = [now.cryptoConfiguration, crypto];
  }
  if (changed.includes('capacity_group')) {
    const { capacity_group: name } = specs;
    const group = name === undefined ? null : await findCapacityGroup(runtime, name, w);
    const current = await readCapacityGroup(runtime, now, w);
    if (group !== current) [from.capacityGroup, to.capacityGroup] = [current, group];
  }
  return { from, to };
}

function isEqual(a: NonNullable<Assignments['crypto']>, b: NonNullable<Assignments['crypto']>): boolean {
  const ordered = ({ adapterUris, usageDomains, controlDomains }: typeof a) =>
    JSON.stringify([adapterUris, usageDomains, controlDomains].map((list) => [...list].sort()));
  return ordered(a) === ordered(b);
}

/** Says what of these changes needs the partition to be stopped. */
function frozen(now: Partition, { processorMode, initialMemory, maximumMemory }: UpdatePartition): readonly string[] {
  return [
    ...(processorMode === undefined ? [] : [`the processors become ${processorMode}`]),
    ...(initialMemory !== undefined && initialMemory < now.initialMemory
      ? [`the memory shrinks from ${now.initialMemory} to ${initialMemory} MiB`]
      : []),
    ...(maximumMemory === undefined
      ? []
      : [`the maximum memory changes from ${now.maximumMemory} to ${maximumMemory} MiB`]),
  ];
}

function pick(now: Partition, keys: readonly string[]): UpdatePartition {
  return Object.fromEntries(keys.map((key) => [key, now[key as keyof Partition]]));
}

function toJson(configuration: Configuration): GuestConfiguration {
  return structuredClone(configuration) as unknown as Readonly<Record<string, JsonValue>>; // of JSON values alone
}
