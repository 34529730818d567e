import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../base/index.ts';
import type { ConnectionInfo } from '../../cinder-client/index.ts';
import { ConnectionInfoError, parseFcConnection } from '../index.ts';

type Data = Record<string, JsonValue>;

const A = 'c05076d3a1005b20';
const B = 'c05076d3a1005b24';
const T1 = '500507680b21ac01';
const T2 = '500507680b22ac01';
const plain: Data = { target_wwn: [T1, T2], target_lun: 2 };

const parse = (data: Data, type = 'fibre_channel') => parseFcConnection({ driver_volume_type: type, data });
const without = (key: string, data: Data = plain): Data =>
  Object.fromEntries(Object.entries(data).filter(([name]) => name !== key));
/** Returns the targets as `wwpn/lun`, with the LUN in its short form. */
const shown = (targets: readonly { targetWwpn: string; lun: string }[] | undefined) =>
  targets?.map(({ targetWwpn, lun }) => `${targetWwpn}/${lun.slice(0, 4)}`);
const map = (data: Data) =>
  Object.fromEntries([...(parse(data).targetsOf ?? [])].map(([initiator, targets]) => [initiator, shown(targets)]));

describe('targets are read from', () => {
  test.each<[string, Data]>([
    ['a list', { target_wwn: [T1, T2] }],
    ['target_wwns, which comes before target_wwn', { target_wwn: ['500507680b2fac01'], target_wwns: [T1, T2] }],
    ['target_wwn where target_wwns is empty', { target_wwn: [T1, T2], target_wwns: [] }],
    ['text divided by commas', { target_wwn: `${T1}, ${T2}` }],
    ['keys in capitals', { TARGET_WWN: [T1, T2] }],
    ['names in capitals', { target_wwn: [T1.toUpperCase(), T2.toUpperCase()] }],
    ['names with colons', { target_wwn: ['50:05:07:68:0b:21:ac:01', '50:05:07:68:0b:22:ac:01'] }],
    ['names with dashes', { target_wwn: ['50-05-07-68-0b-21-ac-01', '50-05-07-68-0b-22-ac-01'] }],
    ['names with 0x', { target_wwn: [`0x${T1}`, `0X${T2}`] }],
    ['a list that repeats one', { target_wwn: [T1, T2, T1] }],
  ])('%s', (_what, targets) => {
    expect(shown(parse({ target_lun: 2, ...targets }).targets)).toEqual([`${T1}/0002`, `${T2}/0002`]);
  });

  test('one text', () => {
    expect(shown(parse({ target_wwn: T1, target_lun: 2 }).targets)).toEqual([`${T1}/0002`]);
  });

  test.each<[string, Data]>([
    ['an empty list', { target_wwn: [] }],
    ['an empty text', { target_wwn: '' }],
    ['null', { target_wwn: null }],
    ['nothing', {}],
  ])('the map where target_wwn is %s', (_what, none) => {
    const data = { ...none, target_lun: 2, initiator_target_map: { [A]: [T2, T1], [B]: [T1] } };

    expect(shown(parse(data).targets)).toEqual([`${T2}/0002`, `${T1}/0002`]);
  });
});

describe('the LUN is read from', () => {
  test.each<[string, JsonValue, string]>([
    ['a number', 17, '0011000000000000'],
    ['zero, which is a LUN', 0, '0000000000000000'],
    ['decimal text', '17', '0011000000000000'],
    ['hex text', '0x11', '0011000000000000'],
    ['an FCP LUN', '0011000000000000', '0011000000000000'],
    ['an FCP LUN with 0x', '0x0011000000000000', '0011000000000000'],
    ['the four bytes of a DS8000', 0x40214007, '4021400700000000'],
  ])('%s', (_what, value, lun) => {
    expect(parse({ ...plain, target_lun: value }).targets.map((target) => target.lun)).toEqual([lun, lun]);
  });

  test('target_luns, with one LUN for each target', () => {
    expect(shown(parse({ ...plain, target_luns: [5, '0x9'] }).targets)).toEqual([`${T1}/0005`, `${T2}/0009`]);
  });

  test('target_luns, with one LUN for all targets', () => {
    expect(shown(parse({ ...plain, target_luns: [5] }).targets)).toEqual([`${T1}/0005`, `${T2}/0005`]);
  });

  test.each([[[]], [null]])('target_lun where target_luns is %j', (none) => {
    expect(shown(parse({ ...plain, target_luns: none }).targets)).toEqual([`${T1}/0002`, `${T2}/0002`]);
  });

  test('the number according to the addressing mode', () => {
    const luns = (addressing_mode: string | null) =>
      parse({ ...plain, target_lun: 300, addressing_mode }).targets[0]?.lun;

    expect(luns('SAM2')).toBe('412c000000000000');
    expect(luns('SAM')).toBe('012c000000000000');
    expect(luns(null)).toBe('012c000000000000');
  });

  test('the same target twice if the volume has two LUNs there', () => {
    expect(shown(parse({ target_wwn: [T1, T1], target_luns: [1, 2] }).targets)).toEqual([`${T1}/0001`, `${T1}/0002`]);
  });
});

