/* Commands that take several servers, and the defaults of the first create. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStage } from '../support/stage.ts';
import type { Printed, Stage } from '../support/stage.ts';

const GIB = 1;
const boots = [1, 2, 3].map((number) => ({ name: `root-${number}`, size: GIB, bootable: true }));
const volumes = [
  ...boots,
  { name: 'spare-1', size: GIB, bootable: true },
  { name: 'spare-2', size: GIB, bootable: true },
  { name: 'data-1', size: GIB, bootable: false },
  { name: 'data-2', size: GIB, bootable: false },
];

let stage: Stage;

beforeAll(async () => {
  stage = await startStage({ machine: 'z16', volumes });
}, 60_000);

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

const dpm = async (line: string) => await stage.dpm(...line.split(' '));
const names = (printed: unknown) =>
  (printed as readonly Printed[]).map(({ name, status }) => `${String(name)} ${String(status)}`);

describe('several servers at once', () => {
  test('creates NAME-1 to NAME-N, each from its own volume', async () => {
    const { code, printed, stderr } = await dpm('server create web --count 2 --vcpus 1 --memory 1024 --volume root-{}');

    expect({ code, stderr: code === 0 ? '' : stderr, names: names(printed) }).toEqual({
      code: 0,
      stderr: '',
      names: ['web-1 ACTIVE', 'web-2 ACTIVE'],
    });
    const [one, two] = await Promise.all([dpm('server show web-1'), dpm('server show web-2')]);
    const volumeOf = ({ printed: shown }: typeof one) =>
      (shown as { volumes: readonly { volume_id: string }[] }).volumes.map(({ volume_id }) => volume_id);
    const idOf = (name: string) => stage.sim.volumes.find((volume) => volume.name === name)!.id;
    expect([volumeOf(one), volumeOf(two)]).toEqual([[idOf('root-1')], [idOf('root-2')]]);
  });

  test.each([
    [
      'a volume without a number',
      'server create db --count 2 --vcpus 1 --memory 1024 --volume root-3',
      2,
      /--volume = "root-3": expected a name that contains \{\}/,
    ],
    [
      'a volume that does not exist',
      'server create db --count 2 --vcpus 1 --memory 1024 --volume data-{} --volume gone-{}',
      3,
      /volume "gone-1" does not exist/,
    ],
    [
      'a volume that is in use',
      'server create db --count 3 --vcpus 1 --memory 1024 --volume root-{}',
      1,
      /volume "root-1" has status "in-use"/,
    ],
    [
      'a name that is taken',
      'server create web --count 2 --vcpus 1 --memory 1024 --volume spare-{}',
      1,
      /server "web-1" already exists/,
    ],
    [
      'all of them exceed the share of the CPC',
      'server create db --count 2 --vcpus 20 --memory 1024 --volume spare-{}',
      1,
      /do not fit into the CPC subset/,
    ],
  ])('creates none of them if one cannot be created: %s', async (_why, line, code, message) => {
    const before = names((await dpm('server list')).printed);

    const refused = await dpm(line);

    expect(refused.code).toBe(code);
    expect(refused.stderr).toMatch(message);
    expect(names((await dpm('server list')).printed)).toEqual(before);
  });

  test('stops and starts several, and prints a list', async () => {
    const stopped = await dpm('server stop web-1 web-2');
    expect({ code: stopped.code, names: names(stopped.printed) }).toEqual({
      code: 0,
      names: ['web-1 SHUTOFF', 'web-2 SHUTOFF'],
    });
    const started = await dpm('server start web-1 web-2 web-1');
    expect(names(started.printed)).toEqual(['web-1 ACTIVE', 'web-2 ACTIVE']);
  });

  test('acts on the others if one does not exist, and ends with the exit code of the failure', async () => {
    const { code, stderr } = await dpm('server stop nobody web-2');

    expect(code).toBe(3);
    expect(stderr).toContain('server "nobody" does not exist');
    expect((await dpm('server show web-2')).printed).toMatchObject({ status: 'SHUTOFF' });
    const both = await dpm('server reboot nobody noone');
    expect(both.code).toBe(3);
    expect(both.stderr).toMatch(/2 of 2 reboots failed/);
  });

  test('deletes both', async () => {
    const deleted = await dpm('server delete web-1 web-2');

    expect(deleted).toMatchObject({ code: 0, printed: [{ server: 'web-1', deleted: true }, { deleted: true }] });
  });
});

describe('the first create', () => {
  test('boots from the only bootable volume, rounds memory up, and says both', async () => {
    const { code, stderr, printed } = await dpm(
      'server create first --vcpus 1 --memory 1500 --volume data-1 --volume root-3 --volume data-2',
    );

    expect(code).toBe(0);
    expect(stderr).toContain('dpm: volume "root-3" is the boot volume (the only bootable volume)');
    expect(stderr).toContain('dpm: memory of server "first" is rounded up from 1500 to 2048 MiB');
    expect(printed).toMatchObject({ memory_mb: 2048, volumes: [{ boot_index: 0 }, {}, {}] });
  });

  test('removing a volume that is not attached ends with 3, or with 0 if that is expected', async () => {
    expect((await dpm('server remove volume first data-1')).code).toBe(0);

    const again = await dpm('server remove volume first data-1');
    const expected = await dpm('server remove volume first data-1 --if-exists');

    expect(again.code).toBe(3);
    expect(again.stderr).toContain('volume "data-1" is not attached to server "first"');
    expect(expected).toMatchObject({ code: 0, printed: { name: 'first' } });
  });
});
