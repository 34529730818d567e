/* An operating system is installed onto an empty LUN with two commands: the steps of docs/install.md. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeInstallerImage } from '../../src/simulator/index.ts';
import { startStage } from '../support/stage.ts';

const SIZE = ['--vcpus', '2', '--memory', '4096'];

/** An empty volume of the simulator, and the image that installs in it. */
const EMPTY = 'data-1';
const ISO = 'install.iso';

/** The commands of a block of the guide. */
function guide(block: string): readonly string[][] {
  const text = readFileSync(new URL('../../docs/install.md', import.meta.url), 'utf8');
  const [, commands = ''] = new RegExp(`<!-- install: ${block} -->\\s+\`\`\`sh\\n([^\`]+)\`\`\``, 'u').exec(text) ?? [];
  const lines = commands.trim().split('\n');
  return lines.map((line) => line.replace(/^dpm /u, '').split(' '));
}

async function startWithImage(machine: 'z13' | 'z14' | 'z16' | 'z17') {
  const stage = await startStage({ machine });
  writeFileSync(join(stage.cwd, ISO), makeInstallerImage());
  const partition = () => stage.sim.hmc.model.all('partition').at(-1)!; // each test has one
  const said = () => stage.sim.hmc.osMessages(partition().uri).join('\n');
  return { ...stage, partition, said };
}

test.each(['z13', 'z14', 'z16', 'z17'] as const)(
  'on a %s, the two commands of the guide install from an ISO image onto an empty LUN, which boots from then on',
  async (machine) => {
    await using stage = await startWithImage(machine);
    const { sim, dpm, partition, said } = stage;
    const before = sim.snapshot();
    const [create = [], set = [], ...more] = guide('iso');
    expect([create.slice(0, 3), set.slice(0, 3), more]).toEqual([
      ['server', 'create', 'web1'],
      ['server', 'set', 'web1'],
      [],
    ]);

    const direct = await dpm('server', 'create', 'web0', ...SIZE, '--volume', EMPTY);
    const created = await dpm(...create);
    const installed = said();
    const mounted = partition().props['boot-iso-image-name'];
    const switched = await dpm(...set);
    const unmounted = partition().props['boot-iso-image-name'];
    const rebooted = await dpm('server', 'reboot', 'web1', '--hard');
    const booted = said();
    const stopped = await dpm('server', 'stop', 'web1');
    const started = await dpm('server', 'start', 'web1');

    expect(direct).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
    expect(direct.stderr).toContain('is not bootable');
    expect(created, created.stderr).toMatchObject({
      code: 0,
      printed: { status: 'ACTIVE', boot: { device: 'iso-image' } },
    });
    expect(installed).toMatch(/Installer from install\.iso\nInstalled the operating system to LUN/u);
    expect(mounted).toBe(ISO);
    expect(switched, switched.stderr).toMatchObject({
      code: 0,
      printed: { status: 'ACTIVE', boot: { device: machine === 'z13' ? 'storage-adapter' : 'storage-volume' } },
    });
    expect(switched.stderr).toContain('server "web1" boots from the new source at its next start');
    expect(unmounted).toBeNull();
    expect(rebooted.code, rebooted.stderr).toBe(0);
    expect(booted).toContain('Linux version');
    expect([stopped.code, started.code]).toEqual([0, 0]);
    expect(booted + said()).not.toContain('Installer');
    expect((await dpm('verify')).printed).toEqual([]);
    expect((await dpm('server', 'delete', 'web1')).code).toBe(0);
    expect(sim.snapshot()).toEqual(before);
  },
);

test('without the switch, a reboot runs the installer again; delete unmounts the image', async () => {
  await using stage = await startWithImage('z16');
  const { sim, dpm, partition, said } = stage;
  const iso = ['--boot-from', 'iso', '--iso', ISO];

  const created = await dpm('server', 'create', 'web1', ...SIZE, '--volume', EMPTY, ...iso);
  const rebooted = await dpm('server', 'reboot', 'web1', '--hard');
  const again = said();
  const mounted = partition().props['boot-iso-image-name'];
  sim.log.clear();
  const deleted = await dpm('server', 'delete', 'web1');

  expect([created.code, rebooted.code, deleted.code], created.stderr + rebooted.stderr).toEqual([0, 0, 0]);
  expect(again).toContain('Installer from install.iso');
  expect(mounted).toBe(ISO);
  expect(sim.log.entries.map(({ operation }) => operation)).toContain('Unmount ISO Image');
});

