import { describe, expect, it, vi } from 'vitest';
import { describeError, findError } from '../../src/base/index.ts';
import { startWorld } from '../support/world.ts';

/** A start that nobody waits for. */
const HOUR_MS = 3_600_000;

const worlds = (['deferred', 'stock'] as const).flatMap((order) =>
  (['attachments', 'legacy'] as const).map((flow) => ({
    order,
    flow,
    options: {
      set: { 'dpm.spawn_order': order },
      ...(flow === 'legacy' ? { cinder: { maxMicroversion: '3.43' } } : {}),
    },
  })),
);

describe.each(worlds)('with spawn order $order and Cinder flow $flow', ({ options }) => {
  it('spawns, attaches, detaches, restarts and deletes, and leaves HMC, SAN and Cinder unchanged', async () => {
    await using world = await startWorld(options);
    const { sim, context } = world;
    const before = sim.snapshot();
    await using manager = await world.open();
    const [boot, , data] = sim.volumes;

    const created = await manager.create(
      { name: 'web1', vcpus: 2, memoryMib: 4096, volumes: [{ volumeId: boot!.name }] },
      context,
    );
    const attached = await manager.addVolume('web1', data!.name, {}, context);
    const detached = await manager.removeVolume('web1', data!.name, context);
    await manager.stop('web1', {}, context);
    await manager.stop('web1', {}, context);
    const stopped = await manager.show('web1', context);
    await manager.start('web1', context);
    await manager.reboot('web1', { hard: true }, context);
    const running = await manager.show('web1', context);
    await manager.delete('web1', context);

    expect(created).toMatchObject({
      status: 'ACTIVE',
      power_state: 'running',
      partition_status: 'active',
      storage_model: 'hba',
    });
    expect(created.connector?.wwpns).toHaveLength(2);
    expect(created.boot).toMatchObject({ device: 'storage-adapter', initiator_wwpn: created.connector?.wwpns[0] });
    expect(created.volumes[0]?.paths.length).toBeGreaterThan(1);
    expect(attached.volumes.map(({ volume_id: id }) => id)).toEqual([boot!.id, data!.id]);
    expect(detached.volumes.map(({ volume_id: id }) => id)).toEqual([boot!.id]);
    expect(stopped).toMatchObject({ status: 'SHUTOFF', power_state: 'shutdown', partition_status: 'stopped' });
    expect(running).toMatchObject({ status: 'ACTIVE', power_state: 'running' });
    expect(await manager.list(context)).toEqual([]);
    expect(sim.snapshot()).toEqual(before);
  });

  it('boots over the next path when the first one fails', async () => {
    await using world = await startWorld(options);
    await using manager = await world.open();
    world.sim.san.setPortOnline('5005076801160417', false);

    const server = await manager.create(
      { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] },
      world.context,
    );

    expect(server.status).toBe('ACTIVE');
    expect(server.boot?.target_wwpn).not.toBe('5005076801160417');
  });
});

it('a boot that fails over every path names status, paths and HMC messages, and leaves nothing behind', async () => {
  await using world = await startWorld();
  const { sim, context } = world;
  const before = sim.snapshot();
  // Behind the driver's back the array loses the masks, just before the load.
  const unmask = () => {
    for (const { volumeId } of sim.san.snapshot().arrays.flatMap(({ masks }) => masks)) sim.san.unmask(volumeId);
  };
  await using manager = await world.open({
    onStep: ({ step, state }) => {
      if (step === 'set-boot' && state === 'running') unmask();
    },
  });

  const failure = await manager
    .create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] }, context)
    .catch((error: unknown) => error);

  expect(findError(failure, 'BOOT_FAILED')?.facts).toMatchObject({ status: 'paused' });
  expect(describeError(failure)).toMatch(
    /initiator c05076[0-9a-f]{10} on adapter port [0-9a-f-]{36}:\d, target 50050768[0-9a-f]{8}, LUN [0-9a-f]{16}: status "paused"/,
  );
  // A mask that is removed by hand leaves its zone; all that is ours is gone.
  const { hmc, cinder, san } = sim.snapshot();
  expect({ hmc, cinder }).toEqual({ hmc: before.hmc, cinder: before.cinder });
  expect(san.arrays.flatMap(({ masks }) => masks)).toEqual([]);
  expect((await manager.show('web1', context)).fault).toMatchObject({ code: 'FLOW_ROLLED_BACK' });
});

it.each(['z13', 'z16'] as const)(
  'cancels the start of an interrupted build and rolls it back at once: %s',
  async (machine) => {
    await using world = await startWorld({ machine, timing: { startMs: HOUR_MS } });
    await using manager = await world.open();
    const before = world.sim.snapshot();
    const interrupt = new AbortController();
    const context = { ...world.context, signal: interrupt.signal };
    const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };

    const creation: Promise<unknown> = manager.create(request, context).catch((error: unknown) => error);
    await vi.waitFor(
      () => {
        expect(world.sim.log.byOperation()).toHaveProperty('Query Job Status');
      },
      { timeout: 60_000 },
    );
    interrupt.abort();
    await creation;

    expect(world.sim.log.byOperation()['Cancel Job']).toBe(1);
    const after = world.sim.snapshot();
    expect({ hmc: after.hmc, cinder: after.cinder }).toEqual({ hmc: before.hmc, cinder: before.cinder });
  },
);

