import { parseWwpn, parseWwpns, SanError, type SimulatedSan } from '../../san/index.ts';
import type { FaultEngine, Random, StruckFault } from '../../server/index.ts';
import { connectionData, reportedMap } from './connection-data.ts';
import { isObject } from '../json.ts';
import { connectionShapes, type ConnectionShape, type ConnectionShapeName } from './shapes.ts';

/** The driver refuses the connector: `InvalidInput` in Cinder. */
export class ConnectorRefused extends Error {
  override readonly name = 'ConnectorRefused';
}

/** The array failed; `message` is what Cinder quotes from the driver. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
}

/** A connector as a client sent it: anything may be in it. */
export type Connector = Readonly<Record<string, unknown>>;

/** What a driver answers to initialize_connection. */
export interface DriverConnection {
  readonly driverVolumeType: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Operations of the array: names for fault rules of server `san`. */
export type ArrayOperation =
  'Create Volume' | 'Delete Volume' | 'Extend Volume' | 'Map Volume' | 'Unmap Volume' | 'Add Zones' | 'Remove Zones';

/** What the driver is made of. */
export interface DriverOptions {
  readonly san: SimulatedSan;
  readonly faults: FaultEngine;
  readonly random: Random;
  readonly shape: ConnectionShapeName;
  /** Most drivers refuse a connector without `wwnns`; Storwize, DS8K, XIV, 3PAR and NetApp do not. */
  readonly requireWwnns: boolean;
  /** Terminating a connection that the array does not have is an error, as it is for Storwize and others. */
  readonly strictTerminate: boolean;
}

/** A Fibre Channel volume driver with Cinder's zone manager around it, working on the simulated SAN. */
export class VolumeDriver {
  readonly #options: DriverOptions;
  readonly #shape: ConnectionShape;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#shape = connectionShapes[options.shape];
  }

  /** Whether a mapping stays while another attachment of the volume has the same host. */
  get sharedHostKeepsMapping(): boolean {
    return this.#shape.sharedHostKeepsMapping ?? false;
  }

  /**
   * Looks for what the driver cannot do without.
   * @throws {@link ConnectorRefused} worded as cinder/volume/driver.py FibreChannelDriver.validate_connector does
   */
  validateConnector(connector: Connector): void {
    const needed = this.#options.requireWwnns ? ['wwpns', 'wwnns'] : ['wwpns'];
    const missing = needed.find((key) => isEmpty(connector[key]));
    if (missing === undefined) return;
    throw new ConnectorRefused(`Invalid input received: Connector doesn't have required information: ${missing}`);
  }

  /**
   * Masks the volume to the connector's initiators, zones them, and tells how to reach it. Repeating it changes nothing.
   * @throws {@link BackendError} when the array fails, with or without the mask having been made
   */
  initializeConnection(volumeId: string, connector: Connector, fault?: StruckFault): DriverConnection {
    const subject = { volumeId, host: hostOf(connector), initiators: textList(connector.wwpns) };
    return this.#withFault(fault, () => this.#onArray('Map Volume', subject, () => this.#connect(volumeId, connector)));
  }

