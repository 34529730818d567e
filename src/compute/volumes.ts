import { ConflictError, NotFoundError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { Connector, Reservation } from '../cinder-client/index.ts';
import { isCinderError, VolumeStateError } from '../cinder-client/index.ts';
import type { BlockDeviceInfo, Instance, RequestContext, VirtApi } from '../virt/index.ts';
import type { BlockDevice } from './instances.ts';
import { toBlockDeviceInfo } from './services.ts';
import type { ManagerServices } from './services.ts';

/**
 * The manager's side of volumes: reserve, map, complete, release. Each intent is in the database before its effect, so
 * that what a dead process had begun is found again.
 */
export class VolumeKeeper implements VirtApi {
  readonly #services: Omit<ManagerServices, 'driver'>;
  readonly #driver: () => ManagerServices['driver'];

  constructor(services: Omit<ManagerServices, 'driver'>, driver: () => ManagerServices['driver']) {
    this.#services = services;
    this.#driver = driver;
  }

  /** Before: an available volume. After: nobody else gets it. */
  async reserve(device: BlockDevice, w: Waiting): Promise<void> {
    const { store, namesInstances } = this.#services;
    const instanceUuid = namesInstances ? device.instanceUuid : undefined;
    const intent: Reservation = { volumeId: device.volumeId, attachmentId: null, instanceUuid };
    store.updateDevice(device.instanceUuid, device.volumeId, { reservation: intent });
    try {
      const connections = await this.#services.connections(w);
      const reservation = await connections.reserve({ volumeId: device.volumeId, instanceUuid, mode: device.mode }, w);
      store.updateDevice(device.instanceUuid, device.volumeId, { reservation });
    } catch (error) {
      // Cinder said no: the volume is somebody else's, and nothing of it is ours to release.
      const isRefusal = isCinderError(error, 400, 403, 404, 409, 413) || error instanceof VolumeStateError;
      if (isRefusal) store.updateDevice(device.instanceUuid, device.volumeId, { reservation: null });
      throw error;
    }
  }

  async prepBlockDevice(context: RequestContext, instance: Instance, info: BlockDeviceInfo): Promise<BlockDeviceInfo> {
    const { store } = this.#services;
    store.update(instance.uuid, { taskState: 'block_device_mapping' });
    for (const { volumeId } of info.blockDeviceMapping) {
      const device = this.#device(instance.uuid, volumeId);
      await this.map(device, instance, context);
      await this.complete(this.#device(instance.uuid, volumeId), context);
    }
    store.update(instance.uuid, { taskState: 'spawning' });
    return toBlockDeviceInfo(store.devices(instance.uuid));
  }

  /** Also finds what a dead process had begun, and what Cinder knows of an instance that the database has lost. */
  async unprepBlockDevice(context: RequestContext, instanceUuid: string): Promise<void> {
    for (const device of this.#services.store.devices(instanceUuid).toReversed()) await this.release(device, context);
    if (!this.#services.namesInstances) return;
    if (this.#services.store.devices(instanceUuid).length > 0) return; // released above, one by one
    const connections = await this.#services.connections(context);
    // In the flow of old, a reservation that is not attached yet is anonymous: it cannot be told from another's.
    const reservations = await connections.findReservations({ instanceUuid }, context);
    if (reservations.length === 0) return;
    const connector = connections.kind === 'legacy' ? await this.#connectorOf(instanceUuid, context) : undefined;
    for (const reservation of reservations) await connections.release(reservation, connector, context);
  }

  /** Before: reserved. After: the array has masked the volume to the instance's ports, and the database knows how. */
  async map(device: BlockDevice, instance: Instance, context: RequestContext): Promise<void> {
    const { store } = this.#services;
    const reservation = requireReservation(device);
    const base = await this.#driver().getVolumeConnector(instance, context);
    const connector: Connector = { ...base, mountpoint: device.deviceName, mode: device.mode };
    store.updateDevice(device.instanceUuid, device.volumeId, { connector });
    const connections = await this.#services.connections(context);
    const connectionInfo = await connections.connect(reservation, connector, context);
    store.updateDevice(device.instanceUuid, device.volumeId, { connectionInfo });
  }

  /** Before: mapped. After: Cinder says in-use. */
  async complete(device: BlockDevice, w: Waiting): Promise<void> {
    const connections = await this.#services.connections(w);
    const request = { mountpoint: device.deviceName, mode: device.mode, hostName: this.#services.host };
    const reservation = await connections.complete(requireReservation(device), request, w);
    this.#services.store.updateDevice(device.instanceUuid, device.volumeId, { reservation });
  }

  /** Back to before {@link reserve}, from any point. */
  async release(device: BlockDevice, w: Waiting): Promise<void> {
    if (device.reservation === null) return;
    const connections = await this.#services.connections(w);
    for (const reservation of await this.#whatIsOurs(device.reservation, w)) {
      await connections.release(reservation, device.connector ?? undefined, w);
    }
    const nothing = { reservation: null, connector: null, connectionInfo: null };
    this.#services.store.updateDevice(device.instanceUuid, device.volumeId, nothing);
  }

  /**
   * Makes a mapping whole again whose release failed half-way: the array may have unmasked the volume while Cinder still
   * counts it as attached. Drivers have to bear a repeated connection (Cinder sheet 1.9).
   */
  async restore(device: BlockDevice, w: Waiting): Promise<void> {
    if (device.connector === null) return; // it was never mapped
    const connections = await this.#services.connections(w);
    const connectionInfo = await connections.connect(requireReservation(device), device.connector, w);
    this.#services.store.updateDevice(device.instanceUuid, device.volumeId, { connectionInfo });
    // An update after completion puts the volume back to attaching (seen with Cinder 21.3.1).
    if (connections.kind === 'attachments') await this.complete(device, w);
  }

  /** Does Cinder still have the volume attached for this device? */
  async isAttached(device: BlockDevice, w: Waiting): Promise<boolean> {
    const connections = await this.#services.connections(w);
    const found = await connections.findReservations({ volumeId: device.volumeId }, w);
    return found.some(({ attachmentId }) => attachmentId === device.reservation?.attachmentId);
  }

  /**
   * A reservation whose answer never came has no attachment id yet. Where instances are named in Cinder, the name tells
   * ours. Elsewhere it is the one reservation that nobody has connected, on a volume that was available a moment before
   * we asked: see docs/decisions.
   */
  async #whatIsOurs(intent: Reservation, w: Waiting): Promise<readonly Reservation[]> {
    const connections = await this.#services.connections(w);
    if (intent.attachmentId !== null || connections.kind === 'legacy') return [intent];
    const { volumeId, instanceUuid } = intent;
    const found = await connections.findReservations({ volumeId, instanceUuid }, w);
    if (instanceUuid !== undefined) return found;
    const anonymous = found.filter((reservation) => reservation.instanceUuid === undefined);
    const details = await Promise.all(
      anonymous.map(async (reservation) => ({
        reservation,
        attachment: await this.#services.cinder.attachments.find(reservation.attachmentId ?? '', w),
      })),
    );
    return details.flatMap(({ reservation, attachment }) =>
      attachment?.status === 'reserved' && attachment.connectionInfo === undefined ? [reservation] : [],
    );
  }

  /** Of an instance that the database has lost, while its ports still exist. */
  async #connectorOf(instanceUuid: string, context: RequestContext): Promise<Connector> {
    const { host } = this.#services;
    const instance = { uuid: instanceUuid, name: instanceUuid, host, flavor: { vcpus: 1, memoryMb: 1 } };
    return await this.#driver().getVolumeConnector(instance, context);
  }

  #device(instanceUuid: string, volumeId: string): BlockDevice {
    const device = this.#services.store.devices(instanceUuid).find((candidate) => candidate.volumeId === volumeId);
    if (device !== undefined) return device;
    throw new NotFoundError(`volume ${volumeId} is not one of server ${instanceUuid}`, { volumeId, instanceUuid });
  }
}

function requireReservation(device: BlockDevice): Reservation {
  if (device.reservation !== null) return device.reservation;
  throw new ConflictError(`volume ${device.volumeId} is not reserved`, { volumeId: device.volumeId });
}
