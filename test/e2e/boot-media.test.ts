/* ISO images that are mounted before a change of the boot source fails: which image the partition has afterwards. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installerFile } from '../support/installer-file.ts';
import { quickPolicies, startWorld } from '../support/world.ts';

const policies = { ...quickPolicies, imageLagMs: 10_000 };

async function startServer() {
  const world = await startWorld({ machine: 'z16' });
  const { sim, context, statePath } = world;
  const manager = await world.open({ policies });
  const volumes = [{ volumeId: sim.volumes[0]!.id, bootIndex: 0 }]; // the simulator has some
  await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes }, context);
  const copy = (name: string) => {
    const file = join(statePath, name);
    copyFileSync(installerFile(), file);
    return file;
  };
  const partition = () => sim.hmc.model.all('partition')[0]!.props; // the one of web1
  const operations = () => sim.log.entries.map(({ operation }) => operation);
  return {
    ...{ sim, context, manager, copy, partition, operations },
    [Symbol.asyncDispose]: async () => {
      await manager[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

function refuse(operation: string) {
  return {
    id: 'refused',
    server: 'hmc',
    operation,
    when: { times: 1 },
    kind: { type: 'refuse', status: 400 },
  } as const;
}

test('a boot source that cannot be set leaves no other image than the one that was mounted before', async () => {
  await using stage = await startServer();
  const { manager, context, sim, copy, partition } = stage;
  await manager.setBoot('web1', { source: 'iso', image: copy('first.iso') }, context);
  sim.faults.add(refuse('Update Partition Properties'));

  await expect(manager.setBoot('web1', { source: 'iso', image: copy('second.iso') }, context)).rejects.toThrow();

  // The first image is lost: an HMC has one at a time.
  expect(partition()).toMatchObject({ 'boot-iso-image-name': null, 'boot-device': 'none' });
});

test('a refused mount keeps the image that was mounted before', async () => {
  await using stage = await startServer();
  const { manager, context, sim, copy, partition } = stage;
  await manager.setBoot('web1', { source: 'iso', image: copy('first.iso') }, context);
  sim.faults.add(refuse('Mount ISO Image'));

  await expect(manager.setBoot('web1', { source: 'iso', image: copy('second.iso') }, context)).rejects.toThrow();

  expect(partition()).toMatchObject({ 'boot-iso-image-name': 'first.iso', 'boot-device': 'iso-image' });
});

test.each([
  ['is missing', (copy: (name: string) => string) => `${copy('repair.iso')}.gone`],
  ['is refused by the HMC', (copy: (name: string) => string) => copy('repair.iso')],
])('a rescue does not stop the server if its image %s', async (_title, image) => {
  await using stage = await startServer();
  const { manager, context, sim, copy, partition, operations } = stage;
  sim.faults.add(refuse('Mount ISO Image'));
  sim.log.clear();

  await expect(manager.rescue('web1', { image: image(copy) }, context)).rejects.toThrow('mount-image failed');

  expect(operations()).not.toContain('Stop Partition');
  expect(partition()).toMatchObject({ status: 'active', 'boot-iso-image-name': null });
});

test('a rescue asks the guest to shut down before it stops the server', async () => {
  await using stage = await startServer();
  const { manager, context, sim, copy, operations } = stage;
  sim.log.clear();

  await manager.rescue('web1', { image: copy('repair.iso') }, context);
  await manager.unrescue('web1', context);

  expect(operations().filter((operation) => operation === 'Send OS Command')).toHaveLength(2);
});

test('an image that the HMC mounts only after the rescue was cancelled is unmounted', async () => {
  await using stage = await startServer();
  const { manager, context, sim, copy, partition } = stage;
  const kind = { type: 'delay', ms: 500, when: 'before' } as const;
  sim.faults.add({ id: 'late', server: 'hmc', operation: 'Mount ISO Image', kind });
  const canceled = new AbortController();

  const rescue = manager.rescue('web1', { image: copy('repair.iso') }, { ...context, signal: canceled.signal });
  await expect.poll(() => sim.faults.struck('late')).toBe(1);
  canceled.abort(new Error('the caller gives up'));
  await expect(rescue).rejects.toThrow('mount-image failed');
  await expect.poll(() => sim.log.inFlightNow).toBe(0);

  expect(partition()).toMatchObject({ status: 'active', 'boot-iso-image-name': null });
});
