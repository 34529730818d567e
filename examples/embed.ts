/*
 * nova-dpm in a compute manager of your own: what Nova's manager does around its driver, as short as it can be. It serves a
 * server from spawn to delete on the machine that the settings name:
 *
 *   npm run build
 *   node examples/embed.ts nova-dpm.conf web1 boot-1 data-1
 *
 * `dpm simulate --write-config nova-dpm.conf` gives a machine to try it on.
 */
import { randomUUID } from 'node:crypto';
import { homedir, hostname } from 'node:os';
import { describeError, loadComputeDriver, loadSettings, nodeFiles, openCinder, volumeConnections } from 'nova-dpm';
import type {
  BlockDeviceInfo,
  CinderClient,
  ComputeDriver,
  ConnectionInfo,
  Connector,
  DriverBlockDevice,
  Instance,
  RequestContext,
  Reservation,
  Settings,
  VirtApi,
  VolumeConnections,
} from 'nova-dpm';

/** A volume of an instance, and how far Cinder has got with it. A manager that survives a crash keeps this in a database. */
interface Device {
  readonly volumeId: string;
  readonly sizeGib: number;
  readonly mountDevice: string;
  readonly reservation: Reservation;
  connector?: Connector;
  connectionInfo?: ConnectionInfo;
}

/** Cinder's side of a manager: reserve, map, complete, release, in Nova's order. It is also the driver's way back. */
class Volumes implements VirtApi {
  readonly #cinder: CinderClient;
  readonly #connections: VolumeConnections;
  readonly #devices = new Map<string, Device[]>();
  /** Set once there is a driver, which needs this object first. */
  driver: Pick<ComputeDriver, 'getVolumeConnector'> | undefined;

  constructor(cinder: CinderClient, connections: VolumeConnections) {
    this.#cinder = cinder;
    this.#connections = connections;
  }

  devices(instanceUuid: string): readonly Device[] {
    return this.#devices.get(instanceUuid) ?? [];
  }

  /** Before: an available volume. After: nobody else gets it. */
  async reserve(nameOrId: string, instance: Instance, context: RequestContext): Promise<Device> {
    const volume = await this.#cinder.findVolume(nameOrId, context);
    if (volume === undefined) throw new Error(`volume "${nameOrId}" does not exist`);
    const known = this.devices(instance.uuid);
    const reservation = await this.#connections.reserve({ volumeId: volume.id, mode: 'rw' }, context);
    const mountDevice = `/dev/sd${String.fromCharCode('a'.charCodeAt(0) + known.length)}`;
    const device = { volumeId: volume.id, sizeGib: volume.sizeGib, mountDevice, reservation };
    this.#devices.set(instance.uuid, [...known, device]);
    return device;
  }

  /** Before: reserved. After: masked to the ports of the instance's partition, and in-use for Cinder. */
  async map(device: Device, instance: Instance, context: RequestContext): Promise<ConnectionInfo> {
    if (this.driver === undefined) throw new Error('there is no driver yet');
    device.connector = await this.driver.getVolumeConnector(instance, context);
    device.connectionInfo = await this.#connections.connect(device.reservation, device.connector, context);
    const place = { mountpoint: device.mountDevice, mode: 'rw', hostName: instance.host } as const;
    await this.#connections.complete(device.reservation, place, context);
    return device.connectionInfo;
  }

  /** Back to before the reservation, from any point. */
  async release(device: Device, instanceUuid: string, context: RequestContext): Promise<void> {
    await this.#connections.release(device.reservation, device.connector, context);
    this.#devices.set(
      instanceUuid,
      this.devices(instanceUuid).filter((each) => each !== device),
    );
  }

  /** The driver calls this within spawn, as soon as the partition has its WWPNs. */
  async prepBlockDevice(context: RequestContext, instance: Instance, info: BlockDeviceInfo): Promise<BlockDeviceInfo> {
    for (const device of this.devices(instance.uuid)) await this.map(device, instance, context);
    return { ...info, blockDeviceMapping: this.mapping(instance.uuid) };
  }

  /** And this when the spawn fails: before the ports go, since an array must not keep a mask for a WWPN of nobody. */
  async unprepBlockDevice(context: RequestContext, instanceUuid: string): Promise<void> {
    for (const device of this.devices(instanceUuid).toReversed()) await this.release(device, instanceUuid, context);
  }

  /** The first volume is booted from. */
  mapping(instanceUuid: string): readonly DriverBlockDevice[] {
    return this.devices(instanceUuid).map(({ volumeId, sizeGib, mountDevice, reservation, connectionInfo }, index) => ({
      volumeId,
      sizeGib,
      mountDevice,
      bootIndex: index === 0 ? 0 : null,
      attachmentId: reservation.attachmentId,
      deleteOnTermination: false,
      connectionInfo,
    }));
  }
}

