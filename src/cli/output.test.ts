import { spawnSync } from 'node:child_process';
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

test('a table shows an object as fields, with each item of a list on a line', () => {
  expect(show(object, 'table')).toBe(
    [
      '+-----------+-------------------------------------------+',
      '| Field     | Value                                     |',
      '+-----------+-------------------------------------------+',
      '| id        | abc                                       |',
      '| fault     |                                           |',
      '| vcpus     | 2                                         |',
      '| connector | host: h                                   |',
      '|           | wwpns: c05076b071008006, c05076b07100800a |',
      '| volumes   | volume_id: v1                             |',
      '|           |   lun: 0001, device:                      |',
      '|           |   lun: 0002, device: 8001                 |',
      '|           | volume_id: v2, paths: ()                  |',
      '+-----------+-------------------------------------------+',
      '',
    ].join('\n'),
  );
});

test('a table shows a list under heads in words, and only the heads when it is empty', () => {
  expect(show(list, 'table')).toBe(
    [
      '+----+--------------------------+------+',
      '| ID | Name                     | Tags |',
      '+----+--------------------------+------+',
      '| 1  | plain                    |      |',
      '| 2  | with "quotes", and comma | a    |',
      '|    |                          | b    |',
      '+----+--------------------------+------+',
      '',
    ].join('\n'),
  );
  expect(show({ ...list, rows: [] }, 'table').split('\n')[1]).toBe('| ID | Name | Tags |');
});

test('a table is wrapped to the terminal between words, and never within one', () => {
  const rows = [{ id: '2f0c1a2b-0000-4000-8000-000000000000', text: 'some words that go on for quite a while' }];
  const text = show({ kind: 'list', columns: ['id', 'text'], rows }, 'table', [], 64);

  expect(Math.max(...text.split('\n').map((line) => line.length))).toBe(64);
  expect(text).toContain('2f0c1a2b-0000-4000-8000-000000000000');
  expect(text.split('\n').slice(3, 5)).toEqual([
    '| 2f0c1a2b-0000-4000-8000-000000000000 | some words that go on |',
    '|                                      | for quite a while     |',
  ]);
});

test('a list that is too wide for the terminal becomes a block for each row, with nothing cut', () => {
  const rows = [
    { id: '2f0c1a2b-0000-4000-8000-000000000000', name: 'web1', text: 'a text of several words' },
    { id: '3f0c1a2b-0000-4000-8000-000000000000', name: 'web2', text: '' },
  ];
  const wide: Result = { kind: 'list', columns: ['id', 'name', 'text'], rows };

  expect(show(wide, 'table', [], 48)).toBe(
    [
      '+------+--------------------------------------+',
      '| ID   | 2f0c1a2b-0000-4000-8000-000000000000 |',
      '| Name | web1                                 |',
      '| Text | a text of several words              |',
      '+------+--------------------------------------+',
      '| ID   | 3f0c1a2b-0000-4000-8000-000000000000 |',
      '| Name | web2                                 |',
      '| Text |                                      |',
      '+------+--------------------------------------+',
      '',
    ].join('\n'),
  );
  expect(show(wide, 'table', [], 10), 'narrower than an ID').toContain('| 2f0c1a2b-0000-4000-8000-000000000000 |');
});

test('characters that take two columns, or none, keep the borders of a table straight', () => {
  const rows = [{ name: 'サーバ' }, { name: 'e\u0301te\u0301' }, { name: 'abcdef' }];

  expect(
    show({ kind: 'list', columns: ['name'], rows }, 'table')
      .split('\n')
      .slice(3, 6),
  ).toEqual(['| サーバ |', '| e\u0301te\u0301    |', '| abcdef |']);
});

test('a list has columns that tables, CSV and values show only with --long, or when they are asked for', () => {
  const long: Result = { kind: 'list', columns: ['id', 'name'], shown: ['name'], rows: [{ id: '1', name: 'web1' }] };

  expect(show(long, 'csv')).toBe('name\nweb1\n');
  expect(show(long, 'value')).toBe('web1\n');
  expect(show(long, 'table')).not.toContain('ID');
  expect(show(long, 'csv', ['id'])).toBe('id\n1\n');
  expect(formatResult(long, { format: 'csv', columns: [], long: true })).toBe('id,name\n1,web1\n');
  expect(JSON.parse(show(long, 'json'))).toEqual([{ id: '1', name: 'web1' }]);
  expect(parseYaml(show(long, 'yaml'))).toEqual([{ id: '1', name: 'web1' }]);
});

test('rows are sorted by several columns: numbers by value, rows without a value last', () => {
  const rows = [
    { name: 'b', vcpus: 10 },
    { name: 'a', vcpus: 10 },
    { name: 'c', vcpus: null },
    { name: 'd', vcpus: 9 },
  ];
  const sorted = (isDescending: boolean, ...columns: string[]) =>
    formatResult(
      { kind: 'list', columns: ['name', 'vcpus'], rows },
      { format: 'value', columns: ['name'], sort: { columns, isDescending } },
    ).replaceAll('\n', '');

  expect(sorted(false)).toBe('bacd');
  expect(sorted(false, 'VCPUs', 'Name')).toBe('dabc');
  expect(sorted(true, 'vcpus', 'name')).toBe('cbad');
  expect(() => sorted(false, 'colour')).toThrow(
    'option --sort-column = "colour": expected one of the columns name, vcpus',
  );
});

test('shell prints assignments that a shell evaluates to the values, whatever they hold', () => {
  const name = 'a "b" $(touch x) `id` \\ $HOME';
  const view: Result = { kind: 'object', object: { name, power_state: 'running', fault: null, 'a-b:c': 1 } };
  const text = show(view, 'shell');

  expect(text.split('\n').slice(1)).toEqual(['power_state="running"', 'fault=""', 'a_b_c="1"', '']);
  const { stdout } = spawnSync('sh', ['-c', `${text}printf '%s|%s' "$name" "$a_b_c"`], { encoding: 'utf8' });
  expect(stdout).toBe(`${name}|1`);
  expect(() => show(list, 'shell')).toThrow(
    'option -f = "shell": expected one of table, json, yaml, csv, value for a list',
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
