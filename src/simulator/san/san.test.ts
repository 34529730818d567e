import { describe, expect, test } from 'vitest';
import { createSan } from './index.ts';
import type { SimulatedSan } from './index.ts';

const LEFT = 'c05076ffe6800001';
const RIGHT = 'c05076ffe6800002';
const VOLUME = '5823bd85-4e42-4d44-b772-8a0dd19d55e7';

function attached(san: SimulatedSan, volumeId = VOLUME): { lun: string; ports: readonly string[] } {
  if (!san.findVolume(volumeId)) san.createVolume({ id: volumeId, sizeGib: 10, bootable: true });
  const initiators = [LEFT, RIGHT];
  const exports = san.mapVolume({ volumeId, host: 'partition-1', initiators, lunForm: 'peripheral' });
  const { fcpLun, ports } = exports[0]!;
  san.addZones(san.mapInitiators(initiators, ports));
  return { lun: fcpLun, ports };
}

function reason(san: SimulatedSan, initiator: string, fabricId: string, target: string, lun: string): string {
  const answer = san.probe(initiator, fabricId, target, lun);
  return answer.ok ? 'ok' : answer.reason;
}

describe('probe', () => {
  test('reaches a mapped and zoned volume and tells what it is', () => {
    const san = createSan();
    const { lun, ports } = attached(san);

    const answer = san.probe(LEFT, 'fabric-a', ports[0]!, lun);

    const uuid = san.findVolume(VOLUME)?.uuid;
    expect(answer).toEqual({ ok: true, bootable: true, volumeId: VOLUME, sizeGib: 10, uuid });
    expect(uuid).toMatch(/^6005076[0-9A-F]{25}$/);
  });

  test('understands upper case, colons and 0x, as peers write them', () => {
    const san = createSan({ firstLun: 10 });
    const { lun, ports } = attached(san);
    const colons = ports[0]!.match(/../g)!.join(':').toUpperCase();

    expect(lun).toBe('000a000000000000');
    expect(san.probe(`0x${LEFT.toUpperCase()}`, 'fabric-a', colons, lun.toUpperCase()).ok).toBe(true);
  });

  test('tells each cause of a path that leads nowhere', () => {
    const san = createSan();
    const { lun, ports } = attached(san);
    const [a, b] = ports as [string, string];
    san.unzone(RIGHT, a);

    expect(reason(san, LEFT, 'fabric-a', '5005076802ffffff', lun)).toBe('no-such-target');
    expect(reason(san, LEFT, 'fabric-a', b, lun)).toBe('not-same-fabric');
    expect(reason(san, LEFT, 'fabric-c', a, lun)).toBe('not-same-fabric');
    expect(reason(san, RIGHT, 'fabric-a', a, lun)).toBe('not-zoned');
    expect(reason(san, LEFT, 'fabric-a', a, '0007000000000000')).toBe('no-such-lun');
    san.unmask(VOLUME, LEFT);
    expect(reason(san, LEFT, 'fabric-a', a, lun)).toBe('not-masked');
    san.setPortOnline(a, false);
    expect(reason(san, LEFT, 'fabric-a', a, lun)).toBe('no-such-target');
  });

  test('answers text that is no WWPN or LUN instead of throwing', () => {
    const san = createSan({ zoning: { policy: 'open' } });
    const { lun, ports } = attached(san);

    expect(reason(san, 'nonsense', 'fabric-a', ports[0]!, lun)).toBe('not-masked');
    expect(reason(san, LEFT, 'fabric-a', '', lun)).toBe('no-such-target');
    expect(reason(san, LEFT, 'fabric-a', ports[0]!, '2')).toBe('no-such-lun');
    expect(reason(san, LEFT, '', ports[0]!, lun)).toBe('not-same-fabric');
    expect(san.discover('nonsense', 'fabric-a')).toEqual([]);
    expect(san.discover(LEFT, 'nowhere')).toEqual([]);
    expect(san.isLoggedIn('nonsense')).toBe(false);
    expect(() => san.login(LEFT, 'nowhere')).toThrow('No fabric "nowhere"');
    expect(() => san.login('nonsense', 'fabric-a')).toThrow('"nonsense" is no WWPN');
  });

  test('says not-masked when only a sibling port of the host sees the LUN', () => {
    const san = createSan();
    const { ports } = attached(san);
    const { lun } = attached(san, 'second-volume');

    san.unmask('second-volume', LEFT);

    expect(reason(san, LEFT, 'fabric-a', ports[0]!, lun)).toBe('not-masked');
    expect(reason(san, RIGHT, 'fabric-a', ports[0]!, lun)).toBe('ok');
  });
});

