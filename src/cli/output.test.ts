import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { formatResult } from './output.ts';
import type { Format } from './global-options.ts';
import type { Result } from './output.ts';

const object: Result = {
  kind: 'object',
  object: {
    id: 'abc',
    fault: null,
    vcpus: 2,
    connector: { host: 'h', wwpns: ['c05076b071008006', 'c05076b07100800a'] },
    volumes: [
      {
        volume_id: 'v1',
        paths: [
          { lun: '0001', device: null },
          { lun: '0002', device: '8001' },
        ],
      },
      { volume_id: 'v2', paths: [] },
    ],
  },
};

const list: Result = {
  kind: 'list',
  columns: ['id', 'name', 'tags'],
  rows: [
    { id: '1', name: 'plain', tags: [] },
    { id: '2', name: 'with "quotes", and comma', tags: ['a', 'b'] },
  ],
};

const show = (result: Result, format: Format, columns: readonly string[] = [], width?: number) =>
  formatResult(result, { format, columns, width });

test('a table shows an object as fields, lists line by line and what they hold below', () => {
  expect(show(object, 'table')).toBe(
    [
      '+-----------+----------------------------------------------------+',
      '| Field     | Value                                              |',
      '+-----------+----------------------------------------------------+',
      '| id        | abc                                                |',
      '| fault     |                                                    |',
      '| vcpus     | 2                                                  |',
      '| connector | host=h, wwpns=[c05076b071008006, c05076b07100800a] |',
      '| volumes   | volume_id=v1                                       |',
      '|           |   lun=0001, device=                                |',
      '|           |   lun=0002, device=8001                            |',
      '|           | volume_id=v2, paths=[]                             |',
      '+-----------+----------------------------------------------------+',
      '',
    ].join('\n'),
  );
});

test('a table shows a list by its columns, and its head when it is empty', () => {
  expect(show(list, 'table')).toBe(
    [
      '+----+--------------------------+------+',
      '| id | name                     | tags |',
      '+----+--------------------------+------+',
      '| 1  | plain                    |      |',
      '| 2  | with "quotes", and comma | a    |',
      '|    |                          | b    |',
      '+----+--------------------------+------+',
      '',
    ].join('\n'),
  );
  expect(show({ ...list, rows: [] }, 'table').split('\n')[1]).toBe('| id | name | tags |');
});

test('a table is wrapped to the terminal where words allow it, and never cut', () => {
  const rows = [{ id: '2f0c1a2b-0000-4000-8000-000000000000', text: 'some words that go on for quite a while' }];
  const text = formatResult(
    { kind: 'list', columns: ['id', 'text'], rows },
    { format: 'table', columns: [], width: 60 },
  );

  expect(Math.max(...text.split('\n').map((line) => line.length))).toBe(60);
  expect(text).toContain('2f0c1a2b-0000-4000-8000-000000000000');
  expect(text.replaceAll(/[|+\-\s]+/g, ' ')).toContain('some words that go on for');
  expect(show({ kind: 'list', columns: ['id'], rows }, 'table', [], 10)).toContain(
    '2f0c1a2b-0000-4000-8000-000000000000',
  );
});

test('json and yaml keep every value as it is', () => {
  for (const result of [object, list]) {
    const wanted = result.kind === 'object' ? result.object : result.rows;
    expect(JSON.parse(show(result, 'json'))).toEqual(wanted);
    expect(parseYaml(show(result, 'yaml'))).toEqual(wanted);
  }
  expect(show({ ...list, rows: [] }, 'json')).toBe('[]\n');
});

test('csv and value put every value on one line', () => {
  expect(show(list, 'csv')).toBe('id,name,tags\n1,plain,[]\n2,"with ""quotes"", and comma","[""a"",""b""]"\n');
  expect(show(list, 'value')).toBe('1 plain []\n2 with "quotes", and comma ["a","b"]\n');
  expect(show(object, 'value', ['vcpus', 'id', 'fault'])).toBe('2\nabc\n\n');
  expect(show({ ...list, rows: [] }, 'value')).toBe('');
});

test('columns are taken in the order asked for, in any spelling, in every format', () => {
  expect(show(list, 'csv', ['Name', 'ID'])).toBe('name,id\nplain,1\n"with ""quotes"", and comma",2\n');
  expect(JSON.parse(show(list, 'json', ['name']))).toEqual([{ name: 'plain' }, { name: 'with "quotes", and comma' }]);
  expect(show({ kind: 'object', object: { a_b: 1, c: 2 } }, 'json', ['A-b'])).toBe('{\n  "a_b": 1\n}\n');
  expect(() => show(list, 'json', ['nope'])).toThrow('option -c = "nope": expected one of the columns id, name, tags');
});

test('control characters from elsewhere cannot reach the terminal', () => {
  const evil = { kind: 'list', columns: ['name'], rows: [{ name: '\u001B[2Jgone\nfake line\u009B' }] } as const;

  for (const format of ['table', 'csv', 'value', 'json', 'yaml'] as const) {
    expect(show(evil, format)).not.toMatch(/[\u001B\u009B]/);
  }
  expect(show(evil, 'value')).toBe('\\x1b[2Jgone fake line\\x9b\n');
});
