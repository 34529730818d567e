import { describe, expect, it } from 'vitest';
import { describeError, findError } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { ComputeDriver } from '../../src/virt/index.ts';
import { startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

const size = { vcpus: 1, memoryMib: 1024 };

/** Boot properties of the only partition, as the HMC has them. */
function bootTarget({ sim }: World): string {
  const wwpn = sim.hmc.snapshot().partition[0]?.['boot-world-wide-port-name'];
  return typeof wwpn === 'string' ? wwpn : '';
}

async function createStopped(world: World, manager: ComputeManager): Promise<void> {
  await manager.create({ name: 'web1', ...size, volumes: [{ volumeId: 'boot-1' }] }, world.context);
  await manager.stop('web1', {}, world.context);
}

/** Nova without block_device_info: nobody tells the driver which volumes the server has. */
function withoutVolumes(driver: ComputeDriver): ComputeDriver {
  return new Proxy(driver, {
    get: (target, name) => {
      if (name === 'powerOn')
        return async (...[context, instance]: Parameters<ComputeDriver['powerOn']>) =>
          await target.powerOn(context, instance, null, null);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

const starts = [
  { verb: 'start', act: async (manager: ComputeManager, { context }: World) => await manager.start('web1', context) },
  {
    verb: 'reboot',
    act: async (manager: ComputeManager, { context }: World) => {
      await manager.start('web1', context);
      await manager.reboot('web1', { hard: true }, context);
    },
  },
] as const;

describe.each([
  { what: 'with the volumes that Cinder maps', options: {} },
  { what: 'without block_device_info', options: { wrapDriver: withoutVolumes } },
])('on a machine with vHBAs, $what', ({ options }) => {
  it.each(starts)('a $verb boots over another path when the target port of the last load is down', async ({ act }) => {
    await using world = await startWorld({ machine: 'z13' });
    await using manager = await world.open(options);
    await createStopped(world, manager);
    const down = bootTarget(world);
    world.sim.san.setPortOnline(down, false);

    await act(manager, world);

    expect((await manager.show('web1', world.context)).status).toBe('ACTIVE');
    expect(bootTarget(world)).not.toBe(down);
  });

  it('a start that fails over every path names each path and its failure', async () => {
    await using world = await startWorld({ machine: 'z13' });
    await using manager = await world.open(options);
    await createStopped(world, manager);
    const recorded = bootTarget(world);
    world.sim.san.unmask(world.sim.volumes[0]?.id ?? '');
    world.sim.log.clear();

    const failure = await manager.start('web1', world.context).catch((error: unknown) => error);

    expect(findError(failure, 'BOOT_FAILED')?.facts).toMatchObject({ status: 'paused' });
    expect(world.sim.log.byOperation()['Start Partition']).toBe(4);
    expect(describeError(failure)).toMatch(
      /partition "OpenStack-[^"]+" did not boot over any of 4 paths; likely cause: zoning.*; tried: (?:initiator [0-9a-f]{16} on adapter port [^,]+, target [0-9a-f]{16}, LUN [0-9a-f]{16}: status "paused"[^;]*(?:; then )?){4}$/,
    );
    expect(bootTarget(world)).toBe(recorded);
  });

  it('a start over the recorded path makes no additional requests', async () => {
    await using world = await startWorld({ machine: 'z13' });
    await using manager = await world.open(options);
    await createStopped(world, manager);
    const recorded = bootTarget(world);
    world.sim.log.clear();

    await manager.start('web1', world.context);

    expect(bootTarget(world)).toBe(recorded);
    expect(world.sim.log.byOperation()).not.toHaveProperty('Update Partition Properties');
    expect(world.sim.log.byOperation()['Start Partition']).toBe(1);
  });
});

it('a partition whose boot device an administrator changed boots from that device', async () => {
  await using world = await startWorld({ machine: 'z13' });
  await using manager = await world.open();
  await createStopped(world, manager);
  const [partition] = world.sim.hmc.model.all('partition');
  partition!.props['boot-device'] = 'none';
  world.sim.log.clear();

  const failure = await manager.start('web1', world.context).catch((error: unknown) => error);

  expect(describeError(failure)).toContain('the path in the boot properties: status "paused"');
  expect(world.sim.log.byOperation()['Start Partition']).toBe(1);
  expect(world.sim.log.byOperation()).not.toHaveProperty('Update Partition Properties');
});

it('with storage groups, a start loads once, and its error says what a failure means', async () => {
  await using world = await startWorld({ machine: 'z16' });
  await using manager = await world.open();
  await createStopped(world, manager);
  world.sim.san.updateVolume(world.sim.volumes[0]?.id ?? '', { bootable: false });
  world.sim.log.clear();

  const failure = await manager.start('web1', world.context).catch((error: unknown) => error);

  expect(findError(failure, 'BOOT_FAILED')).toBeDefined();
  expect(describeError(failure)).toContain('likely cause: the volume holds nothing bootable');
  expect(world.sim.log.byOperation()['Start Partition']).toBe(1);
});

interface Refusal {
  readonly what: string;
  readonly says: string;
  readonly prepare: (world: World) => void;
  readonly options?: WorldOptions;
}

const refusals: readonly Refusal[] = [
  { what: 'its job fails with 500.100', says: '500.100', prepare: failJob(500, 100) },
  { what: 'its job fails with 409.1', says: '409.1', prepare: failJob(409, 1) },
  { what: 'its job fails with 403.1', says: '403.1', prepare: failJob(403, 1) },
  { what: 'its job is canceled', says: 'was canceled', prepare: failJob(409, 0, 'canceled') },
  { what: 'the CPC has no memory left', says: 'status is "reservation-error"', prepare: useUpMemory },
  {
    what: 'the CPC has no memory left and the job says so',
    says: 'MiB of memory are wanted',
    prepare: useUpMemory,
    options: { reservationErrorJob: 'failed' },
  },
  {
    what: 'the request is refused with 409.6',
    says: '409.6',
    prepare: ({ sim }: World) => {
      sim.faults.add({ ...startFault, kind: { type: 'refuse', status: 409, reason: 6 } });
    },
  },
];

const startFault = { id: 'start', server: 'hmc', operation: 'Start Partition', when: { times: -1 } } as const;

function failJob(status: number, reason: number, outcome: 'failed' | 'canceled' = 'failed') {
  return ({ sim }: World) => {
    sim.faults.add({ ...startFault, kind: { type: 'job', outcome, status, reason } });
  };
}

function useUpMemory({ sim }: World): void {
  sim.hmc.model.all('cpc')[0]!.props['storage-customer'] = 512;
}

describe.each(['z13', 'z16'] as const)('on a %s a start that is refused', (machine) => {
  it.each(refusals)(
    'reports it, tries no other path and does not blame a path, when $what',
    async ({ prepare, says, ...more }) => {
      await using world = await startWorld({ machine, ...more.options });
      await using manager = await world.open();
      await createStopped(world, manager);
      prepare(world);
      world.sim.log.clear();

      const failure = await manager.start('web1', world.context).catch((error: unknown) => error);

      expect(describeError(failure)).toContain(says);
      expect(describeError(failure)).not.toMatch(/zoning|masking|boot volume|likely cause/);
      expect(findError(failure, 'BOOT_FAILED')).toBeUndefined();
      expect(world.sim.log.byOperation()['Start Partition']).toBe(1);
    },
  );

  it.each(refusals)('fails a spawn at once with the reason when $what', async ({ prepare, says, ...more }) => {
    await using world = await startWorld({ machine, ...more.options });
    const before = world.sim.snapshot();
    // Ports and volumes are there by now: what happens, happens at the start.
    await using manager = await world.open({
      onStep: ({ step, state }) => {
        if (step === 'start-partition' && state === 'running') prepare(world);
      },
    });

    const failure = await manager
      .create({ name: 'web1', ...size, volumes: [{ volumeId: 'boot-1' }] }, world.context)
      .catch((error: unknown) => error);

    expect(describeError(failure)).toContain(says);
    expect(describeError(failure)).not.toMatch(/zoning|masking|likely cause/);
    expect(findError(failure, 'BOOT_FAILED')).toBeUndefined();
    expect(world.sim.log.byOperation()['Start Partition']).toBe(1);
    await manager.delete('web1', world.context);
    expect(withMemory(world.sim.snapshot())).toEqual(withMemory(before));
  });
});

/** The memory of the CPC is the test's to take, not the driver's to give back. */
function withMemory(snapshot: ReturnType<World['sim']['snapshot']>) {
  const text = JSON.stringify(snapshot);
  return JSON.parse(text.replaceAll(/"storage-customer[a-z-]*":\d+/g, '"memory":0')) as unknown;
}
