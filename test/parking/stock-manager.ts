import { neverAborted } from '../../src/base/index.ts';
import { openCinder, volumeConnections } from '../../src/cinder-client/index.ts';
import type {
  CinderClient,
  ConnectionInfo,
  Connector,
  Reservation,
  VolumeConnections,
} from '../../src/cinder-client/index.ts';
import { loadComputeDriver } from '../../src/compute/index.ts';
import { interfaceOn } from '../../src/virt/index.ts';
import type {
  BlockDeviceInfo,
  ComputeDriver,
  Instance,
  RequestContext,
  VirtApi,
  VirtualInterface,
} from '../../src/virt/index.ts';
import { quickCinder, quickPolicies } from '../support/world.ts';
import type { World } from '../support/world.ts';

interface Device {
  readonly volumeId: string;
  readonly isBoot: boolean;
  reservation: Reservation;
  connector?: Connector | undefined;
  connectionInfo?: ConnectionInfo | undefined;
}

/** A server of the manager; its volumes are its own for good. */
export interface Server {
  readonly instance: Instance;
  readonly volumes: readonly string[];
  devices: readonly Device[];
  /** What Neutron has bound to its host. */
  network?: readonly VirtualInterface[];
}

const context = { requestId: 'req-stock', signal: neverAborted() };

/** What stock Nova offers its driver: no way to map or unmap. */
export const stockVirtApi: VirtApi = {
  prepBlockDevice: () => Promise.reject(new Error('stock Nova maps volumes before it spawns')),
};

/**
 * A compute manager that calls its driver in Nova's order, without a state directory: volumes are mapped before a spawn, and
 * unmapped after a destroy. Source: nova compute/manager.py.
 */
export class StockManager implements AsyncDisposable {
  readonly #world: World;
  readonly #cinder: CinderClient;
  readonly #connections: VolumeConnections;
  readonly #open: () => Promise<ComputeDriver>;
  driver: ComputeDriver;

  private constructor(
    world: World,
    open: () => Promise<ComputeDriver>,
    cinder: CinderClient,
    connections: VolumeConnections,
    driver: ComputeDriver,
  ) {
    this.#world = world;
    this.#open = open;
    this.#cinder = cinder;
    this.#connections = connections;
    this.driver = driver;
  }

  /** @param open - makes its driver, which is to be initialised */
  static async start(
    world: World,
    virtapi: VirtApi = stockVirtApi,
    open?: () => Promise<ComputeDriver>,
  ): Promise<StockManager> {
    const cinder = openCinder({ ...world.settings.cinder, ...quickCinder, requestId: () => context.requestId });
    const sized: VirtApi = { ...virtapi, volumeSize: async (w, id) => (await cinder.getVolume(id, w)).sizeGib };
    const connections = await volumeConnections(cinder, context);
    const opener = open ?? (async () => await openDriver(world, sized));
    return new StockManager(world, opener, cinder, connections, await initialised(world, opener));
  }

