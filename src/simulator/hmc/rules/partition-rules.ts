import { description, hex16, name, type PropertyRule, type PropertyRules } from './property-rule.ts';

// Columns create, update and "update while active": the partition module of zhmc-ansible-modules, which is tested against real HMCs;
// ranges and enums: zhmccli, golang-zhmcclient and the book's Create Partition topic.

const flag = (initial: boolean): PropertyRule => ({ type: 'boolean', create: true, update: true, initial });
const both = { create: true, update: true } as const;
const later = (rule: PropertyRule): PropertyRule => ({ ...rule, update: true });
const inactive = (rule: PropertyRule): PropertyRule => ({ ...rule, create: true, update: true, onlyInactive: true });
const text = (rule: Partial<PropertyRule> = {}): PropertyRule => ({
  type: 'string',
  create: true,
  update: true,
  nullable: true,
  initial: null,
  ...rule,
});

// Weights are accepted on Create at every level, and so is what zhmccli's "partition create" sends beside them (_cmd_partition.py). IBM's book
// listed them as update-only for 2.13.1, which was wrong: zhmc-ansible-modules issue 30, python-zhmcclient pull request 383.
const weight = (initial: number): PropertyRule => ({ ...both, type: 'integer', min: 1, max: 999, initial });

/** The same rules for IFLs and for general purpose processors. */
function processors(kind: 'ifl' | 'cp'): PropertyRules {
  return {
    [`${kind}-processors`]: { type: 'integer', create: true, update: true, min: 0, max: 255, initial: 0 },
    [`${kind}-absolute-processor-capping`]: flag(false),
    [`${kind}-absolute-processor-capping-value`]: { ...both, type: 'number', min: 0.01, max: 255, initial: 1 },
    [`${kind}-processing-weight-capped`]: flag(false),
    [`minimum-${kind}-processing-weight`]: weight(1),
    [`maximum-${kind}-processing-weight`]: weight(999),
    [`initial-${kind}-processing-weight`]: weight(100),
    [`current-${kind}-processing-weight`]: { type: 'integer', initial: 1 },
    [`os-current-${kind}-processors`]: { type: 'integer', initial: 0, since: 16 },
  };
}

const compute: PropertyRules = {
  name,
  description,
  type: { type: 'string', create: true, values: ['linux', 'ssc', 'zvm'], initial: 'linux' },
  'short-name': inactive({ type: 'string', min: 1, max: 8, pattern: /^[A-Z0-9]+$/u }),
  'partition-id': inactive({ type: 'string', pattern: /^[0-7][0-9a-fA-F]$/u, nullable: true, initial: null }),
  'autogenerate-partition-id': inactive({ type: 'boolean', initial: true }),
  ...processors('ifl'),
  ...processors('cp'),
  'processor-mode': inactive({ type: 'string', values: ['shared', 'dedicated'], initial: 'shared' }),
  'initial-memory': { type: 'integer', create: 'required', update: true, min: 1 },
  'maximum-memory': { type: 'integer', create: 'required', update: true, onlyInactive: true, min: 1 },
  'reserve-resources': flag(false),
  'processor-management-enabled': flag(false),
  'acceptable-status': { ...both, type: 'strings', initial: ['active'] },
  'os-name': { type: 'string', initial: '' },
  'os-type': { type: 'string', initial: '' },
  'os-version': { type: 'string', initial: '' },
  'is-locked': { type: 'boolean', initial: false },
  'auto-start': { type: 'boolean', initial: false },
  'threads-per-processor': { type: 'integer', initial: 0 },
  'crypto-configuration': { type: 'object', nullable: true, initial: null },
  'os-current-memory': { type: 'integer', initial: 0, since: 16 },
  'secure-execution': { type: 'boolean', initial: false, since: 15 },
};