it('claims and shows the memory that the partition gets, rounded up to the increment', async () => {
  await using world = await startWorld({ set: { 'dpm.max_memory': '2048' } });
  await using manager = await world.open();
  const { context } = world;
  const request = { vcpus: 1, memoryMib: 700 };

  const server = await manager.create({ ...request, name: 'web1', volumes: [{ volumeId: 'boot-1' }] }, context);
  await manager.create({ ...request, name: 'web2', volumes: [{ volumeId: 'boot-2' }] }, context);

  expect(server.memory_mb).toBe(1024);
  expect(world.sim.hmc.model.all('partition').map(({ props }) => props['initial-memory'])).toEqual([1024, 1024]);
  await manager.delete('web2', context);
  const tooMuch = manager.create(
    { ...request, name: 'web3', memoryMib: 1025, volumes: [{ volumeId: 'boot-2' }] },
    context,
  );
  await expect(tooMuch).rejects.toThrow(/2048 MiB of memory do not fit .*: 1024 of 2048 are taken/);
});

it('before any change, refuses a second server of the same name, a volume in use, and a size above the share', async () => {
  await using world = await startWorld({ set: { 'dpm.max_processors': '2', 'dpm.max_memory': '4096' } });
  await using manager = await world.open();
  const { context } = world;
  await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] }, context);
  const before = world.sim.snapshot();

  const attempts = [
    {
      request: { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-2' }] },
      says: /server "web1" already exists/,
    },
    {
      request: { name: 'web2', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] },
      says: /volume "boot-1" has status "in-use" \(expected available\)/,
    },
    {
      request: { name: 'web2', vcpus: 2, memoryMib: 1024, volumes: [{ volumeId: 'boot-2' }] },
      says: /2 vCPUs do not fit.*1 of 2 are taken/,
    },
    {
      request: { name: 'web2', vcpus: 1, memoryMib: 4096, volumes: [{ volumeId: 'boot-2' }] },
      says: /4096 MiB of memory do not fit/,
    },
    {
      request: { name: 'web2', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'data-1' }] },
      says: /volume "data-1" is not bootable/,
    },
    {
      request: { name: 'web2', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'nope' }] },
      says: /volume "nope" does not exist/,
    },
    {
      request: {
        name: 'web2',
        vcpus: 1,
        memoryMib: 1024,
        volumes: [{ volumeId: 'boot-2', bootIndex: 1 }, { volumeId: 'data-1' }],
      },
      says: /expected exactly one/,
    },
  ];

  for (const { request, says } of attempts) await expect(manager.create(request, context)).rejects.toThrow(says);
  expect(world.sim.snapshot()).toEqual(before);
  expect(await manager.list(context)).toHaveLength(1);
});

it('refuses to detach a boot volume; detaching a volume that is not attached succeeds', async () => {
  await using world = await startWorld();
  await using manager = await world.open();
  const { context } = world;
  await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] }, context);
  const before = world.sim.snapshot();

  await expect(manager.removeVolume('web1', 'boot-1', context)).rejects.toThrow(/boot volume of server "web1"/);
  await manager.removeVolume('web1', 'data-1', context);

  expect(world.sim.snapshot()).toEqual(before);
});

it('a delete during a spawn waits for the end of the spawn', async () => {
  await using world = await startWorld({ timing: { startMs: 50 } });
  await using manager = await world.open();
  const before = world.sim.snapshot();

  const spawn = manager.create(
    { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] },
    world.context,
  );
  while ((await manager.list(world.context)).length === 0) await Promise.resolve();
  const results = await Promise.allSettled([spawn, manager.delete('web1', world.context)]);

  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  expect(world.sim.snapshot()).toEqual(before);
});

it.each(['z13', 'z16'] as const)(
  '%s: a volume that a server was created with can be attached again after a detach',
  async (machine) => {
    await using world = await startWorld({ machine });
    await using manager = await world.open();
    const volumes = [{ volumeId: 'boot-1', bootIndex: 0 }, { volumeId: 'data-1' }];
    await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes }, world.context);

    await manager.removeVolume('web1', 'data-1', world.context);
    const attached = await manager.addVolume('web1', 'data-1', {}, world.context);

    expect(attached.volumes.map(({ paths }) => paths.length > 0)).toEqual([true, true]);
    expect(await manager.verify(world.context)).toEqual([]);
  },
);

it('z16: an error page instead of an answer does not add a volume to its storage group twice', async () => {
  await using world = await startWorld({ machine: 'z16' });
  await using manager = await world.open();
  await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] }, world.context);
  const fault = { id: 'page', server: 'hmc', operation: 'Modify Storage Group Properties' } as const;
  world.sim.faults.add({ ...fault, kind: { type: 'html', effect: 'done' } });

  await manager.addVolume('web1', 'data-1', {}, world.context);

  expect(world.sim.faults.struck('page')).toBe(1);
  const { hmc } = world.sim.snapshot();
  expect(hmc['storage-volume']).toHaveLength(2);
  expect(hmc['storage-group'][0]).toMatchObject({ 'fulfillment-state': 'complete' });
});
