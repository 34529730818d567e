/*
 * Counts the HMC requests of the driver's methods, called as by a compute manager that embeds the driver. The simulated
 * Cinder maps the volumes.
 */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { openCinder, volumeConnections } from '../src/cinder-client/index.ts';
import type { ConnectionInfo, Connector, Reservation, VolumeConnections } from '../src/cinder-client/index.ts';
import { loadComputeDriver } from '../src/compute/index.ts';
import { startSimulator } from '../src/simulator/index.ts';
import type { Simulator, SimulatorOptions } from '../src/simulator/index.ts';
import type {
  BlockDeviceInfo,
  ComputeDriver,
  DpmPolicies,
  DriverBlockDevice,
  Instance,
  NetworkInfo,
  VirtApi,
} from '../src/virt/index.ts';
import { settingsFor } from '../test/support/world.ts';
import { context, countHmc, countWithoutWaits } from './requests.ts';
import type { Count } from './requests.ts';

interface Mapping {
  readonly reservation: Reservation;
  readonly connector: Connector;
  readonly info: ConnectionInfo;
}

/** The part of the compute manager: its volumes by instance. */
class Mappings {
  readonly #connections: VolumeConnections;
  readonly #byInstance = new Map<string, readonly Mapping[]>();

  constructor(connections: VolumeConnections) {
    this.#connections = connections;
  }

  async map({ uuid, host }: Instance, connector: Connector, volumeId: string): Promise<ConnectionInfo> {
    const reserved = await this.#connections.reserve({ volumeId, mode: 'rw', instanceUuid: uuid }, context);
    const info = await this.#connections.connect(reserved, connector, context);
    const place = { mountpoint: '/dev/sda', mode: 'rw', hostName: host } as const;
    const reservation = await this.#connections.complete(reserved, place, context);
    this.#byInstance.set(uuid, [...(this.#byInstance.get(uuid) ?? []), { reservation, connector, info }]);
    return info;
  }

  first(uuid: string): ConnectionInfo | undefined {
    return this.#byInstance.get(uuid)?.[0]?.info;
  }

  async unmap(uuid: string): Promise<void> {
    for (const { reservation, connector } of this.#byInstance.get(uuid) ?? [])
      await this.#connections.release(reservation, connector, context);
    this.#byInstance.delete(uuid);
  }
}

/** An open driver, connected to a simulator. */
export class DriverBench implements AsyncDisposable {
  readonly sim: Simulator;
  readonly driver: ComputeDriver;
  readonly #mappings: Mappings;
  readonly #close: () => Promise<void>;

  private constructor(sim: Simulator, driver: ComputeDriver, mappings: Mappings, close: () => Promise<void>) {
    this.sim = sim;
    this.driver = driver;
    this.#mappings = mappings;
    this.#close = close;
  }

  static async open(options: SimulatorOptions, policies?: Partial<DpmPolicies>): Promise<DriverBench> {
    const sim = await startSimulator({ adapters: 2, cpcIfls: 200, adapterCapacity: 254, ...options });
    const settings = settingsFor(sim);
    const cinder = openCinder({ ...settings.cinder, requestId: () => context.requestId });
    const mappings = new Mappings(await volumeConnections(cinder, context));
    const virtapi: VirtApi = {
      prepBlockDevice: async (_context, instance, info) => {
        const connector = await driver.getVolumeConnector(instance, context);
        const blockDeviceMapping: DriverBlockDevice[] = [];
        for (const device of info.blockDeviceMapping)
          blockDeviceMapping.push({
            ...device,
            connectionInfo: await mappings.map(instance, connector, device.volumeId),
          });
        return { ...info, blockDeviceMapping };
      },
      unprepBlockDevice: async (_context, uuid) => await mappings.unmap(uuid),
    };
    const driver = await loadComputeDriver(settings, { virtapi, baseDir: tmpdir(), policies });
    await driver.initHost(settings.host, context);
    return new DriverBench(sim, driver, mappings, async () => {
      await driver.cleanupHost(settings.host);
      cinder[Symbol.dispose]();
      await sim.close();
    });
  }

