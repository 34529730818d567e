import { isDeepStrictEqual } from 'node:util';
import { NotFoundError } from '../../base/index.ts';
import type { ConnectionInfo, Connector } from '../../cinder-client/index.ts';
import type { PowerState } from '../../partition/index.ts';
import type { ComputeDriver, VirtApi } from '../compute-driver.ts';
import type {
  AvailableResource,
  BlockDeviceInfo,
  GuestChange,
  GuestConfiguration,
  Instance,
  GuestDescription,
  InstanceInfo,
  PlatformGuest,
  RequestContext,
} from '../driver-types.ts';
import type { NetworkInfo, VirtualInterface } from '../network-info.ts';

/**
 * A driver without a machine, like Nova's own fake: guests are entries of a map. For trials and tests of a compute manager.
 *
 * @public
 */
export class FakeDriver implements ComputeDriver {
  readonly capabilities = { supports_extend_volume: true, supports_multiattach: true };
  readonly #host: string;
  readonly #virtapi: VirtApi;
  readonly #guests = new Map<string, { instance: Instance; state: PowerState }>();

  constructor(host: string, virtapi: VirtApi) {
    this.#host = host;
    this.#virtapi = virtapi;
  }

  async initHost(): Promise<void> {
    // a map needs none of it
  }

  async cleanupHost(): Promise<void> {
    // a map needs none of it
  }

  async processInstancesAtStartup(
    _context: RequestContext,
    instances: readonly Instance[],
  ): Promise<readonly Instance[]> {
    // The guests of an earlier process are lost; the fake assumes that they are shut down.
    for (const instance of instances) this.#guests.set(instance.uuid, { instance, state: 'shutdown' });
    return instances;
  }

  async prepareForSpawn(instance: Instance): Promise<void> {
    this.#guests.set(instance.uuid, { instance, state: 'shutdown' });
  }

  async failedSpawnCleanup(instance: Instance): Promise<void> {
    this.#guests.delete(instance.uuid);
  }

  async spawn(
    context: RequestContext,
    instance: Instance,
    _imageMeta: unknown,
    _injectedFiles: readonly unknown[],
    _adminPassword: string | null,
    _allocations: unknown,
    _networkInfo: NetworkInfo | null = null,
    blockDeviceInfo: BlockDeviceInfo | null = null,
    isPoweredOn = true,
  ): Promise<void> {
    const isUnmapped = blockDeviceInfo?.blockDeviceMapping.some((device) => device.connectionInfo === undefined);
    if (isUnmapped === true && blockDeviceInfo !== null) {
      try {
        await this.#virtapi.prepBlockDevice(context, instance, blockDeviceInfo);
      } catch (error) {
        await this.#virtapi.unprepBlockDevice?.(context, instance.uuid);
        throw error;
      }
    }
    this.#guests.set(instance.uuid, { instance, state: isPoweredOn ? 'running' : 'shutdown' });
  }

  async destroy(context: RequestContext, instance: Instance): Promise<void> {
    await this.#virtapi.unprepBlockDevice?.(context, instance.uuid);
    this.#guests.delete(instance.uuid);
  }

  async cleanup(context: RequestContext, instance: Instance): Promise<void> {
    await this.destroy(context, instance);
  }

  async getVolumeConnector(instance: Instance): Promise<Connector> {
    const digits = instance.uuid.replaceAll('-', '').slice(0, 10);
    return { host: instance.uuid, wwpns: [`c05076${digits}`], platform: 's390x', os_type: 'linux', multipath: true };
  }

  async attachVolume(_context: RequestContext, _connectionInfo: ConnectionInfo, instance: Instance): Promise<void> {
    this.#get(instance);
  }

  async detachVolume(): Promise<void> {
    // a map needs none of it
  }

  async extendVolume(): Promise<void> {
    // a map needs none of it
  }

  async powerOn(_context: RequestContext, instance: Instance): Promise<void> {
    this.#get(instance).state = 'running';
  }

  async powerOff(instance: Instance): Promise<undefined> {
    this.#get(instance).state = 'shutdown';
  }

  async reboot(_context: RequestContext, instance: Instance): Promise<undefined> {
    this.#get(instance).state = 'running';
  }

