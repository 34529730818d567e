import { describe, expect, it } from 'vitest';
import { startWorld } from '../support/world.ts';
import type { WorldOptions } from '../support/world.ts';
import { StockManager } from '../parking/stock-manager.ts';

/** What a destroy leaves behind for a compute manager that unmaps after it, as stock Nova does. */

const uuid = '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6';
const name = `OpenStack-compute1-${uuid}`;
const administrator = [
  { name: 'dpm', password: 'dpm-of-the-simulator', projects: { service: ['admin', 'service', 'member'] } },
];

async function startScene(options: WorldOptions) {
  const world = await startWorld({ reuseWwpns: true, ...options });
  const stock = await StockManager.start(world);
  const volumeIds = ['boot-1', 'data-1'].map((each) => world.sim.volumes.find((volume) => volume.name === each)!.id);
  const server = stock.server(uuid, 'web1', volumeIds);
  const partition = () => world.sim.hmc.model.all('partition').find(({ props }) => props.name === name);
  const before = world.sim.snapshot();
  const { driver } = stock;
  return {
    world,
    stock,
    driver,
    server,
    partition,
    before,
    [Symbol.asyncDispose]: async () => {
      await stock[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

describe.each([{ machine: 'z13' }, { machine: 'z16' }] as const)('on a $machine', ({ machine }) => {
  it('a destroyed server leaves a stopped partition that is marked and boots from nothing', async () => {
    await using scene = await startScene({ machine });
    await scene.stock.build(scene.server);

    await scene.stock.destroy(scene.server);

    expect(scene.partition()?.props).toMatchObject({
      description: 'OpenStack CPCSubset=compute1 parked',
      status: 'stopped',
      'boot-device': 'none',
      'boot-os-specific-parameters': '',
    });
  });

  it('reverts a resize, for which Nova destroys the server and maps its volumes again', async () => {
    await using scene = await startScene({ machine });
    const { server, stock, driver, world } = scene;
    const { flavor: oldFlavor } = server.instance;
    await stock.build(server);
    const before = scene.partition()?.props;
    const flavor = { vcpus: 2, memoryMb: 4096 };
    await driver.migrateDiskAndPowerOff!(world.context, server.instance, 'compute1', flavor, null);
    await driver.finishMigration!(
      world.context,
      null,
      { ...server.instance, flavor, oldFlavor },
      '',
      null,
      null,
      true,
      null,
    );

    await stock.revertResize(server);

    const { status, description, 'ifl-processors': processors, 'maximum-memory': memory } = before!;
    expect(scene.partition()?.props).toMatchObject({
      status,
      description,
      'ifl-processors': processors,
      'maximum-memory': memory,
    });
    expect(await driver.getInfo(server.instance, false)).toMatchObject({ state: 'running' });
  });

  it('attaches and detaches a volume again and again, although Nova does not name its size', async () => {
    await using scene = await startScene({ machine });
    const { server, stock, driver, world } = scene;
    const [boot, data] = server.volumes as [string, string];
    const own = stock.server(uuid, 'web1', [boot]);
    await stock.build(own);

    for (const isRunning of [true, false, true]) {
      if (!isRunning) await driver.powerOff(own.instance, 0, 0, world.context);
      await stock.addVolume(own, data);
      await stock.attachLast(own, world.context, null);
      await stock.detachLast(own);
      await stock.unmapLast(own);
      if (!isRunning) await driver.powerOn(world.context, own.instance, null);
    }
  });

  it('is not listed as an instance, and appears in the list of all partitions', async () => {
    await using scene = await startScene({ machine });
    const { driver, server, stock, world } = scene;
    await stock.build(server);
    await stock.destroy(server);

    for (const isForgetful of [false, true]) {
      if (isForgetful) await stock.restart();
      const { driver: now } = stock;
      expect(await now.listInstanceUuids()).toEqual([]);
      expect(await now.getNumInstances()).toBe(0);
      expect(await now.listPowerStates(world.context)).toEqual(new Map());
      expect(await now.instanceExists(server.instance)).toBe(false);
      expect(await now.getAvailableResource('compute1')).toMatchObject({ vcpusUsed: 0, memoryMbUsed: 0 });
      expect(await now.listGuests(world.context, { all: false })).toEqual([]);
      const [shown] = await now.listGuests(world.context, { all: true });
      expect(shown).toMatchObject({ name, instanceUuid: null, parkedFor: uuid });
      await expect(now.getInfo(server.instance, false)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(now.powerOn(world.context, server.instance, null)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(now.powerOff(server.instance)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(driver).not.toBe(stock.driver);
  });

  it('returns the ports of a parked partition until removeParked, which leaves nothing behind', async () => {
    await using scene = await startScene({ machine });
    const { server, stock, world, before } = scene;
    await stock.build(server);
    const { wwpns } = await stock.connector(server);
    await stock.destroy(server);

    expect((await stock.connector(server)).wwpns).toEqual(wwpns);
    await stock.restart();
    expect((await stock.connector(server)).wwpns).toEqual(wwpns);

    await stock.unmap(server);
    await stock.removeParked(server);
    expect(world.sim.snapshot()).toEqual(before);
    await expect(stock.connector(server)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await stock.removeParked(server); // there is nothing any more
  });

  it('removeParked does not change a server that was spawned again', async () => {
    await using scene = await startScene({ machine });
    const { driver, server, stock, world } = scene;
    await stock.build(server);
    await stock.rebuild(server);

    await stock.removeParked(server);

    expect((await driver.getInfo(server.instance, false)).state).toBe('running');
    expect(await driver.listInstanceUuids(world.context)).toEqual([uuid]);
    const description = 'OpenStack CPCSubset=compute1 (server web1)';
    expect(scene.partition()?.props).toMatchObject({ description, status: 'active' });
  });

  it('does not remove a parked partition that an administrator started', async () => {
    await using scene = await startScene({ machine });
    const { server, stock, partition } = scene;
    await stock.build(server);
    await stock.destroy(server);
    await stock.unmap(server);
    Object.assign(partition()!.props, { status: 'active' });

    await expect(stock.removeParked(server)).rejects.toThrow('has status "active"');
    expect(partition()).toBeDefined();
  });

  it('a destroy that fails to park is finished by the next one, and releases no WWPN', async () => {
    await using scene = await startScene({ machine });
    const { server, stock, world, partition } = scene;
    await stock.build(server);
    const { wwpns } = await stock.connector(server);
    world.sim.faults.add({
      id: 'mark',
      server: 'hmc',
      operation: 'Update Partition Properties',
      kind: { type: 'refuse', status: 400, reason: 1 },
      when: { times: 1 },
    });

    await expect(stock.destroy(server)).rejects.toThrow();
    expect(await stock.driver.listInstanceUuids()).toEqual([]);
    expect((await stock.connector(server)).wwpns).toEqual(wwpns);
    await stock.destroy(server);
    expect(partition()?.props.description).toBe('OpenStack CPCSubset=compute1 parked');
  });

  it('a destroy that fails at any request releases no WWPN, and a new process without records finishes it', async () => {
    await using scene = await startScene({ machine });
    const { server, stock, world, before } = scene;
    const kind = { type: 'refuse', status: 400, reason: 1 } as const;
    const requests = 14; // more than a destroy sends
    let failures = 0;
    for (let skip = 0; skip < requests; skip += 1) {
      await stock.build(server);
      const { wwpns } = await stock.connector(server);
      world.sim.faults.add({ id: 'nth', server: 'hmc', operation: '*', kind, when: { skip, times: 1 } });
      const isFailed = await stock.destroy(server).then(
        () => false,
        () => true,
      );
      world.sim.faults.clear();
      failures += Number(isFailed);
      await stock.restart();

      expect((await stock.connector(server)).wwpns).toEqual(wwpns);
      await stock.destroy(server);
      expect(await stock.driver.listInstanceUuids()).toEqual([]);
      expect((await stock.connector(server)).wwpns).toEqual(wwpns);
      await stock.unmap(server);
      await stock.removeParked(server);
      expect(world.sim.snapshot()).toEqual(before);
    }
    expect(failures).toBeGreaterThan(3);
  });

  it('dpm verify lists it once Cinder has no attachment, and --repair removes it', async () => {
    await using scene = await startScene({ machine, users: administrator });
    const { server, stock, world, before } = scene;
    await stock.build(server);
    await stock.destroy(server);
    await using manager = await world.open();

    expect(await manager.verify(world.context)).toEqual([]);
    await stock.unmap(server);
    const found = await manager.verify(world.context);
    expect(found).toMatchObject([{ kind: 'parked-partition', name, repair: 'delete it', target: { id: uuid } }]);

    expect(await manager.repair(found, world.context)).toMatchObject([{ outcome: 'repaired', error: null }]);
    expect(world.sim.snapshot()).toEqual(before);
  });

  it('dpm verify --repair keeps it when Cinder may have attachments that this user does not see', async () => {
    await using scene = await startScene({ machine });
    const { server, stock, world, partition } = scene;
    await stock.build(server);
    await stock.destroy(server);
    await stock.unmap(server);
    await using manager = await world.open();

    const found = await manager.verify(world.context);
    expect(found).toMatchObject([{ kind: 'parked-partition', repair: null }]);
    expect(found[0]?.detail).toContain('an administrator');
    await manager.repair(found, world.context);
    expect(partition()).toBeDefined();
  });

  it('dpm verify --repair checks again, and keeps a partition with a new attachment', async () => {
    await using scene = await startScene({ machine, users: administrator });
    const { server, stock, world, partition } = scene;
    await stock.build(server);
    await stock.destroy(server);
    await stock.unmap(server);
    await using manager = await world.open();
    const found = await manager.verify(world.context);
    await stock.build(server);
    await stock.destroy(server);

    expect(await manager.repair(found, world.context)).toMatchObject([{ outcome: 'failed' }]);
    expect(partition()).toBeDefined();
  });
});
