import { afterAll, expect, it } from 'vitest';
import { allShells, FakeGuest, shells } from './fake-guest.ts';
import type { Run } from './fake-guest.ts';
import { layouts, lun, volume, wwid } from './layouts.ts';

const rows = Object.keys(layouts).flatMap((layout) => shells.map(([name, shell]) => ({ layout, name, shell })));
const scenes = new Set<string>();

afterAll(() => {
  expect([...scenes].length).toBe(rows.length);
});

it.for(allShells)('there is %s to run the tools with', ([name], { skip }) => {
  const isThere = shells.some(([each]) => each === name);
  // The CI installs all of them, and says so with this variable.
  if (!isThere && process.env.GUEST_SHELLS !== 'all') {
    console.log(`guest tools under ${name}: NOT RUN: there is no ${name} here`);
    skip();
  }

  expect(isThere).toBe(true);
});

it('there is at least one shell to run the tools with', () => {
  expect(shells.length).toBeGreaterThan(0);
});

it.each(rows)(
  'on $layout with $name: finds the root, configures data LUNs and NICs, follows attach and detach, in the recorded order',
  async ({ layout, name, shell }) => {
    const isScanned = layout !== 'sles-15';
    const given = layouts[layout] ?? { devices: {} };
    using guest = new FakeGuest(shell, given);
    const planned = [lun.root, lun.data, lun.ds8k].flatMap(volume).toSorted();
    const story: string[] = [];
    const step = (title: string, run: Run): Run => {
      story.push(`# ${title}`, ...run.log, ...run.lines.map((line) => `> ${line}`), `= ${run.status}`, '');
      return run;
    };

    expect(step('dpm-guest root, in the initramfs', guest.run('root')).status).toBe(0);
    expect(guest.paths).toEqual(expect.arrayContaining(planned));
    expect(step('dpm-guest apply, in the running system', guest.run('apply')).status).toBe(0);
    expect(guest.read('/sys/bus/ccwgroup/devices/0.0.0001/online')).toBe('1');
    const settled = guest.paths;
    expect(
      step('dpm-guest apply again', guest.run('apply')).log.filter(
        (line) => line.startsWith('write') && !line.endsWith('/scan'),
      ),
    ).toEqual([]);
    expect(guest.paths).toEqual(settled);

    const added = '0007000000000000';
    for (const path of volume(added)) guest.map(path, 'naa.6005076HOT');
    const attached = step('a volume is attached; dpm-guest rescan', guest.run('rescan'));
    expect(guest.paths.includes(volume(added)[0])).toBe(isScanned);
    // What the driver cannot tell a running partition, and the kernel does not find: said so, and added by hand.
    expect(attached.messages.includes('no automatic LUN scan')).toBe(!isScanned);
    if (!isScanned)
      expect(step('added by hand', guest.run('add', `8001:${volume(added)[0].split(':')[1] ?? ''}:0007`)).status).toBe(
        0,
      );
    expect(guest.paths).toContain(volume(added)[0]);

    for (const path of volume(added)) guest.unmap(path);
    step('the volume is detached; dpm-guest rescan', guest.run('rescan'));
    expect(guest.paths).toEqual(settled);

    if (isScanned) {
      for (const path of volume(lun.person)) guest.unmap(path);
      step("a person's volume is unmapped; dpm-guest rescan", guest.run('rescan'));
      const isKept = layout !== 'debian-12'; // where nobody has configured it
      expect(guest.paths.includes(volume(lun.person)[0])).toBe(isKept);
    }
    expect(step('dpm-guest verify', guest.run('verify')).lines[0]).toMatch(`boot ${volume(lun.root)[0]} ok sd`);
    expect(wwid.root).toBe('naa.6005076ROOT');
    await expect(story.join('\n')).toMatchFileSnapshot(`expected/${layout}.txt`);
    scenes.add(`${layout} ${name}`);
  },
);