  /**
   * Takes the volume away from the connector's initiators; an empty or null connector takes it away from everyone.
   * @throws {@link BackendError}
   */
  terminateConnection(volumeId: string, connector: Connector | null, fault?: StruckFault): void {
    const all = connector === null || Object.keys(connector).length === 0;
    const initiators = all ? undefined : textList(connector.wwpns);
    this.#withFault(fault, () =>
      this.#onArray('Unmap Volume', { volumeId, initiators }, () => {
        if (initiators !== undefined && this.#options.strictTerminate) this.#requireAccess(volumeId, initiators);
        const map = this.#options.san.unmapVolume(volumeId, initiators, this.sharedHostKeepsMapping);
        // A forced detach has no connector, hence no map: the zones stay.
        if (!all) this.#onArray('Remove Zones', { volumeId, map }, () => this.#options.san.removeZones(map));
      }),
    );
  }

  #requireAccess(volumeId: string, initiators: readonly string[]): void {
    if (this.#hasAccess(volumeId, initiators)) return;
    throw new SanError(`No host of ${initiators.join(', ')} has access to volume ${volumeId}`);
  }

  #hasAccess(volumeId: string, initiators: readonly string[]): boolean {
    const wanted = new Set(parseWwpns(initiators));
    const masks = this.#options.san.snapshot().arrays.flatMap((array) => array.masks);
    return masks.some((mask) => mask.volumeId === volumeId && mask.initiators.some((each) => wanted.has(each)));
  }

  /** Makes the disk. Throws {@link BackendError}. */
  createVolume(id: string, sizeGib: number, bootable: boolean): void {
    this.#onArray('Create Volume', { volumeId: id, sizeGib }, () =>
      this.#options.san.createVolume({ id, sizeGib, bootable }),
    );
  }

  /** Removes the disk. Throws {@link BackendError}. */
  deleteVolume(volumeId: string): void {
    this.#onArray('Delete Volume', { volumeId }, () => this.#options.san.deleteVolume(volumeId));
  }

  /** Enlarges the disk. Throws {@link BackendError}. */
  extendVolume(volumeId: string, sizeGib: number): void {
    this.#onArray('Extend Volume', { volumeId, sizeGib }, () => this.#options.san.updateVolume(volumeId, { sizeGib }));
  }

  /** Notes whether the disk carries a boot record. */
  setBootable(volumeId: string, bootable: boolean): void {
    if (this.#options.san.findVolume(volumeId)) this.#options.san.updateVolume(volumeId, { bootable });
  }

  #connect(volumeId: string, connector: Connector): DriverConnection {
    const { san, random } = this.#options;
    const shape = this.#shape;
    const sent = textList(connector.wwpns);
    const lunForm = shape.zLinuxLuns && isZLinux(connector) ? 'ds8k' : (shape.lunForm ?? 'peripheral');
    const request = { volumeId, host: hostOf(connector), initiators: sent, lunForm } as const;
    const isRepeated = shape.targetLun === 'late' && this.#hasAccess(volumeId, sent);
    const exports = san.mapVolume({ ...request, mirrored: shape.mirrored ?? false });
    const ports = exports.flatMap((each) => each.ports);
    const map = san.mapInitiators(sent, ports);
    const multipath = connector.multipath === true;
    const reported = reportedMap(shape.map, map, multipath, san);
    this.#onArray('Add Zones', { volumeId, map }, () => san.addZones(zonedMap(shape, reported, map)));
    // mapVolume has refused volumes that the array does not know.
    const uuid = san.findVolume(volumeId)?.uuid ?? '';
    const asSent = new Map(sent.map((text) => [parseWwpn(text) ?? text, text]));
    const data = connectionData(
      shape,
      { volumeId, uuid, multipath, asSent, exports, map, random, isRepeated },
      reported,
    );
    return { driverVolumeType: shape.driverVolumeType ?? 'fibre_channel', data };
  }

  #withFault<T>(fault: StruckFault | undefined, work: () => T): T {
    if (fault?.kind.type !== 'backend-error') return work();
    fault.take();
    if (fault.kind.effect === 'done') work();
    throw arrayRefused();
  }

  #onArray<T>(operation: ArrayOperation, body: object, work: () => T): T {
    const { faults } = this.#options;
    const rule = faults.decide('san', operation, { method: '', path: '', body });
    if (rule && rule.kind.type !== 'backend-error') faults.missed(rule);
    if (rule?.kind.type === 'backend-error') {
      if (rule.kind.effect === 'done') asBackendError(work);
      throw arrayRefused();
    }
    return asBackendError(work);
  }
}

// A driver that reports no map leaves zoning to the operators of the fabric, who zone all that is masked; foreign and
// empty maps are mistakes of the answer alone.
function zonedMap(
  shape: ConnectionShape,
  reported: Readonly<Record<string, readonly string[]>> | undefined,
  full: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  if (shape.map === 'empty' || shape.map === 'foreign') return full;
  return reported ?? full;
}

// A connector without a host is accepted by some calls; the array then names the host after its first port (inferred).
function hostOf(connector: Connector): string {
  const { host } = connector;
  return typeof host === 'string' ? host : (textList(connector.wwpns)[0] ?? '');
}

// cinder ibm_storage/ds8k_helper.py _get_host.
function isZLinux({ platform, os_type: osType }: Connector): boolean {
  return (platform === 's390' || platform === 's390x') && (osType === 'linux' || osType === 'linux2');
}

function arrayRefused(): BackendError {
  return new BackendError('Bad or unexpected response from the storage volume backend API: array refused');
}

function asBackendError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SanError)) throw error;
    throw new BackendError(`Bad or unexpected response from the storage volume backend API: ${error.message}`);
  }
}

/** The texts of a list; a text alone is taken letter by letter, as Python does. */
function textList(value: unknown): string[] {
  if (typeof value === 'string') return Array.from(value);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}
