/* The log of the simulated Cinder names every volume action. */
import { expect, test } from 'vitest';
import { callerIn, startWorld, type World } from './support.ts';

const volumeOf = (world: World, index = 0): string => world.openstack.volumes[index]!.id;

test('the log names every action rightly while many are served at once over few connections', async () => {
  await using world = await startWorld({ latencyMs: 2 });
  const caller = await callerIn(world);
  const actions = ['os-reserve', 'os-unreserve', 'os-roll_detaching', 'os-begin_detaching', 'os-update_readonly_flag'];
  const calls = Array.from({ length: 100 }, (_, index) => actions[index % actions.length]!);

  await Promise.all(
    calls.flatMap((name, index) => [
      caller.action(volumeOf(world, index % 4), name, name === 'os-update_readonly_flag' ? { readonly: false } : null),
      caller.get('/limits'),
    ]),
  );

  const expected = Object.fromEntries(actions.map((name) => [name, 20]));
  expect(world.log.byOperation()).toEqual({ 'Create Token': 1, 'Show Limits': 100, ...expected });
});

test('what is no action keeps the name of its path', async () => {
  await using world = await startWorld();
  const caller = await callerIn(world);

  await caller.action(volumeOf(world), 'os-unheard-of');
  await caller.action(volumeOf(world), 'constructor');
  await caller.post(`/volumes/${volumeOf(world)}/action`, {});

  expect(world.log.byOperation()).toEqual({ 'Create Token': 1, 'Volume Action': 3 });
});
