import { afterAll, beforeAll, expect, test } from 'vitest';
import { DriverBench } from '../../bench/driver.ts';
import { context } from '../../bench/requests.ts';
import { camelCase, readMethods } from '../../scripts/support-matrix/render.ts';
import type { Kind } from '../../scripts/support-matrix/render.ts';
import { DpmError } from '../../src/base/index.ts';
import { interfaceOn } from '../../src/virt/index.ts';
import type { ComputeDriver, Instance, ProviderTree, VirtualInterface } from '../../src/virt/index.ts';
import { quickPolicies } from '../support/quick-policies.ts';

/*
 * Calls every method of Nova's contract on the driver, on a machine without and on one with storage groups, and compares how
 * it ends with the table of the docs.
 */

interface Scene {
  readonly bench: DriverBench;
  readonly driver: ComputeDriver;
  /** Running, with volume 0. */
  readonly instance: Instance;
  readonly vif: VirtualInterface;
}

/** A tree that forgets what it is told. */
class Tree implements ProviderTree {
  data() {
    return { inventory: {}, traits: new Set<string>() };
  }
  updateInventory(): void {
    // forgotten
  }
  addTraits(): void {
    // forgotten
  }
}

const larger = ({ flavor }: Instance) => ({ ...flavor, vcpus: flavor.vcpus + 1, memoryMb: 2 * flavor.memoryMb });

/** A good call of each method that the table calls complete or partial. */
const calls: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  init_host: async ({ driver }) => await driver.initHost('compute1', context),
  get_available_nodes: async ({ driver }) => await driver.getAvailableNodes(),
  node_is_available: async ({ driver }) => await driver.nodeIsAvailable('compute1'),
  get_available_resource: async ({ driver }) => await driver.getAvailableResource('compute1', context),
  update_provider_tree: async ({ driver }) => await driver.updateProviderTree?.(new Tree(), 'compute1', null, context),
  get_host_uptime: async ({ driver }) => await driver.getHostUptime?.(),
  get_host_ip_addr: async ({ driver }) => await driver.getHostIpAddr?.(),
  capabilities_as_traits: ({ driver }) => Promise.resolve(driver.capabilitiesAsTraits?.()),
  get_info: async ({ driver, instance }) => await driver.getInfo(instance, false, context),
  get_diagnostics: async ({ driver, instance }) => await driver.getDiagnostics?.(instance, context),
  get_instance_diagnostics: async ({ driver, instance }) => await driver.getInstanceDiagnostics?.(instance, context),
  get_num_instances: async ({ driver }) => await driver.getNumInstances(context),
  instance_exists: async ({ driver, instance }) => await driver.instanceExists(instance, context),
  list_instances: async ({ driver }) => await driver.listInstances(context),
  list_instance_uuids: async ({ driver }) => await driver.listInstanceUuids(context),
  prepare_for_spawn: async ({ bench, driver }) => await driver.prepareForSpawn(bench.instance(), context),
  failed_spawn_cleanup: async ({ bench, driver }) => {
    const instance = bench.instance();
    await driver.prepareForSpawn(instance, context);
    await driver.failedSpawnCleanup(instance, context);
  },
  spawn: async ({ bench }) => await bench.spawn(bench.instance(), 1),
  destroy: async ({ bench, driver }) => {
    const instance = bench.instance();
    await bench.spawn(instance, 2, false);
    await driver.destroy(context, instance, null, bench.info(2, bench.mapped(instance)));
  },
  cleanup: async ({ bench, driver }) => await driver.cleanup(context, bench.instance(), null),
  power_off: async ({ driver, instance }) => await driver.powerOff(instance, 0, 0, context),
  resume_state_on_host_boot: async ({ driver, instance }) =>
    await driver.resumeStateOnHostBoot?.(context, instance, null, null),
  power_on: async ({ driver, instance }) => await driver.powerOn(context, instance, null),
  reboot: async ({ driver, instance }) => await driver.reboot(context, instance, null, 'HARD'),
  get_console_output: async ({ driver, instance }) => {
    // A z13 cannot list messages.
    await driver.getConsoleOutput?.(context, instance).catch((error: unknown) => {
      expect(String(error)).toMatch(/needs SE 2\.14/);
    });
  },
  get_serial_console: async ({ driver, instance }) => await driver.getSerialConsole?.(context, instance),
  get_volume_connector: async ({ driver, instance }) => await driver.getVolumeConnector(instance, context),
  attach_volume: async ({ bench, driver, instance }) =>
    await driver.attachVolume(context, await bench.map(instance, 3), instance, '/dev/sdb'),
  detach_volume: async ({ bench, driver, instance }) =>
    await driver.detachVolume(context, await bench.map(instance, 4), instance, '/dev/sdc'),
  extend_volume: async ({ bench, driver, instance }) =>
    await driver.extendVolume(context, await bench.map(instance, 5), instance, 2 ** 30),
  migrate_disk_and_power_off: async ({ driver, instance }) =>
    await driver.migrateDiskAndPowerOff?.(context, instance, 'compute1', larger(instance), null),
  finish_migration: async ({ driver, instance }) => {
    const resized = { ...instance, flavor: larger(instance), oldFlavor: instance.flavor };
    await driver.finishMigration?.(context, null, resized, '', null, null, true, null);
  },
  confirm_migration: async ({ driver, instance }) => await driver.confirmMigration?.(context, null, instance, null),
  finish_revert_migration: async ({ driver, instance }) =>
    await driver.finishRevertMigration?.(context, { ...instance, newFlavor: larger(instance) }, null, null),
  attach_interface: async ({ vif, driver, instance }) => await driver.attachInterface(context, instance, null, vif),
  detach_interface: async ({ vif, driver, instance }) => await driver.detachInterface(context, instance, vif),
  plug_vifs: async ({ vif, driver, instance }) => await driver.plugVifs(instance, [vif], context),
  unplug_vifs: async ({ vif, driver, instance }) => await driver.unplugVifs(instance, [vif], context),
  rescue: async ({ bench, driver, instance }) =>
    await driver.rescue?.(context, instance, null, { source: 'volume' }, null, bench.info(0, bench.mapped(instance))),
  unrescue: async ({ bench, driver, instance }) =>
    await driver.unrescue?.(context, instance, bench.info(0, bench.mapped(instance))),
  trigger_crash_dump: async ({ driver, instance }) => await driver.triggerCrashDump?.(instance, context),
  // Last of all, since it logs off.
  cleanup_host: async ({ driver }) => await driver.cleanupHost('compute1'),
};