describe('initiator_target_map', () => {
  test.each<[string, Data]>([
    ['is not there', {}],
    ['is null', { initiator_target_map: null }],
    ['is empty', { initiator_target_map: {} }],
  ])('that %s lets every initiator reach every target', (_what, none) => {
    expect(parse({ ...plain, ...none }).targetsOf).toBeUndefined();
  });

  test('is read with WWPNs in any spelling', () => {
    const spelled = { 'C0:50:76:D3:A1:00:5B:20': [T1.toUpperCase()], '0xc05076d3a1005b24': T2 };

    expect(map({ ...plain, initiator_target_map: spelled })).toEqual({ [A]: [`${T1}/0002`], [B]: [`${T2}/0002`] });
  });

  test('with two spellings of one initiator keeps the targets of both', () => {
    const spelled = { [A]: [T1], [A.toUpperCase()]: [T2, T1] };

    expect(map({ ...plain, initiator_target_map: spelled })).toEqual({ [A]: [`${T1}/0002`, `${T2}/0002`] });
  });

  test('gives each target its own LUN', () => {
    const data = { ...plain, target_luns: [5, 9], initiator_target_map: { [A]: [T2, T1] } };

    expect(map(data)).toEqual({ [A]: [`${T2}/0009`, `${T1}/0005`] });
  });

  test('may name a target that is not in the list, if there is only one LUN', () => {
    const data = { target_wwn: [T1], target_lun: 2, initiator_target_map: { [A]: [T1, T2] } };

    expect(map(data)).toEqual({ [A]: [`${T1}/0002`, `${T2}/0002`] });
    expect(parse(data).warnings).toEqual([]);
  });

  test('omits a target without a LUN, with a warning', () => {
    const data = { ...plain, target_luns: [5, 9], initiator_target_map: { [A]: [T1, '500507680b2fac01'] } };

    expect(map(data)).toEqual({ [A]: [`${T1}/0005`] });
    expect(parse(data).warnings).toEqual([
      'initiator_target_map names target 500507680b2fac01, for which there is no LUN',
    ]);
  });

  test('may give an initiator no target at all', () => {
    expect(map({ ...plain, initiator_target_map: { [A]: [], [B]: '' } })).toEqual({ [A]: [], [B]: [] });
  });
});

describe('initiator_target_lun_map', () => {
  const withLuns = {
    [A.toUpperCase()]: [[T1.toUpperCase(), 5]],
    [B]: [
      [T2, '9'],
      [T1, 5],
    ],
  };

  test('takes precedence over the plain map, and its LUNs over the others', () => {
    const data = { ...plain, initiator_target_map: { [A]: [T2] }, initiator_target_lun_map: withLuns };

    expect(map(data)).toEqual({ [A]: [`${T1}/0005`], [B]: [`${T2}/0009`, `${T1}/0005`] });
  });

  test('needs no other key', () => {
    const data = { initiator_target_lun_map: withLuns };

    expect(shown(parse(data).targets)).toEqual([`${T1}/0005`, `${T2}/0009`]);
  });

  test('is ignored if it is empty', () => {
    expect(parse({ ...plain, initiator_target_lun_map: {} }).targetsOf).toBeUndefined();
  });

  test('merges two spellings of one initiator', () => {
    const data = { ...plain, initiator_target_lun_map: { [A]: [[T1, 5]], [A.toUpperCase()]: [[T2, 9]] } };

    expect(map(data)).toEqual({ [A]: [`${T1}/0005`, `${T2}/0009`] });
  });
});

describe('the other keys of connection_info', () => {
  test('are read if nova-dpm uses them, and otherwise ignored', () => {
    const volume_id = '5b7c9b1e-0d0c-4a55-9c0f-2f6f4d3f6a01';
    const data = { ...plain, volume_id, access_mode: 'ro', qos_specs: { a: 1 }, map_info: { lun_id: '14' } };

    expect(parse(data)).toMatchObject({ volumeId: volume_id, isReadOnly: true, warnings: [] });
    expect(parse(plain)).toMatchObject({ volumeId: undefined, isReadOnly: false, naa: undefined });
  });

  test.each([
    ['3624a9370abcdef0123456789000111a2', '624a9370abcdef0123456789000111a2'],
    ['naa.624A9370ABCDEF0123456789000111A2', '624a9370abcdef0123456789000111a2'],
    ['624a9370abcdef0123456789000111a2', '624a9370abcdef0123456789000111a2'],
    ['vv-name-of-a-3PAR', undefined],
    ['', undefined],
    [null, undefined],
  ])('the name of the volume %j is page 83 identifier %j', (wwn, naa) => {
    expect(parse({ ...plain, wwn }).naa).toBe(naa);
  });
});