  /** A driver that remembers nothing. */
  async restart(): Promise<void> {
    await this.driver.cleanupHost(this.#world.settings.host);
    this.driver = await initialised(this.#world, this.#open);
  }

  server(uuid: string, name: string, volumes: readonly string[]): Server {
    const { host } = this.#world.settings;
    return { instance: { uuid, name, host, flavor: { vcpus: 1, memoryMb: 1024 } }, volumes, devices: [] };
  }

  async build(server: Server): Promise<void> {
    await this.#reserve(server);
    await this.driver.prepareForSpawn(server.instance, context);
    await this.#map(server);
    await this.spawn(server);
  }

  /** The second volume cannot be mapped: Nova then leaves the first one mapped until the server is deleted. */
  async failBuild(server: Server): Promise<void> {
    await this.#reserve(server);
    await this.driver.prepareForSpawn(server.instance, context);
    await this.#mapOne(server, server.devices[0]!);
    await this.driver.failedSpawnCleanup(server.instance, context);
  }

  async destroy(server: Server, w: RequestContext = context): Promise<void> {
    await this.driver.destroy(w, server.instance, null, this.#info(server));
  }

  /** After a destroy. */
  async unmap(server: Server): Promise<void> {
    for (const device of server.devices) await this.#connections.release(device.reservation, device.connector, context);
    server.devices = [];
  }

  async removeParked(server: Server, w: RequestContext = context): Promise<void> {
    await this.driver.removeParked?.(w, server.instance);
  }

  async rebuild(server: Server): Promise<void> {
    const { driver } = this;
    await driver.powerOff(server.instance, 0, 0, context);
    for (const device of server.devices) {
      const { reservation, connector, connectionInfo } = device;
      device.reservation = await this.#reserveOne(server, device.volumeId);
      const info = { ...connectionInfo!, serial: device.volumeId };
      await driver.detachVolume(context, info, server.instance, '/dev/sda');
      await this.#connections.release(reservation, connector, context);
      device.connectionInfo = undefined;
    }
    await driver.destroy(context, server.instance, null, this.#info(server));
    await this.#map(server);
    await this.spawn(server);
  }

  /** Reverts a resize: the server with the new size is destroyed, and its volumes are mapped anew. Source: nova compute/manager.py, revert_resize. */
  async revertResize(server: Server): Promise<void> {
    await this.destroy(server);
    await this.finishOffload(server);
    await this.#map(server);
    await this.driver.finishRevertMigration?.(context, server.instance, [], null, this.#info(server), true);
  }

  /** As the first half of an offload: the guest is gone, the masks stand. */
  async offload(server: Server): Promise<void> {
    await this.driver.powerOff(server.instance, 0, 0, context);
    await this.destroy(server);
  }

  /** The second half: each volume stays reserved, and is not mapped any more. */
  async finishOffload(server: Server): Promise<void> {
    for (const device of server.devices) {
      const { reservation, connector } = device;
      device.reservation = await this.#reserveOne(server, device.volumeId);
      await this.#connections.release(reservation, connector, context);
      device.connectionInfo = undefined;
    }
  }

  async unshelve(server: Server): Promise<void> {
    await this.#map(server);
    await this.spawn(server);
  }

  /** Its other host has failed, or Nova has released its old attachments already. Source: nova compute/manager.py, rebuild_instance. */
  async evacuateHere(server: Server): Promise<void> {
    await this.#reserve(server);
    await this.#map(server);
    await this.spawn(server);
  }

  /** Maps one more volume, and leaves it to {@link attachLast} to make it the guest's. */
  async addVolume(server: Server, volumeId: string): Promise<void> {
    const device: Device = { volumeId, isBoot: false, reservation: await this.#reserveOne(server, volumeId) };
    server.devices = [...server.devices, device];
    await this.#mapOne(server, device);
  }

  /** @param size - Nova names none; our own manager does */
  async attachLast(server: Server, w: RequestContext = context, size: number | null = 10): Promise<void> {
    await this.driver.attachVolume(w, { ...lastInfo(server), size }, server.instance, '/dev/sdz');
  }

  async detachLast(server: Server, w: RequestContext = context): Promise<void> {
    await this.driver.detachVolume(w, lastInfo(server), server.instance, '/dev/sdz');
  }

  /** After {@link detachLast}. */
  async unmapLast(server: Server): Promise<void> {
    const { reservation, connector } = server.devices.at(-1)!;
    await this.#connections.release(reservation, connector, context);
    server.devices = server.devices.slice(0, -1);
  }

  /** A port on the first OSA adapter, with an address. */
  newInterface(): VirtualInterface {
    const { model } = this.#world.sim.hmc;
    const adapter = model.all('adapter').find(({ props }) => props['adapter-family'] === 'osa');
    const adapterObjectId = adapter?.props['object-id'] as string;
    return interfaceOn({ name: 'net', adapterObjectId, port: 0, vlanId: null }, { address: '10.0.0.5/24' });
  }

  async attachInterface({ instance }: Server, vif: VirtualInterface, w: RequestContext = context): Promise<void> {
    await this.driver.attachInterface(w, instance, null, vif);
  }

  async detachInterface({ instance }: Server, vif: VirtualInterface, w: RequestContext = context): Promise<void> {
    await this.driver.detachInterface(w, instance, vif);
  }

  async connector(server: Server): Promise<Connector> {
    return await this.driver.getVolumeConnector(server.instance, context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver.cleanupHost(this.#world.settings.host);
    this.#cinder[Symbol.dispose]();
  }

  async #reserve(server: Server): Promise<void> {
    const devices: Device[] = [];
    for (const [index, volumeId] of server.volumes.entries())
      devices.push({ volumeId, isBoot: index === 0, reservation: await this.#reserveOne(server, volumeId) });
    server.devices = devices;
  }

  async #reserveOne({ instance }: Server, volumeId: string): Promise<Reservation> {
    return await this.#connections.reserve({ volumeId, mode: 'rw', instanceUuid: instance.uuid }, context);
  }

  async #map(server: Server): Promise<void> {
    for (const device of server.devices) await this.#mapOne(server, device);
  }

  async #mapOne(server: Server, device: Device): Promise<void> {
    device.connector = await this.connector(server);
    device.connectionInfo = await this.#connections.connect(device.reservation, device.connector, context);
    const place = { mountpoint: '/dev/sda', mode: 'rw', hostName: server.instance.host } as const;
    device.reservation = await this.#connections.complete(device.reservation, place, context);
  }

  /** With the volumes that are mapped. */
  async spawn(server: Server, w: RequestContext = context): Promise<void> {
    const { instance, network = [] } = server;
    await this.driver.spawn(w, instance, {}, [], null, null, network, this.#info(server));
  }

  /** Without the volumes that are not mapped, as Nova does. */
  #info({ devices }: Server): BlockDeviceInfo {
    const mapped = devices.filter(({ connectionInfo }) => connectionInfo !== undefined);
    return {
      rootDeviceName: '/dev/sda',
      blockDeviceMapping: mapped.map(({ volumeId, isBoot, reservation, connectionInfo }, index) => ({
        volumeId,
        sizeGib: 10,
        bootIndex: isBoot ? 0 : null,
        mountDevice: `/dev/sd${'abcdef'[index]}`,
        attachmentId: reservation.attachmentId,
        deleteOnTermination: false,
        connectionInfo,
      })),
    };
  }
}

/** Of the volume that was mapped last. Nova does not send its size. Source: nova virt/block_device.py, DriverVolumeBlockDevice. */
function lastInfo({ devices }: Server): ConnectionInfo & { readonly serial: string } {
  const { connectionInfo, volumeId } = devices.at(-1)!; // each server has volumes
  return { ...connectionInfo!, serial: volumeId };
}

async function openDriver(world: World, virtapi: VirtApi): Promise<ComputeDriver> {
  const options = { virtapi, baseDir: world.statePath, policies: quickPolicies! };
  return await loadComputeDriver(world.settings, options);
}

async function initialised({ settings }: World, open: () => Promise<ComputeDriver>): Promise<ComputeDriver> {
  const driver = await open();
  await driver.initHost(settings.host, context);
  return driver;
}
