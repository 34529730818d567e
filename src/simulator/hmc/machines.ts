/**
 * The machines that the simulator can be.
 * @public
 */
export type MachineName = 'z13' | 'z14' | 'z15' | 'z16' | 'z17';

/** What makes a machine of one generation. Numbers that users feel (processors, memory) are those of a middling configuration. */
export interface MachineProfile {
  readonly name: MachineName;
  /** 13 to 17. */
  readonly level: number;
  readonly machineType: string;
  readonly machineModel: string;
  /** Version of HMC and SE. */
  readonly version: string;
  readonly apiVersion: readonly [major: number, minor: number];
  readonly maximumPartitions: number;
  readonly ifls: number;
  readonly generalPurpose: number;
  readonly customerMemoryMib: number;
  readonly fcpCard: string;
  readonly osaCard: string;
  readonly cryptoCard: string;
  /** Firmware features that are served; undefined where the property does not exist (API before 2.23). */
  readonly features: readonly string[] | undefined;
  /** API features of the CPC that are served; undefined where the operation does not exist (API before 4.10). */
  readonly apiFeatures: readonly string[] | undefined;
}

const storageManagement = 'dpm-storage-management';
const networkExpress = 'network-express-support';
/** API features of partition links, which CPC and HMC announce. */
export const partitionLinks: readonly string[] = ['smcd', 'hipersockets', 'ctc'].map(
  (kind) => `dpm-${kind}-partition-link-management`,
);

/**
 * Features that the simulator serves, with the texts that an HMC shows beside firmware features. Machines of these levels
 * have more, whose operations the simulator lacks. A client that reads a feature uses its operations, so that only
 * features that are served are announced. An HMC may list no API features at all: python-zhmcclient,
 * tests/end2end/utils.py, validate_api_features.
 */
const servedFirmwareFeatures: Readonly<Record<string, string>> = {
  [storageManagement]: 'Storage resources are defined in storage groups, which are attached to partitions.',
};
const servedApiFeatures: readonly string[] = [...partitionLinks, networkExpress];

/** Of features that a machine has, those that the simulator serves. */
export function servedFeatures(names: readonly string[]): string[] {
  return names.filter((name) => Object.hasOwn(servedFirmwareFeatures, name) || servedApiFeatures.includes(name));
}

/** Text that an HMC shows beside the name of a firmware feature. */
export function featureDescription(name: string): string {
  return servedFirmwareFeatures[name] ?? '';
}

const midRange = { ifls: 36, generalPurpose: 8, customerMemoryMib: 2 << 20 };

/**
 * Machine types, versions, API versions and partition limits: zhmcclient's documentation (introduction, concepts) and its CPC resource; the
 * exact minor version of z17 is not public (inferred).
 */
export const machineProfiles: Readonly<Record<MachineName, MachineProfile>> = {
  z13: {
    name: 'z13',
    level: 13,
    machineType: '2964',
    machineModel: 'N63',
    version: '2.13.1',
    apiVersion: [2, 2],
    maximumPartitions: 85,
    ...midRange,
    fcpCard: 'ficon-express-16s',
    osaCard: 'osa-express-5s-1000base-t',
    cryptoCard: 'crypto-express-5s',
    features: undefined,
    apiFeatures: undefined,
  },
  z14: {
    name: 'z14',
    level: 14,
    machineType: '3906',
    machineModel: 'M03',
    version: '2.14.1',
    apiVersion: [2, 40],
    maximumPartitions: 85,
    ...midRange,
    fcpCard: 'ficon-express-16s-plus',
    osaCard: 'osa-express-6s-1000base-t',
    cryptoCard: 'crypto-express-6s',
    features: [storageManagement],
    apiFeatures: undefined,
  },
  z15: {
    name: 'z15',
    level: 15,
    machineType: '8561',
    machineModel: 'T01',
    version: '2.15.0',
    apiVersion: [3, 10],
    maximumPartitions: 85,
    ...midRange,
    fcpCard: 'ficon-express-16sa',
    osaCard: 'osa-express-7s-25gb',
    cryptoCard: 'crypto-express-7s',
    features: [storageManagement],
    apiFeatures: undefined,
  },
  z16: {
    name: 'z16',
    level: 16,
    machineType: '3931',
    machineModel: 'A01',
    version: '2.16.0',
    apiVersion: [4, 10],
    maximumPartitions: 85,
    ...midRange,
    fcpCard: 'ficon-express-32s',
    osaCard: 'osa-express-7s-25gb',
    cryptoCard: 'crypto-express-8s',
    features: [storageManagement],
    apiFeatures: partitionLinks,
  },
  z17: {
    name: 'z17',
    level: 17,
    machineType: '9175',
    machineModel: 'ME1',
    version: '2.17.0',
    apiVersion: [4, 40],
    maximumPartitions: 85,
    ...midRange,
    fcpCard: 'ficon-express-32g-4p',
    osaCard: 'osa-express-7s-25gb',
    cryptoCard: 'crypto-express-8s',
    features: [storageManagement],
    apiFeatures: [...partitionLinks, networkExpress],
  },
};

/** Firmware feature of machines that have storage groups instead of vHBAs. */
export const storageManagementFeature = storageManagement;

/** Generation from an SE version: `2.16.0` is 16. Unknown text counts as the newest. */
export function levelOfVersion(version: string): number {
  const minor = /^2\.(\d+)(?:\.|$)/u.exec(version)?.[1];
  return minor === undefined ? 17 : Number(minor);
}