  instance(): Instance {
    const uuid = randomUUID();
    return { uuid, name: `i-${uuid.slice(0, 8)}`, host: 'compute1', flavor: { vcpus: 1, memoryMb: 1024 } };
  }

  /** The volume as the compute manager passes it: mapped, or not mapped yet. */
  info(volume: number, connectionInfo?: ConnectionInfo): BlockDeviceInfo {
    const { id: volumeId = '', size: sizeGib = 1 } = this.sim.volumes[volume] ?? {};
    const how = { bootIndex: 0, mountDevice: '/dev/sda', attachmentId: null, deleteOnTermination: false };
    return { rootDeviceName: '/dev/sda', blockDeviceMapping: [{ volumeId, sizeGib, ...how, connectionInfo }] };
  }

  async spawn(
    instance: Instance,
    volume = 0,
    isPoweredOn = true,
    networkInfo: NetworkInfo | null = null,
  ): Promise<void> {
    await this.driver.spawn(context, instance, {}, [], null, null, networkInfo, this.info(volume), isPoweredOn);
  }

  /** Maps a volume to the ports of an instance, for an attach. */
  async map(instance: Instance, volume: number): Promise<ConnectionInfo> {
    const connector = await this.driver.getVolumeConnector(instance, context);
    const volumeId = this.sim.volumes[volume]?.id ?? '';
    return { ...(await this.#mappings.map(instance, connector, volumeId)), serial: volumeId };
  }

  /** Returns Cinder's answer for the first mapped volume of an instance. */
  mapped({ uuid }: Instance): ConnectionInfo | undefined {
    return this.#mappings.first(uuid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/** The requests of a method, and their limit. */
export interface Cost extends Count {
  readonly most: Count;
}

const atMost = (requests: number, inSequence = requests): Count => ({ requests, inSequence });

/** Returns the requests of each method, with this many partitions of other owners on the CPC. */
export async function driverCosts(machine: 'z13' | 'z16', partitions: number): Promise<Readonly<Record<string, Cost>>> {
  // Concurrent requests are recognised only if they take time.
  await using bench = await DriverBench.open({ machine, latencyMs: 60, volumes: volumesFor(2 + partitions) });
  const { driver, sim } = bench;
  const others = Array.from({ length: partitions }, (_, index) => 2 + index);
  await Promise.all(others.map(async (volume) => await bench.spawn(bench.instance(), volume, false)));
  const instance = bench.instance();
  const count = async (most: Count, work: () => Promise<unknown>, counted = countHmc): Promise<Cost> => {
    sim.log.clear();
    await work();
    return { ...counted(sim), most };
  };
  const isZ13 = machine === 'z13';
  const costs: Record<string, Cost> = {};
  costs.spawn = await count(isZ13 ? atMost(8, 6) : atMost(11, 8), () => bench.spawn(instance));
  costs.getInfo = await count(atMost(1), () => driver.getInfo(instance, false, context));
  const powerOff = () => driver.powerOff(instance, 0, 0, context);
  costs['power off'] = await count(atMost(2), powerOff, countWithoutWaits);
  const powerOn = () => driver.powerOn(context, instance, null);
  costs['power on'] = await count(atMost(3), powerOn, isZ13 ? countHmc : countWithoutWaits);
  if (isZ13) {
    const data = await bench.map(instance, 1);
    costs.attach = await count(atMost(1), () => driver.attachVolume(context, data, instance, '/dev/sdb'));
  }
  const destroy = () => driver.destroy(context, instance, null, bench.info(0, bench.mapped(instance)));
  // Find, stop, look again, delete; since z14 also read and delete the storage group. "Delete Partition" only detaches the
  // group, and no operation of an HMC deletes both. The second look is the one of docs/decisions/0010, before the volumes
  // are unmapped; the group is read because an administrator may have added volumes to it, which must not be deleted.
  costs.destroy = await count(isZ13 ? atMost(4) : atMost(6), destroy);
  return costs;
}

export function volumesFor(count: number) {
  return Array.from({ length: count }, (_, index) => ({ name: `boot-${index}`, size: 1, bootable: true }));
}
