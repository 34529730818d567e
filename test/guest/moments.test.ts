import { expect, it } from 'vitest';
import { FakeGuest } from './fake-guest.ts';
import { hot, hotWwid, lun, shell, targetA, targetB, twoFabrics, volume } from './layouts.ts';

/** Holders that use a disk only briefly. Other tools wait 5 to 30 s for them: os-brick, oVirt, LXD. */
const holders: readonly (readonly [string, (guest: FakeGuest) => void])[] = [
  [
    'udev reads a path',
    (guest) => {
      guest.open(711, '(udev-worker)', `/dev/${guest.disk(volume(hot)[0])}`);
      guest.write('/.ends/711', '3\n');
    },
  ],
  [
    'lvm holds the map',
    (guest) => {
      guest.write('/.map-busy', '');
      guest.write('/.ends/map-busy', '3\n');
    },
  ],
  [
    'lvm holds the map and multipath removes it later',
    (guest) => {
      guest.write('/.map-busy', '');
      guest.write('/.map-deferred', '');
      guest.write('/.ends/map-busy', '3\n');
    },
  ],
];

it.each(holders)('release waits while %s', (_name, hold) => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.hold([guest.disk(volume(hot)[0]), guest.disk(volume(hot)[1])], 'dm-3', 'mpatha', 'mpath-3600');
  hold(guest);

  const { status, log } = guest.run('release', hotWwid);

  expect([status, guest.paths.filter((path) => path.includes(hot))]).toEqual([0, []]);
  expect(log.filter((line) => line === 'sleep 1')).toHaveLength(3);
});

it.each(holders)('a volume that was unmapped is released although %s at first', (_name, hold) => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.hold([guest.disk(volume(hot)[0]), guest.disk(volume(hot)[1])], 'dm-3', 'mpatha', 'mpath-3600');
  for (const path of volume(hot)) guest.unmap(path);
  hold(guest);

  guest.run('rescan');

  expect(guest.paths.filter((path) => path.includes(hot))).toEqual([]);
});

it('release waits at most ten seconds for a process that does not close the disk, and removes nothing', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.open(4711, 'postgres', `/dev/${guest.disk(volume(hot)[0])}`);

  const { status, log, messages } = guest.run('release', hotWwid);

  expect(status).toBe(5);
  expect(messages).toContain('is open in process 4711');
  expect(log).toEqual(Array.from({ length: 10 }, () => 'sleep 1'));
});

it('release does not wait for a file system that is mounted', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  const number = guest.read(`/sys/class/block/${guest.disk(volume(hot)[0])}/dev`);
  guest.write('/proc/self/mountinfo', `40 1 ${number} / /data rw - ext4 /dev/x rw\n`);

  expect(guest.run('release', hotWwid)).toMatchObject({ status: 5, log: [] });
});

it('all volumes of a rescan together wait at most 30 seconds for holders', () => {
  const luns = ['0011', '0012', '0013', '0014'].map((short) => `${short}000000000000`);
  const targets = { [targetA]: { luns: Object.fromEntries(luns.map((each) => [each, `naa.${each}`])) } };
  using guest = new FakeGuest(
    shell,
    twoFabrics({ devices: { '8001': { online: true, targets } }, scpData: '', nics: [] }),
  );
  for (const each of luns) {
    guest.open(Number(each.slice(0, 4)) + 4000, 'postgres', `/dev/${guest.disk(`8001:${targetA}:${each}`)}`);
    guest.unmap(`8001:${targetA}:${each}`);
  }
  guest.write('/sys/firmware/ipl/ipl_type', 'unknown\n');

  expect(guest.run('rescan').log.filter((line) => line === 'sleep 1')).toHaveLength(30);
});

it('a healthy release, and a rescan that finds nothing to release, do not wait', () => {
  using guest = new FakeGuest(shell, twoFabrics());

  expect(guest.run('rescan').log).not.toContain('sleep 1');
  expect(guest.run('release', hotWwid).log).not.toContain('sleep 1');
});

it('a NIC that the kernel is still changing is set online at the next try', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.write('/.nic-again', '');

  expect(guest.run('apply').status).toBe(0);
  expect(guest.read('/sys/bus/ccwgroup/devices/0.0.0001/online')).toBe('1');
});

it('a LUN that another process adds at the same time counts as added', () => {
  const devices = { '8002': { npiv: false, targets: { [targetB]: { luns: { [lun.root]: 'naa.R' } } } } };
  using guest = new FakeGuest(shell, { ipl: volume(lun.root)[1], scpData: 'quiet', devices });
  guest.write(`/.raced/${lun.root}`, `8002 ${targetB}\n`);

  expect(guest.run('root').status).toBe(0);
});
