import type { SimResponse } from '../../server/index.ts';
import { ApiFault, GENERIC_400 } from './api-fault.ts';
import { paginate, type Page } from './listing.ts';
import * as schemas from './request-schemas.ts';
import type { Image } from '../glance/images.ts';
import { isObject } from '../json.ts';
import { validate } from './schema.ts';
import type { ApiRequest, CinderService } from './service.ts';
import type { VolumeRecord } from './state.ts';
import { AVAILABILITY_ZONE, volumeDetailView, volumeSummaryView, volumeView } from './views.ts';
import { VolumeService } from './volume-service.ts';

const STRICT_CREATE = 53;
const COUNTED = 45;
const FORCED_DELETE = 23;
export const DEFAULT_TYPE = '__DEFAULT__';

// What a plain DELETE answers: no body, and webob's default type.
const DELETE_ACCEPTED: SimResponse = { status: 202, headers: { 'content-type': 'text/html; charset=UTF-8' } };

/** The volumes resource: create, list, show, update, delete, metadata. */
export class Volumes {
  readonly #service: CinderService;
  readonly #volumeService: VolumeService;

  constructor(service: CinderService) {
    this.#service = service;
    this.#volumeService = new VolumeService(service);
  }

  create(api: ApiRequest): SimResponse {
    validate(api.microversion >= STRICT_CREATE ? schemas.createVolumeStrict : schemas.createVolume, api.body);
    const request = inner(api.body, 'volume');
    const size = Number(request.size ?? NaN);
    if (Number.isNaN(size)) throw new ApiFault(400, GENERIC_400);
    const image = this.#imageOf(request.imageRef ?? request.image_id, size);
    const type = this.#typeOf(request.volume_type);
    this.#checkZone(request.availability_zone);
    if (request.multiattach === true)
      throw new ApiFault(
        400,
        'multiattach parameter has been removed. The default behavior is to use multiattach enabled volume types.',
      );
    this.#checkQuota(api.projectId, size);
    const volume = this.#newRecord(api, request, size, type, image);
    this.#service.state.volumes.set(volume.id, volume);
    const body = { volume: volumeView(api, this.#service, volume) };
    this.#volumeService.create(volume, api.fault);
    return { status: 202, body };
  }

  list(api: ApiRequest): SimResponse {
    const { items, next } = this.#page(api);
    const volumes = items.map((volume) => volumeSummaryView(api, volume));
    return this.#listResponse(api, volumes, next);
  }

  listDetail(api: ApiRequest): SimResponse {
    const { items, next } = this.#page(api);
    const volumes = items.map((volume) => volumeDetailView(api, this.#service, volume));
    return this.#listResponse(api, volumes, next);
  }

  show(api: ApiRequest): SimResponse {
    return { status: 200, body: { volume: volumeDetailView(api, this.#service, this.#volume(api)) } };
  }

  update(api: ApiRequest): SimResponse {
    const volume = this.#volume(api);
    validate(schemas.updateVolume, api.body);
    const change = inner(api.body, 'volume');
    if ('name' in change) volume.name = textOrNull(change.name);
    if ('description' in change) volume.description = textOrNull(change.description);
    if (isObject(change.metadata)) volume.metadata = textValues(change.metadata);
    return { status: 200, body: { volume: volumeView(api, this.#service, volume) } };
  }

  delete(api: ApiRequest): SimResponse {
    const force = api.microversion >= FORCED_DELETE && api.query.get('force')?.toLowerCase() === 'true';
    if (force && !api.isAdmin) throw new ApiFault(403, "Policy doesn't allow volume:force_delete to be performed.");
    this.#volumeService.delete(this.#volume(api), force, api.fault);
    return DELETE_ACCEPTED;
  }

  showMetadata(api: ApiRequest): SimResponse {
    return { status: 200, body: { metadata: this.#volume(api).metadata } };
  }

  createMetadata(api: ApiRequest): SimResponse {
    const volume = this.#volume(api);
    validate(schemas.metadata, api.body);
    volume.metadata = { ...volume.metadata, ...textValues(inner(api.body, 'metadata')) };
    return { status: 200, body: { metadata: volume.metadata } };
  }

  #volume(api: ApiRequest): VolumeRecord {
    return this.#service.state.getVolume(api, api.params.id ?? '');
  }

  #page(api: ApiRequest): Page<VolumeRecord> {
    const keys = { name: nameOf, size: sizeOf, status: statusOf, id: idOf };
    const notFound = (marker: string) => new ApiFault(404, `Volume ${marker} could not be found.`);
    return paginate(api, this.#matching(api), keys, notFound);
  }

  #matching(api: ApiRequest): VolumeRecord[] {
    const allTenants = isTrue(api.query.get('all_tenants'));
    const wanted = api.query;
    return this.#service.state.visibleVolumes(api, allTenants).filter((volume) => {
      const values: Record<string, string | null> = {
        name: volume.name,
        status: volume.status,
        bootable: String(volume.bootable),
        size: String(volume.size),
        volume_type: volume.volumeType,
        project_id: volume.projectId,
      };
      return (
        Object.entries(values).every(([key, value]) => !wanted.has(key) || wanted.get(key) === value) &&
        hasMetadata(volume, wanted.get('metadata'))
      );
    });
  }

  #listResponse(api: ApiRequest, volumes: readonly unknown[], next: string | undefined): SimResponse {
    const isCounted = api.microversion >= COUNTED && isTrue(api.query.get('with_count'));
    const body = {
      volumes,
      ...(next !== undefined && { volumes_links: [{ rel: 'next', href: next }] }),
      ...(isCounted && { count: this.#matching(api).length }),
    };
    return { status: 200, body };
  }

  #typeOf(name: unknown): { readonly name: string; readonly multiattach: boolean } {
    const asked = typeof name === 'string' && name !== '' ? name : DEFAULT_TYPE;
    const type = [...this.#service.types.values()].find((each) => each.name === asked || each.id === asked);
    if (!type) throw new ApiFault(404, `Volume type with name ${asked} could not be found.`);
    // cinder/volume/volume_utils.py is_boolean_str of the extra spec.
    return { name: type.name, multiattach: type.extraSpecs.multiattach === '<is> True' };
  }

  /**
   * Finds the image by ID or name and checks that it fits. Source: cinder api/v3/volumes.py _image_uuid_from_ref,
   * volume/flows/api/create_volume.py _check_image_metadata.
   */
  #imageOf(reference: unknown, size: number): Image | undefined {
    if (typeof reference !== 'string' || reference === '') return undefined;
    const { images } = this.#service;
    const found = images.filter(({ id }) => id === reference);
    const named = found.length > 0 ? found : images.filter(({ name }) => name === reference);
    if (named.length > 1) {
      throw new ApiFault(409, `Multiple matches found for '${reference}', use an ID to be more specific.`);
    }
    const image = named[0];
    if (image === undefined) throw new ApiFault(400, 'Invalid image identifier or unable to access requested image.');
    const refuse = (reason: string): ApiFault => new ApiFault(400, `Invalid input received: ${reason}`);
    if (image.status !== 'active') throw refuse(`Image ${image.id} is not active.`);
    if (image.size > size) {
      throw refuse(`Size of specified image ${image.size}GB is larger than volume size ${size}GB.`);
    }
    if (image.minDisk > size) {
      throw refuse(`Volume size ${size}GB cannot be smaller than the image minDisk size ${image.minDisk}GB.`);
    }
    return image;
  }

  #checkZone(zone: unknown): void {
    if (typeof zone === 'string' && zone !== AVAILABILITY_ZONE) {
      throw new ApiFault(400, `Availability zone '${zone}' is invalid.`);
    }
  }

  #checkQuota(projectId: string, size: number): void {
    const { state, quota } = this.#service;
    const own = [...state.volumes.values()].filter((volume) => volume.projectId === projectId);
    const used = own.reduce((sum, volume) => sum + volume.size, 0);
    if (used + size > quota.gigabytes) throw gigabytesExceeded(size, quota.gigabytes, used);
    if (own.length >= quota.volumes) {
      const limit = `Maximum number of volumes allowed (${quota.volumes}) exceeded for quota 'volumes'.`;
      throw new ApiFault(413, `VolumeLimitExceeded: ${limit}`);
    }
  }

  #newRecord(
    api: ApiRequest,
    request: Readonly<Record<string, unknown>>,
    size: number,
    type: { readonly name: string; readonly multiattach: boolean },
    image: Image | undefined,
  ): VolumeRecord {
    const { state } = this.#service;
    return {
      id: state.nextId(),
      sequence: state.nextSequence(),
      projectId: api.projectId,
      userId: api.userId,
      createdAt: state.now(),
      updatedAt: null,
      name: textOrNull(request.name ?? request.display_name),
      description: textOrNull(request.description ?? request.display_description),
      status: 'creating',
      size,
      bootable: image !== undefined,
      multiattach: type.multiattach,
      volumeType: type.name,
      metadata: isObject(request.metadata) ? textValues(request.metadata) : {},
      adminMetadata: {},
      imageMetadata: image === undefined ? {} : { image_id: image.id, image_name: image.name },
      fromImage: image !== undefined,
      placed: false,
      pending: undefined,
    };
  }
}

/** cinder/exception.py VolumeSizeExceedsAvailableQuota; used for create and extend. */
export function gigabytesExceeded(requested: number, quota: number, used: number): ApiFault {
  const text = 'Requested volume or snapshot exceeds allowed gigabytes quota.';
  const numbers = `Requested ${requested}G, quota is ${quota}G and ${used}G has been consumed.`;
  return new ApiFault(413, `VolumeSizeExceedsAvailableQuota: ${text} ${numbers}`);
}

/** The object under the one key of a validated body. */
export function inner(body: unknown, key: string): Readonly<Record<string, unknown>> {
  const value = isObject(body) ? body[key] : undefined;
  return isObject(value) ? value : {};
}

/** As Cinder reads flags in queries and bodies (oslo.utils strutils.bool_from_string). */
export function isTrue(value: unknown): boolean {
  return (
    value === true || (typeof value === 'string' && ['1', 't', 'true', 'on', 'y', 'yes'].includes(value.toLowerCase()))
  );
}

/** Metadata values are texts, whatever was sent. */
export function textValues(object: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

// The filter is a dictionary as Python writes it: {'key': 'value'}.
function hasMetadata(volume: VolumeRecord, filter: string | null): boolean {
  if (filter === null) return true;
  const pairs = [...filter.matchAll(/['"]([^'"]+)['"]\s*:\s*['"]([^'"]*)['"]/g)];
  return pairs.every(([, key = '', value]) => volume.metadata[key] === value);
}

const nameOf = ({ name }: VolumeRecord): string => name ?? '';
const sizeOf = ({ size }: VolumeRecord): number => size;
const statusOf = ({ status }: VolumeRecord): string => status;
const idOf = ({ id }: VolumeRecord): string => id;
