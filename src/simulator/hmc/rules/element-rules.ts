import { description, deviceNumber, name, type PropertyRule, type PropertyRules } from './property-rule.ts';

const settable = (rule: PropertyRule): PropertyRule => ({ ...rule, create: true, update: true });

/** vHBAs. Source: Create HBA and Update HBA Properties; the port is changed by an operation of its own. */
export const hbaRules: PropertyRules = {
  name,
  description,
  'device-number': settable({ type: 'string', pattern: deviceNumber }),
  'adapter-port-uri': { type: 'string', create: 'required' },
  wwpn: { type: 'string' },
};

/** Lower case, with colons. */
export const macAddress = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/u;

/** NICs. Levels: `mac-address` and `vlan-type` since API 2.20, `type` on Create and `promiscuous-mode` on z17. */
export const nicRules: PropertyRules = {
  name,
  description,
  type: { type: 'string', values: ['osd', 'iqd', 'roce', 'cna', 'osh', 'neth', 'netd'], create: true, since: 17 },
  'device-number': settable({ type: 'string', pattern: deviceNumber }),
  'virtual-switch-uri': settable({ type: 'string' }),
  'network-adapter-port-uri': settable({ type: 'string' }),
  'mac-address': settable({ type: 'string', pattern: macAddress, since: 14 }),
  'vlan-id': settable({ type: 'integer', nullable: true, min: 1, max: 4094, initial: null }),
  'vlan-type': settable({ type: 'string', nullable: true, values: ['enforced'], initial: null, since: 14 }),
  'ssc-management-nic': settable({ type: 'boolean', initial: false }),
  'ssc-ip-address-type': settable({
    type: 'string',
    nullable: true,
    values: ['ipv4', 'ipv6', 'linklocal', 'dhcp'],
    initial: null,
  }),
  'ssc-ip-address': settable({ type: 'string', nullable: true, initial: null }),
  'ssc-mask-prefix': settable({ type: 'string', nullable: true, initial: null }),
  'function-number': settable({ type: 'integer', nullable: true, min: 0, max: 255, since: 15 }),
  'function-range': settable({ type: 'integer', nullable: true, min: 1, max: 255, since: 15 }),
  'promiscuous-mode': settable({ type: 'boolean', initial: false, since: 17 }),
};

/** Sizes of HiperSockets in KiB: an enumeration (IBM WS API, Create Hipersocket, LO1M-LM1). */
export const hipersocketsMtus = [8, 16, 32, 56];

/** What may be changed on an adapter. */
export const adapterRules: PropertyRules = {
  name: { ...name, max: 64 },
  description,
  'allowed-capacity': { type: 'integer', update: true, min: 0 },
  'maximum-transmission-unit-size': { type: 'integer', update: true, numbers: hipersocketsMtus },
};

/** What may be changed on a network port: no name (python-zhmcclient test_port.py). */
export const networkPortRules: PropertyRules = { description };

/** What may be changed on a storage port. */
export const storagePortRules: PropertyRules = {
  description,
  'connection-endpoint-uri': { type: 'string', update: true, nullable: true },
};

/** What may be changed on a virtual switch. */
export const virtualSwitchRules: PropertyRules = {
  name: { ...name },
  description,
};

/** Capacity groups. Source: IBM WS API, Create Capacity Group, 3931-LA1. */
export const capacityGroupRules: PropertyRules = {
  name,
  description,
  'short-name': settable({ type: 'string', min: 1, max: 8, pattern: /^[A-Z0-9]+$/u }),
  'capping-enabled': settable({ type: 'boolean', initial: true }),
  'absolute-general-purpose-proc-cap': settable({ type: 'number', min: 0, max: 255, initial: 0 }),
  'absolute-ifl-proc-cap': settable({ type: 'number', min: 0, max: 255, initial: 0 }),
};

/** What may be changed on a CPC. */
export const cpcRules: PropertyRules = {
  description,
  'acceptable-status': { type: 'strings', update: true },
};