test('a server without a volume boots from an ISO image, which is refused before anything is made if it is none', async () => {
  await using stage = await startWithImage('z13');
  const { sim, dpm, cwd, said } = stage;
  const before = sim.snapshot();
  writeFileSync(join(cwd, 'text.iso'), 'no image');
  const create = (...more: readonly string[]) =>
    dpm('server', 'create', 'web1', ...SIZE, '--boot-from', 'iso', ...more);

  const none = await create('--iso', 'none.iso');
  const text = await create('--iso', 'text.iso');
  const noIns = await create('--iso', ISO, '--iso-ins', '/suse.ins');
  const unnamed = await create();
  const wrongOption = await dpm('server', 'create', 'web1', ...SIZE, '--iso', ISO);
  const afterRefusals = [sim.snapshot(), (await dpm('server', 'list')).printed];
  const created = await create('--iso', ISO);
  const toVolume = await dpm('server', 'set', 'web1', '--boot-from', 'volume');

  expect([none.code, text.code, noIns.code, unnamed.code, wrongOption.code]).toEqual([2, 2, 2, 2, 2]);
  expect(none.stderr).toContain('none.iso": the file cannot be read');
  expect(text.stderr).toContain('text.iso": expected an ISO 9660 image');
  expect(noIns.stderr).toContain('it has no file /suse.ins; its .ins files: /generic.ins');
  expect(unnamed.stderr).toContain('--boot-from iso needs --iso');
  expect(wrongOption.stderr).toContain('option --iso = "install.iso": expected --boot-from iso');
  expect(afterRefusals).toEqual([before, []]);
  expect(created, created.stderr).toMatchObject({ code: 0, printed: { volumes: [], boot: { device: 'iso-image' } } });
  expect(said()).toContain('No disk found');
  expect(toVolume).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
  expect(toVolume.stderr).toContain('has no volume to boot from');
  expect((await dpm('server', 'show', 'web1')).printed).toMatchObject({ boot: { device: 'iso-image' } });
});

test('a create whose upload is refused is rolled back, and a switch that fails keeps the old source', async () => {
  await using stage = await startWithImage('z16');
  const { sim, dpm, partition } = stage;
  const before = sim.snapshot();
  const refuse = (operation: string) =>
    sim.faults.add({ id: operation, server: 'hmc', operation, kind: { type: 'refuse', status: 403, reason: 1 } });

  refuse('Mount ISO Image');
  const created = await dpm('server', 'create', 'web1', ...SIZE, '--volume', EMPTY, '--boot-from', 'iso', '--iso', ISO);
  const deleted = await dpm('server', 'delete', 'web1');
  const afterwards = sim.snapshot();
  await dpm('server', 'create', 'web2', ...SIZE, '--volume', 'boot-1');
  const booted = partition().props['boot-storage-volume'];
  refuse('Update Partition Properties');
  const switched = await dpm('server', 'set', 'web2', '--boot-from', 'iso', '--iso', ISO);

  expect(created).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
  expect(deleted.code).toBe(0);
  expect(afterwards).toEqual(before);
  expect(switched).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
  expect(partition().props).toMatchObject({
    'boot-device': 'storage-volume',
    'boot-storage-volume': booted,
    'boot-iso-image-name': null,
  });
});

const FTP_PASSWORD = 'let-me-install';

