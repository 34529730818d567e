import type { SimResponse } from '../../server/index.ts';
import { timestamp } from '../clock.ts';
import { ApiFault } from './api-fault.ts';
import * as schemas from './request-schemas.ts';
import { isObject } from '../json.ts';
import { validate } from './schema.ts';
import type { ApiRequest, CinderService } from './service.ts';
import { AVAILABILITY_ZONE, BACKEND_HOST, volumeTypeView } from './views.ts';
import { DEFAULT_TYPE, inner, textValues } from './volumes.ts';

/** What surrounds the volumes: limits, types, zones, services. */
export class Inventory {
  readonly #service: CinderService;

  constructor(service: CinderService) {
    this.#service = service;
  }

  limits(api: ApiRequest): SimResponse {
    const { state, quota } = this.#service;
    const own = [...state.volumes.values()].filter((volume) => volume.projectId === api.projectId);
    const absolute = {
      maxTotalVolumes: quota.volumes,
      maxTotalSnapshots: 10,
      maxTotalVolumeGigabytes: quota.gigabytes,
      maxTotalBackups: 10,
      maxTotalBackupGigabytes: 1000,
      totalVolumesUsed: own.length,
      totalGigabytesUsed: own.reduce((sum, volume) => sum + volume.size, 0),
      totalSnapshotsUsed: 0,
      totalBackupsUsed: 0,
      totalBackupGigabytesUsed: 0,
    };
    return { status: 200, body: { limits: { rate: [], absolute } } };
  }

  listTypes(): SimResponse {
    const types = [...this.#service.types.values()].map((type) => ({
      ...volumeTypeView(type),
      'os-volume-type-access:is_public': true,
    }));
    return { status: 200, body: { volume_types: types } };
  }

  showType(api: ApiRequest): SimResponse {
    const id = api.params.id ?? '';
    const types = [...this.#service.types.values()];
    const type = types.find((each) => (id === 'default' ? each.name === DEFAULT_TYPE : each.id === id));
    if (!type) throw new ApiFault(404, `Volume type ${id} could not be found.`);
    return { status: 200, body: { volume_type: volumeTypeView(type) } };
  }

  createType(api: ApiRequest): SimResponse {
    if (!api.isAdmin) throw new ApiFault(403, "Policy doesn't allow volume_extension:type_create to be performed.");
    validate(schemas.createType, api.body);
    const { name, description, extra_specs: specs } = inner(api.body, 'volume_type');
    const { types, state } = this.#service;
    const typeName = String(name);
    if (types.has(typeName)) throw new ApiFault(409, `Volume Type ${typeName} already exists.`);
    const type = {
      id: state.nextId(),
      name: typeName,
      description: typeof description === 'string' ? description : null,
      extraSpecs: isObject(specs) ? textValues(specs) : {},
    };
    types.set(typeName, type);
    const { qos_specs_id: _unset, ...shown } = volumeTypeView(type);
    return { status: 200, body: { volume_type: { ...shown, 'os-volume-type-access:is_public': true } } };
  }

  listZones(): SimResponse {
    const zone = { zoneName: AVAILABILITY_ZONE, zoneState: { available: true } };
    return { status: 200, body: { availabilityZoneInfo: [zone] } };
  }

  listServices(api: ApiRequest): SimResponse {
    if (!api.isAdmin) throw new ApiFault(403, "Policy doesn't allow volume_extension:services:index to be performed.");
    const [host = '', backend = ''] = [BACKEND_HOST.split('@')[0], BACKEND_HOST.split('#')[0]];
    const common = {
      zone: AVAILABILITY_ZONE,
      status: 'enabled',
      state: 'up',
      updated_at: timestamp(this.#service.state.now()),
    };
    const tail = { cluster: null, disabled_reason: null };
    const volume = { backend_state: 'up', replication_status: 'disabled', active_backend_id: null, frozen: false };
    return {
      status: 200,
      body: {
        services: [
          { binary: 'cinder-scheduler', host, ...common, ...tail },
          { binary: 'cinder-volume', host: backend, ...common, ...volume, ...tail },
        ],
      },
    };
  }
}