describe('discover', () => {
  test('lists what is zoned and masked on that fabric, sorted', () => {
    const san = createSan();
    const { ports } = attached(san);
    attached(san, 'second-volume');

    const found = san.discover(LEFT, 'fabric-b');

    const onB = ports.filter((_, index) => index % 2 === 1);
    expect(found.map((each) => `${each.targetWwpn} ${each.lun}`)).toEqual(
      onB.flatMap((port) => [`${port} 0000000000000000`, `${port} 0001000000000000`]),
    );
    expect(new Set(found.map((each) => each.uuid)).size).toBe(2);
  });

  test('sees nothing through a port that is down', () => {
    const san = createSan({ portsPerFabric: 1 });
    const { ports } = attached(san);

    san.setPortOnline(ports[0]!, false);

    expect(san.discover(LEFT, 'fabric-a')).toEqual([]);
    expect(san.discover(LEFT, 'fabric-b')).toHaveLength(1);
    expect(() => san.setPortOnline(LEFT, false)).toThrow('No target port');
  });
});

describe('masking', () => {
  test('gives each host its own next free LUN and reuses what was freed', () => {
    const san = createSan({ firstLun: 1 });
    const map = (volumeId: string, host: string, initiator: string) =>
      san.mapVolume({ volumeId, host, initiators: [initiator], lunForm: 'peripheral' })[0]!.lun;
    for (const id of ['v1', 'v2', 'v3']) san.createVolume({ id, sizeGib: 1 });

    expect([map('v1', 'h1', LEFT), map('v2', 'h1', LEFT), map('v1', 'h1', LEFT)]).toEqual([1, 2, 1]);
    expect(map('v3', 'h2', RIGHT)).toBe(1);
    san.unmapVolume('v1', [LEFT]);
    expect(map('v3', 'another name for h1', LEFT)).toBe(1);
  });

  test('finds the host by its ports, whatever name the connector carries', () => {
    const san = createSan();
    attached(san);
    san.createVolume({ id: 'v2', sizeGib: 1 });

    san.mapVolume({ volumeId: 'v2', host: 'renamed', initiators: [LEFT.toUpperCase()], lunForm: 'peripheral' });

    expect(san.snapshot().arrays[0]?.hosts).toEqual([{ name: 'partition-1', initiators: [LEFT, RIGHT] }]);
  });

  test('refuses initiators of two hosts, unknown volumes and connectors without an initiator', () => {
    const san = createSan();
    for (const id of ['v1', 'v2', 'v3']) san.createVolume({ id, sizeGib: 1 });
    const map = (volumeId: string, host: string, initiators: string[]) =>
      san.mapVolume({ volumeId, host, initiators, lunForm: 'peripheral' });
    map('v1', 'h1', [LEFT]);
    map('v2', 'h2', [RIGHT]);

    expect(() => map('v3', 'h3', [LEFT, RIGHT])).toThrow('More than one host defined');
    expect(() => map('v9', 'h1', [LEFT])).toThrow('No volume v9');
    expect(() => map('v3', 'h1', ['junk'])).toThrow('No initiator');
    expect(() => san.createVolume({ id: 'v1', sizeGib: 1 })).toThrow('exists');
  });

  test('spells LUNs as each kind of array does', () => {
    const spell = (lunForm: 'peripheral' | 'sam2' | 'sam3-flat' | 'ds8k', firstLun: number) => {
      const san = createSan({ firstLun });
      san.createVolume({ id: 'v', sizeGib: 1 });
      const { lun, fcpLun } = san.mapVolume({ volumeId: 'v', host: 'h', initiators: [LEFT], lunForm })[0]!;
      return `${lun} ${fcpLun}`;
    };

    // The worked examples of the LUN table, rows 6, 2, 8, 1, 10.
    expect(spell('peripheral', 256)).toBe('256 0100000000000000');
    expect(spell('sam2', 1)).toBe('1 0001000000000000');
    expect(spell('sam2', 256)).toBe('256 4100000000000000');
    expect(spell('sam2', 0)).toBe('0 0000000000000000');
    expect(spell('sam3-flat', 1)).toBe('1 4001000000000000');
    expect(spell('ds8k', 0)).toBe('1074806784 4010400000000000');
    expect(() => spell('peripheral', 0x4000)).toThrow('No free LUN');
  });

  test('presents a mirrored volume from both arrays under one identity', () => {
    const san = createSan();
    san.createVolume({ id: 'v', sizeGib: 1 });

    const exports = san.mapVolume({ volumeId: 'v', host: 'h', initiators: [LEFT], lunForm: 'sam2', mirrored: true });

    expect(exports.map((each) => each.arrayId)).toEqual(['array-1', 'array-2']);
    expect(new Set(exports.flatMap((each) => each.ports)).size).toBe(8);
  });
});

