import { describe, expect, test } from 'vitest';
import { describeError, findError } from '../../src/base/index.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const size = { vcpus: 1, memoryMib: 1024 };

/** Boot properties of the only partition, as the HMC has them. */
function bootProperties({ sim }: World) {
  const [partition] = sim.hmc.snapshot().partition;
  return {
    secureBoot: partition?.['secure-boot'],
    loadParameters: partition?.['boot-load-parameters'],
    selector: partition?.['boot-configuration-selector'],
    timeout: partition?.['boot-timeout'],
  };
}

/** What the only partition has said. */
function console({ sim }: World): readonly string[] {
  const [partition] = sim.hmc.model.all('partition');
  return sim.hmc.osMessages(partition?.uri ?? '');
}

async function create(world: World, properties: Record<string, string>) {
  await using manager = await world.open();
  const volumes = [{ volumeId: world.sim.volumes[0]?.id ?? '' }];
  return await manager.create({ name: 'web1', ...size, volumes, properties }, world.context);
}

describe.each(['z15', 'z16', 'z17'] as const)('on a %s', (machine) => {
  test('a partition is loaded as the properties of its server say', async () => {
    await using world = await startWorld({ machine });

    const server = await create(world, {
      'dpm:secure_boot': 'True',
      'dpm:boot_load_parameters': 'PROMPT',
      'dpm:boot_configuration_selector': '3',
      'dpm:boot_timeout': '120',
      'hw:cpu_policy': 'shared',
    });

    expect(server.status).toBe('ACTIVE');
    expect(bootProperties(world)).toEqual({ secureBoot: true, loadParameters: 'PROMPT', selector: 3, timeout: 120 });
    expect(server.properties).toMatchObject({ 'dpm:secure_boot': 'True', 'hw:cpu_policy': 'shared' });
  });
});

describe.each(['z13', 'z14', 'z15', 'z16', 'z17'] as const)('on a %s', (machine) => {
  test.each([
    { properties: { 'dpm:boot_configuration_selector': '3' }, program: 3 },
    { properties: {}, program: 0 },
  ])('of several boot programs the one is loaded that $properties asks for', async ({ properties, program }) => {
    await using world = await startWorld({ machine });
    world.sim.san.updateVolume(world.sim.volumes[0]?.id ?? '', { programs: [0, 1, 3] });

    await create(world, properties);

    expect(console(world)).toContain(`Boot program ${program}`);
  });

  test('a boot program that the disk does not have is a failed load', async () => {
    await using world = await startWorld({ machine });
    world.sim.san.updateVolume(world.sim.volumes[0]?.id ?? '', { programs: [0, 1] });

    const failure = await create(world, { 'dpm:boot_configuration_selector': '3' }).catch((error: unknown) => error);

    expect(findError(failure, 'BOOT_FAILED')).toBeDefined();
  });
});

test.each(['z13', 'z14', 'z16'] as const)('on a %s, dpm.boot_timeout is that of every partition', async (machine) => {
  await using world = await startWorld({ machine, set: { 'dpm.boot_timeout': '300' } });

  await create(world, {});

  expect(bootProperties(world).timeout).toBe(300);
});

test.each([
  ['z13', 'dpm:secure_boot', 'true', 'secure-boot'],
  ['z14', 'dpm:secure_boot', 'true', 'secure-boot'],
  ['z13', 'dpm:boot_load_parameters', 'PROMPT', 'boot-load-parameters'],
] as const)(
  'a %s that does not support %s reports it, and the spawn is rolled back',
  async (machine, key, value, property) => {
    await using world = await startWorld({ machine });
    const before = world.sim.snapshot();

    const failure = await create(world, { [key]: value }).catch((error: unknown) => error);

    expect(describeError(failure)).toContain(property);
    expect(describeError(failure)).toContain('does not support');
    expect(world.sim.log.byOperation()).not.toHaveProperty('Start Partition');
    await using manager = await world.open();
    await manager.delete('web1', world.context);
    expect(world.sim.snapshot()).toEqual(before);
  },
);

test('a property that cannot be is refused before anything is made', async () => {
  await using world = await startWorld({ machine: 'z16' });
  const before = world.sim.snapshot();
  world.sim.log.clear();

  const failure = await create(world, { 'dpm:boot_timeout': '10' }).catch((error: unknown) => error);

  expect(describeError(failure)).toBe(
    'property "dpm:boot_timeout" is "10", expected a whole number from 60 to 600 seconds',
  );
  expect(world.sim.log.count(({ method }) => method === 'POST' || method === 'PUT')).toBe(1); // the logon
  expect(world.sim.snapshot()).toEqual(before);
});
