import { pino } from 'pino';
import { expect, it } from 'vitest';
import { decodeGuestParameters, withoutOurWords } from '../../src/partition/guest-parameters/index.ts';
import type { ComputeManager, ServerDetail } from '../../src/compute/index.ts';
import { FakeGuest, shells } from '../guest/fake-guest.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const size = { vcpus: 1, memoryMib: 1024 };
const machines = ['z13', 'z16'] as const;

/** What the HMC has for the only partition. */
function parameters({ sim }: World): string {
  const value = sim.hmc.snapshot().partition[0]?.['boot-os-specific-parameters'];
  return typeof value === 'string' ? value : '';
}

function told(world: World): readonly string[] {
  const { paths } = decodeGuestParameters(parameters(world));
  return paths.map(({ deviceNumber, targetWwpn, lun }) => `${deviceNumber}:${targetWwpn}:${lun}`).toSorted();
}

/** Every path of a server's volumes, as Cinder's maps and the HMC's device numbers make them. */
function shown({ volumes }: ServerDetail): readonly string[] {
  return volumes
    .flatMap(({ paths }) => paths.map((path) => `${path.device_number ?? '-'}:${path.target_wwpn}:${path.lun}`))
    .toSorted();
}

/**
 * Every volume, over every vHBA, and nothing else. Of a new storage group the HMC has told which ways there are; what
 * Cinder's map says is as much or more, where it knows nothing of fabrics.
 */
function expectTold(world: World, server: ServerDetail): void {
  const [found, possible] = [told(world), shown(server)];
  const part = (place: 0 | 2) => (path: string) => path.split(':')[place] ?? '';

  expect(possible).toEqual(expect.arrayContaining([...found]));
  for (const place of [0, 2] as const) {
    expect(new Set(found.map(part(place)))).toEqual(new Set(possible.map(part(place))));
  }
  if (server.storage_model === 'hba') expect(found).toEqual(possible);
}

async function create(manager: ComputeManager, world: World, properties: Record<string, string> = {}) {
  const volumes = [{ volumeId: 'boot-1', bootIndex: 0 }, { volumeId: 'data-1' }];
  return await manager.create({ name: 'web1', ...size, volumes, properties }, world.context);
}

it.each(machines)(
  'on a %s, a partition is started with every path of its volumes, and the guest tools read them',
  async (machine) => {
    await using world = await startWorld({ machine });
    await using manager = await world.open();

    const server = await create(manager, world);

    expect(shown(server).length).toBeGreaterThanOrEqual(4);
    expectTold(world, server);
    using guest = new FakeGuest(shells[0]?.[1] ?? ['sh'], { devices: {}, scpData: parameters(world) });
    expect(
      guest
        .run('plan')
        .lines.map((line) => line.replace('path ', ''))
        .toSorted(),
    ).toEqual(told(world));
  },
);

it.each(machines)(
  'on a %s, the next start or reboot writes the volumes that were attached or detached meanwhile',
  async (machine) => {
    await using world = await startWorld({ machine });
    await using manager = await world.open();
    const { context } = world;
    const first = await create(manager, world, { 'dpm:boot_os_specific_parameters': 'quiet' });
    expect(parameters(world)).toMatch(/^quiet dpm\.z=/);

    const attached = await manager.addVolume('web1', 'data-2', {}, context);
    expectTold(world, first);
    await manager.stop('web1', {}, context);
    await manager.start('web1', context);
    expect(told(world)).toEqual(shown(attached));

    const detached = await manager.removeVolume('web1', 'data-1', context);
    await manager.reboot('web1', { hard: true }, context);
    expect(told(world)).toEqual(shown(detached));
    expect(withoutOurWords(parameters(world))).toBe('quiet');
  },
);

it('if the text is too long, keeps the text of the user, and logs the volumes that do not fit', async () => {
  const lines: string[] = [];
  await using world = await startWorld({ machine: 'z13' });
  await using manager = await world.open({ log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) });
  const text = `root=LABEL=x ${'a'.repeat(220)}`;

  const server = await create(manager, world, { 'dpm:boot_os_specific_parameters': text });

  expect(parameters(world)).toBe(text);
  const [warning = ''] = lines.filter((line) => line.includes('guest.parameters-full'));
  for (const { volume_id: id } of server.volumes) expect(warning).toContain(id);
});

it('starts the partition although the HMC refuses the new boot parameters, and logs it', async () => {
  const lines: string[] = [];
  await using world = await startWorld({ machine: 'z13' });
  await using manager = await world.open({ log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) });
  await create(manager, world);
  await manager.stop('web1', {}, world.context);
  await manager.addVolume('web1', 'data-2', {}, world.context);
  const before = parameters(world);
  world.sim.faults.add({
    id: 'renewal',
    server: 'hmc',
    operation: 'Update Partition Properties',
    when: { times: -1 },
    kind: { type: 'refuse', status: 403, reason: 1 },
  });

  await manager.start('web1', world.context);

  expect((await manager.show('web1', world.context)).status).toBe('ACTIVE');
  expect(parameters(world)).toBe(before);
  expect(lines.some((line) => line.includes('guest.parameters-stale'))).toBe(true);
});

it('a start without changed volumes does not write the boot parameters', async () => {
  await using world = await startWorld({ machine: 'z13' });
  await using manager = await world.open();
  await create(manager, world);
  await manager.stop('web1', {}, world.context);
  world.sim.log.clear();

  await manager.start('web1', world.context);

  expect(world.sim.log.count(({ operation }) => operation === 'Update Partition Properties')).toBe(0);
});
