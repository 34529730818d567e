import type { SimResponse } from '../../server/index.ts';
import { ApiFault, GENERIC_500 } from './api-fault.ts';
import { Connections } from './connections.ts';
import { checkDeletionAllowed } from './deletion-rule.ts';
import { BackendError, ConnectorRefused, type Connector } from './driver.ts';
import { paginate } from './listing.ts';
import * as schemas from './request-schemas.ts';
import { isObject } from '../json.ts';
import { validate } from './schema.ts';
import type { ApiRequest, CinderService } from './service.ts';
import type { AttachmentRecord, VolumeRecord } from './state.ts';
import { attachmentSummaryView, attachmentView } from './views.ts';
import { inner, isTrue } from './volumes.ts';

const WITH_MODE = 54;

/** The attachments resource (from 3.27): create, update, complete (from 3.44), show, list, delete. */
export class Attachments {
  readonly #service: CinderService;
  readonly #connections: Connections;

  constructor(service: CinderService) {
    this.#service = service;
    this.#connections = new Connections(service);
  }

  create(api: ApiRequest): SimResponse {
    validate(api.microversion >= WITH_MODE ? schemas.createAttachmentWithMode : schemas.createAttachment, api.body);
    const request = inner(api.body, 'attachment');
    const volume = this.#service.state.getVolume(api, String(request.volume_uuid));
    const instance = typeof request.instance_uuid === 'string' ? request.instance_uuid : null;
    const attachment = this.#reserve(volume, instance);
    // From here on the record stays, whatever the driver says: the client has to find and delete it.
    const before = { ...attachment };
    if (isObject(request.connector) && Object.keys(request.connector).length > 0) {
      this.#connect(api, volume, attachment, request.connector, 'create');
    }
    // The deprecated read-only flag is tested as a text, so "False" too makes the attachment read-only.
    const mode = typeof request.mode === 'string' ? request.mode : 'null';
    attachment.attachMode = volume.adminMetadata.readonly ? 'ro' : mode;
    attachment.connectionInfo ??= {};
    // The answer is the record as it was reserved, with the connection added: its status is stale.
    const { attachMode, connectionInfo } = attachment;
    return { status: 200, body: { attachment: attachmentView({ ...before, attachMode, connectionInfo }) } };
  }

  update(api: ApiRequest): SimResponse {
    const attachment = this.#attachment(api);
    validate(schemas.updateAttachment, api.body);
    const volume = this.#volumeOf(attachment);
    if (volume.status.includes('error')) throw inErrorState('updated', volume);
    this.#checkDuplicates(volume);
    const connector = inner(inner(api.body, 'attachment'), 'connector');
    // The lock's name is made of the host; without it the request dies before the driver is asked.
    if (typeof connector.host !== 'string') throw new ApiFault(500, 'Unable to update the attachment.');
    const before = { ...attachment };
    this.#connect(api, volume, attachment, connector, 'update');
    const { connectionInfo } = attachment;
    return { status: 200, body: { attachment: attachmentView({ ...before, connectionInfo }) } };
  }

  /** There is no check of the state: even a mere reservation is marked attached. */
  complete(api: ApiRequest): SimResponse {
    if (!isObject(api.body) || !('os-complete' in api.body)) throw new ApiFault(400, 'Malformed request body');
    const attachment = this.#attachment(api);
    if (api.fault?.kind.type === 'stuck') {
      api.fault.take();
      attachment.stuck = true;
    }
    if (!attachment.stuck) {
      attachment.status = 'attached';
      this.#service.state.setStatus(this.#volumeOf(attachment), 'in-use');
    }
    return { status: 204 };
  }

  show(api: ApiRequest): SimResponse {
    return { status: 200, body: { attachment: attachmentView(this.#attachment(api)) } };
  }

  list(api: ApiRequest): SimResponse {
    return this.#list(api, attachmentSummaryView);
  }

  listDetail(api: ApiRequest): SimResponse {
    return this.#list(api, attachmentView);
  }

  /** Disconnects and forgets; answers what is left of the volume's attachments. */
  delete(api: ApiRequest): SimResponse {
    const { state, nova } = this.#service;
    const attachment = this.#attachment(api);
    checkDeletionAllowed(api, nova, attachment, state.attachmentsOf(attachment.volumeId));
    if (api.fault?.kind.type === 'stuck') this.#strand(api, attachment);
    else this.#disconnect(api, attachment);
    const left = state.attachmentsOf(attachment.volumeId);
    return { status: 200, body: { attachments: left.map(attachmentSummaryView) } };
  }

  #attachment(api: ApiRequest): AttachmentRecord {
    return this.#service.state.getAttachment(api, api.params.id ?? '');
  }

  #volumeOf({ volumeId }: AttachmentRecord): VolumeRecord {
    const volume = this.#service.state.volumes.get(volumeId);
    // Volumes with attachments cannot be deleted.
    if (!volume) throw new ApiFault(404, `Volume ${volumeId} could not be found.`);
    return volume;
  }

  // cinder/volume/api.py _attachment_reserve.
  #reserve(volume: VolumeRecord, instance: string | null): AttachmentRecord {
    const { state } = this.#service;
    const { id, status } = volume;
    if (status.includes('error')) throw inErrorState('created', volume);
    const free = ['available', 'downloading', ...(volume.multiattach ? ['in-use'] : [])];
    if (free.includes(status)) {
      state.setStatus(volume, 'reserved');
      return state.addAttachment(id, instance);
    }
    // The same server again: it may be moving to another host.
    const isSame = state.attachmentsOf(id).some((each) => instance !== null && each.instance === instance);
    if (isSame && (status === 'in-use' || status === 'reserved')) return state.addAttachment(id, instance);
    const needed = 'status must be available or downloading to reserve';
    throw new ApiFault(400, `Invalid volume: Volume ${id} ${needed}, but the current status is ${status}.`);
  }

