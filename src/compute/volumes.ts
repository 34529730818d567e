import { ConflictError, NotFoundError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { VolumeClaims } from '../cinder-client/index.ts';
import type { Connector, SaveClaim } from '../cinder-client/index.ts';
import type { BlockDeviceInfo, Instance, RequestContext, VirtApi } from '../virt/index.ts';
import type { BlockDevice } from './instances.ts';
import { toBlockDeviceInfo, unknownInstance } from './services.ts';
import type { ManagerServices } from './services.ts';

/** Reserves, maps and releases the volumes of instances. Each volume has its record in the database. */
export class VolumeKeeper implements VirtApi {
  readonly #services: Omit<ManagerServices, 'driver'>;
  readonly #driver: () => ManagerServices['driver'];
  readonly #claims: VolumeClaims;

  constructor(services: Omit<ManagerServices, 'driver'>, driver: () => ManagerServices['driver']) {
    this.#services = services;
    this.#driver = driver;
    this.#claims = new VolumeClaims(services.cinder, services.connections);
  }

  /** Before: an available volume. After: reserved. */
  async reserve(device: BlockDevice, w: Waiting): Promise<void> {
    const instanceUuid = this.#services.namesInstances ? device.instanceUuid : undefined;
    // A legacy reservation is anonymous: if Cinder's answer were lost, another server's reservation could be mistaken for it.
    if ((await this.#services.connections(w)).kind === 'legacy') this.#requireNotReserved(device);
    await this.#claims.reserve(device, instanceUuid, this.#saver(device), w);
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

  /** Releases all volumes of an instance, also those that a dead process reserved, or that only Cinder knows. */
  async unprepBlockDevice(context: RequestContext, instanceUuid: string): Promise<void> {
    for (const device of this.#services.store.devices(instanceUuid).toReversed()) await this.release(device, context);
    if (!this.#services.namesInstances) return;
    if (this.#services.store.devices(instanceUuid).length > 0) return; // released above, one by one
    const connections = await this.#services.connections(context);
    // Legacy reservations are anonymous until they are attached, so those are not found.
    const reservations = await connections.findReservations({ instanceUuid }, context);
    if (reservations.length === 0) return;
    const instance = unknownInstance(this.#services.host, instanceUuid);
    const isLegacy = connections.kind === 'legacy';
    const connector = isLegacy ? await this.#driver().getVolumeConnector(instance, context) : undefined;
    for (const reservation of reservations) await connections.release(reservation, connector, context);
  }

  /** Before: reserved. After: masked to the instance's ports, and recorded in the database. */
  async map(device: BlockDevice, instance: Instance, context: RequestContext): Promise<void> {
    const base = await this.#driver().getVolumeConnector(instance, context);
    const connector: Connector = { ...base, mountpoint: device.deviceName, mode: device.mode };
    await this.#claims.map(device, connector, this.#saver(device), context);
  }

  /** Before: mapped. After: in-use in Cinder. */
  async complete(device: BlockDevice, w: Waiting): Promise<void> {
    await this.#claims.complete(device, this.#completion(device), this.#saver(device), w);
  }

  /** Before: in-use. After: detaching. @throws NothingChangedError when it was not requested, or was refused */
  async beginDetaching(device: BlockDevice, w: Waiting): Promise<void> {
    await this.#claims.beginDetaching(device, this.#saver(device), w);
  }

  /** Undoes {@link VolumeKeeper.beginDetaching}. */
  async rollDetaching(device: BlockDevice, w: Waiting): Promise<void> {
    await this.#claims.rollDetaching(device, this.#saver(device), w);
  }

  /** Undoes {@link VolumeKeeper.reserve} and every later step. */
  async release(device: BlockDevice, w: Waiting): Promise<void> {
    await this.#claims.release(device, this.#saver(device), w);
  }

  /** Restores a mapping whose release failed half-way. */
  async restore(device: BlockDevice, w: Waiting): Promise<void> {
    await this.#claims.restore(device, this.#completion(device), this.#saver(device), w);
  }

  /** Whether Cinder still counts the volume as attached for this device. */
  async isAttached(device: BlockDevice, w: Waiting): Promise<boolean> {
    return await this.#claims.isAttached(device, w);
  }

  /** Whether neither Cinder nor the array has the volume for this device any more. */
  async isReleased(device: BlockDevice, w: Waiting): Promise<boolean> {
    return await this.#claims.isReleased(device, w);
  }

  #requireNotReserved({ volumeId, instanceUuid }: BlockDevice): void {
    const others = this.#services.store.devicesOf(volumeId).filter((other) => other.instanceUuid !== instanceUuid);
    const other = others.find(({ reservation }) => reservation !== null && reservation.attachmentId === null);
    if (other === undefined) return;
    const facts = { volumeId, server: other.instanceUuid };
    throw new ConflictError(`volume ${volumeId} is being attached to server ${other.instanceUuid}`, facts);
  }

  #completion({ deviceName, mode }: BlockDevice) {
    return { mountpoint: deviceName, mode, hostName: this.#services.host };
  }

  #saver({ instanceUuid, volumeId }: BlockDevice): SaveClaim {
    return (change) => {
      this.#services.store.updateDevice(instanceUuid, volumeId, change);
    };
  }

  #device(instanceUuid: string, volumeId: string): BlockDevice {
    const device = this.#services.store.devices(instanceUuid).find((candidate) => candidate.volumeId === volumeId);
    if (device !== undefined) return device;
    throw new NotFoundError(`volume ${volumeId} is not one of server ${instanceUuid}`, { volumeId, instanceUuid });
  }
}
