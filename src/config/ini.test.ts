import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIni } from './ini.ts';

const read = (text: string) => parseIni(text, 'a.conf').entries.map(({ section, key, value }) => [section, key, value]);
const complain = (text: string) =>
  parseIni(text, 'a.conf').problems.map(({ where, expected }) => `${where}: ${expected}`);

test('reads both separators, comments, quotes and blanks as oslo.config does', () => {
  const text = [
    '# a comment',
    '; another',
    '[DEFAULT]',
    'host = compute1',
    'url: http://a:1/?x=y',
    'spaced   =    value with blanks   ',
    'empty =',
    'quoted = "  kept  "',
    "single = 'it''s'",
    'half = "open',
    'hash = not # a comment',
  ].join('\r\n');

  expect(read(text)).toEqual([
    ['DEFAULT', 'host', 'compute1'],
    ['DEFAULT', 'url', 'http://a:1/?x=y'],
    ['DEFAULT', 'spaced', 'value with blanks'],
    ['DEFAULT', 'empty', ''],
    ['DEFAULT', 'quoted', '  kept  '],
    ['DEFAULT', 'single', "it''s"],
    ['DEFAULT', 'half', '"open'],
    ['DEFAULT', 'hash', 'not # a comment'],
  ]);
});

test('joins indented lines to the value above and ends it at a blank line', () => {
  expect(read('[dpm]\nlist = a,\n  b,\n\tc\nnext = d')).toEqual([
    ['dpm', 'list', 'a,\nb,\nc'],
    ['dpm', 'next', 'd'],
  ]);
  expect(complain('[dpm]\nlist = a\n\n  b')).toEqual([
    'a.conf:4: an indented line only below the value that it continues',
  ]);
});

test('keeps every repetition of a key, with its line', () => {
  const { entries } = parseIni('[dpm]\nkey = 1\nkey = 2\n[other]\n[dpm]\nkey = 3\n', 'a.conf');

  expect(entries.map(({ value, line }) => [value, line])).toEqual([
    ['1', 2],
    ['2', 3],
    ['3', 6],
  ]);
});

test('lowers the case of section names but for DEFAULT, and keeps dots in them', () => {
  expect(read('[DPM]\na=1\n[DEFAULT]\na=2\n[Big.Name]\na=3')).toEqual([
    ['dpm', 'a', '1'],
    ['DEFAULT', 'a', '2'],
    ['big.name', 'a', '3'],
  ]);
});

test('names the line of a mistake and goes on reading', () => {
  const text = 'early = 1\n[dpm\n[]\n[dpm]\nno separator\n= nothing\ngood = 1';

  expect(complain(text)).toEqual([
    'a.conf:1: a [section] before the first option',
    'a.conf:2: a section in the form [name]',
    'a.conf:3: a section in the form [name]',
    'a.conf:5: key = value, a [section], or a comment that begins with #',
    'a.conf:6: key = value, a [section], or a comment that begins with #',
  ]);
  expect(read(text)).toEqual([['dpm', 'good', '1']]);
});

test('never repeats the text of a faulty line', () => {
  const { problems } = parseIni('[dpm]\nhmc_password sesame\n  \n  sesame\nsesame', 'a.conf');

  expect(problems).toHaveLength(3);
  expect(JSON.stringify(problems)).not.toContain('sesame');
});

test('reads back whatever was written as key = value', () => {
  const word = fc.stringMatching(/^[a-z_][a-z0-9_]{0,20}$/);
  const value = fc
    .string({ unit: 'grapheme' })
    .map((text) => text.replaceAll(/[\r\n\u2028\u2029]/g, ' ').trim())
    .filter((text) => !/^(["']).*\1$/s.test(text));
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, value)), (rows) => {
      const text = rows.map(([section, key, one]) => `[${section}]\n${key} = ${one}`).join('\n');

      expect(read(text)).toEqual(rows);
    }),
  );
});

test('reads any text at all without throwing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const { entries, problems } = parseIni(text, 'a.conf');

      expect(entries.length + problems.length).toBeLessThanOrEqual(text.split('\n').length);
    }),
  );
});
