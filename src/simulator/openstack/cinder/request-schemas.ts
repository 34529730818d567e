import type { Schema } from './schema.ts';

// After cinder/api/schemas/*.py; only what the simulated operations take.

const text: Schema = { type: ['string', 'null'], maxLength: 255 };
const texts: Schema = { type: 'object' };
const uuid: Schema = { type: 'string', uuid: true };
const size: Schema = { type: ['integer', 'string', 'null'], pattern: /^[0-9]+$/, minimum: 1 };

function envelope(name: string, inner: Schema): Schema {
  return { type: 'object', required: [name], properties: { [name]: { type: 'object', ...inner } } };
}

const createVolumeProperties: Record<string, Schema> = {
  name: text,
  description: text,
  display_name: text,
  display_description: text,
  volume_type: { type: ['string', 'null'] },
  metadata: { type: ['object', 'null'] },
  snapshot_id: { type: ['string', 'null'] },
  source_volid: { type: ['string', 'null'] },
  consistencygroup_id: { type: ['string', 'null'] },
  size,
  availability_zone: { type: ['string', 'null'] },
  multiattach: { type: ['boolean', 'string', 'null'] },
  image_id: { type: ['string', 'null'] },
  imageRef: { type: ['string', 'null'] },
  group_id: { type: ['string', 'null'] },
  backup_id: { type: ['string', 'null'] },
};

export const createVolume = envelope('volume', { properties: createVolumeProperties });
/** From 3.53 on unknown keys are refused. */
export const createVolumeStrict = envelope('volume', {
  properties: createVolumeProperties,
  additionalProperties: false,
});
export const updateVolume = envelope('volume', {
  properties: { name: text, description: text, metadata: { type: ['object', 'null'] } },
});
export const metadata: Schema = { type: 'object', required: ['metadata'], properties: { metadata: texts } };

const attachmentProperties: Record<string, Schema> = {
  instance_uuid: uuid,
  connector: { type: ['object', 'null'] },
  volume_uuid: uuid,
};
const createAttachmentRules: Schema = { required: ['volume_uuid'], additionalProperties: false };
export const createAttachment = envelope('attachment', { ...createAttachmentRules, properties: attachmentProperties });
/** From 3.54 on an attachment has a mode. */
export const createAttachmentWithMode = envelope('attachment', {
  ...createAttachmentRules,
  properties: { ...attachmentProperties, mode: { type: 'string', enum: ['rw', 'ro'] } },
});
export const updateAttachment = envelope('attachment', {
  required: ['connector'],
  properties: { connector: { type: 'object', minProperties: 1 } },
});

export const createType = envelope('volume_type', {
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 255 },
    description: text,
    extra_specs: { type: ['object', 'null'] },
  },
});

const attachChoices: Schema = {
  required: ['mountpoint'],
  properties: {
    instance_uuid: uuid,
    host_name: { type: 'string', maxLength: 255 },
    mountpoint: { type: 'string', minLength: 1, maxLength: 255 },
    mode: { type: 'string', enum: ['rw', 'ro'] },
  },
};
const optionalUuid: Schema = { anyOf: [{ type: 'string', uuid: true }, { type: 'null' }] };

/** Schemas of the actions that take arguments, by action. */
export const actions = {
  'os-attach': envelope('os-attach', {
    ...attachChoices,
    anyOf: [{ required: ['instance_uuid'] }, { required: ['host_name'] }],
  }),
  'os-detach': {
    properties: { 'os-detach': { type: ['object', 'null'], properties: { attachment_id: optionalUuid } } },
  },
  'os-initialize_connection': envelope('os-initialize_connection', {
    required: ['connector'],
    properties: { connector: { type: ['object', 'string'] } },
  }),
  'os-terminate_connection': envelope('os-terminate_connection', {
    required: ['connector'],
    properties: { connector: { type: ['object', 'string', 'null'] } },
  }),
  'os-extend': envelope('os-extend', {
    required: ['new_size'],
    properties: { new_size: { ...size, type: ['integer', 'string'] } },
  }),
  'os-update_readonly_flag': envelope('os-update_readonly_flag', {
    required: ['readonly'],
    properties: { readonly: { type: ['boolean', 'string'] } },
  }),
  'os-set_bootable': envelope('os-set_bootable', {
    required: ['bootable'],
    properties: { bootable: { type: ['boolean', 'string'] } },
  }),
  'os-set_image_metadata': envelope('os-set_image_metadata', {
    required: ['metadata'],
    properties: { metadata: texts },
  }),
  'os-force_detach': envelope('os-force_detach', {
    properties: { attachment_id: optionalUuid, connector: { type: ['object', 'string', 'null'] } },
  }),
  'os-reset_status': envelope('os-reset_status', {
    properties: {
      status: { type: ['string', 'null'] },
      attach_status: { type: ['string', 'null'] },
      migration_status: { type: ['string', 'null'] },
    },
  }),
} as const satisfies Record<string, Schema>;
