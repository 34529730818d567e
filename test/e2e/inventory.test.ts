import { expect, test } from 'vitest';
import { DriverBench } from '../../bench/driver.ts';
import { context } from '../../bench/requests.ts';
import type { ProviderInventory, ProviderTree } from '../../src/virt/index.ts';
import { quickPolicies } from '../support/quick-policies.ts';
import { startStage } from '../support/stage.ts';
import type { Printed } from '../support/stage.ts';

/* What the host offers to Placement and to its own manager, on a CPC of which others hold a part. */

const machines = ['z13', 'z14', 'z16', 'z17'] as const;
const volumes = [{ name: 'boot', size: 1, bootable: true }];

/** Nova's tree, as far as a driver uses it. */
class Tree implements ProviderTree {
  inventory: Readonly<Record<string, ProviderInventory>>;
  readonly traits = new Set<string>();

  constructor(inventory: Readonly<Record<string, ProviderInventory>> = {}) {
    this.inventory = inventory;
  }

  data() {
    return this;
  }

  updateInventory(_name: string, inventory: Readonly<Record<string, ProviderInventory>>): void {
    this.inventory = inventory;
  }

  addTraits(_name: string, ...traits: readonly string[]): void {
    for (const trait of traits) this.traits.add(trait);
  }
}

test.each(machines)('on a %s, Placement gets the share without what others hold, and traits', async (machine) => {
  const partitions = [
    { name: 'db', memoryMib: 1_900_000 },
    { name: 'off', memoryMib: 100_000, running: false },
  ];
  await using bench = await DriverBench.open({ machine, volumes, partitions }, quickPolicies);
  const { vcpus, memoryMb } = await bench.driver.getAvailableResource('compute1', context);
  const known = { total: 1, reserved: 0, min_unit: 1, max_unit: 1, step_size: 1, allocation_ratio: 4 };
  const tree = new Tree({ VCPU: known });

  await bench.driver.updateProviderTree?.(tree, 'compute1', null, context);

  const { VCPU, PCPU, MEMORY_MB } = tree.inventory;
  expect(Object.keys(tree.inventory).toSorted()).toEqual(['MEMORY_MB', 'PCPU', 'VCPU']);
  expect(VCPU).toEqual({ ...known, total: vcpus, max_unit: vcpus });
  expect(PCPU).toEqual({ ...known, total: vcpus, max_unit: vcpus, allocation_ratio: 1 });
  expect(MEMORY_MB).toMatchObject({
    total: memoryMb,
    max_unit: memoryMb,
    min_unit: 1024,
    step_size: 1024,
    allocation_ratio: 1,
  });
  const free = (2 << 20) - 1_900_032; // rounded up to 512 MiB
  expect(MEMORY_MB?.reserved).toBe(Math.max(0, memoryMb - free));
  expect([...tree.traits]).toEqual(
    expect.arrayContaining([
      'HW_ARCH_S390X',
      'CUSTOM_DPM',
      machine === 'z13' ? 'CUSTOM_DPM_VHBA' : 'CUSTOM_DPM_STORAGE_GROUPS',
    ]),
  );
});

test.each(['z13', 'z16'] as const)('on a %s, dedicated processors of others are reserved', async (machine) => {
  await using bench = await DriverBench.open({
    machine,
    volumes,
    cpcIfls: 200,
    partitions: [{ name: 'db', vcpus: 195 }],
  });
  const { vcpus } = await bench.driver.getAvailableResource('compute1', context);
  expect(await bench.driver.getAvailableResource('compute1', context)).toMatchObject({ vcpusReserved: 0 });

  const db = bench.sim.hmc.model.named('partition', 'db');
  if (db !== undefined) db.props['processor-mode'] = 'dedicated';

  expect(await bench.driver.getAvailableResource('compute1', context)).toMatchObject({
    vcpus,
    vcpusReserved: Math.max(0, vcpus - 5),
  });
});

