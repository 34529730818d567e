import { z } from 'zod';
import type { JsonValue } from '../../base/index.ts';
import type { ComputeDriver, ProviderInventory, RequestContext } from '../../virt/index.ts';
import {
  blockDeviceInfoShape,
  connectionInfoShape,
  flavorShape,
  imageMetaShape,
  instanceShape,
  networkInfoShape,
  toBlockDeviceInfo,
  toConnectionInfo,
  toFlavor,
  toInstance,
  toNetworkInfo,
  toVif,
  vifShape,
} from './shapes.ts';
import { rescueFromImage } from '../rescue.ts';
import type { RescueTools } from '../rescue.ts';
import { toSnakeCase } from './snake-case.ts';

/** What a method is called with besides its body. */
export interface Called {
  readonly driver: ComputeDriver;
  /** The compute host that the service serves. */
  readonly host: string;
  readonly context: RequestContext;
  readonly records: CallRecords;
  readonly rescue: Omit<RescueTools, 'driver'>;
}

/** What the service records of the instances that Nova owns. */
export interface CallRecords {
  /** The body of the last `rescue`, for an `unrescue` without volumes. */
  rescued(instanceUuid: string): unknown;
}

/** A method of Nova's contract, by Nova's name. */
export interface Method {
  readonly name: string;
  readonly summary: string;
  readonly body: z.ZodObject;
  readonly result: z.ZodType;
  /** Whether it changes something: it then needs an idempotency key, and takes its turn at the instance. */
  readonly changes: boolean;
  /** What the method does to the record that Nova has the instance: begin it, keep it or add it, or end it. */
  readonly ownership?: 'begins' | 'keeps' | 'ends';
  readonly call: (called: Called, body: never) => Promise<unknown>;
}

interface Definition<Body extends z.ZodRawShape> extends Omit<Method, 'name' | 'body' | 'changes' | 'result' | 'call'> {
  readonly body: Body;
  /** Default: null. */
  readonly result?: z.ZodType;
  readonly call: (called: Called, body: z.output<z.ZodObject<Body>>) => Promise<unknown>;
}

const nothing = z.null();

function define(changes: boolean) {
  return <Body extends z.ZodRawShape>({ body, result = nothing, ...rest }: Definition<Body>): Omit<Method, 'name'> => ({
    ...rest,
    changes,
    result,
    body: z.strictObject(body),
  });
}
const change = define(true);
const read = define(false);

const instance = instanceShape;
const networkInfo = networkInfoShape.nullish();
const blockDeviceInfo = blockDeviceInfoShape.nullish();
const seconds = z.number().nonnegative().nullish();
const strings = z.array(z.string());
const dictionary = z.record(z.string(), z.json());

const inventoryShape = z.record(
  z.string(),
  z.looseObject({
    total: z.number().optional(),
    reserved: z.number().optional(),
    min_unit: z.number().optional(),
    max_unit: z.number().optional(),
    step_size: z.number().optional(),
    allocation_ratio: z.number().optional(),
  }),
);

