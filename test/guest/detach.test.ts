import { expect, it } from 'vitest';
import { FakeGuest } from './fake-guest.ts';
import { hot, hotWwid, lun, shell, twoFabrics, volume } from './layouts.ts';

function detachedGuest(): FakeGuest {
  const guest = new FakeGuest(shell, twoFabrics());
  for (const path of volume(hot)) guest.unmap(path);
  return guest;
}

const isKept = (guest: FakeGuest) => volume(hot).every((path) => guest.paths.includes(path));
const removals = (log: readonly string[]) => log.filter((line) => /delete|unit_remove|multipath|blockdev/.test(line));

it('a detached volume that is not in use is released on every path', () => {
  using guest = detachedGuest();

  const { messages } = guest.run('rescan');

  expect(guest.paths.filter((path) => path.includes(hot))).toEqual([]);
  expect(messages).toContain(`${volume(hot)[1]}: removed`);
});

it('nothing is released with --keep', () => {
  using guest = detachedGuest();

  guest.run('rescan', '--keep');

  expect(isKept(guest)).toBe(true);
});

const mountinfo = (number: string, source: string) =>
  `40 1 ${number} / /data rw,relatime shared:1 - ext4 ${source} rw\n`;
const users: readonly (readonly [string, string, (guest: FakeGuest, disk: string) => void])[] = [
  [
    'is mounted',
    'is mounted',
    (guest, disk) =>
      guest.write('/proc/self/mountinfo', mountinfo(guest.read(`/sys/class/block/${disk}/dev`), '/dev/x')),
  ],
  [
    'has a mounted partition',
    '1 is mounted',
    (guest, disk) => {
      guest.write(`/sys/class/block/${disk}/${disk}1/partition`, '1\n');
      guest.write(`/sys/class/block/${disk}1/dev`, '8:99\n');
      guest.write('/proc/self/mountinfo', mountinfo('8:99', '/dev/y'));
    },
  ],
  ['is part of a mounted btrfs', 'is mounted', (guest, disk) => guest.write(`/sys/fs/btrfs/uuid/devices/${disk}`, '')],
  [
    'is mounted under its name only',
    'is mounted',
    (guest, disk) => guest.write('/proc/self/mountinfo', mountinfo('0:44', `/dev/${disk}`)),
  ],
  [
    'is swap space',
    'is swap space',
    (guest, disk) => guest.write('/proc/swaps', `Filename Type\n/dev/${disk} partition 1 0 -2\n`),
  ],
  [
    'holds a logical volume',
    'held by dm-3',
    (guest, disk) => {
      guest.hold([disk], 'dm-3', 'vg-lv', 'LVM-abc');
    },
  ],
  [
    'has a multipath map with a logical volume on it',
    'held by dm-4',
    (guest, disk) => {
      guest.hold([disk], 'dm-3', 'mpatha', 'mpath-3600');
      guest.hold(['dm-3'], 'dm-4', 'vg-lv', 'LVM-abc');
    },
  ],
  [
    'has a mounted multipath map',
    'dm-3 is mounted',
    (guest, disk) => {
      guest.hold([disk], 'dm-3', 'mpatha', 'mpath-3600');
      guest.write('/proc/self/mountinfo', mountinfo('0:1', '/dev/mapper/mpatha'));
    },
  ],
  [
    'is open',
    'is open in process 4711',
    (guest, disk) => {
      guest.open(4711, 'postgres', `/dev/${disk}`);
    },
  ],
];

it.each(users)('a detached volume that %s stays', (_name, reason, use) => {
  using guest = detachedGuest();
  use(guest, guest.disk(volume(hot)[1]));

  const { messages, log } = guest.run('rescan');

  expect(isKept(guest)).toBe(true);
  expect(messages).toContain(reason);
  expect(removals(log)).toEqual([]);
});

