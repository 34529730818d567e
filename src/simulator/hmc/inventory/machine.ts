import type { HmcContext, HmcLevel } from '../context.ts';
import { featureDescription, machineProfiles, storageManagementFeature, type MachineProfile } from '../machines.ts';
import type { Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import type { HmcOptions } from '../options.ts';
import { addAdapters } from './adapters.ts';

/** The profile of the machine that the options ask for; z16 unless they say. */
export function profileOf(options: HmcOptions): MachineProfile {
  const name = options.machine ?? 'z16';
  if (!Object.hasOwn(machineProfiles, name)) throw new RangeError(`there is no machine "${name}" to simulate`);
  return machineProfiles[name];
}

/** The HMC that comes with a machine: of the same level. */
export function hmcLevelOf({ level, version, apiVersion, name }: MachineProfile): HmcLevel {
  return { name: `HMC${name.toUpperCase()}`, level, version, apiVersion };
}

/** Fills the model with a fresh machine: the console, one CPC in DPM mode, and its adapters. */
export function buildMachine(context: HmcContext, fabrics: readonly string[]): void {
  const profile = profileOf(context.options);
  context.model.add('console', null, consoleProps(context, profile));
  const cpc = addCpc(context, profile);
  addAdapters(context, cpc, profile, fabrics);
  if (profile.features !== undefined) addControlUnit(context);
}

/** One FICON control unit, as the disks of FICON storage groups need it. */
function addControlUnit(context: HmcContext): void {
  const id = context.ids.next();
  context.model.add('storage-control-unit', '/api/console', {
    'object-id': id,
    'object-uri': `/api/storage-control-units/${id}`,
    name: 'CU 0',
    description: '',
    'logical-address': '00',
  });
}

function consoleProps(context: HmcContext, profile: MachineProfile): Props {
  const { name } = context.hmc;
  return { ...consoleDefaults(name), 'object-id': context.ids.next(), name, version: profile.version };
}

/** What every console has; the properties are those of python-zhmcclient's tests/end2end/mocked_hmc_z14.yaml. */
export function consoleDefaults(name: string): Props {
  return {
    'object-uri': '/api/console',
    description: '',
    'is-locked': false,
    'is-auto-switch-enabled': false,
    'paired-role': '',
    'network-info': { 'this-hmc': [{ 'hmc-name': name }], 'paired-hmc': null },
  };
}

function addCpc(context: HmcContext, profile: MachineProfile): Resource {
  const id = context.ids.next();
  const cpc = context.model.add('cpc', null, {
    'object-id': id,
    'object-uri': `/api/cpcs/${id}`,
    name: context.options.cpcName ?? 'CPC1',
    description: '',
    status: 'active',
    'acceptable-status': ['active'],
    'has-hardware-messages': false,
    'is-locked': false,
    'dpm-enabled': true,
    'iml-mode': 'dpm',
    'is-cpacf-enabled': true,
    'se-version': profile.version,
    'machine-type': profile.machineType,
    'machine-model': profile.machineModel,
    'machine-serial-number': '0000000SIM01',
    'auto-start-list': [],
    ...capacity(context, profile),
    ...levelProps(context, profile),
  });
  if (profile.apiFeatures !== undefined) context.cpcApiFeatures.set(cpc.uri, profile.apiFeatures);
  return cpc;
}

function capacity({ options }: HmcContext, profile: MachineProfile): Props {
  const customer = options.cpcMemoryMib ?? profile.customerMemoryMib;
  const systemArea = profile.level >= 16 ? 262_144 : 98_304; // hardware system area: 256 GiB from z16 on, 96 GiB on z13
  return {
    'processor-count-ifl': options.cpcIfls ?? profile.ifls,
    'processor-count-general-purpose': profile.generalPurpose,
    'processor-count-icf': 0,
    'processor-count-iip': 0,
    'processor-count-service-assist': 5,
    'processor-count-spare': 2,
    'processor-count-defective': 0,
    'storage-customer': customer,
    'storage-hardware-system-area': systemArea,
    'storage-total-installed': customer + systemArea,
  };
}

function levelProps(context: HmcContext, profile: MachineProfile): Props {
  if (profile.features === undefined) return {};
  const isOn = (name: string): boolean =>
    name !== storageManagementFeature || (context.options.storageManagement ?? true);
  const features = profile.features.map((name) => ({
    name,
    description: featureDescription(name),
    state: isOn(name),
  }));
  return {
    'available-features-list': features,
    'maximum-partitions': profile.maximumPartitions,
    'maximum-hipersockets': 32,
    'management-world-wide-port-name': context.wwpns.take(),
  };
}
