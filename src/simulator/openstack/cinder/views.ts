import { timestamp } from '../clock.ts';
import type { Json } from '../json.ts';
import { uuidOf } from '../names.ts';
import type { ApiRequest, CinderService, VolumeType } from './service.ts';
import type { AttachmentRecord, VolumeRecord } from './state.ts';

/** Name of the back-end in `os-vol-host-attr:host`. */
export const BACKEND_HOST = 'simulator@fc#fc';
export const AVAILABILITY_ZONE = 'nova';

/** The microversions at which a volume gains fields (cinder/api/openstack/rest_api_version_history.rst). */
const GAINED = { groupId: 13, providerId: 21, sharedTargets: 48, clusterName: 61, typeId: 63, consumesQuota: 65 };

/** A volume as create and update show it. */
export function volumeView(api: ApiRequest, service: CinderService, volume: VolumeRecord): Json {
  return {
    ...coreFields(api, volume),
    attachments: attachedRecords(api, service, volume),
    ...(api.isAdmin && { migration_status: null }),
    ...(api.microversion >= GAINED.groupId && { group_id: null }),
    ...(api.microversion >= GAINED.providerId && api.isAdmin && { provider_id: null }),
    ...(api.microversion >= GAINED.sharedTargets && {
      // Unknown until a back-end is chosen; Fibre Channel back-ends then report false.
      shared_targets: !volume.placed,
      service_uuid: volume.placed ? uuidOf('service', BACKEND_HOST) : null,
    }),
    ...(api.microversion >= GAINED.clusterName && api.isAdmin && { cluster_name: null }),
    ...(api.microversion >= GAINED.typeId && { volume_type_id: service.types.get(volume.volumeType)?.id ?? null }),
    ...(api.microversion >= GAINED.consumesQuota && { consumes_quota: true }),
  };
}

/** A volume as show and detailed lists give it: with what Cinder's extensions add. */
export function volumeDetailView(api: ApiRequest, service: CinderService, volume: VolumeRecord): Json {
  return {
    ...volumeView(api, service, volume),
    'os-vol-tenant-attr:tenant_id': volume.projectId,
    ...(api.isAdmin && {
      'os-vol-mig-status-attr:migstat': null,
      'os-vol-mig-status-attr:name_id': null,
      'os-vol-host-attr:host': volume.placed ? BACKEND_HOST : null,
    }),
    ...(Object.keys(volume.imageMetadata).length > 0 && { volume_image_metadata: volume.imageMetadata }),
  };
}

/** A volume as plain lists give it. */
export function volumeSummaryView(api: ApiRequest, volume: VolumeRecord): Json {
  return { id: volume.id, name: volume.name, links: links(api, volume) };
}

/** An attachment in full. */
export function attachmentView(attachment: AttachmentRecord): Json {
  return {
    ...attachmentSummaryView(attachment),
    attached_at: attachment.attachedAt === null ? '' : timestamp(attachment.attachedAt),
    detached_at: '',
    attach_mode: attachment.attachMode,
    connection_info: attachment.connectionInfo,
  };
}

/** An attachment as plain lists give it. */
export function attachmentSummaryView({ id, status, instance, volumeId }: AttachmentRecord): Json {
  return { id, status, instance, volume_id: volumeId };
}

/** A volume type as lists give it. */
export function volumeTypeView({ id, name, description, extraSpecs }: VolumeType): Json {
  return { id, name, is_public: true, description, extra_specs: extraSpecs, qos_specs_id: null };
}

function coreFields(api: ApiRequest, volume: VolumeRecord): Json {
  return {
    id: volume.id,
    status: volume.status,
    size: volume.size,
    availability_zone: AVAILABILITY_ZONE,
    created_at: timestamp(volume.createdAt),
    updated_at: volume.updatedAt === null ? null : timestamp(volume.updatedAt),
    name: volume.name,
    description: volume.description,
    volume_type: volume.volumeType,
    snapshot_id: null,
    source_volid: null,
    metadata: { ...volume.metadata, ...volume.adminMetadata },
    links: links(api, volume),
    user_id: volume.userId,
    bootable: String(volume.bootable),
    encrypted: false,
    replication_status: null,
    consistencygroup_id: null,
    multiattach: volume.multiattach,
  };
}

// Only attached records: reserved and attaching ones are seen by /attachments alone. Hosts are for administrators.
function attachedRecords(api: ApiRequest, { state }: CinderService, volume: VolumeRecord): Json[] {
  const attached = state.attachmentsOf(volume.id).filter(({ status }) => status === 'attached');
  return attached.map((attachment) => ({
    id: volume.id,
    attachment_id: attachment.id,
    volume_id: volume.id,
    server_id: attachment.instance,
    host_name: api.isAdmin || api.isService ? attachment.host : null,
    device: attachment.mountpoint,
    attached_at: attachment.attachedAt === null ? null : timestamp(attachment.attachedAt),
  }));
}

function links({ baseUrl, projectId }: ApiRequest, { id }: VolumeRecord): Json[] {
  return [
    { rel: 'self', href: `${baseUrl}/v3/${projectId}/volumes/${id}` },
    { rel: 'bookmark', href: `${baseUrl}/${projectId}/volumes/${id}` },
  ];
}