  async planChange(
    _context: RequestContext,
    instance: Instance,
    { name, flavor }: { readonly name: string; readonly flavor: Instance['flavor'] },
  ): Promise<GuestChange> {
    const { instance: now } = this.#get(instance);
    const pick = (from: Pick<Instance, 'name' | 'flavor'>) => ({
      guest: { name: from.name, vcpus: from.flavor.vcpus, memoryMb: from.flavor.memoryMb },
    });
    const [from, to] = [pick(now), pick({ name, flavor })];
    const isSame = isDeepStrictEqual(from, to);
    return { from: isSame ? {} : from, to: isSame ? {} : to, stopNeededFor: [], atNextStart: [] };
  }

  async applyChange(_context: RequestContext, instance: Instance, configuration: GuestConfiguration): Promise<void> {
    const guest = this.#get(instance);
    const { name, ...size } = configuration.guest as unknown as { name: string; vcpus: number; memoryMb: number }; // from planChange
    guest.instance = { ...guest.instance, name, flavor: { ...guest.instance.flavor, ...size } };
  }

  async getInfo(instance: Instance): Promise<InstanceInfo> {
    return { state: this.#get(instance).state };
  }

  guestName(instance: Pick<Instance, 'uuid'>): string {
    return `fake-${this.#host}-${instance.uuid}`;
  }

  async instanceExists(instance: Instance): Promise<boolean> {
    return this.#guests.has(instance.uuid);
  }

  async listInstanceUuids(): Promise<readonly string[]> {
    return [...this.#guests.keys()];
  }

  async listInstances(): Promise<readonly string[]> {
    return [...this.#guests.values()].map(({ instance }) => instance.name);
  }

  async getNumInstances(): Promise<number> {
    return this.#guests.size;
  }

  async listPowerStates(): Promise<ReadonlyMap<string, PowerState>> {
    return new Map([...this.#guests].map(([uuid, { state }]) => [uuid, state]));
  }

  async listGuests(): Promise<readonly PlatformGuest[]> {
    return [...this.#guests.values()].map(({ instance, state }) => ({
      name: instance.name,
      uri: `fake:${instance.uuid}`,
      status: state,
      isAtRest: state !== 'running',
      instanceUuid: instance.uuid,
      iflProcessors: instance.flavor.vcpus,
      memoryMib: instance.flavor.memoryMb,
      nicUris: [],
    }));
  }

  async describeGuest(): Promise<GuestDescription | undefined> {
    return undefined;
  }

  async getAvailableNodes(): Promise<readonly string[]> {
    return [this.#host];
  }

  async nodeIsAvailable(nodename: string): Promise<boolean> {
    return nodename === this.#host;
  }

  async getAvailableResource(nodename: string): Promise<AvailableResource> {
    const guests = [...this.#guests.values()];
    return {
      vcpus: 64,
      memoryMb: 524_288,
      localGb: 0,
      vcpusUsed: guests.reduce((total, { instance }) => total + instance.flavor.vcpus, 0),
      memoryMbUsed: guests.reduce((total, { instance }) => total + instance.flavor.memoryMb, 0),
      localGbUsed: 0,
      cpuInfo: '{}',
      numaTopology: null,
      hypervisorType: 'fake',
      hypervisorVersion: 1_000_000,
      hypervisorHostname: nodename,
      supportedInstances: [['s390x', 'fake', 'hvm']],
      diskAvailableLeast: 0,
      stats: {},
    };
  }

  async plugVifs(): Promise<void> {
    // a map needs none of it
  }

  async unplugVifs(): Promise<void> {
    // a map needs none of it
  }

  async attachInterface(
    _context: RequestContext,
    instance: Instance,
    _imageMeta: unknown,
    _vif: VirtualInterface,
  ): Promise<void> {
    this.#get(instance);
  }

  async detachInterface(): Promise<void> {
    // a map needs none of it
  }

  #get(instance: Instance) {
    const guest = this.#guests.get(instance.uuid);
    if (guest === undefined)
      throw new NotFoundError(`instance ${instance.name} does not exist`, { instance: instance.uuid });
    return guest;
  }
}
