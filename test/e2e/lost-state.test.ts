/* If the state directory is lost, a server can be deleted by its UUID, and no mask outlives its WWPN. */
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withNamedVolumes } from '../support/snapshots.ts';
import { startWorld } from '../support/world.ts';

const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };

it.each([
  { machine: 'z13', cinder: 'of today', options: {} },
  { machine: 'z13', cinder: 'without attachments', options: { cinder: { maxMicroversion: '3.43' } } },
  { machine: 'z16', cinder: 'of today', options: {} },
  { machine: 'z16', cinder: 'without attachments', options: { cinder: { maxMicroversion: '3.43' } } },
] as const)(
  'a server of which only HMC and Cinder know is named by verify and deleted by its UUID, masks first: $machine, Cinder $cinder',
  async ({ machine, options }) => {
    await using world = await startWorld({ machine, ...options });
    const { context, sim, statePath } = world;
    const before = withNamedVolumes(sim.snapshot());
    const first = await world.open();
    const { id } = await first.create(request, context);
    await first[Symbol.asyncDispose]();
    for (const name of readdirSync(statePath)) rmSync(join(statePath, name), { recursive: true });
    await using manager = await world.open();

    const found = await manager.verify(context);
    await manager.delete(id, context);

    expect(found).toMatchObject([{ kind: 'partition', repair: null, detail: expect.stringContaining(id) as string }]);
    expect(withNamedVolumes(sim.snapshot())).toEqual(before);
    expect(await manager.verify(context)).toEqual([]);
    await expect(manager.delete(id, context)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  },
);

it('is not deleted if Cinder cannot say which volumes it has, because their masks would outlive its WWPNs', async () => {
  await using world = await startWorld({ set: { 'service_user.send_service_user_token': 'false' } });
  const first = await world.open();
  const { id } = await first.create(request, world.context);
  await first[Symbol.asyncDispose]();
  for (const name of readdirSync(world.statePath)) rmSync(join(world.statePath, name), { recursive: true });
  const before = world.sim.snapshot();
  await using manager = await world.open();

  const failure = await manager.delete(id, world.context).catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('service user') as string });
  expect(world.sim.snapshot()).toEqual(before);
});

it('an unknown UUID does not exist', async () => {
  await using world = await startWorld();
  await using manager = await world.open();

  await expect(manager.delete(randomUUID(), world.context)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
