import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import { StockManager, stockVirtApi } from '../parking/stock-manager.ts';
import { call, remoteDriver, send, serveWorld } from '../support/service-client.ts';
import { startWorld } from '../support/world.ts';

const uuid = '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6';
const context = { requestId: 'req-stock', signal: neverAborted() };
const administrator = [
  { name: 'dpm', password: 'dpm-of-the-simulator', projects: { service: ['admin', 'service', 'member'] } },
];

describe.each([{ machine: 'z13' }, { machine: 'z16' }] as const)(
  'Nova through the socket, on a $machine',
  ({ machine }) => {
    test('boots, attaches, detaches, reboots and deletes an instance, and nothing is left', async () => {
      await using world = await startWorld({ machine, reuseWwpns: true, users: administrator });
      const before = world.sim.snapshot();
      await using served = await serveWorld(world);
      const { socket } = served;
      await using stock = await StockManager.start(world, stockVirtApi, async () => remoteDriver(socket));
      const volume = (name: string) => world.sim.volumes.find((each) => each.name === name)!.id;
      const server = stock.server(uuid, 'web1', [volume('boot-1')]);
      const { driver } = stock;

      await stock.build(server);
      expect(await driver.getInfo(server.instance, false)).toMatchObject({ state: 'running' });
      expect(await driver.listInstanceUuids()).toEqual([uuid]);
      await stock.addVolume(server, volume('data-1'));
      await stock.attachLast(server);
      const vif = stock.newInterface();
      await stock.attachInterface(server, vif);
      await stock.detachInterface(server, vif);
      await driver.reboot(context, server.instance, null, 'HARD', null);
      await driver.powerOff(server.instance, 0, 0);
      expect(await driver.getInfo(server.instance, false)).toMatchObject({ state: 'shutdown' });
      await driver.powerOn(context, server.instance, null, null);
      await stock.detachLast(server);

      await using manager = await world.open({ access: 'read' });
      expect(await manager.verify()).toEqual([]);
      expect(await manager.listPartitions({ all: false })).toMatchObject([{ instance: uuid, server: 'web1' }]);
      await expect(manager.delete(uuid)).rejects.toThrow('belongs to Nova');

      await stock.destroy(server);
      expect((await call(socket, 'get_info', { instance: wire(server.instance) })).body.error).toMatchObject({
        code: 'NOT_FOUND',
        nova_exception: 'InstanceNotFound',
      });
      expect(await manager.verify()).toEqual([]);
      expect(await manager.repair(await manager.verify())).toEqual([]);
      await stock.destroy(server);
      await stock.unmap(server);
      await served.backend().manager.removeParked({ scope: 'all' });

      expect(await manager.listPartitions({ all: false })).toEqual([]);
      expect((await send(socket, '/readyz')).body).toMatchObject({ ready: true, checks: { hmc: 'ok', cinder: 'ok' } });
      expect(world.sim.snapshot()).toEqual(before);
    });

    test('an instance of another host gets a parked partition for its connector, and boots from it', async () => {
      await using world = await startWorld({ machine, reuseWwpns: true, users: administrator });
      const before = world.sim.snapshot();
      await using served = await serveWorld(world);
      await using stock = await StockManager.start(world, stockVirtApi, async () => remoteDriver(served.socket));
      const boot = world.sim.volumes.find(({ name }) => name === 'boot-1')!.id;
      const { instance, ...rest } = stock.server(uuid, 'web1', [boot]);
      const moved = { ...rest, instance: { ...instance, host: 'compute2' } };
      const { driver } = stock;

      expect((await stock.connector(moved)).wwpns).not.toEqual([]);
      // Nova evacuates no instance to a host that has it.
      expect(await driver.listInstanceUuids()).toEqual([]);
      await stock.evacuateHere(moved);
      expect(await driver.getInfo(moved.instance, false)).toMatchObject({ state: 'running' });
      expect(await driver.listInstanceUuids()).toEqual([uuid]);

      await stock.destroy(moved);
      await stock.unmap(moved);
      await served.backend().manager.removeParked({ scope: 'all' });
      expect(world.sim.snapshot()).toEqual(before);
    });

    test('the partition of an evacuation that does not come is deleted', async () => {
      await using world = await startWorld({ machine, reuseWwpns: true, users: administrator });
      const before = world.sim.snapshot();
      await using served = await serveWorld(world);
      await using stock = await StockManager.start(world, stockVirtApi, async () => remoteDriver(served.socket));
      const { instance, ...rest } = stock.server(uuid, 'web1', []);

      await stock.connector({ ...rest, instance: { ...instance, host: 'compute2' } });
      await served.backend().manager.removeParked({ scope: 'recorded' });

      expect(world.sim.snapshot()).toEqual(before);
    });

    test('a failure before the spawn is undone by failed_spawn_cleanup', async () => {
      await using world = await startWorld({ machine, reuseWwpns: true, users: administrator });
      await using served = await serveWorld(world);
      await using stock = await StockManager.start(world, stockVirtApi, async () => remoteDriver(served.socket));
      const ids = ['boot-1', 'data-1'].map((name) => world.sim.volumes.find((each) => each.name === name)!.id);
      const server = stock.server(uuid, 'web1', ids);

      await stock.failBuild(server);
      await using manager = await world.open({ access: 'read' });

      expect(await manager.verify()).toEqual([]);
      await stock.unmap(server);
      await served.backend().manager.removeParked({ scope: 'all' });
      expect(await manager.listPartitions({ all: false })).toEqual([]);
    });
  },
);

function wire({ uuid: id, name }: { readonly uuid: string; readonly name: string }): object {
  return { uuid: id, name, flavor: { vcpus: 1, memory_mb: 1024 } };
}