it('what only multipathd has open is not in use', () => {
  using guest = detachedGuest();
  guest.open(33, 'multipathd', `/dev/${guest.disk(volume(hot)[0])}`);

  guest.run('rescan');

  expect(isKept(guest)).toBe(false);
});

it('the multipath map goes before its paths', () => {
  using guest = detachedGuest();
  guest.hold(
    volume(hot).map((path) => guest.disk(path)),
    'dm-3',
    'mpatha',
    'mpath-3600',
  );

  const { log } = guest.run('rescan');

  expect(removals(log)).toEqual([
    'multipath -f mpatha',
    'write 1 > /sys/bus/scsi/devices/0:0:0:7/delete',
    'write 1 > /sys/bus/scsi/devices/1:0:0:7/delete',
  ]);
});

it('no path is removed while multipath still uses the map', () => {
  using guest = detachedGuest();
  guest.hold(
    volume(hot).map((path) => guest.disk(path)),
    'dm-3',
    'mpatha',
    'mpath-3600',
  );
  guest.write('/.map-busy', '');

  const { messages } = guest.run('rescan');

  expect(isKept(guest)).toBe(true);
  expect(messages).toContain('multipath still uses mpatha');
});

const doubts: readonly (readonly [string, (guest: FakeGuest) => void])[] = [
  [
    'one path of which still answers',
    (guest) => {
      guest.map(volume(hot)[1], hotWwid);
    },
  ],
  ['one path of which is down', (guest) => guest.write(guest.portState(volume(hot)[0]), 'Blocked\n')],
  [
    'which somebody else has reserved',
    (guest) => {
      for (const path of volume(hot)) guest.write(`/.reserved-${guest.disk(path)}`, '');
    },
  ],
  ['which is blocked', (guest) => guest.write('/sys/bus/scsi/devices/0:0:0:7/state', 'blocked\n')],
];

it.each(doubts)('a volume stays %s', (_name, doubt) => {
  using guest = detachedGuest();
  doubt(guest);

  guest.run('rescan');

  expect(isKept(guest)).toBe(true);
});

it('a volume of the plan stays, dead as it is, and is not called missing', () => {
  using guest = new FakeGuest(shell, twoFabrics());
  for (const path of volume(lun.data)) guest.unmap(path);

  expect(guest.run('rescan').status).toBe(0);
  expect(guest.paths).toContain(volume(lun.data)[0]);
});

it.each([
  ['by name', (guest: FakeGuest) => `/dev/${guest.disk(volume(hot)[1])}`],
  ['by WWID', () => hotWwid],
])('release, %s, flushes before it removes, on every path', (_name, called) => {
  using guest = new FakeGuest(shell, twoFabrics());
  guest.hold(
    volume(hot).map((path) => guest.disk(path)),
    'dm-3',
    'mpatha',
    'mpath-3600',
  );
  const disks = volume(hot).map((path) => guest.disk(path));

  const { status, log } = guest.run('release', called(guest));

  expect(status).toBe(0);
  expect(removals(log)).toEqual([
    'multipath -f mpatha',
    `blockdev --flushbufs /dev/${disks[0] ?? ''}`,
    'write 1 > /sys/bus/scsi/devices/0:0:0:7/delete',
    `blockdev --flushbufs /dev/${disks[1] ?? ''}`,
    'write 1 > /sys/bus/scsi/devices/1:0:0:7/delete',
  ]);
  expect(guest.paths.filter((path) => path.includes(hot))).toEqual([]);
});

it('release refuses a disk that is in use, one that cannot be flushed, and one that is not there', () => {
  using guest = new FakeGuest(shell, twoFabrics());

  guest.write('/.flush-fails', '');
  expect(guest.run('release', hotWwid).status).toBe(5);
  guest.write('/proc/swaps', `Filename\n/dev/${guest.disk(volume(hot)[0])} partition\n`);
  expect(guest.run('release', hotWwid).status).toBe(5);
  expect(guest.run('release', 'sdz').status).toBe(2);
  expect(isKept(guest)).toBe(true);
});
