import { ConflictError, InternalError, neverAborted, NotFoundError } from '../../base/index.ts';
import type { Outages, Waiting } from '../../base/index.ts';
import type { ConnectionInfo, Connector } from '../../cinder-client/index.ts';
import type { HmcSession } from '../../hmc-client/index.ts';
import { encodeGuestParameters } from '../../partition/guest-parameters/index.ts';
import {
  withoutParked,
  MemoryPartitionRecords,
  noEvidence,
  partitionName,
  powerStateOf,
  sizePartition,
} from '../../partition/index.ts';
import type {
  AllocatedStorage,
  ExpectedStorage,
  Initiator,
  OwnPartition,
  PartitionOwner,
  PartitionRecords,
  PowerState,
  SurplusStorage,
} from '../../partition/index.ts';
import {
  actsOf,
  attachVolume,
  destroy,
  detachVolume,
  evidenceOf,
  park,
  prepare,
  prepareParked,
  removeParked,
  spawn,
  spawnInStockOrder,
} from '../../spawn/index.ts';
import type { SpawnTools, VerbCall, Watchers } from '../../spawn/index.ts';
import { makeConnector } from '../../volume/index.ts';
import type { PathRecord } from '../../volume/index.ts';
import type { ComputeDriver, VirtApi } from '../compute-driver.ts';
import type {
  AvailableResource,
  BlockDeviceInfo,
  GuestEnd,
  BootFrom,
  Flavor,
  BootSettings,
  Diagnostics,
  GuestChange,
  GuestConfiguration,
  GuestLocation,
  Instance,
  GuestDescription,
  HostUsage,
  InstanceInfo,
  PlatformGuest,
  ProviderTree,
  PlatformNic,
  RequestContext,
} from '../driver-types.ts';
import type { ConsoleReading, SerialConsole } from '../console.ts';
import { GRACE_POLL_SECONDS, GRACE_SECONDS } from '../grace.ts';
import type { LifecycleSource } from '../lifecycle.ts';
import type { NetworkInfo, VirtualInterface } from '../network-info.ts';
import type { PartitionVolumes } from '../partition-volumes.ts';
import { assign, findAssignments } from './assignments.ts';
import { bootFromOf, checkBootFrom } from './boot-source.ts';
import {
  mountBootMedia,
  readBootSettings,
  releaseBootMedia,
  requireVolume,
  restoreBootSettings,
  switchBoot,
} from './boot-switch.ts';
import type { SwitchAct } from './boot-switch.ts';
import { triggerCrashDump } from './dump.ts';
import { describeGuest } from './describe-guest.ts';
import { FreeMemory, requireDedicated } from './capacity.ts';
import { capabilities, capabilitiesAsTraits } from './capabilities.ts';
import { consoleText, readConsole, serialConsole } from './console.ts';
import { readExtraSpecs, storageGroupOf } from './extra-specs.ts';
import { addressTowards, hostUptime } from './host-facts.ts';
import { CpcSubset } from './inventory.ts';
import { attachInterfaces, detachInterfaces } from './interfaces.ts';
import { locateGuest, readInfo } from './lookups.ts';
import {
  bootableRequest,
  isMapped,
  mappedVolumes,
  mapperOf,
  ownerOf,
  partitionRequest,
  unmapperOf,
  volumeOf,
  withSize,
} from './mapping.ts';
import { nicRequest, nicRequests, portsOf } from './nic-requests.ts';
import { listNics } from './nics.ts';
import { DpmPartitionVolumes } from './partition-volumes.ts';
import { diagnose, flatDiagnostics } from './nova-diagnostics.ts';
import { powerActsOf, powerOff, powerOn } from './power.ts';
import { PowerWatch } from './power-watch.ts';
import { reportInstancePaths } from './path-report.ts';
import { readOrCreatePorts } from './ports.ts';
import { updateProviderTree } from './provider-tree.ts';
import { requireSameHost } from './migration.ts';
import { planChange, reconfigure } from './reconfigure.ts';
import type { WantedServer } from './reconfigure.ts';
import { RefusingDriver } from './refusals.ts';
import { openHmc, startRuntime } from './runtime.ts';
import type { DpmRuntime } from './runtime.ts';
import type { DpmDriverSettings } from './settings.ts';
import { readHostUsage } from './usage.ts';