/** An interface on the first OSA port. */
function vifOn({ sim }: DriverBench): VirtualInterface {
  const osa = sim.hmc.model.all('adapter').find(({ props }) => props['adapter-family'] === 'osa');
  const adapterObjectId = (osa?.uri ?? '').replace('/api/adapters/', '');
  return interfaceOn({ name: 'net', adapterObjectId, port: 0, vlanId: null }, {});
}

const methods = readMethods();
const named = (...kinds: readonly Kind[]) => methods.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);

test('has a call of every method that the driver serves', () => {
  expect(Object.keys(calls).toSorted()).toEqual(named('complete', 'partial').toSorted());
});

const volumes = Array.from({ length: 6 }, (_, index) => ({ name: `volume-${index}`, size: 1, bootable: true }));

for (const machine of ['z13', 'z16'] as const) {
  let scene: Scene;

  beforeAll(async () => {
    const bench = await DriverBench.open({ machine, volumes }, quickPolicies);
    const instance = bench.instance();
    await bench.spawn(instance);
    scene = { bench, driver: bench.driver, instance, vif: vifOn(bench) };
  });

  afterAll(async () => {
    await scene.bench[Symbol.asyncDispose]();
  });

  test.each(named('refused'))(`on a ${machine}, %s is refused with Nova's exception and the reason`, async (name) => {
    const { nova, note } = methods.find((method) => method.name === name) ?? {};
    const refused = Reflect.get(scene.driver, camelCase(name)) as () => Promise<unknown>;

    const error: unknown = await refused.call(scene.driver).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(DpmError);
    expect(error).toMatchObject({ code: 'NOT_IMPLEMENTED', novaException: nova });
    expect(String(error)).toContain(note);
  });

  test.each(named('default', 'planned'))(`on a ${machine}, the driver has no method %s`, (name) => {
    expect(Reflect.get(scene.driver, camelCase(name))).toBeUndefined();
  });

  test.each(Object.entries(calls))(`on a ${machine}, %s succeeds`, async (_name, call) => {
    await call(scene);
  });
}
