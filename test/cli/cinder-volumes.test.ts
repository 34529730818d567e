import { expect, test } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/index.ts';
import { runLive, widthOf, writeSettings } from '../support/live-cli.ts';
import type { LiveOptions } from '../support/live-cli.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

interface Scene extends AsyncDisposable {
  readonly world: World;
  readonly dpm: (line: string, options?: Partial<LiveOptions>) => ReturnType<typeof runLive>;
}

async function startScene(options: SimulatorOptions = {}): Promise<Scene> {
  const world = await startWorld(options);
  writeSettings(world.statePath, world.settingsText);
  return {
    world,
    dpm: (line, more) => runLive(line.split(' '), { cwd: world.statePath, ...more }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

const quick = { cinder: { timing: { createMs: 100, downloadMs: 300 } } };
const volumesOf = ({ world }: Scene) => world.sim.cinder.snapshot().volumes;

test('two commands create a bootable volume from an image and a server that boots from it', async () => {
  await using scene = await startScene({ machine: 'z16', ...quick });

  const made = await scene.dpm('volume create boot-9 --size 10 --image rhel-9.4-s390x');
  const server = await scene.dpm('server create web1 --vcpus 1 --memory 4096 --volume boot-9');

  expect(made.code, made.stderr).toBe(0);
  expect(JSON.parse(made.stdout)).toMatchObject({ name: 'boot-9', status: 'available', size: 10, bootable: true });
  expect(made.stderr).toMatch(
    /done +boot-9: creating the volume in Cinder .*\ndone +boot-9: copying the image to the volume /,
  );
  expect(server.code, server.stderr).toBe(0);
  expect(JSON.parse(server.stdout)).toMatchObject({ name: 'web1', status: 'ACTIVE', power_state: 'running' });
  const listed = JSON.parse((await scene.dpm('volume list')).stdout) as { name: string; attached_to: string[] }[];
  expect(listed.find(({ name }) => name === 'boot-9')?.attached_to).toEqual(['web1']);
});

test('the list fits 80 characters and names servers; nothing is cut', async () => {
  await using scene = await startScene();
  await scene.dpm('server create web1 --vcpus 1 --memory 4096 --volume boot-1');

  const { stdout } = await scene.dpm('volume list', { columns: 80 });
  const detail = await scene.dpm('volume show boot-1', { columns: 80 });

  expect(stdout).toMatch(/\| boot-1 +\| in-use +\| 20 +\| true +\| web1 +\|/);
  expect(widthOf(stdout)).toBeLessThanOrEqual(80);
  expect(detail.stdout).toMatch(/\| attached_to +\| web1 +\|/);
  expect(widthOf(detail.stdout)).toBeLessThanOrEqual(80);
});

test('the list addresses volumes without a unique name by their ID', async () => {
  const twice = { name: 'twin', size: 1 };
  const [one, two] = ['1b671a64-40d5-491e-99b0-da01ff1f3341', '2b671a64-40d5-491e-99b0-da01ff1f3341'];
  await using scene = await startScene({
    volumes: [
      { ...twice, id: one },
      { ...twice, id: two },
    ],
  });

  const { stdout } = await scene.dpm('volume list', { columns: 80 });

  for (const id of [one, two]) expect(stdout).toContain(`| ${id} |`);
  const csv = (await scene.dpm('volume list -f csv')).stdout.split('\n');
  expect(csv[0]).toBe('name,status,size,bootable,attached_to');
  for (const id of [one, two]) expect(csv).toContain(`${id},available,1,false,[]`);
});

test('an image that cannot be copied is an error in the words of Cinder, and the failed volume is deleted', async () => {
  const failing = {
    id: 'copy',
    server: 'cinder',
    operation: 'Create Volume',
    kind: { type: 'backend-error' },
  } as const;
  await using scene = await startScene({ faults: [failing], ...quick });
  const before = volumesOf(scene);

  const { code, stderr } = await scene.dpm('volume create boot-9 --size 10 --image ubuntu-24.04-s390x');

  expect(code).toBe(1);
  expect(stderr).toMatch(
    /Cinder could not create volume "boot-9" \([0-9a-f-]{36}\): copy image to volume: An unknown error occurred\. The failed volume was deleted/,
  );
  expect(volumesOf(scene)).toEqual(before);
});

test.each([
  ['--type gold', 3, 'volume type "gold" does not exist; Cinder has: __DEFAULT__, multiattach, fast'],
  ['--image debian', 3, 'image "debian" does not exist; Glance has: '],
  ['--image twin', 3, '2 images have the name "twin"; give the ID: '],
  ['--image 6bd2a1ee-5d7b-4b05-9b07-9c7fb3f54b6a', 3, 'image "6bd2a1ee-5d7b-4b05-9b07-9c7fb3f54b6a" does not exist'],
  ['--image unfinished', 1, 'image "unfinished" is queued: Cinder accepts only active images'],
  ['--image large', 1, 'Size of specified image 40GB is larger than volume size 10GB'],
  ['--image picky', 1, 'Volume size 10GB cannot be smaller than the image minDisk size 12GB'],
])('volume create %s is refused with exit code %i, and no volume is created', async (choice, code, words) => {
  const images = [
    ...['twin', 'twin'].map((name, index) => ({ name, size: 1, id: `${index}b671a64-40d5-491e-99b0-da01ff1f3341` })),
    { name: 'unfinished', size: 1, status: 'queued' as const },
    { name: 'large', size: 40 },
    { name: 'picky', size: 1, minDisk: 12 },
  ];
  await using scene = await startScene({ images });
  const before = volumesOf(scene);

  const ran = await scene.dpm(`volume create boot-9 --size 10 ${choice}`);

  expect(ran.code, ran.stderr).toBe(code);
  expect(ran.stderr).toContain(words);
  expect(volumesOf(scene)).toEqual(before);
});

test('a quota is an error in the words of Cinder', async () => {
  await using scene = await startScene({ cinder: { quota: { gigabytes: 65 } } });

  const { code, stderr } = await scene.dpm('volume create big --size 10');

  expect(code).toBe(1);
  expect(stderr).toContain('413 overLimit: VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds');
});

test('a name needs a Glance in the catalogue of Keystone; Cinder gets an ID as it is', async () => {
  await using scene = await startScene({ images: [] });

  const named = await scene.dpm('volume create boot-9 --size 10 --image rhel');
  const byId = await scene.dpm('volume create boot-9 --size 10 --image 6bd2a1ee-5d7b-4b05-9b07-9c7fb3f54b6a');

  expect([named.code, byId.code]).toEqual([2, 1]);
  expect(named.stderr).toContain(`image "rhel": names are looked up in Glance, and Keystone's catalog has no endpoint`);
  expect(byId.stderr).toContain('Invalid image identifier or unable to access requested image');
});

test('a type is given by name or ID', async () => {
  await using scene = await startScene();

  const { code, stdout } = await scene.dpm('volume create fast-1 --size 1 --type fast');

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ name: 'fast-1', type: 'fast', bootable: false });
});

test('an image is looked up again with a new token when Glance refuses the old one', async () => {
  const lost = { id: 'lost', server: 'glance', operation: 'List Images', kind: { type: 'session-lost' } } as const;
  await using scene = await startScene({ faults: [lost], ...quick });

  const { code, stderr } = await scene.dpm('volume create boot-9 --size 10 --image rhel-9.4-s390x');

  expect(code, stderr).toBe(0);
  expect(scene.world.sim.log.entries.filter(({ server }) => server === 'glance').map(({ status }) => status)).toEqual([
    401, 200,
  ]);
});

test('delete removes several volumes; when one of them is attached or unknown it removes none', async () => {
  await using scene = await startScene();
  await scene.dpm('server create web1 --vcpus 1 --memory 4096 --volume boot-1');

  const attached = await scene.dpm('volume delete data-1 boot-1');
  const unknown = await scene.dpm('volume delete data-1 data-9');
  const names = volumesOf(scene).map(({ name }) => name);
  const done = await scene.dpm('volume delete data-1 data-2 data-9 --if-exists');

  expect([attached.code, unknown.code, done.code]).toEqual([1, 3, 0]);
  expect(attached.stderr).toContain('volume "boot-1" is attached to web1; detach it first. No volume was deleted');
  expect(unknown.stderr).toContain('volume "data-9" does not exist; dpm volume list shows the volumes');
  expect(names.sort()).toEqual(['boot-1', 'boot-2', 'data-1', 'data-2']);
  expect(JSON.parse(done.stdout)).toEqual([
    { volume: 'data-1', deleted: true },
    { volume: 'data-2', deleted: true },
    { volume: 'data-9', deleted: false },
  ]);
  expect(
    volumesOf(scene)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['boot-1', 'boot-2']);
});

test('the commands need no HMC in the settings', async () => {
  await using scene = await startScene();
  writeSettings(scene.world.statePath, scene.world.settingsText.replace(/\[dpm\][\s\S]*?(?=\[cinder\])/, ''));

  expect((await scene.dpm('volume list')).code).toBe(0);
  expect(scene.world.sim.log.entries.filter(({ server }) => server === 'hmc')).toEqual([]);
});
