/* Rescue and back, rebuild, and dump, by the command. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeInstallerImage } from '../../src/simulator/index.ts';
import { startStage } from '../support/stage.ts';

const SIZE = ['--vcpus', '1', '--memory', '1024'];

async function startServer(machine: 'z13' | 'z14' | 'z16' | 'z17') {
  const stage = await startStage({ machine });
  const empty = stage.sim.snapshot();
  const created = await stage.dpm('server', 'create', 'web1', ...SIZE, '--volume', 'boot-1');
  expect(created.code, created.stderr).toBe(0);
  const partition = () => stage.sim.hmc.model.all('partition')[0]!; // there is one
  const source = () => {
    const { props } = partition();
    const keys = ['boot-device', 'boot-storage-volume', 'boot-world-wide-port-name', 'boot-logical-unit-number'];
    return keys.map((key) => props[key]);
  };
  return { ...stage, empty, partition, source };
}

test.each(['z13', 'z14', 'z16', 'z17'] as const)(
  'on a %s, a server is rescued from another volume, and boots from its own again',
  async (machine) => {
    await using stage = await startServer(machine);
    const { sim, dpm, empty, source } = stage;
    const own = source();

    const rescued = await dpm('server', 'rescue', 'web1', '--volume', 'boot-2');
    const inRescue = source();
    const twice = await dpm('server', 'rescue', 'web1', '--volume', 'data-1');
    const stopped = await dpm('server', 'stop', 'web1');
    const started = await dpm('server', 'start', 'web1');
    const back = await dpm('server', 'unrescue', 'web1');
    const again = await dpm('server', 'unrescue', 'web1');

    expect(rescued, rescued.stderr).toMatchObject({
      code: 0,
      printed: { status: 'RESCUE', power_state: 'running', boot_volume: 'boot-1', volumes: [{}, { name: 'boot-2' }] },
    });
    expect(inRescue).not.toEqual(own);
    expect(twice).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
    expect(twice.stderr).toContain('cannot rescue server "web1": it is rescued');
    expect([stopped.printed, started.printed]).toMatchObject([
      { status: 'RESCUE', power_state: 'shutdown' },
      { status: 'RESCUE', power_state: 'running' },
    ]);
    expect(back, back.stderr).toMatchObject({
      code: 0,
      printed: { status: 'ACTIVE', power_state: 'running', volumes: [{ name: 'boot-1' }] },
    });
    expect(source()).toEqual(own);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('cannot unrescue server "web1": it is active');
    expect((await dpm('verify')).printed).toEqual([]);
    expect((await dpm('server', 'delete', 'web1')).code).toBe(0);
    expect(sim.snapshot()).toEqual(empty);
  },
);

test('a server is rescued from an ISO image, which is unmounted afterwards', async () => {
  await using stage = await startServer('z16');
  const { dpm, cwd, partition, source } = stage;
  const own = source();
  writeFileSync(join(cwd, 'repair.iso'), makeInstallerImage());

  const neither = await dpm('server', 'rescue', 'web1');
  const rescued = await dpm('server', 'rescue', 'web1', '--iso', 'repair.iso');
  const mounted = partition().props['boot-iso-image-name'];
  const back = await dpm('server', 'unrescue', 'web1');

  expect(neither.code).toBe(2);
  expect(rescued, rescued.stderr).toMatchObject({
    code: 0,
    printed: { status: 'RESCUE', boot: { device: 'iso-image' }, volumes: [{}] },
  });
  expect(mounted).toBe('repair.iso');
  expect(back, back.stderr).toMatchObject({ code: 0, printed: { status: 'ACTIVE' } });
  expect(source()).toEqual(own);
  expect(partition().props['boot-iso-image-name']).toBeNull();
});

test('a rescue from a volume without a system is rolled back: the server runs from its own volume', async () => {
  await using stage = await startServer('z16');
  const { dpm, source, sim } = stage;
  const [own, before] = [source(), sim.snapshot().cinder];

  const rescued = await dpm('server', 'rescue', 'web1', '--volume', 'data-1');

  expect(rescued).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
  expect(rescued.stderr).toContain('the disk holds no boot record');
  expect((await dpm('server', 'show', 'web1')).printed).toMatchObject({
    status: 'ACTIVE',
    power_state: 'running',
    volumes: [{ name: 'boot-1' }],
  });
  expect(source()).toEqual(own);
  expect(sim.snapshot().cinder).toEqual(before);
  expect((await dpm('verify')).printed).toEqual([]);
});

test.each(['z13', 'z16'] as const)('on a %s, a rebuild gives a server a new boot volume', async (machine) => {
  await using stage = await startServer(machine);
  const { sim, dpm, empty, source } = stage;
  const own = source();

  const rebuilt = await dpm('server', 'rebuild', 'web1', '--volume', 'boot-2');
  const rebooted = await dpm('server', 'reboot', 'web1', '--hard');
  const free = await dpm('volume', 'show', 'boot-1');

  expect(rebuilt, rebuilt.stderr).toMatchObject({
    code: 0,
    printed: { status: 'ACTIVE', boot_volume: 'boot-2', volumes: [{ name: 'boot-2', boot_index: 0 }] },
  });
  expect(source()).not.toEqual(own);
  expect(rebooted.code, rebooted.stderr).toBe(0);
  expect(free.printed).toMatchObject({ status: 'available' });
  expect((await dpm('verify')).printed).toEqual([]);
  expect((await dpm('server', 'delete', 'web1')).code).toBe(0);
  expect(sim.snapshot()).toEqual(empty);
});

test.each(['z13', 'z16'] as const)(
  'on a %s, a dump is taken by a dump program, or by a PSW restart',
  async (machine) => {
    await using stage = await startServer(machine);
    const { sim, dpm } = stage;

    const restarted = await dpm('server', 'dump', 'web1');
    const foreign = await dpm('server', 'dump', 'web1', '--volume', 'boot-2');
    await dpm('server', 'add', 'volume', 'web1', 'boot-2');
    sim.log.clear();
    const dumped = await dpm('server', 'dump', 'web1', '--volume', 'boot-2');
    const operations = sim.log.entries.map(({ operation }) => operation);
    const events = await dpm('server', 'event', 'list', 'web1');
    await dpm('server', 'stop', 'web1');
    const stopped = await dpm('server', 'dump', 'web1');

    expect(restarted, restarted.stderr).toMatchObject({ code: 0, printed: { power_state: 'running' } });
    expect(foreign.code).toBe(1);
    expect(foreign.stderr).toContain('volume "boot-2" is not attached to server "web1"');
    expect(dumped, dumped.stderr).toMatchObject({ code: 0, printed: { partition_status: 'paused' } });
    expect(operations).toContain(machine === 'z13' ? 'Dump Partition' : 'Start Dump Program');
    expect(JSON.stringify(events.printed)).toContain('trigger_crash_dump');
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toContain('has status "stopped": there is nothing to dump');
  },
);
