import { description, deviceNumber, name, type PropertyRule, type PropertyRules } from '../rules/property-rule.ts';

const settable = (rule: PropertyRule): PropertyRule => ({ ...rule, create: true, update: true });

/** Fields of a request that do not become properties: whom to tell by mail. */
const mail: PropertyRules = {
  'email-to-addresses': settable({ type: 'strings' }),
  'email-cc-addresses': settable({ type: 'strings' }),
  'email-insert': settable({ type: 'string' }),
};

/** Storage groups. Source: Create Storage Group, Modify Storage Group Properties; defaults as zhmccli shows them. */
export const groupRules: PropertyRules = {
  name,
  description: { ...description, max: 200 },
  'cpc-uri': { type: 'string', create: 'required' },
  type: { type: 'string', create: true, values: ['fcp', 'fc', 'nvme'] },
  'template-uri': { type: 'string', create: true },
  shared: settable({ type: 'boolean' }),
  connectivity: settable({ type: 'integer', min: 1, max: 254 }),
  'max-partitions': settable({ type: 'integer', min: 1, max: 254 }),
  'direct-connection-count': settable({ type: 'integer', min: 0, max: 1000 }),
  'storage-volumes': settable({ type: 'objects' }),
  ...mail,
};

/** Fields that only groups of type fcp have. */
export const fcpOnly: readonly string[] = ['max-partitions', 'direct-connection-count'];

/** What may be asked in Delete Storage Group and in Request Storage Group Fulfillment. */
export const mailRules: PropertyRules = mail;

/** From 1 GiB to 1 PiB, as storage template volumes allow. */
const size: PropertyRule = settable({ type: 'number', min: 1, max: 1_048_576 });

/** Entries of `storage-volumes`, by what is to be done; which fields a type of group has is checked beside. */
export const volumeRules: PropertyRules = {
  operation: { type: 'string', create: 'required', update: true, values: ['create', 'modify', 'delete'] },
  'element-uri': { type: 'string', update: true },
  name: { ...name, create: true },
  description: { ...description, max: 100 },
  size,
  usage: settable({ type: 'string', values: ['boot', 'data'] }),
  model: settable({ type: 'string', values: ['1', '2', '3', '9', '27', '54', 'EAV'] }),
  cylinders: settable({ type: 'integer', min: 1 }),
  'device-number': settable({ type: 'string', pattern: deviceNumber }),
  'adapter-uri': { type: 'string', create: true },
};

/** Fields of a volume by the type of its group, beside name, description and usage. */
export const volumeFields: Readonly<Record<string, readonly string[]>> = {
  fcp: ['size'],
  fc: ['size', 'model', 'cylinders', 'device-number'],
  nvme: ['device-number', 'adapter-uri'],
};

/** What may be changed on a virtual storage resource; hex digits must be lower-case here. */
export const resourceRules: PropertyRules = {
  name,
  description,
  'device-number': { type: 'string', update: true, pattern: /^(?!0000)[0-9a-f]{4}$/u },
  'adapter-port-uri': { type: 'string', update: true },
};

/** 64-bit values where the HMC demands lower case. */
const lowerHex16 = /^[0-9a-f]{16}$/u;

/** Fulfill FCP Storage Volume. */
export const fulfillFcpRules: PropertyRules = {
  'world-wide-port-name': { type: 'string', create: 'required', pattern: lowerHex16 },
  'logical-unit-number': { type: 'string', create: 'required', pattern: lowerHex16 },
  'adapter-port-uri': { type: 'string', create: 'required' },
};

/** Fulfill FICON Storage Volume. */
export const fulfillFiconRules: PropertyRules = {
  'control-unit-uri': { type: 'string', create: 'required' },
  'unit-address': { type: 'string', create: 'required', pattern: /^[0-9a-f]{2}$/u },
};

/** Validate LUN Path. */
export const validatePathRules: PropertyRules = {
  'host-world-wide-port-name': { type: 'string', create: 'required', pattern: lowerHex16 },
  'adapter-port-uri': { type: 'string', create: 'required' },
  'target-world-wide-port-name': { type: 'string', create: 'required', pattern: lowerHex16 },
  'logical-unit-number': { type: 'string', create: 'required', pattern: lowerHex16 },
};
