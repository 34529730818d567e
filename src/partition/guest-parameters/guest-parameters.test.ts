import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lunSchema, wwpnSchema } from '../../base/index.ts';
import { decodeGuestParameters, encodeGuestParameters, PARAMETERS_LIMIT, withoutOurWords } from './index.ts';
import type { GuestNic, GuestPath, GuestVolume } from './index.ts';

const targets = ['5005076802160417', '5005076802260417', '5005076802360417', '5005076802460417'];

function path(deviceNumber: string, target: string, lun: string): GuestPath {
  return { deviceNumber, targetWwpn: wwpnSchema.parse(target), lun: lunSchema.parse(lun.padEnd(16, '0')) };
}

/** A volume on every path between these vHBAs and targets. */
function volume(volumeId: string, lun: string, devices: readonly string[], count = 2): GuestVolume {
  const paths = devices.flatMap((device) => targets.slice(0, count).map((target) => path(device, target, lun)));
  return { volumeId, paths };
}

const encode = (volumes: readonly GuestVolume[], otherText = '', nics: readonly GuestNic[] = []) =>
  encodeGuestParameters({ otherText, nics, volumes });

const keyOf = (each: GuestPath) => `${each.deviceNumber}:${each.targetWwpn}:${each.lun}`;
const keys = (paths: readonly GuestPath[]) => [...new Set(paths.map(keyOf))].toSorted();

const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: digits, maxLength: digits });
const wwpnText = fc.oneof(
  fc.constantFrom(...targets),
  hex(16).filter((text) => !/^0+$/.test(text)),
);
const anyPath = fc
  .tuple(fc.oneof(fc.constantFrom('8001', '8002'), hex(4)), wwpnText, fc.oneof(hex(4), hex(8), hex(12), hex(16)))
  .map(([device, target, lun]) => path(device, target, lun));
const anyVolume = fc
  .record({ volumeId: fc.uuid(), paths: fc.array(anyPath, { minLength: 1, maxLength: 8 }) })
  .map((each): GuestVolume => each);
const fullProduct = fc
  .tuple(
    fc.uuid(),
    hex(4),
    fc.subarray(['8001', '8002', '8003', '8004'], { minLength: 1 }),
    fc.integer({ min: 1, max: 4 }),
  )
  .map(([id, lun, devices, count]) => volume(id, lun, devices, count));
const volumes = fc.uniqueArray(fc.oneof(anyVolume, fullProduct), { selector: (each) => each.volumeId, maxLength: 60 });
const anyNics = fc.uniqueArray(
  fc.record(
    { deviceNumber: hex(4), port: fc.constantFrom(0 as const, 1 as const), mac: hex(12) },
    { requiredKeys: ['deviceNumber', 'port'] },
  ),
  { selector: (nic) => nic.deviceNumber, maxLength: 12 },
);
const otherWords = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'root=LABEL=/',
        'zfcp.allow_lun_scan=0',
        'quiet',
        '0001,0,fa163e123456;',
        '=rd.zdev=no-auto',
        'RO',
      ),
      fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ019=._-:+/,;')), minLength: 1, maxLength: 30 }),
    ),
    { maxLength: 8 },
  )
  .map((words) => words.join(' '))
  .filter((text) => text === withoutOurWords(text));

it('writes NICs, paths and the text of the user in one line', () => {
  const { text } = encode([volume('a', '0000', ['8001', '8002']), volume('b', '0002', ['8001', '8002'])]);

  expect(text).toBe('dpm.z=8001+8002:5005076802160417+5005076802260417:0000+0002');
});

it('reads back every volume that it does not report as omitted, and never another path', () => {
  fc.assert(
    fc.property(volumes, anyNics, otherWords, (given, nics, otherText) => {
      const { text, omittedVolumes, omittedNics } = encode(given, otherText, nics);

      const read = decodeGuestParameters(text);
      const told = given.filter(({ volumeId }) => !omittedVolumes.includes(volumeId));
      expect(keys(read.paths)).toEqual(keys(told.flatMap(({ paths }) => paths)));
      expect(read.nics).toEqual(nics.filter(({ deviceNumber }) => !omittedNics.includes(deviceNumber)));
    }),
    { numRuns: 300 },
  );
});

it('keeps the limit of 256 characters, in ASCII, whatever the volumes', () => {
  fc.assert(
    fc.property(volumes, anyNics, otherWords, (given, nics, otherText) => {
      const { text } = encode(given, otherText, nics);

      expect(text.length).toBeLessThanOrEqual(Math.max(PARAMETERS_LIMIT, otherText.length));
      expect(text).toMatch(/^[\x20-\x7e]*$/);
    }),
    { numRuns: 300 },
  );
});