/** What the driver uses besides its settings. @public */
export interface DpmDriverServices extends Watchers {
  /** Records which partition belongs to which instance. By default in memory: after a restart, partitions are found by name. */
  readonly partitionRecords?: PartitionRecords | undefined;
  /** Whether this process changes nothing. If true, `initHost` does not check the adapter ports of the settings. */
  readonly readsOnly?: boolean | undefined;
  /** Records whether the HMC answers, and waits during an outage. */
  readonly outages?: Outages | undefined;
}

/**
 * Nova's driver interface for DPM. Each method calls a function of `spawn/`, or reads or changes a partition. Methods that no
 * machine in DPM mode can serve, such as `pause`, are inherited: each throws {@link NotImplementedError} with the reason.
 *
 * @public
 */
export class DpmDriver extends RefusingDriver implements ComputeDriver {
  readonly capabilities = capabilities;

  readonly #settings: DpmDriverSettings;
  readonly #virtapi: VirtApi;
  readonly #services: DpmDriverServices;
  readonly #hmc: HmcSession;
  readonly #powerWatch: PowerWatch;
  #runtime: DpmRuntime | undefined;
  #freeMemory: FreeMemory | undefined;
  /** Caches the ports during a spawn: the compute manager calls `getVolumeConnector` for each volume that it maps. */
  readonly #ports = new Map<string, readonly Initiator[]>();
  /** The power state after an operation, for the first `getInfo` that follows. Nova calls it after each operation. */
  readonly #stateAfterOperation = new Map<string, PowerState>();

  constructor(settings: DpmDriverSettings, virtapi: VirtApi, services: DpmDriverServices) {
    super();
    this.#settings = settings;
    this.#virtapi = virtapi;
    this.#services = services;
    this.#hmc = openHmc(settings, services.log, services.outages);
    this.#powerWatch = new PowerWatch(this.#hmc, settings.powerWatch, services.log);
  }

