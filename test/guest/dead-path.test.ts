import { expect, it } from 'vitest';
import { FakeGuest } from './fake-guest.ts';
import { hot, hotWwid, lun, shell, targetA, targetB, twoFabrics, volume } from './layouts.ts';

const [one, two] = volume(hot);
/** Sets the state of a device whose port is gone for longer than fast_io_fail_tmo: linux drivers/scsi/scsi_transport_fc.c. */
const fail = (guest: FakeGuest, path: string) => {
  guest.write(`/sys/bus/scsi/devices/${path === one ? '0' : '1'}:0:0:7/state`, 'transport-offline\n');
};
const withMap = (guest: FakeGuest) => {
  guest.hold([guest.disk(one), guest.disk(two)], 'dm-3', 'mpatha', 'mpath-3600');
};

it.each([
  ['first', one],
  ['second', two],
])('release removes every path of a multipathed volume although the %s one is transport-offline', (_name, path) => {
  using guest = new FakeGuest(shell, twoFabrics());
  withMap(guest);
  fail(guest, path);

  const { status, messages } = guest.run('release', hotWwid);

  expect([status, guest.paths.filter((each) => each.includes(hot))]).toEqual([0, []]);
  expect(messages).toContain(`${path}: not flushed, but no data is lost`);
});

it('release removes a volume without a map if one of its paths could be flushed', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  fail(guest, one);

  const { status, messages } = guest.run('release', hotWwid);

  expect([status, guest.paths.filter((each) => each.includes(hot))]).toEqual([0, []]);
  expect(messages).toContain(`${one}: not flushed, because the path is transport-offline`);
});

it('release keeps a volume without a map if none of its paths could be flushed', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  fail(guest, one);
  fail(guest, two);

  const { status, log } = guest.run('release', hotWwid);

  expect(status).toBe(5);
  expect(log.filter((line) => line.endsWith('/delete'))).toEqual([]);
});

it('release removes the other paths if the kernel keeps one path, and names that path', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  withMap(guest);
  guest.write('/.stuck-0:0:0:7', '');

  const { status, messages } = guest.run('release', hotWwid);

  expect([status, guest.paths.filter((each) => each.includes(hot))]).toEqual([5, [one]]);
  expect(messages).toContain(`${one}: the kernel has not removed 0:0:0:7`);
});

it('release removes a path that has no WWID with the map that it belongs to', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  withMap(guest);
  guest.write('/sys/bus/scsi/devices/0:0:0:7/wwid', '\n');

  const { status } = guest.run('release', hotWwid);

  expect([status, guest.paths.filter((each) => each.includes(hot))]).toEqual([0, []]);
});

it.each([
  ['20 seconds, if its LUN has another path', lun.root, 20],
  ['two minutes, if its LUN has no other path', lun.data, 120],
])('root waits for a boot LUN that its target does not report for %s', (_name, other, seconds) => {
  const devices = {
    '8001': { targets: { [targetA]: { luns: {} } } },
    '8002': { targets: { [targetB]: { luns: { [other]: 'naa.O' } } } },
  };
  const scpData = `dpm.z=8002:${targetB}:${other}`;
  using guest = new FakeGuest(shell, { ipl: volume(lun.root)[0], scpData, devices });

  const { status, lines, log } = guest.run('root');

  expect(status).toBe(3);
  expect(lines).toContain(`path ${volume(other)[1]} ok sda naa.O`);
  expect(log.filter((line) => line === 'sleep 1')).toHaveLength(seconds);
});