/** Every method that the service answers, except those that the driver refuses. */
export const methods = {
  init_host: read({
    summary: 'Checks that the service serves this host',
    body: { host: z.string() },
    call: async ({ host }, { host: asked }) => {
      if (asked !== host) throw new WrongHostError(asked, host);
      return await Promise.resolve(null);
    },
  }),
  prepare_for_spawn: change({
    summary: 'Creates partition and ports',
    body: { instance },
    ownership: 'begins',
    call: async ({ driver, host, context }, body) =>
      await driver.prepareForSpawn(toInstance(body.instance, host), context),
  }),
  failed_spawn_cleanup: change({
    summary: 'Undoes prepare_for_spawn',
    body: { instance },
    ownership: 'ends',
    call: async ({ driver, host, context }, body) =>
      await driver.failedSpawnCleanup(toInstance(body.instance, host), context),
  }),
  get_volume_connector: change({
    summary: 'Returns the connector with the WWPNs of the partition',
    body: { instance },
    result: dictionary,
    ownership: 'keeps',
    call: async ({ driver, host, context }, body) => {
      const arrived = toInstance(body.instance, host);
      // After an evacuation or an unshelve, Nova asks for the connector before any other call.
      if (body.instance.host !== host) await driver.prepareForArrival?.(arrived, context);
      return await driver.getVolumeConnector(arrived, context);
    },
  }),
  spawn: change({
    summary: 'Connects the mapped volumes, gives the partition its NICs and starts it',
    body: {
      instance,
      network_info: networkInfo,
      block_device_info: blockDeviceInfo,
      power_on: z.boolean().nullish(),
    },
    ownership: 'begins',
    call: async ({ driver, host, context }, body) =>
      await driver.spawn(
        context,
        toInstance(body.instance, host),
        null,
        [],
        null,
        null,
        toNetworkInfo(body.network_info),
        toBlockDeviceInfo(body.block_device_info),
        body.power_on ?? true,
      ),
  }),
  destroy: change({
    summary: 'Stops the partition, and keeps its ports until Cinder has no attachment of the instance',
    body: { instance, network_info: networkInfo, block_device_info: blockDeviceInfo },
    ownership: 'ends',
    call: async ({ driver, host, context }, body) =>
      await driver.destroy(
        context,
        toInstance(body.instance, host),
        toNetworkInfo(body.network_info),
        toBlockDeviceInfo(body.block_device_info),
      ),
  }),
  cleanup: change({
    summary: 'Does what destroy has left undone',
    body: { instance, network_info: networkInfo, block_device_info: blockDeviceInfo },
    ownership: 'ends',
    call: async ({ driver, host, context }, body) =>
      await driver.cleanup(
        context,
        toInstance(body.instance, host),
        toNetworkInfo(body.network_info),
        toBlockDeviceInfo(body.block_device_info),
      ),
  }),
  attach_volume: change({
    summary: 'Attaches a mapped volume',
    body: { instance, connection_info: connectionInfoShape, mountpoint: z.string().nullish() },
    call: async ({ driver, host, context }, body) =>
      await driver.attachVolume(
        context,
        toConnectionInfo(body.connection_info),
        toInstance(body.instance, host),
        body.mountpoint ?? '',
      ),
  }),
  detach_volume: change({
    summary: 'Detaches a volume',
    body: { instance, connection_info: connectionInfoShape, mountpoint: z.string().nullish() },
    call: async ({ driver, host, context }, body) =>
      await driver.detachVolume(
        context,
        toConnectionInfo(body.connection_info),
        toInstance(body.instance, host),
        body.mountpoint ?? '',
      ),
  }),
  extend_volume: change({
    summary: 'Notes that the array has grown a volume',
    body: { instance, connection_info: connectionInfoShape, requested_size: z.number().positive() },
    call: async ({ driver, host, context }, body) =>
      await driver.extendVolume(
        context,
        toConnectionInfo(body.connection_info),
        toInstance(body.instance, host),
        body.requested_size,
      ),
  }),
  power_on: change({
    summary: 'Starts the partition',
    body: { instance, network_info: networkInfo, block_device_info: blockDeviceInfo },
    ownership: 'keeps',
    call: async ({ driver, host, context }, body) =>
      await driver.powerOn(
        context,
        toInstance(body.instance, host),
        toNetworkInfo(body.network_info),
        toBlockDeviceInfo(body.block_device_info),
      ),
  }),
  resume_state_on_host_boot: change({
    summary: 'Starts a partition that should run',
    body: { instance, network_info: networkInfo, block_device_info: blockDeviceInfo },
    ownership: 'keeps',
    call: async ({ driver, host, context }, body) =>
      await driver.resumeStateOnHostBoot?.(
        context,
        toInstance(body.instance, host),
        toNetworkInfo(body.network_info),
        null,
        toBlockDeviceInfo(body.block_device_info),
      ),
  }),
  power_off: change({
    summary: 'Stops the partition; asks the guest first if a timeout is given',
    body: { instance, timeout: seconds, retry_interval: seconds },
    ownership: 'keeps',
    call: async ({ driver, host, context }, body) =>
      await driver.powerOff(toInstance(body.instance, host), body.timeout ?? 0, body.retry_interval ?? 0, context),
  }),
  reboot: change({
    summary: 'Stops the partition and starts it again; SOFT asks the guest first',
    body: {
      instance,
      network_info: networkInfo,
      reboot_type: z.enum(['SOFT', 'HARD']),
      block_device_info: blockDeviceInfo,
    },
    ownership: 'keeps',
    call: async ({ driver, host, context }, body) =>
      await driver.reboot(
        context,
        toInstance(body.instance, host),
        toNetworkInfo(body.network_info),
        body.reboot_type,
        toBlockDeviceInfo(body.block_device_info),
      ),
  }),
  get_info: read({
    summary: 'Returns the power state',
    body: { instance, use_cache: z.boolean().nullish() },
    result: z.object({
      state: z.enum(['nostate', 'running', 'paused', 'shutdown', 'crashed', 'suspended']),
      internal_id: z.string().nullable(),
    }),
    call: async ({ driver, host, context }, body) => {
      const info = await driver.getInfo(toInstance(body.instance, host), body.use_cache ?? true, context);
      return { state: info.state, internal_id: info.internalId ?? null };
    },
  }),
  instance_exists: read({
    summary: 'Whether the instance has a partition',
    body: { instance },
    result: z.boolean(),
    call: async ({ driver, host, context }, body) =>
      await driver.instanceExists(toInstance(body.instance, host), context),
  }),
  list_instances: read({
    summary: 'Lists the UUIDs of the instances: a partition has no other name of an instance',
    body: {},
    result: strings,
    call: async ({ driver, context }) => await driver.listInstances(context),
  }),
  list_instance_uuids: read({
    summary: 'Lists the UUIDs of the instances',
    body: {},
    result: strings,
    call: async ({ driver, context }) => await driver.listInstanceUuids(context),
  }),
  get_num_instances: read({
    summary: 'Counts the instances',
    body: {},
    result: z.int(),
    call: async ({ driver, context }) => await driver.getNumInstances(context),
  }),
  get_available_nodes: read({
    summary: 'Lists the compute nodes of this host: one',
    body: {},
    result: strings,
    call: async ({ driver }) => await driver.getAvailableNodes(),
  }),
  node_is_available: read({
    summary: 'Whether this is a compute node of this host',
    body: { nodename: z.string() },
    result: z.boolean(),
    call: async ({ driver }, { nodename }) => await driver.nodeIsAvailable(nodename),
  }),
  get_available_resource: read({
    summary: "Returns Nova's dictionary of resources",
    body: { nodename: z.string() },
    result: dictionary,
    call: async ({ driver, context }, { nodename }) => {
      const { stats, ...resource } = await driver.getAvailableResource(nodename, context);
      return { ...toSnakeCase(resource), stats };
    },
  }),
  update_provider_tree: read({
    summary: 'Returns the inventory and the traits that the compute node has to have in Placement',
    body: { nodename: z.string(), inventory: inventoryShape.nullish(), traits: strings.nullish() },
    result: z.object({ inventory: inventoryShape, traits: strings }),
    call: async ({ driver, context }, { nodename, inventory, traits }) =>
      await providerData(driver, nodename, { inventory: inventory ?? {}, traits: traits ?? [] }, context),
  }),
  get_host_uptime: read({
    summary: 'Returns how long the host has been up',
    body: {},
    result: z.string(),
    call: async ({ driver }) => (await driver.getHostUptime?.()) ?? '',
  }),
  get_host_ip_addr: read({
    summary: 'Returns the IP address of the compute host',
    body: {},
    result: z.string(),
    call: async ({ driver }) => (await driver.getHostIpAddr?.()) ?? '',
  }),
  get_console_output: read({
    summary: 'Returns what the guest printed on its console',
    body: { instance },
    result: z.string(),
    call: async ({ driver, host, context }, body) =>
      (await driver.getConsoleOutput?.(context, toInstance(body.instance, host))) ?? '',
  }),
  get_serial_console: read({
    summary: 'Returns where the serial console is',
    body: { instance },
    result: z.object({ host: z.string(), port: z.int(), internal_access_path: z.string().nullable() }),
    call: async ({ driver, host, context }, body) => {
      const console = await driver.getSerialConsole?.(context, toInstance(body.instance, host));
      return { host: console?.host ?? '', port: console?.port ?? 0, internal_access_path: null };
    },
  }),
  get_diagnostics: read({
    summary: 'Returns what the HMC measures of an instance, as one flat dictionary',
    body: { instance },
    result: dictionary,
    call: async ({ driver, host, context }, body) =>
      (await driver.getDiagnostics?.(toInstance(body.instance, host), context)) ?? {},
  }),
  get_instance_diagnostics: read({
    summary: "Returns the same in the form of Nova's Diagnostics object",
    body: { instance },
    result: dictionary,
    call: async ({ driver, host, context }, body) =>
      toSnakeCase((await driver.getInstanceDiagnostics?.(toInstance(body.instance, host), context)) ?? {}),
  }),
  plug_vifs: change({
    summary: 'Creates NICs that the partition lacks',
    body: { instance, network_info: networkInfo },
    ownership: 'keeps',
    call: async ({ driver, host, context }, body) =>
      await driver.plugVifs(toInstance(body.instance, host), toNetworkInfo(body.network_info) ?? [], context),
  }),
  unplug_vifs: change({
    summary: 'Removes NICs',
    body: { instance, network_info: networkInfo },
    call: async ({ driver, host, context }, body) =>
      await driver.unplugVifs(toInstance(body.instance, host), toNetworkInfo(body.network_info) ?? [], context),
  }),
  attach_interface: change({
    summary: 'Attaches a network interface',
    body: { instance, vif: vifShape },
    call: async ({ driver, host, context }, body) =>
      await driver.attachInterface(context, toInstance(body.instance, host), null, toVif(body.vif)),
  }),
  detach_interface: change({
    summary: 'Detaches a network interface',
    body: { instance, vif: vifShape },
    call: async ({ driver, host, context }, body) =>
      await driver.detachInterface(context, toInstance(body.instance, host), toVif(body.vif)),
  }),
  rescue: change({
    summary: 'Boots the partition from an ISO image of Glance',
    body: {
      instance,
      network_info: networkInfo,
      image_meta: imageMetaShape.nullish(),
      block_device_info: blockDeviceInfo,
    },
    ownership: 'keeps',
    call: async ({ driver, host, context, rescue }, body) => {
      const asked = {
        instance: toInstance(body.instance, host),
        networkInfo: toNetworkInfo(body.network_info),
        image: body.image_meta,
        info: toBlockDeviceInfo(body.block_device_info) ?? noVolumes,
      };
      await rescueFromImage({ driver, ...rescue }, asked, context);
    },
  }),
  unrescue: change({
    summary: 'Boots the partition from its boot volume again',
    body: { instance, block_device_info: blockDeviceInfo },
    call: async ({ driver, host, context, records }, body) => {
      const recorded = blockDeviceInfoShape.safeParse(records.rescued(body.instance.uuid)).data;
      const info = toBlockDeviceInfo(body.block_device_info ?? recorded);
      await driver.unrescue?.(context, toInstance(body.instance, host), info ?? undefined);
    },
  }),
  trigger_crash_dump: change({
    summary: 'Takes a dump of the guest',
    body: { instance },
    call: async ({ driver, host, context }, body) =>
      await driver.triggerCrashDump?.(toInstance(body.instance, host), context),
  }),
  migrate_disk_and_power_off: change({
    summary: 'Begins a resize: checks the flavour and stops the partition',
    body: {
      instance,
      dest: z.string(),
      flavor: flavorShape,
      network_info: networkInfo,
      block_device_info: blockDeviceInfo,
      timeout: seconds,
      retry_interval: seconds,
    },
    result: z.string(),
    call: async ({ driver, host, context }, body) =>
      (await driver.migrateDiskAndPowerOff?.(
        context,
        toInstance(body.instance, host),
        body.dest,
        toFlavor(body.flavor),
        toNetworkInfo(body.network_info),
        toBlockDeviceInfo(body.block_device_info),
        body.timeout ?? 0,
        body.retry_interval ?? 0,
      )) ?? '',
  }),
  finish_migration: change({
    summary: 'Gives the partition its new size, and starts it',
    body: {
      instance,
      disk_info: z.string().nullish(),
      network_info: networkInfo,
      resize_instance: z.boolean().nullish(),
      block_device_info: blockDeviceInfo,
      power_on: z.boolean().nullish(),
    },
    ownership: 'begins',
    call: async ({ driver, host, context }, body) =>
      await driver.finishMigration?.(
        context,
        null,
        toInstance(body.instance, host),
        body.disk_info ?? '',
        toNetworkInfo(body.network_info),
        null,
        body.resize_instance ?? false,
        null,
        toBlockDeviceInfo(body.block_device_info),
        body.power_on ?? true,
      ),
  }),
  confirm_migration: change({
    summary: 'Ends a resize',
    body: { instance, network_info: networkInfo },
    call: async ({ driver, host, context }, body) =>
      await driver.confirmMigration?.(context, null, toInstance(body.instance, host), toNetworkInfo(body.network_info)),
  }),
  finish_revert_migration: change({
    summary: 'Gives the partition its old size again, and starts it',
    body: {
      instance,
      network_info: networkInfo,
      block_device_info: blockDeviceInfo,
      power_on: z.boolean().nullish(),
    },
    ownership: 'begins',
    call: async ({ driver, host, context }, body) =>
      await driver.finishRevertMigration?.(
        context,
        toInstance(body.instance, host),
        toNetworkInfo(body.network_info),
        null,
        toBlockDeviceInfo(body.block_device_info),
        body.power_on ?? true,
      ),
  }),
} satisfies Record<string, Omit<Method, 'name'>>;