  #checkDuplicates(volume: VolumeRecord): void {
    const all = this.#service.state.attachmentsOf(volume.id);
    const isConnected = all.some(({ connectionInfo }) => Object.keys(connectionInfo ?? {}).length > 0);
    if (volume.multiattach || all.length < 2 || !isConnected) return;
    throw new ApiFault(400, `Invalid volume: duplicate connectors detected on volume ${volume.id}`);
  }

  #connect(
    api: ApiRequest,
    volume: VolumeRecord,
    attachment: AttachmentRecord,
    connector: Connector,
    verb: 'create' | 'update',
  ): void {
    const { state } = this.#service;
    const info = this.#asFault(verb, () => this.#connections.initialize(volume, connector, api.fault));
    const { driverVolumeType, data, enforceMultipath } = info;
    attachment.connectionInfo = {
      ...data,
      driver_volume_type: driverVolumeType,
      ...enforceMultipath,
      attachment_id: attachment.id,
    };
    attachment.connector = connector;
    attachment.status = 'attaching';
    attachment.host = textOf(connector, 'host') ?? null;
    attachment.mountpoint = textOf(connector, 'mountpoint') ?? 'na';
    attachment.attachedAt = state.now();
    if (attachment.attachMode === 'null') attachment.attachMode = textOf(connector, 'mode') ?? 'rw';
    state.setStatus(volume, 'attaching');
  }

  #asFault<T>(verb: 'create' | 'update', work: () => T): T {
    try {
      return work();
    } catch (error) {
      const isRefusal = error instanceof ConnectorRefused;
      if (!isRefusal && !(error instanceof BackendError)) throw error;
      if (isRefusal && this.#service.refusedConnectorStatus === 400) throw new ApiFault(400, error.message);
      throw new ApiFault(500, failure(verb, error));
    }
  }

  #disconnect(api: ApiRequest, attachment: AttachmentRecord): void {
    const { connector } = attachment;
    if (attachment.status !== 'reserved' && connector !== null) {
      try {
        this.#connections.terminate(this.#volumeOf(attachment), connector, api.fault, attachment);
      } catch (error) {
        if (error instanceof BackendError) throw new ApiFault(500, GENERIC_500);
        throw error;
      }
    }
    this.#service.state.removeAttachment(attachment);
  }

  #strand(api: ApiRequest, attachment: AttachmentRecord): void {
    api.fault?.take();
    attachment.status = 'detaching';
    this.#service.state.setStatus(this.#volumeOf(attachment), 'detaching');
  }

  #list(api: ApiRequest, view: (attachment: AttachmentRecord) => unknown): SimResponse {
    const { query } = api;
    const wanted = {
      volume_id: query.get('volume_id'),
      status: query.get('status') ?? query.get('attach_status'),
      instance: query.get('instance_id') ?? query.get('instance_uuid'),
    };
    const all = this.#service.state.visibleAttachments(api, isTrue(query.get('all_tenants')));
    const matching = all.filter((each) => {
      const shown = attachmentSummaryView(each);
      return Object.entries(wanted).every(([key, value]) => value === null || shown[key] === value);
    });
    const notFound = (id: string) =>
      new ApiFault(404, `Volume attachment could not be found with filter: attachment_id = ${id}.`);
    const { items } = paginate(api, matching, {}, notFound);
    return { status: 200, body: { attachments: items.map(view) } };
  }
}

function failure(verb: 'create' | 'update', error: Error): string {
  const detail =
    error instanceof ConnectorRefused
      ? error.message
      : `Bad or unexpected response from the storage volume backend API: Driver initialize connection failed (error: ${error.message}).`;
  return verb === 'create'
    ? `Unable to create attachment for volume (${detail}).`
    : `Unable to update attachment.(${detail}).`;
}

function inErrorState(verb: 'created' | 'updated', { id, status }: VolumeRecord): ApiFault {
  const rule = `Volume attachments can not be ${verb} if the volume is in an error state.`;
  return new ApiFault(400, `Invalid volume: ${rule} The Volume ${id} currently has a status of: ${status} `);
}

function textOf(connector: Connector, key: string): string | undefined {
  const value = connector[key];
  return typeof value === 'string' ? value : undefined;
}
