import type { StruckFault } from '../../server/index.ts';
import type { Connector, DriverConnection } from './driver.ts';
import { ALWAYS_ENFORCE_MULTIPATH, type CinderService } from './service.ts';
import type { AttachmentRecord, VolumeRecord } from './state.ts';

/** connection_info as the volume manager completes it. */
export interface ConnectionInfo {
  readonly driverVolumeType: string;
  /** The driver's data and Cinder's own keys. */
  readonly data: Readonly<Record<string, unknown>>;
  /** At the top in the answer of the action, flat in an attachment; older releases copy it only when it was asked for. */
  readonly enforceMultipath: Readonly<Record<string, unknown>>;
}

/** What the volume manager puts between the API and the driver. */
export class Connections {
  readonly #service: CinderService;

  constructor(service: CinderService) {
    this.#service = service;
  }

  /** Connects, and adds the keys of cinder/volume/manager.py _parse_connection_options. Throws what the driver throws. */
  initialize(volume: VolumeRecord, connector: Connector, fault: StruckFault | undefined): ConnectionInfo {
    const { driver, maximum } = this.#service;
    driver.validateConnector(connector);
    const connection: DriverConnection = driver.initializeConnection(volume.id, connector, fault);
    const enforce = connector.enforce_multipath;
    const isTold = maximum >= ALWAYS_ENFORCE_MULTIPATH || enforce !== undefined;
    return {
      driverVolumeType: connection.driverVolumeType,
      data: {
        qos_specs: null,
        access_mode: accessMode(volume),
        encrypted: false,
        cacheable: false,
        ...connection.data,
      },
      enforceMultipath: isTold ? { enforce_multipath: enforce ?? false } : {},
    };
  }

  /** Disconnects, unless the driver keeps the mapping for another attachment of the same host. */
  terminate(
    volume: VolumeRecord,
    connector: Connector | null,
    fault: StruckFault | undefined,
    leaving?: AttachmentRecord,
  ): void {
    const { state, driver } = this.#service;
    const others = state.attachmentsOf(volume.id).filter((each) => each !== leaving && each.host === leaving?.host);
    const keeps = driver.sharedHostKeepsMapping && volume.multiattach && leaving !== undefined && others.length > 0;
    if (!keeps) driver.terminateConnection(volume.id, connector, fault);
  }
}

function accessMode({ adminMetadata }: VolumeRecord): string {
  return adminMetadata.attached_mode ?? (adminMetadata.readonly === 'True' ? 'ro' : 'rw');
}
