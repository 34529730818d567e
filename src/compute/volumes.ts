import { ConflictError, NotFoundError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { VolumeClaims } from '../cinder-client/index.ts';
import type { Connector, SaveClaim } from '../cinder-client/index.ts';
import type { BlockDeviceInfo, Instance, RequestContext, VirtApi } from '../virt/index.ts';
import type { BlockDevice } from './instances.ts';
import { toBlockDeviceInfo } from './services.ts';
import type { ManagerServices } from './services.ts';

/** The manager's side of the volumes of instances, each of which has its record in the database. */
export class VolumeKeeper implements VirtApi {
  readonly #services: Omit<ManagerServices, 'driver'>;
  readonly #driver: () => ManagerServices['driver'];
  readonly #claims: VolumeClaims;

  constructor(services: Omit<ManagerServices, 'driver'>, driver: () => ManagerServices['driver']) {
    this.#services = services;
    this.#driver = driver;
    this.#claims = new VolumeClaims(services.cinder, services.connections);
  }

  /** Before: an available volume. After: nobody else gets it. */
  async reserve(device: BlockDevice, w: Waiting): Promise<void> {
    const instanceUuid = this.#services.namesInstances ? device.instanceUuid : undefined;
    // A reservation of old has no name: were the answer to ours lost, that of another server would be taken for it.
    if ((await this.#services.connections(w)).kind === 'legacy') this.#requireNotOnItsWay(device);
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
    const base = await this.#driver().getVolumeConnector(instance, context);
    const connector: Connector = { ...base, mountpoint: device.deviceName, mode: device.mode };
    await this.#claims.map(device, connector, this.#saver(device), context);
  }

  /** Before: mapped. After: Cinder says in-use. */
  async complete(device: BlockDevice, w: Waiting): Promise<void> {
    await this.#claims.complete(device, this.#completion(device), this.#saver(device), w);
  }

  /** Before: in-use. After: detaching. @throws NothingChangedError when it was not asked for, or is refused */
  async beginDetaching(device: BlockDevice, w: Waiting): Promise<void> {
    await this.#claims.beginDetaching(device, this.#saver(device), w);
  }

  /** Back to before {@link beginDetaching}. */
  async rollDetaching(device: BlockDevice, w: Waiting): Promise<void> {
    await this.#claims.rollDetaching(device, this.#saver(device), w);
  }

  /** Back to before {@link reserve}, from any point. */
  async release(device: BlockDevice, w: Waiting): Promise<void> {
    await this.#claims.release(device, this.#saver(device), w);
  }

  /** Makes a mapping whole again whose release failed half-way. */
  async restore(device: BlockDevice, w: Waiting): Promise<void> {
    await this.#claims.restore(device, this.#completion(device), this.#saver(device), w);
  }

  /** Does Cinder still have the volume attached for this device? */
  async isAttached(device: BlockDevice, w: Waiting): Promise<boolean> {
    return await this.#claims.isAttached(device, w);
  }

  /** Neither Cinder nor the array has the volume for this device any more. */
  async isReleased(device: BlockDevice, w: Waiting): Promise<boolean> {
    return await this.#claims.isReleased(device, w);
  }

  #requireNotOnItsWay({ volumeId, instanceUuid }: BlockDevice): void {
    const others = this.#services.store.devicesOf(volumeId).filter((other) => other.instanceUuid !== instanceUuid);
    const other = others.find(({ reservation }) => reservation !== null && reservation.attachmentId === null);
    if (other === undefined) return;
    const facts = { volumeId, server: other.instanceUuid };
    throw new ConflictError(`volume ${volumeId} is on its way to server ${other.instanceUuid}`, facts);
  }

  #completion({ deviceName, mode }: BlockDevice) {
    return { mountpoint: deviceName, mode, hostName: this.#services.host };
  }

  #saver({ instanceUuid, volumeId }: BlockDevice): SaveClaim {
    return (change) => {
      this.#services.store.updateDevice(instanceUuid, volumeId, change);
    };
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
