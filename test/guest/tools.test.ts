import { expect, it } from 'vitest';
import { FakeGuest, shells } from './fake-guest.ts';
import type { FakePartition } from './fake-guest.ts';
import { lun, parameters, targetA, targetB, volume } from './layouts.ts';

const [, shell] = shells[0] ?? ['sh', ['sh']];
const hot = '0007000000000000';
const hotWwid = 'naa.6005076HOT';

/** Root and data volumes as planned, two vHBAs, automatic LUN scan; and a volume that was attached after the load. */
function partition(changes: Partial<FakePartition> = {}): FakePartition {
  const luns = { [lun.root]: 'naa.R', [lun.data]: 'naa.D', [lun.ds8k]: 'naa.E', [hot]: hotWwid };
  return {
    ipl: volume(lun.root)[0],
    scpData: parameters,
    devices: {
      '8001': { online: true, targets: { [targetA]: { luns } } },
      '8002': { online: true, targets: { [targetB]: { luns } } },
    },
    nics: ['0001'],
    ...changes,
  };
}

function detachedGuest(): FakeGuest {
  const guest = new FakeGuest(shell, partition());
  for (const path of volume(hot)) guest.unmap(path);
  return guest;
}

const isKept = (guest: FakeGuest) => volume(hot).every((path) => guest.paths.includes(path));
const removals = (log: readonly string[]) => log.filter((line) => /delete|unit_remove|multipath|blockdev/.test(line));

it('a detached volume that nobody uses is let go of on every path', () => {
  using guest = detachedGuest();

  const { messages } = guest.run('rescan');

  expect(guest.paths.filter((path) => path.includes(hot))).toEqual([]);
  expect(messages).toContain(`${volume(hot)[1]}: removed`);
});