  async initHost(host: string, context: RequestContext): Promise<void> {
    if (host !== this.#settings.host) {
      throw new InternalError(`this driver was made for host "${this.#settings.host}", not "${host}"`);
    }
    if (this.#settings.hmc.insecure) {
      this.#services.log.warn(
        { event: 'hmc.insecure' },
        'dpm.hmc_insecure is set: the HMC certificate is not verified, and an attacker on the network can read the password',
      );
    }
    const { log, partitionRecords: records = new MemoryPartitionRecords(), readsOnly = false } = this.#services;
    this.#runtime = await startRuntime(this.#hmc, this.#settings, { log, records, readsOnly }, context);
    this.#freeMemory = new FreeMemory(this.#hmc, this.#runtime.cpc);
    this.#powerWatch.start(this.#runtime, host);
  }

  async ping(context: RequestContext): Promise<void> {
    await this.#hmc.apiVersion(context);
  }

  async cleanupHost(): Promise<void> {
    this.#powerWatch[Symbol.dispose]();
    await this.#hmc.close({ signal: AbortSignal.timeout(10_000) });
  }

  processInstancesAtStartup(_context: RequestContext, instances: readonly Instance[]): Promise<readonly Instance[]> {
    return Promise.resolve(instances); // nothing to resume: the compute manager retries interrupted operations
  }

  checkExtraSpecs(extraSpecs: Readonly<Record<string, string>>): void {
    const read = readExtraSpecs(extraSpecs);
    storageGroupOf(read);
    bootFromOf(read);
  }

  /**
   * Checks that what the extra specs name exists: storage group, ISO image, capacity group, crypto adapters.
   *
   * @throws NotFoundError, ConfigError
   */
  async requireNamed(context: RequestContext, extraSpecs: Readonly<Record<string, string>>): Promise<void> {
    const read = readExtraSpecs(extraSpecs);
    await checkBootFrom(bootFromOf(read, context));
    await findAssignments(this.#started(), read, context);
    const group = storageGroupOf(read);
    if (group !== null) await this.#tools().storage.preparedGroups?.require(group.name, context);
  }

  /** Returns the memory in MiB that a partition gets: the requested memory, rounded up to the increment of the machine. */
  assignedMemory(memoryMib: number): number {
    return sizePartition({ vcpus: 1, memoryMib }, this.#settings.memoryIncrementMib).memoryMib;
  }

  async prepareForSpawn(instance: Instance, context = defaultContext()): Promise<void> {
    const request = partitionRequest(instance, null, this.#settings);
    // The partition of an earlier attempt may hold its memory already.
    if (this.#started().partitions.isUnknown(instance.uuid))
      await this.requireFreeMemory(context, instance.flavor.memoryMb);
    await this.#requireDedicated(instance, context);
    await prepare(request, this.#spawnTools(instance), this.#call(instance, context));
  }

  /** The partition is parked until the spawn: Nova evacuates no instance to a host that has it. */
  async prepareForArrival(instance: Instance, context = defaultContext()): Promise<void> {
    if ((await this.#decide(instance, context)).kind === 'ours') return;
    await this.requireFreeMemory(context, instance.flavor.memoryMb);
    await this.#requireDedicated(instance, context);
    const request = partitionRequest(instance, null, this.#settings);
    await prepareParked(request, this.#spawnTools(instance), this.#call(instance, context));
  }

  async failedSpawnCleanup(instance: Instance, context = defaultContext()): Promise<void> {
    await this.destroy(context, instance, null, null); // the second null: the driver does not know which volumes are mapped
  }

  async spawn(
    context: RequestContext,
    instance: Instance,
    _imageMeta: unknown,
    _injectedFiles: readonly unknown[],
    _adminPassword: string | null,
    _allocations: unknown,
    networkInfo: NetworkInfo | null = null,
    blockDeviceInfo: BlockDeviceInfo | null = null,
    isPoweredOn = true,
  ): Promise<void> {
    const request = {
      ...bootableRequest(this.#hmc, context, instance, blockDeviceInfo, this.#settings),
      nics: nicRequests(networkInfo),
      powerOn: isPoweredOn,
    };
    const info = blockDeviceInfo ?? { rootDeviceName: '', blockDeviceMapping: [] };
    const call = this.#call(instance, context);
    if (isPoweredOn) await this.#requireDedicated(instance, context);
    try {
      const { started } = (await this.#isStockOrder(instance, info, context))
        ? await spawnInStockOrder(request, mappedVolumes(info), this.#spawnTools(instance), call)
        : await spawn(request, this.#mapper(context, instance, info), this.#spawnTools(instance), call);
      this.#stateAfterOperation.set(instance.uuid, powerStateOf(started.status));
    } finally {
      this.#ports.delete(instance.uuid);
    }
  }

  async destroy(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    blockDeviceInfo: BlockDeviceInfo | null = null,
  ): Promise<void> {
    this.#stateAfterOperation.delete(instance.uuid);
    const isMappingKnown = blockDeviceInfo !== null;
    const [owner, mapped, nics] = [this.#owner(instance), mappedVolumes(blockDeviceInfo), portsOf(networkInfo)];
    const request = { owner, mapped, isMappingKnown, nics };
    const [tools, call] = [this.#tools(), this.#call(instance, context)];
    // Stock Nova unmaps volumes only after the destroy, so the partition must keep its WWPNs until they are unmapped.
    if (tools.driverUnmaps) await destroy(request, unmapperOf(this.#virtapi, context, instance), tools, call);
    else await park(request, tools, call);
  }

  async removeParked(context: RequestContext, instance: Pick<Instance, 'uuid'>): Promise<void> {
    await removeParked(this.#owner(instance), this.#tools(), this.#call(instance, context));
  }

  async cleanup(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    blockDeviceInfo: BlockDeviceInfo | null = null,
  ): Promise<void> {
    await this.destroy(context, instance, networkInfo, blockDeviceInfo);
  }

  async getVolumeConnector(instance: Instance, context = defaultContext()): Promise<Connector> {
    const known = this.#ports.get(instance.uuid);
    const initiators = known ?? (await readOrCreatePorts(this.#started(), instance, this.#settings, context));
    const wwpns = initiators.map(({ wwpn }) => wwpn);
    if (wwpns.length === 0) throw new NotFoundError(`instance ${instance.name} has no FCP port: there is no connector`);
    return makeConnector(instance.uuid, wwpns, this.#settings.connector);
  }

  async attachVolume(context: RequestContext, connectionInfo: ConnectionInfo, instance: Instance): Promise<void> {
    const volume = await withSize(this.#virtapi, context, volumeOf(connectionInfo));
    const request = { owner: this.#owner(instance), volume };
    await attachVolume(request, this.#tools(), this.#call(instance, context));
  }

  async detachVolume(context: RequestContext, connectionInfo: ConnectionInfo, instance: Instance): Promise<void> {
    const request = { owner: this.#owner(instance), volume: volumeOf(connectionInfo) };
    await detachVolume(request, this.#tools(), this.#call(instance, context));
  }

  extendVolume(): Promise<void> {
    return Promise.resolve(); // the LUN grows on the array; the guest sees it after a rescan
  }

  async triggerCrashDump(
    instance: Instance,
    context = defaultContext(),
    info: BlockDeviceInfo | null = null,
    dumpVolume?: string,
  ): Promise<void> {
    const [owner, mapped] = [this.#owner(instance), mappedVolumes(info)];
    const partition = await this.#partition(instance, context, info === null ? undefined : evidenceOf(mapped));
    const volume = dumpVolume === undefined ? undefined : requireVolume(mapped, dumpVolume, partition);
    await triggerCrashDump(this.#started(), { owner, partition, volume }, context);
  }

  async rescue(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    imageMeta: BootFrom,
    _rescuePassword: string | null,
    info: BlockDeviceInfo,
  ): Promise<void> {
    await this.mountBootMedia(context, instance, imageMeta); // a bad image must not stop the guest
    await this.powerOff(instance, 0, 0, context);
    const { source } = imageMeta;
    await this.setBoot(context, instance, info, source === 'iso' ? { source } : imageMeta);
    await this.powerOn(context, instance, networkInfo, info);
  }

  async unrescue(context: RequestContext, instance: Instance, info?: BlockDeviceInfo): Promise<void> {
    if (info === undefined) throw new ConflictError(`unrescue of instance ${instance.name} needs its volumes`);
    await this.rescue(context, instance, null, { source: 'volume' }, null, info);
    await this.releaseBootMedia(context, instance);
  }

  async readBoot(context: RequestContext, instance: Instance): Promise<BootSettings> {
    return await readBootSettings(this.#started(), await this.#partition(instance, context), context);
  }

  async setBoot(context: RequestContext, instance: Instance, info: BlockDeviceInfo, from: BootFrom): Promise<void> {
    const mapped = mappedVolumes(info);
    const partition = await this.#partition(instance, context, evidenceOf(mapped));
    const { owner, storageGroup } = partitionRequest(instance, info, this.#settings);
    const act = actsOf<SwitchAct>('switch-boot', this.#call(instance, context), this.#services);
    await act('switch-boot-source', (progress) =>
      switchBoot(this.#started(), { owner, partition, mapped, storageGroup }, from, { ...context, progress }),
    );
  }

  async mountBootMedia(context: RequestContext, instance: Instance, from: BootFrom): Promise<void> {
    await mountBootMedia(this.#started(), await this.#partition(instance, context), from, context);
  }

  async restoreBoot(context: RequestContext, instance: Instance, settings: BootSettings): Promise<void> {
    await restoreBootSettings(this.#hmc, await this.#partition(instance, context), settings, context);
  }

  async releaseBootMedia(context: RequestContext, instance: Instance): Promise<void> {
    await releaseBootMedia(this.#hmc, await this.#partition(instance, context), context);
  }

  /**
   * @param blockDeviceInfo - the current volumes, for new boot parameters. Null keeps the boot parameters, and the driver then
   *   knows only those paths to the boot volume that the last spawn recorded
   */
  async powerOn(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null = null,
    blockDeviceInfo: BlockDeviceInfo | null = null,
  ): Promise<void> {
    this.#stateAfterOperation.delete(instance.uuid);
    const mapped = blockDeviceInfo === null ? undefined : mappedVolumes(blockDeviceInfo);
    const nics = networkInfo === null ? undefined : nicRequests(networkInfo);
    const [owner, evidence] = [this.#owner(instance), mapped && evidenceOf(mapped)];
    const partition = await this.#partition(instance, context, evidence);
    const { bootAttempts: attempts } = this.#settings;
    const act = powerActsOf('start', this.#call(instance, context), this.#services);
    await powerOn(this.#started(), { owner, partition, mapped, nics, attempts }, act, context);
    this.#stateAfterOperation.set(instance.uuid, 'running');
  }

  async resumeStateOnHostBoot(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null = null,
    _shareInfo: unknown = null,
    blockDeviceInfo: BlockDeviceInfo | null = null,
  ): Promise<void> {
    await this.powerOn(context, instance, networkInfo, blockDeviceInfo);
  }

  async powerOff(
    instance: Instance,
    timeout = 0,
    retryInterval = 0,
    context = defaultContext(),
  ): Promise<GuestEnd | undefined> {
    this.#stateAfterOperation.delete(instance.uuid);
    const grace = { timeoutMs: timeout * 1000, pollMs: Math.max(retryInterval, 1) * 1000 };
    const act = powerActsOf('stop', this.#call(instance, context), this.#services);
    const end = await powerOff(this.#started(), await this.#partition(instance, context), grace, act, context);
    this.#stateAfterOperation.set(instance.uuid, 'shutdown');
    return end;
  }

  async reboot(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    rebootType: 'SOFT' | 'HARD',
    blockDeviceInfo: BlockDeviceInfo | null = null,
  ): Promise<GuestEnd | undefined> {
    nicRequests(networkInfo); // refuses what cannot be served before the stop
    const end = await this.powerOff(instance, rebootType === 'SOFT' ? GRACE_SECONDS : 0, GRACE_POLL_SECONDS, context);
    await this.powerOn(context, instance, networkInfo, blockDeviceInfo);
    return end;
  }

  async planChange(context: RequestContext, instance: Instance, wanted: WantedServer): Promise<GuestChange> {
    const partition = await this.#partition(instance, context);
    return await planChange(this.#started(), this.#settings, partition, instance, wanted, context);
  }

  async applyChange(context: RequestContext, instance: Instance, configuration: GuestConfiguration): Promise<void> {
    await reconfigure(this.#started(), await this.#partition(instance, context), configuration, context);
  }

  async migrateDiskAndPowerOff(
    context: RequestContext,
    instance: Instance,
    destination: string,
    flavor: Flavor,
    _networkInfo: NetworkInfo | null,
    _blockDeviceInfo: BlockDeviceInfo | null = null,
    timeout = 0,
    retryInterval = 0,
  ): Promise<string> {
    requireSameHost(instance, destination, this.#settings.host);
    await this.planChange(context, instance, { name: instance.name, flavor, isResize: true });
    await this.powerOff(instance, timeout, retryInterval, context);
    return '';
  }

  async finishMigration(
    context: RequestContext,
    _migration: unknown,
    instance: Instance,
    _diskInfo: string,
    networkInfo: NetworkInfo | null,
    _imageMeta: unknown,
    _resizeInstance: boolean,
    _allocations: unknown,
    blockDeviceInfo: BlockDeviceInfo | null = null,
    isPoweredOn = true,
  ): Promise<void> {
    await this.#giveFlavor(context, instance, instance.oldFlavor);
    if (isPoweredOn) await this.powerOn(context, instance, networkInfo, blockDeviceInfo);
  }

  confirmMigration(): Promise<void> {
    return Promise.resolve(); // the resized partition is the only one
  }

  async finishRevertMigration(
    context: RequestContext,
    instance: Instance,
    networkInfo: NetworkInfo | null,
    _migration: unknown,
    blockDeviceInfo: BlockDeviceInfo | null = null,
    isPoweredOn = true,
  ): Promise<void> {
    if (blockDeviceInfo !== null && !this.#tools().driverUnmaps) {
      // Stock Nova has destroyed the server with the new size, and mapped its volumes again (manager.py, revert_resize).
      await this.spawn(context, instance, null, [], null, null, networkInfo, blockDeviceInfo, isPoweredOn);
      return;
    }
    await this.powerOff(instance, 0, 0, context);
    await this.#giveFlavor(context, instance, instance.newFlavor);
    if (isPoweredOn) await this.powerOn(context, instance, networkInfo, blockDeviceInfo);
  }

  async getConsoleOutput(context: RequestContext, instance: Instance): Promise<string> {
    return await consoleText(this.#started(), await this.#partition(instance, context), context);
  }

  async readConsole(context: RequestContext, instance: Instance, begin?: number): Promise<ConsoleReading> {
    return await readConsole(this.#started(), await this.#partition(instance, context), begin, context);
  }

  async getSerialConsole(context: RequestContext, instance: Instance): Promise<SerialConsole> {
    return serialConsole(this.#started(), await this.#partition(instance, context));
  }

  async getInfo(instance: Instance, useCache = true, context = defaultContext()): Promise<InstanceInfo> {
    const cached = useCache ? this.#stateAfterOperation.get(instance.uuid) : undefined;
    this.#stateAfterOperation.delete(instance.uuid); // valid only for the first getInfo after an operation
    const known = cached ?? (useCache ? this.#powerWatch.powerStates()?.get(instance.uuid) : undefined);
    if (known !== undefined) return { state: known };
    return await readInfo(this.#started(), this.#owner(instance), instance, context);
  }

  guestName(instance: Pick<Instance, 'uuid'>): string {
    return partitionName(this.#owner(instance));
  }

  /** @throws PartitionInDoubtError, because in doubt neither true nor false would be correct */
  async instanceExists(instance: Instance, context = defaultContext()): Promise<boolean> {
    return withoutParked(await this.#decide(instance, context)).kind === 'ours';
  }

  async locateGuest(
    context: RequestContext,
    instance: Instance,
    blockDeviceInfo: BlockDeviceInfo,
  ): Promise<GuestLocation> {
    const mapped = mappedVolumes(blockDeviceInfo);
    return await locateGuest(this.#started(), this.#owner(instance), mapped, context);
  }

  /** Finds and records the partitions of instances that have no record. If all have one, sends no request to the HMC. */
  async adoptGuests(context: RequestContext, instances: readonly Instance[]): Promise<void> {
    await this.#subset().adopt(instances, context);
  }

  async listInstanceUuids(context = defaultContext()): Promise<readonly string[]> {
    return [...(await this.listPowerStates(context)).keys()];
  }

  async listInstances(context = defaultContext()): Promise<readonly string[]> {
    return await this.listInstanceUuids(context); // the platform does not store the name of an instance
  }

  async getNumInstances(context = defaultContext()): Promise<number> {
    return (await this.listInstanceUuids(context)).length;
  }

  async listPowerStates(context: RequestContext): Promise<ReadonlyMap<string, PowerState>> {
    return this.#powerWatch.powerStates() ?? (await this.#subset().powerStates(context));
  }

  /** Connects to the HMC for its notifications once there is a listener. */
  lifecycleSource(): LifecycleSource {
    return this.#powerWatch;
  }

  async listGuests(
    context: RequestContext,
    { all, parked = false }: { readonly all: boolean; readonly parked?: boolean },
  ): Promise<readonly PlatformGuest[]> {
    return await this.#subset().guests(all, context, parked);
  }

  /** Lists orphaned storage groups of this host. @param known - the instances that exist */
  async listStrayStorage(context: RequestContext, known: ReadonlySet<string>): Promise<readonly AllocatedStorage[]> {
    return await this.#started().storage.listAllocated(this.#settings.host, known, context);
  }

  /** Lists orphaned vHBAs and storage volumes. @param expected - the storage that the instances use */
  async listSurplusStorage(
    context: RequestContext,
    expected: readonly ExpectedStorage[],
  ): Promise<readonly SurplusStorage[]> {
    return await this.#started().storage.audit.list(this.#settings.host, expected, context);
  }

  /** Removes one vHBA or storage volume. @param expected - the storage that the instance uses, which is never removed */
  async removeSurplusStorage(context: RequestContext, expected: ExpectedStorage, uri: string): Promise<void> {
    await this.#started().storage.audit.remove(this.#settings.host, expected, uri, context);
  }

  async listNics(context: RequestContext, guests: readonly PlatformGuest[]): Promise<readonly PlatformNic[]> {
    return await listNics(this.#started(), guests, context);
  }

  async listWwpns(context: RequestContext): Promise<ReadonlySet<string>> {
    return await this.#started().storage.audit.allWwpns(context);
  }

  async listVolumePaths(
    context: RequestContext,
    instance: Instance,
    blockDeviceInfo: BlockDeviceInfo,
  ): Promise<readonly PathRecord[]> {
    const mapped = mappedVolumes(blockDeviceInfo);
    const subject = { owner: this.#owner(instance), server: instance.name, mapped };
    return await reportInstancePaths(this.#started(), subject, context);
  }

  async getSearchPath(instance: Instance | undefined, context: RequestContext): Promise<string | undefined> {
    if (instance === undefined) return `${this.#started().cpc.uri}/partitions`;
    const found = withoutParked(await this.#started().partitions.look(this.#owner(instance), noEvidence, context));
    return found.kind === 'ours' ? found.partition.uri : undefined;
  }

  async describeGuest(
    context: RequestContext,
    instance: Instance,
    blockDeviceInfo: BlockDeviceInfo,
  ): Promise<GuestDescription | undefined> {
    const mapped = mappedVolumes(blockDeviceInfo);
    return await describeGuest(this.#started(), this.#settings, this.#owner(instance), mapped, context);
  }

  async getInstanceDiagnostics(instance: Instance, context = defaultContext()): Promise<Diagnostics> {
    return await diagnose(this.#started(), this.#owner(instance), instance, context);
  }

  async getDiagnostics(instance: Instance, context = defaultContext()) {
    return flatDiagnostics(await this.getInstanceDiagnostics(instance, context));
  }

  async readHostUsage(context: RequestContext): Promise<HostUsage> {
    return await readHostUsage(this.#started(), context);
  }

  async readGuestUsage(context: RequestContext, instances: readonly Instance[]) {
    return await this.#subset().usage(instances, context);
  }

  partitionVolumes(): PartitionVolumes {
    return new DpmPartitionVolumes(this.#started(), this.#settings);
  }

  getAvailableNodes(): Promise<readonly string[]> {
    return Promise.resolve([this.#settings.host]);
  }

  nodeIsAvailable(nodename: string): Promise<boolean> {
    return Promise.resolve(nodename === this.#settings.host);
  }

  async updateProviderTree(
    tree: ProviderTree,
    nodename: string,
    _allocations: unknown = null,
    context = defaultContext(),
  ): Promise<void> {
    const resource = await this.getAvailableResource(nodename, context);
    updateProviderTree(tree, nodename, resource, this.#started(), this.#settings);
  }

  async requireFreeMemory(context: RequestContext, memoryMib: number): Promise<void> {
    await this.#freeMemory?.require(memoryMib, this.#settings, context);
  }

  getHostUptime(): Promise<string> {
    return Promise.resolve(hostUptime());
  }

  async getHostIpAddr(): Promise<string> {
    return await addressTowards(this.#settings.hmc.urls[0] ?? '');
  }

  async getAvailableResource(nodename: string, context = defaultContext()): Promise<AvailableResource> {
    return await this.#subset().availableResource(nodename, context);
  }

  capabilitiesAsTraits(): Readonly<Record<string, boolean>> {
    return capabilitiesAsTraits(this.capabilities);
  }

  async attachInterface(
    context: RequestContext,
    instance: Instance,
    _imageMeta: unknown,
    vif: VirtualInterface,
  ): Promise<void> {
    const requests = [nicRequest(vif)];
    const partition = await this.#partition(instance, context);
    await attachInterfaces(partition, requests, this.#tools(), this.#call(instance, context));
  }

  async detachInterface(context: RequestContext, instance: Instance, vif: VirtualInterface): Promise<void> {
    await this.unplugVifs(instance, [vif], context);
  }

  /** Nova calls this for every server when nova-compute starts. A partition that does not exist gets its NICs when it is spawned. */
  async plugVifs(instance: Instance, networkInfo: NetworkInfo, context = defaultContext()): Promise<void> {
    const requests = nicRequests(networkInfo);
    const found = requests.length === 0 ? undefined : withoutParked(await this.#decide(instance, context));
    if (found?.kind !== 'ours') return;
    await attachInterfaces(found.partition, requests, this.#tools(), this.#call(instance, context));
  }

  async unplugVifs(instance: Instance, networkInfo: NetworkInfo, context = defaultContext()): Promise<void> {
    const found = networkInfo.length === 0 ? undefined : await this.#decide(instance, context);
    if (found?.kind !== 'ours') return;
    await detachInterfaces(found.partition, portsOf(networkInfo), this.#tools(), this.#call(instance, context));
  }

  /**
   * Whether this spawn has the stock order, in which `prepareForSpawn` has already created the partition. If the instance has
   * volumes, the order is stock if they are mapped already. If it has none, the order is stock if the partition exists.
   */
  async #isStockOrder(instance: Instance, info: BlockDeviceInfo, w: Waiting): Promise<boolean> {
    if (info.blockDeviceMapping.length > 0) return isMapped(info);
    return (await this.#decide(instance, w)).kind === 'ours';
  }

  async #requireDedicated(instance: Instance, w: Waiting): Promise<void> {
    const { vcpus, extraSpecs } = instance.flavor;
    if (readExtraSpecs(extraSpecs).processor_mode !== 'dedicated') return;
    await requireDedicated(this.#hmc, this.#started().cpc, { name: this.guestName(instance), vcpus }, w);
  }

  #mapper(context: RequestContext, instance: Instance, info: BlockDeviceInfo) {
    return mapperOf(this.#virtapi, context, instance, info, (ports) => this.#ports.set(instance.uuid, ports));
  }

  #started(): DpmRuntime {
    if (this.#runtime === undefined) throw new InternalError('initHost has not run');
    return this.#runtime;
  }

  #tools(): SpawnTools {
    const { bootAttempts: attempts, loginBeforeZoning, undo } = this.#settings;
    const runtime = this.#started();
    return {
      ...runtime,
      cpcUri: runtime.cpc.uri,
      encodeGuestParameters,
      boot: { attempts, loginBeforeZoning },
      undo,
      driverUnmaps: this.#virtapi.unprepBlockDevice !== undefined,
      watchers: this.#services,
    };
  }

  #spawnTools(instance: Instance): SpawnTools {
    const runtime = this.#started();
    const specs = readExtraSpecs(instance.flavor.extraSpecs);
    return {
      ...this.#tools(),
      assign: async (partition, w) => await assign(runtime, partition, await findAssignments(runtime, specs, w), w),
    };
  }

  #call(
    instance: Pick<Instance, 'uuid'> & { readonly name?: string },
    { signal, flowId = instance.uuid }: RequestContext,
  ): VerbCall {
    return { signal, flowId, subject: instance.name, log: this.#services.log };
  }

  #subset(): CpcSubset {
    return new CpcSubset(this.#started(), this.#settings);
  }

  /** @param before - the flavour that the partition has; if unknown, all properties of the instance's flavour are applied */
  async #giveFlavor(context: RequestContext, instance: Instance, before: Flavor | undefined): Promise<void> {
    const { name, flavor } = instance;
    const now = { ...instance, flavor: before ?? { ...flavor, extraSpecs: {} } };
    const { to } = await this.planChange(context, now, { name, flavor, isResize: true });
    await this.applyChange(context, instance, to);
  }

  #owner(instance: Pick<Instance, 'uuid'>): PartitionOwner {
    return ownerOf(instance, this.#settings.host);
  }

  /** Also finds a parked partition. */
  async #decide(instance: Instance, w: Waiting) {
    return await this.#started().partitions.decide(this.#owner(instance), noEvidence, w);
  }

  async #partition(instance: Instance, w: Waiting, evidence = noEvidence): Promise<OwnPartition> {
    return await this.#started().partitions.require(this.#owner(instance), evidence, w);
  }
}

/** Returns the default context, for the methods that Nova calls without one. It cannot be cancelled. */
function defaultContext(): RequestContext {
  return { requestId: 'req-none', signal: neverAborted() };
}
