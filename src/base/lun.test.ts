import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatLunShort,
  isWellKnownLun,
  lunFromCinder,
  lunFromLinux,
  lunSchema,
  lunToByPath,
  lunToCinder,
  lunToLinux,
  parseLun,
} from './index.ts';
import type { AddressingMode, Lun } from './index.ts';

interface Example {
  readonly row: number;
  readonly cinder: number | string;
  readonly mode?: AddressingMode;
  readonly fcp: string;
  readonly linux: bigint;
  readonly byPath: string;
}

/**
 * Worked examples, numbered by row. Rows 18 and 20 are invalid values and follow below. Sources: os-brick
 * initiator/linuxscsi.py; linux drivers/scsi/scsi_common.c.
 */
const examples: readonly Example[] = [
  { row: 1, cinder: 0, fcp: '0000000000000000', linux: 0n, byPath: 'lun-0' },
  { row: 2, cinder: 1, fcp: '0001000000000000', linux: 1n, byPath: 'lun-1' },
  { row: 3, cinder: '2', fcp: '0002000000000000', linux: 2n, byPath: 'lun-2' },
  { row: 4, cinder: 254, fcp: '00fe000000000000', linux: 254n, byPath: 'lun-254' },
  { row: 5, cinder: 255, fcp: '00ff000000000000', linux: 255n, byPath: 'lun-255' },
  { row: 6, cinder: 256, mode: 'SAM', fcp: '0100000000000000', linux: 256n, byPath: 'lun-0x0100000000000000' },
  { row: 7, cinder: 300, mode: 'SAM', fcp: '012c000000000000', linux: 300n, byPath: 'lun-0x012c000000000000' },
  { row: 8, cinder: 256, mode: 'SAM2', fcp: '4100000000000000', linux: 16640n, byPath: 'lun-0x4100000000000000' },
  { row: 9, cinder: 300, mode: 'SAM2', fcp: '412c000000000000', linux: 16684n, byPath: 'lun-0x412c000000000000' },
  { row: 10, cinder: 1, mode: 'SAM3-flat', fcp: '4001000000000000', linux: 16385n, byPath: 'lun-0x4001000000000000' },
  {
    row: 11,
    cinder: 16383,
    mode: 'SAM3-flat',
    fcp: '7fff000000000000',
    linux: 32767n,
    byPath: 'lun-0x7fff000000000000',
  },
  { row: 12, cinder: 1074806808, fcp: '4010401800000000', linux: 1075331088n, byPath: 'lun-0x4010401800000000' },
  { row: 13, cinder: '0x401040a0', fcp: '401040a000000000', linux: 1084243984n, byPath: 'lun-0x401040a000000000' },
  { row: 14, cinder: 1076052180, fcp: '402340d400000000', linux: 1087651875n, byPath: 'lun-0x402340d400000000' },
  { row: 15, cinder: 1090470143, fcp: '40ff40ff00000000', linux: 1090470143n, byPath: 'lun-0x40ff40ff00000000' },
  { row: 16, cinder: 1073758208, fcp: '4000400000000000', linux: 1073758208n, byPath: 'lun-0x4000400000000000' },
  { row: 17, cinder: 22297, fcp: '5719000000000000', linux: 22297n, byPath: 'lun-0x5719000000000000' },
  { row: 19, cinder: '0002000000000000', fcp: '0002000000000000', linux: 2n, byPath: 'lun-2' },
];

const lun = (text: string): Lun => lunSchema.parse(text);

/** Every LUN that zfcp can address, except the well-known ones: sixteen digits of which the last eight are zero. */
const zfcpLun = fc
  .nat(0xffff_ffff)
  .filter((value) => value >>> 24 !== 0xc1)
  .map((value) => lun(value.toString(16).padStart(8, '0').padEnd(16, '0')));

describe('the LUN of worked example', () => {
  test.each(examples)('$row: $cinder is FCP LUN $fcp', ({ cinder, mode, fcp }) => {
    expect(lunFromCinder(cinder, mode)).toBe(fcp);
  });

  test.each(examples)('$row: FCP LUN $fcp is Linux LUN $linux, and back', ({ fcp, linux }) => {
    expect(lunToLinux(lun(fcp))).toBe(linux);
    expect(lunFromLinux(linux)).toBe(fcp);
  });

  test.each(examples)('$row: FCP LUN $fcp is $byPath under by-path', ({ fcp, byPath }) => {
    expect(lunToByPath(lun(fcp))).toBe(byPath);
  });

  test.each(examples)("$row: FCP LUN $fcp is Cinder's $cinder again", ({ row, cinder, mode, fcp }) => {
    const number = row === 19 ? 2 : Number(cinder);

    expect(lunToCinder(lun(fcp), mode)).toBe(number);
  });

  test('12 is a different volume from the one whose Cinder number equals its Linux number', () => {
    expect(lunFromCinder(1074806808)).not.toBe(lunFromLinux(1074806808n));
    expect(lunFromLinux(1074806808n)).toBe('4018401000000000');
  });
});

const understood = [
  ['decimal text', '17', '0011000000000000'],
  ['hex text', '0x0011', '0011000000000000'],
  ['upper-case hex digits with blanks around them', ' 0X401040A0 ', '401040a000000000'],
  ['an FCP LUN with prefix', '0x4010401800000000', '4010401800000000'],
  ['an FCP LUN in capitals', '00FE000000000000', '00fe000000000000'],
  ['the largest number', 0xffff_ffff, 'ffffffff00000000'],
] as const;

