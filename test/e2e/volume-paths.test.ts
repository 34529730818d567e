import { expect, it } from 'vitest';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };

function statesOf(paths: readonly { readonly state: string }[]): readonly string[] {
  return [...new Set(paths.map(({ state }) => state))].toSorted();
}

/** Initiators that the machine has logged in to the target's own fabric. */
function sameFabric({ sim }: World, initiator: string | null, target: string): boolean {
  const port = sim.san.arrays.flatMap(({ ports }) => ports).find(({ wwpn }) => wwpn === target);
  return initiator !== null && sim.san.fabricOf(initiator) === port?.fabricId;
}

it('lists each path of a volume on a z13 with initiator, port, fabric, target, LUN and device, as not testable', async () => {
  await using world = await startWorld();
  await using manager = await world.open();
  const server = await manager.create(request, world.context);
  const before = world.sim.snapshot();

  const paths = await manager.volumePaths({ volume: 'boot-1' }, world.context);

  expect(paths.length).toBeGreaterThanOrEqual(4);
  expect(statesOf(paths)).toEqual(['configured']);
  expect(paths).toEqual(await manager.volumePaths({ server: 'web1' }, world.context));
  for (const path of paths) {
    expect(path).toMatchObject({
      connector: server.partition,
      kind: 'partition',
      server: 'web1',
      volume_id: server.volumes[0]?.volume_id,
      adapter_port: expect.stringMatching(/^[0-9a-f-]{36}:0$/) as string,
      fabric: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      device_number: expect.stringMatching(/^[0-9a-f]{4}$/) as string,
    });
    expect(server.connector?.wwpns).toContain(path.initiator_wwpn);
  }
  expect(world.sim.snapshot()).toEqual(before);
});

it('tests the paths of a storage group, and says for each failed one whether target or LUN does not answer', async () => {
  await using world = await startWorld({ machine: 'z16' });
  await using manager = await world.open();
  await manager.create(request, world.context);
  const volumeId = world.sim.volumes[0]!.id;

  const good = await manager.volumePaths({ volume: volumeId }, world.context);
  const answering = good.filter(({ state }) => state === 'active');
  for (const { initiator_wwpn: initiator, target_wwpn: target } of answering) {
    expect(sameFabric(world, initiator, target)).toBe(true);
  }
  const between = good.filter(({ state }) => state === 'target-unreachable');
  const detail =
    'reported by the HMC (484): no fabric connects these two ports, but each of them has paths to other ports (not a fault)';
  expect(between.length).toBeGreaterThanOrEqual(2);
  for (const path of between) expect(path.detail).toBe(detail);
  world.sim.san.unmask(volumeId, answering[0]!.initiator_wwpn!);
  const masked = await manager.volumePaths({ volume: volumeId }, world.context);
  const [blamed] = masked.filter(({ initiator_wwpn: wwpn }) => wwpn === answering[0]!.initiator_wwpn);
  world.sim.san.setPortOnline(answering.at(-1)!.target_wwpn, false);
  const down = await manager.volumePaths({ volume: volumeId }, world.context);

  expect(answering.length).toBeGreaterThanOrEqual(2);
  expect(blamed).toMatchObject({ state: 'lun-unreachable', detail: 'reported by the HMC (485)' });
  expect(down.filter(({ target_wwpn: wwpn }) => wwpn === answering.at(-1)!.target_wwpn)).toSatisfy(
    (paths: typeof down) =>
      paths.every((path) => path.state === 'target-unreachable' && path.detail === 'reported by the HMC (484)'),
  );
});

it('reports a stopped partition, and an adapter that is down', async () => {
  await using world = await startWorld({ machine: 'z16' });
  await using manager = await world.open();
  await manager.create(request, world.context);
  await manager.stop('web1', {}, world.context);

  const idle = await manager.volumePaths({ server: 'web1' }, world.context);
  const [port] = idle.flatMap(({ adapter_port: at }) => at ?? []);
  const adapter = world.sim.hmc.model.find('adapter', `/api/adapters/${port?.split(':')[0]}`);
  adapter!.props.status = 'not-active';
  const broken = await manager.volumePaths({ server: 'web1' }, world.context);

  expect(statesOf(idle)).toContain('idle');
  expect(statesOf(broken.filter(({ adapter_port: at }) => at === port))).toEqual(['adapter-down']);
});

it('lists no path of a volume without a server, and refuses one that does not exist', async () => {
  await using world = await startWorld();
  await using manager = await world.open();
  await manager.create(request, world.context);

  expect(await manager.volumePaths({ volume: 'data-1' }, world.context)).toEqual([]);
  await expect(manager.volumePaths({ volume: 'nothing' }, world.context)).rejects.toThrow(/does not exist/);
  await expect(manager.volumePaths({ server: 'nobody' }, world.context)).rejects.toThrow(/nobody/);
  expect(await manager.searchPath({}, world.context)).toMatchObject([{ kind: 'partition' }]);
});
