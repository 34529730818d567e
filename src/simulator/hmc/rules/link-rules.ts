import { hipersocketsMtus, macAddress } from './element-rules.ts';
import { deviceNumber, name, type PropertyRule, type PropertyRules } from './property-rule.ts';

const description: PropertyRule = { type: 'string', create: true, update: true, max: 200 };

/** Partition links. Source: IBM WS API, Create Partition Link, 3932-AGZ. */
export const linkCreateRules: PropertyRules = {
  name,
  description,
  type: { type: 'string', create: 'required', values: ['smc-d', 'hipersockets', 'ctc'] },
  'cpc-uri': { type: 'string', create: 'required' },
  'bus-connections': { type: 'objects', create: true },
  'starting-fid': { type: 'integer', create: true, min: 0 },
  'starting-device-number': { type: 'string', create: true, pattern: deviceNumber },
  'maximum-transmission-unit-size': { type: 'integer', create: true, numbers: hipersocketsMtus },
  partitions: { type: 'strings', create: true },
  paths: { type: 'objects', create: true },
  'devices-per-path': { type: 'integer', create: true, min: 1, max: 16 },
};

/** What Modify Partition Link serves; changes to existing connections are not served. Source: python-zhmcclient _partition.py. */
export const linkModifyRules: PropertyRules = {
  name,
  description,
  'added-connections': { type: 'objects', update: true },
  'removed-partition-uris': { type: 'strings', update: true },
  'added-partition-uris': { type: 'strings', update: true },
};

/** A partition that a link is to connect. */
export const addedConnectionRules: PropertyRules = {
  'partition-uri': { type: 'string', create: 'required' },
  'number-of-nics': { type: 'integer', create: true, min: 1 },
  nics: { type: 'objects', create: true },
};

/** A NIC of a new connection. Source: python-zhmcclient _partition.py, attach_network_link. */
export const linkNicRules: PropertyRules = {
  'device-numbers': { type: 'strings', create: true },
  fid: { type: 'integer', create: true, min: 0 },
  'vlan-id': { type: 'integer', nullable: true, create: true, min: 1, max: 4094 },
  'mac-address': { type: 'string', nullable: true, create: true, pattern: macAddress },
};

/** A path of a CTC link. */
export const ctcPathRules: PropertyRules = {
  'adapter-port-uri': { type: 'string', create: 'required' },
  'connecting-adapter-port-uri': { type: 'string', create: 'required' },
  'starting-device-number': { type: 'string', create: true, pattern: deviceNumber },
};