it('nothing is let go of with --keep', () => {
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

it('where multipath does not let go of the map, no path is removed', () => {
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
  expect(messages).toContain('multipath does not let go of mpatha');
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
  using guest = new FakeGuest(shell, partition());
  for (const path of volume(lun.data)) guest.unmap(path);

  expect(guest.run('rescan').status).toBe(0);
  expect(guest.paths).toContain(volume(lun.data)[0]);
});

it.each([
  ['by name', (guest: FakeGuest) => `/dev/${guest.disk(volume(hot)[1])}`],
  ['by WWID', () => hotWwid],
])('release, %s, flushes before it removes, on every path', (_name, called) => {
  using guest = new FakeGuest(shell, partition());
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
  using guest = new FakeGuest(shell, partition());

  guest.write('/.flush-fails', '');
  expect(guest.run('release', hotWwid).status).toBe(5);
  guest.write('/proc/swaps', `Filename\n/dev/${guest.disk(volume(hot)[0])} partition\n`);
  expect(guest.run('release', hotWwid).status).toBe(5);
  expect(guest.run('release', 'sdz').status).toBe(2);
  expect(isKept(guest)).toBe(true);
});

it('a boot LUN that never comes ends after two minutes of waiting with status 3', () => {
  using guest = new FakeGuest(shell, partition({ ipl: `8001:${targetA}:0042000000000000`, scpData: 'quiet' }));

  const { status, lines, log } = guest.run('root');

  expect(status).toBe(3);
  expect(lines).toEqual([`boot 8001:${targetA}:0042000000000000 no-lun`]);
  expect(log.filter((line) => line === 'sleep 1')).toHaveLength(120);
});

it('root --once only looks, and is there again and again until the boot LUN is', () => {
  using guest = new FakeGuest(shell, partition({ ipl: `8001:${targetA}:0042000000000000`, scpData: 'quiet' }));

  const first = guest.run('root', '--once');
  guest.map(`8001:${targetA}:0042000000000000`, 'naa.LATE');
  const second = guest.run('root', '--once');

  expect([first.status, second.status]).toEqual([3, 0]);
  expect(first.log).not.toContain('sleep 1');
});

const troubles: readonly (readonly [string, FakePartition['devices'][string] | undefined, string])[] = [
  ['is not in the partition', undefined, 'no-device'],
  ['is not available', { targets: {}, availability: 'boxed' }, 'offline'],
  ['has no link', { targets: { [targetA]: { luns: {} } }, link: 'Linkdown' }, 'link-down'],
  ['does not see the target', { targets: {} }, 'no-port'],
  ['is not given the LUN', { targets: { [targetA]: { luns: {} } } }, 'no-lun'],
];

it.each(troubles)(
  'data paths of which the FCP device %s are reported, and the boot goes on',
  (_name, device, state) => {
    const { devices } = partition();
    const scpData = `dpm.z=9001:${targetA}:0002`;
    using guest = new FakeGuest(
      shell,
      partition({ scpData, devices: { ...devices, ...(device === undefined ? {} : { '9001': device }) } }),
    );

    const { status, lines } = guest.run('root');

    expect(status).toBe(2);
    expect(lines.at(-1)).toBe(`path 9001:${targetA}:${lun.data} ${state}`);
  },
);

it('a target in the other fabric is neither waited for nor missed, as long as another FCP device sees it', () => {
  const scpData = `dpm.z=8001+8002:${targetA}+${targetB}:0001+0002`;
  using guest = new FakeGuest(shell, partition({ scpData }));

  const { status, lines, log } = guest.run('apply');

  expect(status).toBe(0);
  expect(lines).toContain(`path 8001:${targetB}:${lun.data} other-fabric`);
  expect(log).not.toContain('sleep 1');
});

it('a target that no FCP device sees is waited for, looked for by a rescan of the ports, and missed', () => {
  using guest = new FakeGuest(shell, partition({ scpData: 'dpm.z=8001:5005076809999999:0002' }));

  const { status, lines, log } = guest.run('apply');

  expect(status).toBe(2);
  expect(lines).toContain(`path 8001:5005076809999999:${lun.data} no-port`);
  expect(log.indexOf('write 1 > /sys/bus/ccw/devices/0.0.8001/port_rescan')).toBe(10);
});

it('a port that the name server has not told of is found by a rescan of the ports', () => {
  const devices = { '8001': { targets: { [targetA]: { luns: { [lun.root]: 'naa.R' }, unnoticed: true } } } };
  using guest = new FakeGuest(shell, partition({ scpData: '', devices }));

  const { status, log } = guest.run('root');

  expect(status).toBe(0);
  expect(log.at(-1)).toBe('write 1 > /sys/bus/ccw/devices/0.0.8001/port_rescan');
});

it("a planned LUN that came after the port is asked for by Linux's number of it, words exchanged", () => {
  using guest = new FakeGuest(shell, partition());
  guest.run('release', 'naa.E');

  const { status, log } = guest.run('apply');

  expect(status).toBe(0);
  expect(log).toContain('write 0 0 1075331088 > /sys/bus/ccw/devices/0.0.8001/host0/scsi_host/host0/scan');
});

it('a target WWPN that begins with a zero is recognised, although the kernel prints it without', () => {
  const target = '0a05076802160417';
  const devices = { '8001': { targets: { [target]: { luns: { [lun.root]: 'naa.R' } } } } };
  using guest = new FakeGuest(shell, { ipl: `8001:${target}:${lun.root}`, allowLunScan: 'N', devices });

  expect(guest.run('root').status).toBe(0);
});

it('an FCP device beyond the plan is set online by apply, for automatic LUN scan; not by rescan, nor against rd.zdev=no-auto', () => {
  const devices = { ...partition().devices, '8005': { targets: {} } };
  using guest = new FakeGuest(shell, partition({ devices }));
  using unwanted = new FakeGuest(shell, partition({ devices, cmdline: 'root=x rd.zdev=no-auto' }));

  guest.run('rescan');
  expect(guest.read('/sys/bus/ccw/devices/0.0.8005/online')).toBe('0');
  guest.run('apply');
  expect(guest.read('/sys/bus/ccw/devices/0.0.8005/online')).toBe('1');
  unwanted.run('apply');
  expect(unwanted.read('/sys/bus/ccw/devices/0.0.8005/online')).toBe('0');
});

it('verify names LUNs that are not in the plan, but not the other paths of the root volume, and changes nothing', () => {
  using guest = new FakeGuest(shell, partition({ scpData: `dpm.z=8001:${targetA}:0002+40104018` }));

  const { status, lines, log } = guest.run('verify');

  expect(status).toBe(4);
  expect(
    lines
      .filter((line) => line.startsWith('other'))
      .map((line) => line.split(' ')[1])
      .toSorted(),
  ).toEqual([...volume(hot), volume(lun.data)[1], volume(lun.ds8k)[1]].toSorted());
  expect(log).toEqual([]);
});

it('a NIC gets its port and its address; an address that is not locally administered is refused', () => {
  const scpData = 'dpm.n=0001:1:02fa00000001/0010:0:00fa00000002/0020';
  using guest = new FakeGuest(shell, partition({ scpData, nics: ['0001', '0010'] }));

  const { status, log, messages } = guest.run('apply');

  expect(status).toBe(2);
  expect(log).toContain('write 1 > /sys/bus/ccwgroup/devices/0.0.0001/portno');
  expect(log).toContain('ip link set dev enc0001 address 02:fa:00:00:00:01');
  expect(messages).toContain('00fa00000002 is not a locally administered address');
  expect(messages).toContain('NIC 0.0.0020: this partition has no device 0.0.0020');
});

it('a NIC that a person has grouped is left as it is', () => {
  using guest = new FakeGuest(shell, partition({ files: { '/sys/bus/ccwgroup/devices/0.0.0001/online': '0\n' } }));

  const { log } = guest.run('apply');

  expect(log.filter((line) => line.includes('ccwgroup'))).toEqual([]);
});

it('a partition that was not loaded from a LUN is left alone by root', () => {
  const { ipl: _ipl, ...rest } = partition();
  using guest = new FakeGuest(shell, rest);

  expect(guest.run('root')).toMatchObject({ status: 0, lines: [], log: [] });
});

it.each([[], ['apply', 'all'], ['root', '--keep'], ['release'], ['nonsense'], ['add', 'a', 'b']])(
  'wrong usage is told, with status 1: %s %s',
  (...args) => {
    using guest = new FakeGuest(shell, partition());

    const { status, messages, log } = guest.run(...args.filter((arg) => typeof arg === 'string'));

    expect(status).toBe(1);
    expect(messages).toContain('usage: dpm-guest COMMAND');
    expect(log).toEqual([]);
  },
);

it('adding what makes no sense is refused', () => {
  using guest = new FakeGuest(shell, partition());

  expect(guest.run('add', '8001:5005:1').status).toBe(1);
});

it.each(shells)('in %s, a write goes to a file that is there, and never makes one', (_name, with_) => {
  using guest = new FakeGuest(with_, { devices: {} });
  guest.write('/attribute', 'old\n');

  const output = guest.plainScript(`
    dpm_write new "$DPM_GUEST_ROOT/attribute" && cat "$DPM_GUEST_ROOT/attribute" && echo
    dpm_write new "$DPM_GUEST_ROOT/absent" || echo refused
    dpm_write new "$DPM_GUEST_ROOT" || echo refused
    dpm_read "$DPM_GUEST_ROOT/attribute" && echo "$dpm_value"`);

  expect(output).toBe('new\nrefused\nrefused\nnew\n');
  expect(guest.has('/absent')).toBe(false);
});
