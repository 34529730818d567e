import { describe, expect, test } from 'vitest';
import { SanHost } from '../support/fake-host/san-host.ts';
import { temporaryFiles } from '../support/packages.ts';
import { startStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

const DIRECTORY = '/mnt/data';

interface HostStage extends Stage {
  readonly host: SanHost;
}

/** @param content - what blkid finds on every volume; undefined: nothing */
async function startHostStage(content?: string): Promise<HostStage> {
  let host: SanHost | undefined;
  const stage = await startStage({ linux: (sim) => (host = new SanHost(sim.san)) });
  const made = host!; // the line before has made it
  made.directories.add(DIRECTORY);
  for (const { id } of content === undefined ? [] : stage.sim.volumes) {
    made.contents.set(made.identityOf(stage.sim.san.findVolume(id)?.uuid ?? ''), content ?? '');
  }
  return Object.assign(stage, { host: made });
}

function everything({ host, sim }: HostStage): unknown {
  host.settle();
  return { host: host.snapshot(), mounts: [...host.mounts], sim: sim.snapshot() };
}

const fileSystem = 'TYPE=ext4\nUSAGE=filesystem';
const mounted = ['local-attach', 'data-1', '--multipath', 'True', '--mountpoint', DIRECTORY] as const;

test('what was attached with a mount point is mounted there, and unmounted before its paths go', async () => {
  await using stage = await startHostStage(fileSystem);
  const before = everything(stage);

  const attached = await stage.dpm(...mounted);
  expect(attached, attached.stderr).toMatchObject({ code: 0, printed: { mountpoint: DIRECTORY } });
  expect([...stage.host.mounts]).toEqual([['dm-0', DIRECTORY]]);
  expect((await stage.dpm(...mounted)).printed).toEqual(attached.printed);
  const gone = await stage.dpm('local-detach', 'data-1');
  expect(gone, gone.stderr).toMatchObject({ code: 0 });

  expect(everything(stage)).toEqual(before);
  const order = stage.host.log
    .filter((line) => /umount|multipath -f|delete/.test(line))
    .map((line) => line.split(' ')[1]);
  expect(order[0]).toBe('umount');
  expect(order[1]).toBe('multipath');
  expect(stage.host.violations).toEqual([]);
});

test('read-only is read-only on every device and in the mount, and stays so when it is asked for again', async () => {
  await using stage = await startHostStage(fileSystem);

  const attached = await stage.dpm(...mounted, '--mode', 'ro');

  expect(attached, attached.stderr).toMatchObject({ code: 0, printed: { mode: 'ro' } });
  expect([...stage.host.disks, ...stage.host.maps].map(({ isReadOnly }) => isReadOnly)).not.toContain(false);
  expect(stage.host.log.at(-1)).toMatch(/^run mount -o ro \S+ \/mnt\/data$/);
  expect(await stage.dpm(...mounted)).toMatchObject({ code: 1, printed: { error: { code: 'CONFLICT' } } });
  expect(await stage.dpm('local-detach', 'data-1')).toMatchObject({ code: 0 });
});

describe('a volume is not mounted, nothing is formatted, and the attach is rolled back', () => {
  test.each([
    ['that holds nothing', undefined, 'it holds no file system'],
    ['that is encrypted', 'TYPE=crypto_LUKS\nUSAGE=crypto', 'it holds crypto_LUKS'],
    ['with partitions', 'PTTYPE=dos', 'a partition table (dos)'],
  ])('%s', async (_what, content, words) => {
    await using stage = await startHostStage(content);
    const before = everything(stage);

    const refused = await stage.dpm(...mounted);

    expect(refused).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
    expect(refused.stderr).toContain(words);
    expect(everything(stage)).toEqual(before);
    expect(stage.host.log.filter((line) => /mkfs|wipefs|run mount/.test(line))).toEqual([]);
  });

  test('where something else is mounted, or where there is no directory: nothing is even asked of Cinder', async () => {
    await using stage = await startHostStage(fileSystem);
    // A disk of the host's own.
    const [adapter] = stage.host.adapters;
    const volume = { wwid: 'naa.1', bytes: 512, alive: true };
    const target = { wwpn: '5000000000000001', id: 9, appears: 'never' } as const;
    stage.host.addDisk(adapter!, target, { initiator: '', target: '', lun: '0000000000000000', volume });
    stage.host.mounts.set(stage.host.disks[0]!.block, DIRECTORY);
    stage.host.changed();
    const before = everything(stage);

    expect(await stage.dpm(...mounted)).toMatchObject({ code: 1, printed: { error: { code: 'CONFLICT' } } });
    const nowhere = await stage.dpm('local-attach', 'data-1', '--mountpoint', '/nowhere');
    expect(nowhere).toMatchObject({ code: 3, printed: { error: { code: 'NOT_FOUND' } } });

    expect(everything(stage)).toEqual(before);
  });
});

test('what is busy, or mounted elsewhere too, stays attached, mapped and mounted', async () => {
  await using stage = await startHostStage(fileSystem);
  expect(await stage.dpm(...mounted)).toMatchObject({ code: 0 });
  const before = everything(stage);

  stage.host.openFiles.set(4711, { comm: 'vi', node: `${DIRECTORY}/file` });
  stage.host.changed();
  const busy = await stage.dpm('local-detach', 'data-1', '--force');
  expect(busy).toMatchObject({ code: 1, printed: { error: { left_behind: [] } } });
  expect(busy.stderr).toContain('target is busy');
  expect(everything(stage)).toEqual(before);

  stage.host.openFiles.clear();
  stage.host.changed();
  expect(await stage.dpm('local-detach', 'data-1')).toMatchObject({ code: 0, printed: { detached: true } });
});

test('a file that a process has briefly open does not stop a detach', async () => {
  await using stage = await startHostStage(fileSystem);
  expect(await stage.dpm(...mounted)).toMatchObject({ code: 0 });
  stage.host.holdBriefly(`${DIRECTORY}/file`, 'updatedb', 2);

  expect(await stage.dpm('local-detach', 'data-1')).toMatchObject({ code: 0, printed: { detached: true } });
  expect(stage.host.violations).toEqual([]);
});

/** Another program's scan finds one path again, between the removal and the unmapping. */
function bringBack(stage: HostStage, then: () => void = () => undefined): void {
  const { host, sim } = stage;
  const [mask] = host.masks;
  const list = host.list.bind(host);
  let isBack = false;
  host.list = async (path) => {
    const names = await list(path);
    const isGone = host.log.some((line) => line.includes('/delete ')) && host.disks.length === 0;
    if (!isGone || isBack || mask === undefined) return names;
    const adapter = host.adapters.find(({ wwpn }) => wwpn === mask.initiator)!;
    const target = adapter.targets.find(({ wwpn }) => wwpn === mask.target)!;
    if (sim.san.discover(mask.initiator, sim.san.fabricIds[adapter.host] ?? '').length > 0) return names;
    isBack = true;
    host.addDisk(adapter, target, mask);
    then();
    return await list(path);
  };
}

test('a path that a scan added again is removed when the volume is no longer mapped', async () => {
  await using stage = await startHostStage();
  const before = everything(stage);
  expect(await stage.dpm('local-attach', 'data-1')).toMatchObject({ code: 0 });
  bringBack(stage);

  const gone = await stage.dpm('local-detach', 'data-1');

  expect(gone, gone.stderr).toMatchObject({ code: 0, printed: { detached: true, left_behind: [] } });
  expect(stage.host.log.filter((line) => line.includes('/delete '))).toHaveLength(5);
  expect(everything(stage)).toEqual(before);
  expect(stage.host.violations).toEqual([]);
});

describe('a device that is left after a detach', () => {
  async function left() {
    const stage = await startHostStage();
    const before = everything(stage);
    expect(await stage.dpm('local-attach', 'data-1')).toMatchObject({ code: 0 });
    bringBack(stage, () => stage.host.fail(/\/delete /, 'EIO'));
    const gone = await stage.dpm('local-detach', 'data-1');
    return { stage, gone, before };
  }

  test('is named in the output, the log and the flow', async () => {
    const { stage, gone } = await left();
    await using _stage = stage;

    expect(gone.code, gone.stderr).toBe(4);
    expect(gone.printed).toMatchObject({ detached: true, left_behind: [expect.stringContaining('device path')] });
    expect(gone.stderr).toContain('orphan');
    const flows = (await stage.dpm('flow', 'list')).printed as { id: string; flow: string }[]; // as it prints them
    const shown = await stage.dpm('flow', 'show', flows.find(({ flow }) => flow === 'local-detach')?.id ?? '');
    expect(JSON.stringify(shown.printed)).toContain('"warning":"orphan: device path');
  });

  test('is removed by verify --repair', async () => {
    const { stage, before } = await left();
    await using _stage = stage;
    stage.host.mend();
    const device = { kind: 'device-path', repair: 'remove it (it is not in use)' };

    const found = await stage.dpm('verify');
    const repaired = await stage.dpm('verify', '--repair');
    const after = await stage.dpm('verify');

    expect(found.printed).toEqual(expect.arrayContaining([expect.objectContaining(device)]));
    expect(repaired.printed).toEqual(
      expect.arrayContaining([expect.objectContaining({ ...device, outcome: 'repaired' })]),
    );
    expect(after).toMatchObject({ code: 0, printed: [] });
    expect(everything(stage)).toEqual(before);
  });

  test.each(['local-attach', 'local-detach'])('is removed by the next %s', async (verb) => {
    const { stage, before } = await left();
    await using _stage = stage;
    stage.host.mend();

    const next = await stage.dpm(verb, 'data-1');
    expect(next, next.stderr).toMatchObject({ code: 0 });
    await stage.dpm('local-detach', 'data-1');

    expect(everything(stage)).toEqual(before);
    expect(await stage.dpm('verify')).toMatchObject({ code: 0, printed: [] });
    expect(stage.host.violations).toEqual([]);
  });
});

test('a volume that another program attached is detached by its attachment, and by that alone', async () => {
  await using stage = await startHostStage();
  const before = everything(stage);
  const attached = await stage.dpm('local-attach', 'data-1');
  const { attachment_id: id, ...info } = attached.printed as { attachment_id: string }; // as it was printed
  // The record is another state directory's.
  using directory = temporaryFiles();
  const env = { NOVA_DPM_DEFAULT__STATE_PATH: directory.path };
  const elsewhere = async (...argv: string[]) => await stage.dpmWith(env, ...argv);
  const refused = await elsewhere('local-detach', 'data-1');
  expect(refused).toMatchObject({ code: 1, printed: { error: { code: 'CONFLICT' } } });
  expect(refused.stderr).toContain(id);
  const gone = await elsewhere('local-detach', 'data-1', '--attachment-id', id, '--device-info', JSON.stringify(info));
  expect(gone, gone.stderr).toMatchObject({ code: 0, printed: { detached: true, attachment_id: id } });
  expect(everything(stage)).toEqual(before);
});

test('what is left of a volume of another program does not count as attached', async () => {
  await using stage = await startHostStage();
  const attached = await stage.dpm('local-attach', 'data-1');
  const { attachment_id: id } = attached.printed as { attachment_id: string }; // as it was printed
  using directory = temporaryFiles();
  const env = { NOVA_DPM_DEFAULT__STATE_PATH: directory.path };
  bringBack(stage, () => stage.host.fail(/\/delete /, 'EIO'));
  const gone = await stage.dpmWith(env, 'local-detach', 'data-1', '--attachment-id', id);
  expect(gone.printed).toMatchObject({ detached: true, left_behind: [expect.stringContaining('device path')] });
  stage.host.mend();

  const again = await stage.dpmWith(env, 'local-attach', 'data-1');

  expect(again, again.stderr).toMatchObject({ code: 0, printed: { attachment_id: expect.any(String) as unknown } });
  expect(stage.host.violations).toEqual([]);
});
