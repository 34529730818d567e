import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatWwpn0x, parseWwpn, wwpnSchema } from './index.ts';

const spellings = [
  'c05076ffe680a590',
  'C05076FFE680A590',
  '0xc05076ffe680a590',
  '0XC05076FFE680A590',
  'c0:50:76:ff:e6:80:a5:90',
  'C0-50-76-FF-E6-80-A5-90',
  'c050 76ff e680 a590',
  '  c05076ffe680a590\n',
];

const refused = [
  ['nothing', ''],
  ['fifteen digits', 'c05076ffe680a59'],
  ['seventeen digits', 'c05076ffe680a5900'],
  ['a node name and a port name together', '5006016000000000c05076ffe680a590'],
  ['a letter that is not a hex digit', 'c05076ffe680a59g'],
  ['zero, which the HMC shows before it has assigned a WWPN', '0000000000000000'],
  ['a prefix in the middle', 'c05076ff0xe680a590'],
  ['digits of another script', '１２３４５６７８９０１２３４５６'],
] as const;

describe('a WWPN', () => {
  test.each(spellings)('is read from %j', (text) => {
    expect(parseWwpn(text)).toBe('c05076ffe680a590');
    expect(wwpnSchema.parse(text)).toBe('c05076ffe680a590');
  });

  test.each(refused)('is not %s', (_what, text) => {
    expect(parseWwpn(text)).toBeUndefined();
    expect(wwpnSchema.safeParse(text).success).toBe(false);
  });

  test('that is refused is quoted, shortened if it is long', () => {
    const issues = wwpnSchema.safeParse('x'.repeat(5_000)).error?.issues ?? [];

    expect(issues).toHaveLength(1);
    expect(issues[0]?.message).toContain(`"${'x'.repeat(48)}"`);
    expect(issues[0]?.message.length).toBeLessThan(150);
  });

  test('is parsed from every spelling', () => {
    const wwpn = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map((value) => value.toString(16).padStart(16, '0'));
    const spell = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => text.toUpperCase(),
      (text) => `0x${text}`,
      (text) => (text.match(/../g) ?? []).join(':'),
      (text) => (text.match(/../g) ?? []).join('-').toUpperCase(),
      (text) => (text.match(/..../g) ?? []).join(' '),
    );

    fc.assert(fc.property(wwpn, spell, (text, spelled) => parseWwpn(spelled(text)) === text));
  });

  test('has one form for zfcp, which can be parsed again', () => {
    const wwpn = wwpnSchema.parse('5005076802160417');

    expect(formatWwpn0x(wwpn)).toBe('0x5005076802160417');
    expect(parseWwpn(formatWwpn0x(wwpn))).toBe(wwpn);
  });
});