test.each(['z13', 'z16'] as const)('on a %s, the commands of the guide install from an FTP server', async (machine) => {
  await using stage = await startWithImage(machine);
  const { sim, dpm, cwd, partition, said } = stage;
  writeFileSync(join(cwd, 'ftp.pw'), `${FTP_PASSWORD}\n`, { mode: 0o600 });
  const before = sim.snapshot();
  const [create = [], set = []] = guide('ftp');

  const created = await dpm(...create, '-vv');
  const installed = said();
  const switched = await dpm(...set);
  const rebooted = await dpm('server', 'reboot', 'web1', '--hard');
  const state = readdirSync(join(cwd, 'state'))
    .filter((name) => name.startsWith('state.db'))
    .map((name) => readFileSync(join(cwd, 'state', name)));
  const shown = JSON.stringify(await dpm('server', 'show', 'web1'));

  expect(created, created.stderr).toMatchObject({ code: 0, printed: { boot: { device: 'ftp' } } });
  expect(installed).toContain('Installer from ftp://install.example.com/rhel/generic.ins');
  expect([switched.code, rebooted.code], switched.stderr + rebooted.stderr).toEqual([0, 0]);
  expect(said()).not.toContain('Installer');
  expect(partition().props['boot-ftp-password']).toBe(FTP_PASSWORD);
  expect(created.stdout + created.stderr + shown + switched.stderr).not.toContain(FTP_PASSWORD);
  expect(state.length).toBeGreaterThan(0);
  expect(state.filter((bytes) => bytes.includes(FTP_PASSWORD))).toEqual([]);
  expect((await dpm('server', 'delete', 'web1')).code).toBe(0);
  expect(sim.snapshot()).toEqual(before);
});

test('a wrong password of an FTP server is a boot that fails, and is rolled back; without one nothing begins', async () => {
  await using stage = await startWithImage('z16');
  const { sim, dpm, dpmWith } = stage;
  const [create = []] = guide('ftp');
  const at = create.indexOf('--ftp-password-file');
  const withoutPassword = create.toSpliced(at, 2);
  const before = sim.snapshot();

  const none = await dpm(...withoutPassword);
  const wrong = await dpmWith({ NOVA_DPM_BOOT_PASSWORD: 'not-this-one' }, ...withoutPassword);

  expect(none.code).toBe(2);
  expect(none.stderr).toContain(
    'a password is needed: --ftp-password-file FILE, or the variable NOVA_DPM_BOOT_PASSWORD',
  );
  expect(wrong).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
  expect(wrong.stderr).toContain('refuses the user or the password');
  expect(wrong.stderr).toContain('/rhel/generic.ins from ftp server install.example.com');
  expect((await dpm('server', 'delete', 'web1')).code).toBe(0);
  expect(sim.snapshot()).toEqual(before);
});

test.each(['z13', 'z16', 'z17'] as const)(
  'on a %s, a boot from the network installs, and needs a NIC',
  async (machine) => {
    await using stage = await startWithImage(machine);
    const { sim, dpm, said } = stage;
    const before = sim.snapshot();
    const network = ['--boot-from', 'network'];

    const refused = await dpm('server', 'create', 'web1', ...SIZE, '--volume', EMPTY, ...network);
    const created = await dpm('server', 'create', 'web1', ...SIZE, '--volume', EMPTY, ...network, '--network', 'net1');
    const installed = said();
    const switched = await dpm('server', 'set', 'web1', '--boot-from', 'volume');
    const rebooted = await dpm('server', 'reboot', 'web1', '--hard');
    const booted = said();
    await dpm('server', 'delete', 'web1');
    const afterwards = sim.snapshot();
    await dpm('server', 'create', 'web2', ...SIZE, '--volume', 'boot-1');
    const without = await dpm('server', 'set', 'web2', ...network);

    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('cannot boot from the network: give it a network');
    expect(created, created.stderr).toMatchObject({ code: 0, printed: { boot: { device: 'network-adapter' } } });
    expect(installed).toContain('Installer from the network of');
    expect([switched.code, rebooted.code], switched.stderr + rebooted.stderr).toEqual([0, 0]);
    expect(booted).not.toContain('Installer');
    expect(afterwards).toEqual(before);
    expect(without).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
    expect(without.stderr).toContain('has no NIC: it cannot boot from the network');
  },
);
