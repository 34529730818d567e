import { expect, it } from 'vitest';
import { FakeGuest } from '../guest/fake-guest.ts';
import { hot, lun, shell, targetA, targetB, twoFabrics, volume } from '../guest/layouts.ts';

/* The guest tools, the most important cases. The others are in test/guest. */

it('a target in the other fabric is neither waited for nor missed, as long as another FCP device sees it', () => {
  const scpData = `dpm.z=8001+8002:${targetA}+${targetB}:0001+0002`;
  using guest = new FakeGuest(shell, twoFabrics({ scpData }));

  const { status, lines, log } = guest.run('apply');

  expect(status).toBe(0);
  expect(lines).toContain(`path 8001:${targetB}:${lun.data} other-fabric`);
  expect(log).not.toContain('sleep 1');
});

it('verify names LUNs that are not in the plan, but not the other paths of the root volume, and changes nothing', () => {
  using guest = new FakeGuest(shell, twoFabrics({ scpData: `dpm.z=8001:${targetA}:0002+40104018` }));

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
  using guest = new FakeGuest(shell, twoFabrics({ scpData, nics: ['0001', '0010'] }));

  const { status, log, messages } = guest.run('apply');

  expect(status).toBe(2);
  expect(log).toContain('write 1 > /sys/bus/ccwgroup/devices/0.0.0001/portno');
  expect(log).toContain('ip link set dev enc0001 address 02:fa:00:00:00:01');
  expect(messages).toContain('00fa00000002 is not a locally administered address');
  expect(messages).toContain('NIC 0.0.0020: this partition has no device 0.0.0020');
});
