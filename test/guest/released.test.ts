import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FakeGuest, shells } from './fake-guest.ts';
import { hot, hotWwid, lun, shell, targetB, twoFabrics, volume } from './layouts.ts';

const pathsOf = (guest: FakeGuest, which: string) => guest.paths.filter((path) => path.includes(which));

it.each(shells)('in %s, a rescan removes a released volume again while the storage still maps it', (_name, with_) => {
  using guest = new FakeGuest(with_, twoFabrics());
  expect(guest.run('release', hotWwid).status).toBe(0);

  for (const command of ['rescan', 'apply', 'rescan']) {
    const { status, log, messages } = guest.run(command);
    expect([status, pathsOf(guest, hot)]).toEqual([0, []]);
    expect(log.filter((line) => line.endsWith('/delete'))).toHaveLength(2);
    expect(messages).toContain(`to keep it, use 'dpm-guest add ${volume(hot)[0]}'`);
  }
});

it('a released volume of the plan is not requested, does not count as missing, and leaves no dead device behind', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  expect(guest.run('release', 'naa.D').status).toBe(0);

  const { status, lines } = guest.run('rescan');
  for (const path of volume(lun.data)) guest.unmap(path);
  guest.run('rescan');

  expect(status).toBe(0);
  expect(lines).toContain(`path ${volume(lun.data)[0]} released`);
  expect(pathsOf(guest, lun.data)).toEqual([]);
  expect(guest.run('verify').lines).toContain(`path ${volume(lun.data)[1]} released`);
});

it('a released volume of the plan that a scan added again is removed after the storage unmaps it', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.run('release', 'naa.D');
  guest.run('rescan', '--keep');
  expect(pathsOf(guest, lun.data)).toHaveLength(2);
  for (const path of volume(lun.data)) guest.unmap(path);

  guest.run('rescan');

  expect(pathsOf(guest, lun.data)).toEqual([]);
});

it('without automatic LUN scan, a released volume of the plan is not added again', () => {
  using guest = new FakeGuest(shell, twoFabrics({ allowLunScan: 'N' }));
  guest.run('apply');
  expect(guest.run('release', 'naa.D').status).toBe(0);

  const { status, log } = guest.run('apply');

  expect([status, pathsOf(guest, lun.data)]).toEqual([0, []]);
  expect(log.filter((line) => line.includes('unit_add'))).toEqual([]);
});

it('release removes a volume again that another scan adds at the same time', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.write('/.scans', '3\n');

  const { status } = guest.run('release', hotWwid);

  expect([status, pathsOf(guest, hot)]).toEqual([0, []]);
});

it('release ends with status 5 if a scan adds the volume again every time', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.write('/.scans', '99\n');

  const { status, messages } = guest.run('release', hotWwid);

  expect(status).toBe(5);
  expect(messages).toContain('again 3 times after it was removed');
});

it('add brings a released volume back with all its paths, also those that it does not name', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.run('release', hotWwid);

  guest.run('add', volume(hot)[0]);
  guest.run('rescan');

  expect(pathsOf(guest, hot)).toEqual([...volume(hot)]);
});

it('a released volume is back after the next boot', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.run('release', hotWwid);

  rmSync(join(guest.root, 'run'), { recursive: true });
  guest.run('apply');

  expect(pathsOf(guest, hot)).toEqual([...volume(hot)]);
});

it('another volume that gets the LUN of a released volume is kept', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.run('release', hotWwid);
  for (const path of volume(hot)) guest.map(path, 'naa.OTHER');

  guest.run('rescan');

  expect(pathsOf(guest, hot)).toEqual([...volume(hot)]);
});

it('a released volume that a scan added again is kept while it is in use', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.run('release', hotWwid);
  guest.run('rescan', '--keep');
  guest.write('/proc/swaps', `Filename\n/dev/${guest.disk(volume(hot)[0])} partition\n`);

  const { messages } = guest.run('rescan');

  expect(pathsOf(guest, hot)).toEqual([...volume(hot)]);
  expect(messages).toContain('is swap space');
});

it('a released volume that a scan added again stays released when a second release is refused', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.run('release', hotWwid);
  guest.run('rescan', '--keep');
  guest.write('/proc/swaps', `Filename\n/dev/${guest.disk(volume(hot)[0])} partition\n`);
  expect(guest.run('release', hotWwid).status).toBe(5);
  guest.write('/proc/swaps', 'Filename\n');

  guest.run('rescan');

  expect(pathsOf(guest, hot)).toEqual([]);
});

it('a released LUN that an administrator adds by hand is kept', () => {
  using guest = new FakeGuest(shell, twoFabrics({ allowLunScan: 'N' }));
  guest.run('apply');
  guest.run('release', 'naa.D');
  const unitAdd = `$DPM_GUEST_ROOT/sys/bus/ccw/devices/0.0.8002/0x${targetB}/unit_add`;
  guest.script(`dpm_write 0x${lun.data} "${unitAdd}"`);

  guest.run('rescan');

  expect(pathsOf(guest, lun.data)).toEqual([volume(lun.data)[1]]);
});

it('a disk that release has refused is not taken for released', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.write('/.flush-fails', '');
  expect(guest.run('release', hotWwid).status).toBe(5);

  guest.run('rescan');

  expect(pathsOf(guest, hot)).toEqual([...volume(hot)]);
});

it('a rescan completes a release that could not remove one path', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.write('/.stuck-0:0:0:7', '');
  expect(guest.run('release', hotWwid).status).toBe(5);
  rmSync(join(guest.root, '.stuck-0:0:0:7'));

  guest.run('rescan');

  expect(pathsOf(guest, hot)).toEqual([]);
});
