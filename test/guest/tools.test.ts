import { expect, it } from 'vitest';
import { FakeGuest, shells } from './fake-guest.ts';
import type { FakePartition } from './fake-guest.ts';
import { lun, shell, targetA, targetB, twoFabrics, volume } from './layouts.ts';

it('a boot LUN that never comes ends after two minutes of waiting with status 3', () => {
  using guest = new FakeGuest(shell, twoFabrics({ ipl: `8001:${targetA}:0042000000000000`, scpData: 'quiet' }));

  const { status, lines, log } = guest.run('root');

  expect(status).toBe(3);
  expect(lines).toEqual([`boot 8001:${targetA}:0042000000000000 no-lun`]);
  expect(log.filter((line) => line === 'sleep 1')).toHaveLength(120);
});

it('root --once only looks, and is there again and again until the boot LUN is', () => {
  using guest = new FakeGuest(shell, twoFabrics({ ipl: `8001:${targetA}:0042000000000000`, scpData: 'quiet' }));

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
    const { devices } = twoFabrics();
    const scpData = `dpm.z=9001:${targetA}:0002`;
    using guest = new FakeGuest(
      shell,
      twoFabrics({ scpData, devices: { ...devices, ...(device === undefined ? {} : { '9001': device }) } }),
    );

    const { status, lines } = guest.run('root');

    expect(status).toBe(2);
    expect(lines.at(-1)).toBe(`path 9001:${targetA}:${lun.data} ${state}`);
  },
);

it('a target that no FCP device sees is waited for, looked for by a rescan of the ports, and missed', () => {
  using guest = new FakeGuest(shell, twoFabrics({ scpData: 'dpm.z=8001:5005076809999999:0002' }));

  const { status, lines, log } = guest.run('apply');

  expect(status).toBe(2);
  expect(lines).toContain(`path 8001:5005076809999999:${lun.data} no-port`);
  expect(log.indexOf('write 1 > /sys/bus/ccw/devices/0.0.8001/port_rescan')).toBe(10);
});

it('a port that the name server has not told of is found by a rescan of the ports', () => {
  const devices = { '8001': { targets: { [targetA]: { luns: { [lun.root]: 'naa.R' }, unnoticed: true } } } };
  using guest = new FakeGuest(shell, twoFabrics({ scpData: '', devices }));

  const { status, log } = guest.run('root');

  expect(status).toBe(0);
  expect(log.at(-1)).toBe('write 1 > /sys/bus/ccw/devices/0.0.8001/port_rescan');
});

it("a planned LUN that came after the port is asked for by Linux's number of it, words exchanged", () => {
  const luns = { [lun.root]: 'naa.R', [lun.data]: 'naa.D' };
  const devices = {
    '8001': { online: true, targets: { [targetA]: { luns } } },
    '8002': { online: true, targets: { [targetB]: { luns } } },
  };
  using guest = new FakeGuest(shell, twoFabrics({ devices }));
  for (const path of volume(lun.ds8k)) guest.map(path, 'naa.E');

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
  const devices = { ...twoFabrics().devices, '8005': { targets: {} } };
  using guest = new FakeGuest(shell, twoFabrics({ devices }));
  using unwanted = new FakeGuest(shell, twoFabrics({ devices, cmdline: 'root=x rd.zdev=no-auto' }));

  guest.run('rescan');
  expect(guest.read('/sys/bus/ccw/devices/0.0.8005/online')).toBe('0');
  guest.run('apply');
  expect(guest.read('/sys/bus/ccw/devices/0.0.8005/online')).toBe('1');
  unwanted.run('apply');
  expect(unwanted.read('/sys/bus/ccw/devices/0.0.8005/online')).toBe('0');
});

it('a NIC that a person has grouped is left as it is', () => {
  using guest = new FakeGuest(shell, twoFabrics({ files: { '/sys/bus/ccwgroup/devices/0.0.0001/online': '0\n' } }));

  const { log } = guest.run('apply');

  expect(log.filter((line) => line.includes('ccwgroup'))).toEqual([]);
});

it('a partition that was not loaded from a LUN is left alone by root', () => {
  const { ipl: _ipl, ...rest } = twoFabrics();
  using guest = new FakeGuest(shell, rest);

  expect(guest.run('root')).toMatchObject({ status: 0, lines: [], log: [] });
});

it.each([[], ['apply', 'all'], ['root', '--keep'], ['release'], ['nonsense'], ['add', 'a', 'b']])(
  'wrong usage is told, with status 1: %s %s',
  (...args) => {
    using guest = new FakeGuest(shell, twoFabrics());

    const { status, messages, log } = guest.run(...args.filter((arg) => typeof arg === 'string'));

    expect(status).toBe(1);
    expect(messages).toContain('usage: dpm-guest COMMAND');
    expect(log).toEqual([]);
  },
);

it('adding what makes no sense is refused', () => {
  using guest = new FakeGuest(shell, twoFabrics());

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