const boot: PropertyRules = {
  'boot-device': { type: 'string', create: true, update: true, initial: 'none' },
  'boot-storage-device': later({ type: 'string', nullable: true, initial: null }),
  'boot-world-wide-port-name': later({ type: 'string', pattern: new RegExp(`^$|${hex16.source}`, 'u'), initial: '' }),
  'boot-logical-unit-number': later({ type: 'string', pattern: new RegExp(`^$|${hex16.source}`, 'u'), initial: '' }),
  'boot-storage-volume': later({ type: 'string', nullable: true, initial: null, since: 14 }),
  'boot-network-device': later({ type: 'string', nullable: true, initial: null }),
  'boot-configuration-selector': { type: 'integer', create: true, update: true, min: 0, max: 30, initial: 0 },
  // Null unless the partition boots from a storage volume: both DPM exports among zhmcclient's tests show it so.
  'boot-configuration': later({
    type: 'string',
    values: ['selector', 'automatic'],
    nullable: true,
    initial: null,
    since: 16,
  }),
  'boot-record-lba': { type: 'string', create: true, update: true, pattern: /^[0-9a-fA-F]{1,16}$/u, initial: '0' },
  'boot-record-location': later({ type: 'object', nullable: true, initial: null, since: 16 }),
  'boot-loader-mode': later({
    type: 'string',
    values: ['channel-command-word', 'list-directed'],
    nullable: true,
    initial: 'channel-command-word',
    since: 16,
  }),
  'boot-load-parameters': later({
    type: 'string',
    max: 8,
    pattern: /^[0-9A-Z@$#. ]*$/u,
    initial: '',
    since: 14,
  }),
  // 256 is what nova-dpm found on z13; no source tells another limit for later machines.
  'boot-os-specific-parameters': later({ type: 'string', max: 256, initial: '' }),
  'boot-timeout': { type: 'integer', create: true, update: true, min: 60, max: 600, initial: 60 },
  'boot-ftp-host': text(),
  'boot-ftp-username': text(),
  'boot-ftp-password': { ...text(), writeOnly: true },
  'boot-ftp-insfile': text(),
  'boot-removable-media': text(),
  'boot-removable-media-type': text({ values: ['cdrom', 'usb'] }),
  'boot-iso-image-name': { type: 'string', nullable: true, initial: null },
  'boot-iso-ins-file': later({ type: 'string', nullable: true, initial: null }),
  'secure-boot': { type: 'boolean', create: true, update: true, initial: false, since: 15 },
  'ipl-load-parameter': { type: 'string', initial: '', until: 14 },
};

const access: PropertyRules = {
  'access-global-performance-data': flag(false),
  'permit-cross-partition-commands': flag(false),
  'access-basic-counter-set': flag(false),
  'access-problem-state-counter-set': flag(false),
  'access-crypto-activity-counter-set': flag(false),
  'access-extended-counter-set': flag(false),
  'access-coprocessor-group-set': flag(false),
  'access-basic-sampling': flag(false),
  'access-diagnostic-sampling': flag(false),
  'permit-des-key-import-functions': inactive({ type: 'boolean', initial: true }),
  'permit-aes-key-import-functions': inactive({ type: 'boolean', initial: true }),
  'permit-ecc-key-import-functions': { ...flag(true), since: 15 },
  'permit-hmac-key-import-functions': { ...flag(true), since: 17 },
};

const ssc: PropertyRules = {
  'ssc-host-name': text(),
  'ssc-master-userid': text(),
  'ssc-master-pw': { ...text(), writeOnly: true },
  'ssc-boot-selection': later({ type: 'string', values: ['installer', 'appliance'], nullable: true }),
  'ssc-ipv4-gateway': text(),
  'ssc-ipv6-gateway': text({ since: 14 }), // zhmc_partition.py of zhmc-ansible-modules
  'ssc-dns-servers': { type: 'strings', create: true, update: true, initial: [] },
};

/** Rules of partitions for all generations; `rulesAt` picks those of one. */
export const partitionRules: PropertyRules = { ...compute, ...boot, ...access, ...ssc };

/** Properties that only SSC partitions show. */
export const sscOnly: readonly string[] = Object.keys(ssc);

const anyMachine = ['none', 'network-adapter', 'ftp', 'ftps', 'sftp', 'removable-media', 'iso-image'];

/** The HMC's own test system: boots from nothing. */
export const testOperatingSystem = 'test-operating-system';

/** Values of `boot-device` on a machine: z13 boots from vHBAs, later ones from storage volumes. */
export function bootDevices(hasStorageManagement: boolean): string[] {
  return [...anyMachine, testOperatingSystem, hasStorageManagement ? 'storage-volume' : 'storage-adapter'];
}

/** Values of `boot-device` that need something which a partition has only after it was created. */
export const bootDevicesWithCompanion: Readonly<Record<string, readonly string[]>> = {
  'storage-adapter': ['boot-storage-device', 'boot-world-wide-port-name', 'boot-logical-unit-number'],
  'storage-volume': ['boot-storage-volume'],
  'network-adapter': ['boot-network-device'],
  'iso-image': ['boot-iso-image-name'],
};

const ftp = ['boot-ftp-host', 'boot-ftp-username', 'boot-ftp-password', 'boot-ftp-insfile'];

/** Values of `boot-device` that need other fields in the same Create. */
export const bootDevicesWithFields: Readonly<Record<string, readonly string[]>> = {
  ftp,
  ftps: ftp,
  sftp: ftp,
  'removable-media': ['boot-removable-media', 'boot-removable-media-type'],
};