it('leaves what others have put there in front, and gives it back unchanged', () => {
  fc.assert(
    fc.property(volumes, otherWords, (given, otherText) => {
      const { text } = encode(given, otherText);

      const lowered = text === otherText || /[a-z]/.test(otherText) ? otherText : otherText.toLowerCase();
      expect(text.startsWith(lowered.trim())).toBe(true);
      expect(withoutOurWords(text)).toBe(lowered.trim());
    }),
  );
});

it('encoding again what is there changes nothing', () => {
  fc.assert(
    fc.property(volumes, anyNics, otherWords, (given, nics, otherText) => {
      const { text } = encode(given, otherText, nics);

      expect(encode(given, text, nics).text).toBe(text);
    }),
  );
});

it('a text of upper-case letters only, which the kernel would make lower case, is so already when ours follows', () => {
  expect(encode([volume('a', '0001', ['8001'], 1)], 'RO QUIET').text).toBe('ro quiet dpm.z=8001:5005076802160417:0001');
  expect(encode([volume('a', '0001', ['8001'], 1)], 'root=LABEL=X').text).toMatch(/^root=LABEL=X /);
  expect(encode([], 'RO QUIET').text).toBe('RO QUIET');
});

it('holds 41 volumes on two vHBAs and two targets, and names those that did not fit', () => {
  const many = Array.from({ length: 60 }, (_, n) => volume(`v${n}`, n.toString(16).padStart(4, '0'), ['8001', '8002']));

  const { text, omittedVolumes } = encode(many);

  expect(text.length).toBeLessThanOrEqual(PARAMETERS_LIMIT);
  expect(omittedVolumes).toEqual(Array.from({ length: 19 }, (_, n) => `v${n + 41}`));
});

it('goes on with a volume that fits after one that does not', () => {
  const wide = volume('wide', '0002', ['9001', '9002', '9003', '9004', '9005', '9006', '9007'], 4);
  const list = [volume('a', '0001', ['8001'], 4), wide, volume('c', '0003', ['8001'], 4)];

  expect(encode(list).omittedVolumes).toEqual([]);
  expect(encode(list, 'x'.repeat(110)).omittedVolumes).toEqual(['wide']);
});

it('with single-initiator zoning a vHBA keeps its own targets', () => {
  const own = [path('8001', targets[0] ?? '', '0001'), path('8002', targets[1] ?? '', '0001')];

  const { text } = encode([{ volumeId: 'a', paths: own }]);

  expect(text).toBe('dpm.z=8001:5005076802160417:0001/8002:5005076802260417:0001');
});

it('text of others that is too long by itself is not cut, and everything of ours is reported', () => {
  const otherText = 'a'.repeat(300);

  const nics = [{ deviceNumber: '0001', port: 0 }] as const;
  const result = encode([volume('a', '0001', ['8001'])], otherText, nics);

  expect(result).toEqual({ text: otherText, omittedVolumes: ['a'], omittedNics: ['0001'] });
});

it('the NIC pattern of the old nova-dpm tools never matches in what is written', () => {
  fc.assert(
    fc.property(volumes, anyNics, (given, nics) => {
      expect(encode(given, '', nics).text).not.toMatch(/[0-9a-f]{4},[01](?:,[0-9a-f]{12})?;/i);
    }),
  );
});

it.each([
  ['a field behind the known ones', 'dpm.z=8001:5005076802160417:0001:ro:x=1+2'],
  ['a word with a newer key', 'dpm.z2=whatever dpm.z=8001:5005076802160417:0001 dpm.q=8009'],
  ['a group of another kind beside it', 'dpm.z=new!8001/8001:5005076802160417:0001/'],
  [
    'the same told twice, as a second kernel appends it again',
    'dpm.z=8001:5005076802160417:0001 dpm.z=8001:5005076802160417:0001',
  ],
])('passes over %s', (_name, text) => {
  expect(decodeGuestParameters(text).paths).toEqual([path('8001', '5005076802160417', '0001')]);
});

it.each([
  'dpm.z=8001:5005076802160417',
  'dpm.z=8001:5005076802160417:2',
  'dpm.z=8001:0000000000000000:0002',
  'dpm.z=8001:500507680216041:0002',
  'dpm.z=8001:5005076802160417:0002+',
  'dpm.z=80010:5005076802160417:0002',
  'xdpm.z=8001:5005076802160417:0002',
  'dpm.z= 8001:5005076802160417:0002',
])('takes no path from %s', (text) => {
  expect(decodeGuestParameters(text).paths).toEqual([]);
});