const noVolumes = { rootDeviceName: '', blockDeviceMapping: [] };

/** The service was asked to serve another host. */
export class WrongHostError extends Error {
  constructor(asked: string, host: string) {
    super(`this service serves host "${host}" (DEFAULT.host of its settings), not "${asked}"`);
  }
}

/** Returns inventory and traits after the driver has written them into a copy of what Placement has. */
async function providerData(
  driver: ComputeDriver,
  nodename: string,
  present: { readonly inventory: Readonly<Record<string, unknown>>; readonly traits: readonly string[] },
  context: RequestContext,
) {
  let inventory = present.inventory as Readonly<Record<string, ProviderInventory>>; // the driver reads what it finds
  const traits = new Set(present.traits);
  const tree = {
    data: () => ({ inventory, traits }),
    updateInventory: (_name: string, wanted: Readonly<Record<string, ProviderInventory>>) => {
      inventory = wanted;
    },
    addTraits: (_name: string, ...added: readonly string[]) => {
      for (const trait of added) traits.add(trait);
    },
  };
  await driver.updateProviderTree?.(tree, nodename, null, context);
  for (const [trait, isOffered] of Object.entries(driver.capabilitiesAsTraits?.() ?? {})) {
    if (isOffered) traits.add(trait);
    else traits.delete(trait);
  }
  return { inventory, traits: [...traits].toSorted() as JsonValue };
}