const refused = [
  ['a REPORT LUNS number (row 18)', 49409],
  ['a REPORT LUNS FCP LUN', 'c101000000000000'],
  ['a number of 33 bits (row 20)', 2 ** 32],
  ['a number beyond what JSON keeps exactly', 2 ** 53],
  ['a negative number', -1],
  ['a fraction', 1.5],
  ['not a number', Number.NaN],
  ['nothing', ''],
  ['a negative text', '-1'],
  ['a text of eleven decimal digits', '12345678901'],
  ['a decimal text of 33 bits', '4294967296'],
  ['a word', 'two'],
  ['seventeen hex digits', '0x40104018000000000'],
  ['an FCP LUN of three levels, which zfcp cannot address', '4010401800010000'],
  ['an FCP LUN that is right-justified by mistake', '0000000000000002'],
] as const;

describe("Cinder's target_lun", () => {
  test.each(understood)('may be %s', (_what, value, fcp) => {
    expect(lunFromCinder(value)).toBe(fcp);
  });

  test.each(refused)('may not be %s', (_what, value) => {
    expect(() => lunFromCinder(value)).toThrow(RangeError);
  });

  test('that already is an FCP LUN is not converted again', () => {
    expect(lunFromCinder('412c000000000000', 'SAM2')).toBe('412c000000000000');
  });

  test('is unchanged under the modes that do not convert it', () => {
    for (const mode of [undefined, null, 'SAM', 'transparent'])
      expect(lunFromCinder(300, mode)).toBe('012c000000000000');
  });

  test('is refused under an unknown addressing mode', () => {
    expect(() => lunFromCinder(1, 'SAM4')).toThrow(/addressing_mode "SAM4".*SAM, SAM2 or SAM3-flat/);
  });

  test.each(['SAM2', 'SAM3-flat'] as const)('above 16383 does not fit flat addressing (%s)', (mode) => {
    expect(lunFromCinder(16383, mode)).toBe('7fff000000000000');
    expect(() => lunFromCinder(16384, mode)).toThrow(/16384.*16383/);
  });

  test('that is refused is quoted, shortened if it is long', () => {
    expect(() => lunFromCinder('9'.repeat(5_000))).toThrow(/^.{1,200}$/);
  });
});

describe('a LUN', () => {
  test('converts to a Linux LUN and back without a change', () => {
    fc.assert(fc.property(zfcpLun, (value) => lunFromLinux(lunToLinux(value)) === value));
  });

  test('is a Linux LUN that zfcp accepts, of at most 32 bits', () => {
    fc.assert(fc.property(zfcpLun, (value) => lunToLinux(value) <= 0xffff_ffffn));
  });

  test("converts to Cinder's number and back without a change under every mode that has a number for it", () => {
    const mode = fc.constantFrom<AddressingMode>('SAM', 'SAM2', 'SAM3-flat');

    fc.assert(
      fc.property(zfcpLun, mode, (value, how) => {
        const n = lunToCinder(value, how);
        return n === undefined || lunFromCinder(n, how) === value;
      }),
    );
  });

  test('is the same LUN after a conversion to the number of Cinder, under every mode', () => {
    const flat = fc.nat(16383);
    const mode = fc.constantFrom<AddressingMode>('SAM2', 'SAM3-flat');

    fc.assert(fc.property(flat, mode, (n, how) => lunToCinder(lunFromCinder(n, how), how) === n));
    fc.assert(fc.property(fc.nat(0xc0ff), (n) => lunToCinder(lunFromCinder(n)) === n));
  });

  test.each([
    ['one that is not flat, under flat addressing', '0001000000000000', 'SAM3-flat'],
    ['one with logical unit addressing, under flat addressing', '8000000000000000', 'SAM3-flat'],
    ['a peripheral one above 255, under SAM2', '0100000000000000', 'SAM2'],
    ['one of two levels, under SAM2', '4010401800000000', 'SAM2'],
    [
      'one whose first level is zero, because the number of its second level would be a first level',
      '0000000100000000',
      'SAM',
    ],
    ['one of more than two levels', '0001000200030000', 'SAM'],
  ] as const)('has no number in Cinder if it is %s', (_what, text, mode) => {
    expect(lunToCinder(lun(text), mode)).toBeUndefined();
  });

  test('can be read back from its by-path name', () => {
    fc.assert(
      fc.property(zfcpLun, (value) => {
        const name = lunToByPath(value).replace('lun-', '');
        const back = name.startsWith('0x') ? parseLun(name) : lunFromLinux(BigInt(name));
        return back === value;
      }),
    );
  });

  test('equals its short form with the zeros added again', () => {
    fc.assert(
      fc.property(zfcpLun, (value) => {
        const short = formatLunShort(value);
        return short.padEnd(16, '0') === value && short.length % 4 === 0 && short.length >= 4;
      }),
    );
    expect(formatLunShort(lun('0000000000000000'))).toBe('0000');
    expect(formatLunShort(lun('4010401800000000'))).toBe('40104018');
    expect(formatLunShort(lun('0020000000000000'))).toBe('0020');
  });

  test('that is well known is distinguished from the LUN of a volume', () => {
    expect(isWellKnownLun(lun('c101000000000000'))).toBe(true);
    expect(isWellKnownLun(lun('c001000000000000'))).toBe(false);
    expect(isWellKnownLun(lun('00c1000000000000'))).toBe(false);
  });

  test.each(['', '2', '0x2', '00020000000000000', 'g002000000000000', '-002000000000000'])(
    'is not %j: it has sixteen hex digits',
    (text) => {
      expect(parseLun(text)).toBeUndefined();
      expect(lunSchema.safeParse(text).error?.issues[0]?.message).toContain('expected 16 hex digits');
    },
  );
});