describe('the unserved keys', () => {
  test('are those that request something that nova-dpm does not support, without their values', () => {
    const data = {
      ...plain,
      qos_specs: { total_iops_sec: '500' },
      CACHEABLE: true,
      enforce_multipath: true,
      x_secret: 'p',
    };

    expect(parse(data).unserved).toEqual(['cacheable', 'enforce_multipath', 'qos_specs', 'x_secret']);
  });

  test.each<[string, Data]>([
    ['served', { access_mode: 'ro', addressing_mode: 'SAM2', encrypted: false, enable_wildcard_scan: false }],
    ['answered by the LUN itself', { discard: true, physical_block_size: '4096', logical_block_size: '512' }],
    ['records of a volume driver', { map_info: { lun_id: '14' }, all_storage_wwpns: [T1], recommended_connections: 2 }],
    [
      'false, null or empty',
      { qos_specs: null, cacheable: false, enforce_multipath: false, other: {}, more: [], x: '' },
    ],
  ])('do not include keys that are %s', (_what, data) => {
    expect(parse({ ...plain, target_discovered: true, ...data }).unserved).toEqual([]);
  });
});

describe('an error names the volume', () => {
  const id = '5b7c9b1e-0d0c-4a55-9c0f-2f6f4d3f6a01';
  const nothing = { target_wwn: [T1], target_lun: null };
  const named = new RegExp(
    `^volume ${id}: connection_info has neither target_lun nor target_luns: the array has not reported`,
  );

  test.each<[string, ConnectionInfo]>([
    ['the data', { driver_volume_type: 'fibre_channel', data: { ...nothing, volume_id: id } }],
    ['the attachment', { driver_volume_type: 'fibre_channel', volume_id: id, data: nothing }],
    ['Nova', { driver_volume_type: 'fibre_channel', serial: id, data: nothing }],
  ])('with the ID from %s', (_who, info) => {
    expect(() => parseFcConnection(info)).toThrow(named);
  });

  test('with the ID from the caller, also for an encrypted volume and another protocol', () => {
    const fail = (type: string, data: Data) => () =>
      parseFcConnection({ driver_volume_type: type, data }, undefined, id);

    expect(fail('fibre_channel', nothing)).toThrow(named);
    expect(fail('fibre_channel', { ...plain, encrypted: true })).toThrow(`volume ${id}: the volume is encrypted`);
    expect(fail('iscsi', plain)).toThrow(`volume ${id}: driver_volume_type is "iscsi"`);
  });
});

describe('connection_info is rejected', () => {
  test.each<[string, Data, RegExp]>([
    ['without a LUN', without('target_lun'), /neither target_lun nor target_luns/],
    ['with a target that is no WWPN', { ...plain, target_wwn: ['5005'] }, /target_wwn "5005" is not a WWPN/],
    ['with one of target_wwns that is none', { ...plain, target_wwns: ['zz'] }, /target_wwns "zz" is not a WWPN/],
    ['with an initiator that is none', { ...plain, initiator_target_map: { x: [T1] } }, /initiator_target_map "x"/],
    [
      'with a mapped target that is none',
      { ...plain, initiator_target_map: { [A]: ['y'] } },
      /initiator_target_map "y"/,
    ],
    ['with more LUNs than targets', { ...plain, target_luns: [1, 2, 3] }, /3 target_luns do not fit 2 target ports/],
    ['with a LUN that is none', { ...plain, target_lun: 'two' }, /^target_lun cannot be used$/],
    ['with one of target_luns that is none', { ...plain, target_luns: [1, -1] }, /^target_luns cannot be used$/],
    ['with a truth value as LUN', { ...plain, target_lun: true }, /connection_info is not usable/],
    ['with a number as target', { ...plain, target_wwn: 5 }, /connection_info is not usable/],
    ['of an encrypted volume', { ...plain, encrypted: true }, /encrypted by Cinder/],
  ])('%s', (_what, data, message) => {
    expect(() => parse(data)).toThrow(ConnectionInfoError);
    expect(() => parse(data)).toThrow(message);
  });

  test.each(['iscsi', 'fibre_channel_eckd', 'nvmeof', 'FIBRE_CHANNEL'])('of type %s', (type) => {
    expect(() => parse(plain, type)).toThrow(`driver_volume_type is "${type}", expected "fibre_channel"`);
  });

  test('with a quote of at most a few characters', () => {
    expect(() => parse({ ...plain, target_wwn: ['x'.repeat(5_000)] })).toThrow(/^.{1,150}$/);
  });
});
