/* dpm server create attaches a prepared storage group, and refuses one that cannot be used. */
import { expect, test } from 'vitest';
import type { PreparedStorageGroup } from '../../src/simulator/index.ts';
import { startStage } from '../support/stage.ts';

const root = { name: 'root', sizeGib: 20, usage: 'boot' } as const;
const SIZE = ['--vcpus', '2', '--memory', '8192'];

test.each([
  ['z14', 'fc'],
  ['z16', 'nvme'],
  ['z16', 'fcp'],
  ['z17', 'fc'],
] as const)('on a %s, a server boots from a prepared group of type %s by the command', async (machine, type) => {
  const group: PreparedStorageGroup = { name: 'shop root', type, volumes: [root] };
  await using stage = await startStage({ machine, storageGroups: [group] });
  const { sim, dpm } = stage;
  const before = sim.snapshot();

  const alone = await dpm('server', 'create', 'db1', ...SIZE, '--storage-group', 'shop root');
  const again = await dpm('server', 'create', 'db2', ...SIZE, '--storage-group', 'shop root');
  const verify = await dpm('verify');
  const deleted = await dpm('server', 'delete', 'db1', 'db2');
  const volume = ['--volume', 'boot-1,boot-index=0'];
  const beside = await dpm('server', 'create', 'db3', ...SIZE, '--storage-group', 'shop root', ...volume);

  const [prepared = ''] = sim.storageGroups.map(({ volumeUris }) => volumeUris[0]);
  expect(alone, alone.stderr).toMatchObject({
    code: 0,
    printed: { status: 'ACTIVE', boot: { device: 'storage-volume', storage_volume_uri: prepared }, volumes: [] },
  });
  expect(again).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
  expect(again.stderr).toMatch(/storage group "shop root" is attached to "OpenStack-compute1-\S+" already/);
  expect(verify.printed).toEqual([]);
  expect(deleted.code, deleted.stderr).toBe(0);
  expect(beside, beside.stderr).toMatchObject({ code: 0, printed: { volumes: [{ boot_index: 0 }] } });
  expect(beside.printed).not.toMatchObject({ boot: { storage_volume_uri: prepared } });
  expect((await dpm('server', 'delete', 'db3')).code).toBe(0);
  expect(sim.snapshot()).toEqual(before);
});

test('a z13 refuses a storage group, and leaves nothing behind', async () => {
  await using stage = await startStage({ machine: 'z13' });
  const { sim, dpm } = stage;
  const before = sim.snapshot();

  const ran = await dpm('server', 'create', 'db1', ...SIZE, '--storage-group', 'shop root');

  expect(ran).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
  expect(ran.stderr).toContain('this CPC has vHBAs and no storage groups');
  expect((await dpm('server', 'delete', 'db1')).code).toBe(0);
  expect(sim.snapshot()).toEqual(before);
});

test('a group that does not exist ends with 3, before a server is recorded', async () => {
  await using stage = await startStage({ machine: 'z16' });

  const ran = await stage.dpm('server', 'create', 'db1', ...SIZE, '--storage-group', 'nothing');

  expect(ran).toMatchObject({ code: 3, printed: { error: { code: 'NOT_FOUND', left_behind: [] } } });
  expect(ran.stderr).toContain('storage group "nothing" does not exist on this CPC');
  expect((await stage.dpm('server', 'list')).printed).toEqual([]);
});

test.each([
  ['DEFAULT.compute_driver', 'missing-module#Driver'],
  ['dpm.volume_drivers', ['fibre_channel=missing-module']],
])('a driver of %s that cannot be loaded ends with 2', async (option, value) => {
  await using stage = await startStage({ machine: 'z13', set: { [option]: value } });

  const ran = await stage.dpm('server', 'list');

  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain('missing-module');
});