describe('zoning', () => {
  test('leaves nothing behind when the last volume goes, and keeps zones until then', () => {
    const san = createSan();
    const before = san.snapshot();
    attached(san);
    attached(san, 'second-volume');

    const first = san.unmapVolume(VOLUME, [LEFT, RIGHT]);
    san.removeZones(first);
    expect(first).toEqual({});
    expect(san.discover(LEFT, 'fabric-a')).toHaveLength(2);
    san.removeZones(san.unmapVolume('second-volume', undefined));

    expect(san.snapshot()).toEqual(before);
  });

  test('makes one zone per initiator under policy initiator', () => {
    const san = createSan({ zoning: { policy: 'initiator' } });
    attached(san);

    const zones = san.snapshot().fabrics[0]?.zones;

    expect(zones?.map((zone) => zone.name)).toEqual([`openstack${LEFT}`, `openstack${RIGHT}`]);
    expect(zones?.[0]?.members).toHaveLength(3);
  });

  test('taken from one target leaves the other targets of the zone reachable', () => {
    const san = createSan({ zoning: { policy: 'initiator' } });
    const { lun, ports } = attached(san);

    san.unzone(LEFT, ports[0]);

    expect(reason(san, LEFT, 'fabric-a', ports[0]!, lun)).toBe('not-zoned');
    expect(reason(san, LEFT, 'fabric-a', ports[2]!, lun)).toBe('ok');
    expect(san.snapshot().fabrics[0]?.zones[0]?.members).toEqual([ports[2], LEFT]);
  });

  test('by lookup knows only initiators that are logged in, on their own fabric', () => {
    const san = createSan({ zoning: { lookup: true } });
    const { ports } = attached(san);
    expect(san.mapInitiators([LEFT, RIGHT], ports)).toEqual({});

    san.login(LEFT, 'fabric-b');
    const map = san.mapInitiators([LEFT, RIGHT], ports);
    san.addZones(map);
    san.addZones({ [RIGHT]: ports });

    expect(map).toEqual({ [LEFT]: [ports[1], ports[3]] });
    expect(san.snapshot().fabrics.map((fabric) => fabric.zones.length)).toEqual([0, 2]);
    expect(san.discover(LEFT, 'fabric-b')).toHaveLength(2);
  });

  test('by lookup leaves zones of a logged-out initiator behind when asked to be that true to life', () => {
    for (const staleZones of [false, true]) {
      const san = createSan({ zoning: { lookup: true, staleZones } });
      san.login(LEFT, 'fabric-a');
      attached(san);
      san.logout(LEFT);

      san.removeZones(san.unmapVolume(VOLUME, [LEFT]));

      expect(san.snapshot().fabrics[0]?.zones).toHaveLength(staleZones ? 2 : 0);
      expect(san.fabricOf(LEFT)).toBe('fabric-a');
    }
  });

  test('leaves manual zoning to the operator', () => {
    const san = createSan({ zoning: { policy: 'manual' } });
    const { lun, ports } = attached(san);
    expect(reason(san, LEFT, 'fabric-a', ports[0]!, lun)).toBe('not-zoned');

    san.zone(LEFT, ports[0]!);
    expect(reason(san, LEFT, 'fabric-a', ports[0]!, lun)).toBe('ok');
    san.unzone(LEFT);
    expect(reason(san, LEFT, 'fabric-a', ports[0]!, lun)).toBe('not-zoned');
  });

  test('a target port that is down is left out of the zone and not added when it comes back', () => {
    const san = createSan();
    const down = san.arrays[0]!.ports[0]!.wwpn;
    san.setPortOnline(down, false);
    const { lun } = attached(san);

    san.setPortOnline(down, true);

    expect(reason(san, LEFT, 'fabric-a', down, lun)).toBe('not-zoned');
  });
});

test('a LUN renumbered behind the back of Cinder is found under its new number only', () => {
  const san = createSan();
  const { lun, ports } = attached(san);

  san.renumberLun(VOLUME, '0005000000000000');

  expect(reason(san, LEFT, 'fabric-a', ports[0]!, lun)).toBe('no-such-lun');
  expect(reason(san, LEFT, 'fabric-a', ports[0]!, '0005000000000000')).toBe('ok');
  expect(() => san.renumberLun(VOLUME, '5')).toThrow('no 64-bit LUN');
  expect(() => san.renumberLun('other', lun)).toThrow('not mapped');
});

test('a deleted volume takes its masks with it', () => {
  const san = createSan();
  attached(san);
  san.updateVolume(VOLUME, { sizeGib: 20, bootable: false });
  expect(san.discover(LEFT, 'fabric-a')[0]?.sizeGib).toBe(20);

  san.deleteVolume(VOLUME);
  san.deleteVolume('never there');

  expect(san.snapshot().arrays[0]?.masks).toEqual([]);
  expect(san.findVolume(VOLUME)).toBeUndefined();
});