test.each(machines)(
  'on a %s, a server that needs more memory than is free is refused before anything is made',
  async (machine) => {
    const partitions = [{ name: 'db', memoryMib: (2 << 20) - 4096 }];
    await using stage = await startStage({ machine, partitions });
    const create = (name: string, memory: string, ...more: readonly string[]) =>
      stage.dpm('server', 'create', name, '--vcpus', '1', '--memory', memory, '--volume', 'boot-1', ...more);
    const before = stage.sim.hmc.snapshot();

    const { code, printed } = await create('web1', '8192');

    expect(code).toBe(1);
    expect(printed).toMatchObject({ error: { code: 'NO_RESOURCES' } });
    expect((printed as { error: Printed }).error.message).toContain('8192 MiB of memory are not free');
    expect(stage.sim.hmc.snapshot()).toEqual(before);
    const host = (await stage.dpm('hypervisor', 'stats')).printed as Printed;
    expect(host.free_ram_mb).toBe(4096);
    // A server that is not started holds no memory.
    expect((await create('web2', '8192', '--no-start')).code).toBe(0);
    expect((await stage.dpm('server', 'delete', 'web2')).code).toBe(0);
    expect((await create('web3', '4096')).code).toBe(0);
  },
);

test.each(['z13', 'z16'] as const)(
  "on a %s, Nova's prepare_for_spawn refuses it too, so that Nova tries another host",
  async (machine) => {
    const partitions = [{ name: 'db', memoryMib: (2 << 20) - 512 }];
    await using bench = await DriverBench.open({ machine, volumes, partitions }, quickPolicies);

    await expect(bench.driver.prepareForSpawn(bench.instance(), context)).rejects.toMatchObject({
      code: 'NO_RESOURCES',
    });
  },
);

test.each(['z13', 'z16'] as const)("on a %s, diagnostics have the fields of Nova's object", async (machine) => {
  await using bench = await DriverBench.open({ machine, volumes }, quickPolicies);
  const instance = bench.instance();
  await bench.spawn(instance);

  const diagnostics = await bench.driver.getInstanceDiagnostics?.(instance, context);

  expect(diagnostics).toMatchObject({
    state: 'running',
    driver: 'dpm',
    hypervisor: 'PRSM',
    configDrive: false,
    memoryDetails: { maximum: 1024, used: 1024 },
    numCpus: 1,
    numNics: 0,
    numDisks: 0,
  });
  expect(diagnostics?.cpuDetails[0]?.utilisation).toBeGreaterThan(0);
  expect(await bench.driver.getDiagnostics?.(instance, context)).toMatchObject({ state: 'running', memory: 1024 });
  await bench.driver.powerOff(instance, 0, 0, context);
  expect(await bench.driver.getInstanceDiagnostics?.(instance, context)).toMatchObject({
    state: 'shutdown',
    cpuDetails: [{ id: 0, time: null, utilisation: null }],
  });
  const unknown = bench.instance();
  await expect(bench.driver.getInstanceDiagnostics?.(unknown, context)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('dedicated processors of this host are not shared, and those of others count for a new server', async () => {
  const partitions = [{ name: 'db', vcpus: 6 }];
  await using bench = await DriverBench.open({ machine: 'z16', volumes, cpcIfls: 10, partitions }, quickPolicies);
  const { driver, sim } = bench;
  const [db] = sim.hmc.model.all('partition');
  db!.props['processor-mode'] = 'dedicated'; // the only one
  const sized = (vcpus: number, extraSpecs: Readonly<Record<string, string>>) => {
    const instance = bench.instance();
    return {
      ...instance,
      flavor: { ...instance.flavor, vcpus, extraSpecs: { ...instance.flavor.extraSpecs, ...extraSpecs } },
    };
  };
  const dedicated = { 'hw:cpu_policy': 'dedicated' };
  const before = sim.snapshot();

  await expect(bench.spawn(sized(5, dedicated), 0, true)).rejects.toThrow('5 dedicated processors are not free');
  expect(sim.snapshot()).toEqual(before);
  await bench.spawn(sized(2, dedicated), 0, true);

  const tree = new Tree();
  await driver.updateProviderTree?.(tree, 'compute1', null, context);
  const { vcpus, vcpusReserved = 0 } = await driver.getAvailableResource('compute1', context);
  expect(tree.inventory).toMatchObject({
    VCPU: { total: vcpus, reserved: vcpusReserved + 2 },
    PCPU: { total: vcpus, reserved: vcpusReserved },
  });
});