export interface Embedding {
  readonly server: string;
  readonly bootVolume: string;
  readonly dataVolume: string;
  /** Where modules of third parties are looked for. */
  readonly baseDir: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** One server from spawn to delete: boot from a volume, attach and detach another, show what there is, and clean up. */
export async function serveOnce(settings: Settings, what: Embedding): Promise<void> {
  const context: RequestContext = { requestId: `req-${randomUUID()}`, signal: what.signal };
  const cinder = openCinder({ ...settings.cinder, requestId: () => context.requestId });
  const volumes = new Volumes(cinder, await volumeConnections(cinder, context));
  const driver = await loadComputeDriver(settings, { virtapi: volumes, baseDir: what.baseDir });
  volumes.driver = driver;
  await driver.initHost(settings.host, context);
  try {
    const flavor = { vcpus: 1, memoryMb: 1024 };
    const instance: Instance = { uuid: randomUUID(), name: what.server, host: settings.host, flavor };
    await play(driver, volumes, instance, what, context);
  } finally {
    await driver.cleanupHost(settings.host);
    cinder[Symbol.dispose]();
  }
}

async function play(
  driver: ComputeDriver,
  volumes: Volumes,
  instance: Instance,
  { bootVolume, dataVolume, say }: Embedding,
  context: RequestContext,
): Promise<void> {
  const boot = await volumes.reserve(bootVolume, instance, context);
  const info = (): BlockDeviceInfo => ({
    rootDeviceName: boot.mountDevice,
    blockDeviceMapping: volumes.mapping(instance.uuid),
  });
  try {
    await driver.spawn(context, instance, {}, [], null, null, null, info());
    say(`${instance.name} is ${(await driver.getInfo(instance, false, context)).state}`);

    const data = await volumes.reserve(dataVolume, instance, context);
    const connectionInfo = {
      ...(await volumes.map(data, instance, context)),
      serial: data.volumeId,
      size: data.sizeGib,
    };
    await driver.attachVolume(context, connectionInfo, instance, data.mountDevice);
    say(`${dataVolume} is attached as ${data.mountDevice}`);
    await driver.detachVolume(context, connectionInfo, instance, data.mountDevice);
    await volumes.release(data, instance.uuid, context);
    say(`${dataVolume} is detached`);
  } finally {
    // The guest first, then the masks: a destroy succeeds when there is nothing, and so does a release.
    await driver.destroy(context, instance, null, info());
    await volumes.unprepBlockDevice(context, instance.uuid);
  }
  say(`${instance.name} is ${(await driver.instanceExists(instance, context)) ? 'still there' : 'gone'}`);
}

if (process.argv[1] === import.meta.filename) {
  const [configFile, server, bootVolume, dataVolume] = process.argv.slice(2);
  if (configFile === undefined || server === undefined || bootVolume === undefined || dataVolume === undefined) {
    console.error('usage: node examples/embed.ts CONFIG-FILE SERVER BOOT-VOLUME DATA-VOLUME');
    process.exit(2);
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('interrupted'))); // partial work is undone
  try {
    const baseDir = process.cwd();
    const from = { configFiles: [configFile], cwd: baseDir, home: homedir(), hostname: hostname(), files: nodeFiles };
    const settings = loadSettings({ ...from, env: process.env });
    await serveOnce(settings, { server, bootVolume, dataVolume, baseDir, signal: stop.signal, say: console.log });
  } catch (error) {
    console.error(describeError(error));
    process.exitCode = 1;
  }
}
