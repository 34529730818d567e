import { expect, test } from 'vitest';
import { metricsContextAnswer, parseMetrics } from './metrics.ts';

const { groups } = metricsContextAnswer.parse({
  'metrics-context-uri': '/api/services/metrics/context/1',
  'metric-group-infos': [
    {
      'group-name': 'usage',
      'metric-infos': [
        { 'metric-name': 'processor-usage', 'metric-type': 'integer-metric' },
        { 'metric-name': 'celsius', 'metric-type': 'double-metric' },
      ],
    },
    {
      'group-name': 'ports',
      'metric-infos': [
        { 'metric-name': 'name', 'metric-type': 'string-metric' },
        { 'metric-name': 'bytes', 'metric-type': 'long-metric' },
        { 'metric-name': 'up', 'metric-type': 'boolean-metric' },
      ],
    },
  ],
});

const usage = ['"usage"', '"/api/cpcs/1"', '1767225600000', '-1,21.5', '', ''];
const ports = ['"ports"', '"/api/adapters/1"', '1767225600000', '"a, \\"b\\"",7,true', '"",8,false', '', ''];

test('reads groups, objects and rows in the order of the announced metrics', () => {
  const at = new Date('2026-01-01T00:00:00Z');

  expect(parseMetrics([...usage, ...ports, '', ''].join('\n'), groups)).toEqual([
    { group: 'usage', uri: '/api/cpcs/1', at, values: { 'processor-usage': -1, celsius: 21.5 } },
    { group: 'ports', uri: '/api/adapters/1', at, values: { name: 'a, "b"', bytes: 7, up: true } },
    { group: 'ports', uri: '/api/adapters/1', at, values: { name: '', bytes: 8, up: false } },
  ]);
});

test.each([
  ['no group', ['', '']],
  ['a group without objects', ['"usage"', '', '', '']],
])('finds no row in an answer with %s', (_, lines) => {
  expect(parseMetrics(lines.join('\n'), groups)).toEqual([]);
});

test('leaves out a time that no clock has', () => {
  const text = ['"usage"', '"/api/cpcs/1"', '3651584404810066', '1,2', '', '', '', ''].join('\n');

  expect(parseMetrics(text, groups)).toMatchObject([{ at: null, values: { 'processor-usage': 1 } }]);
});

test.each([
  ['a name without quotes', ['usage', '', '', ''], 'line 1: expected a text in quotes'],
  ['a group that was not announced', ['"other"', '', '', ''], 'line 1: the group "other" was not announced'],
  ['a wrong time', ['"usage"', '"/api/cpcs/1"', 'now', '1,2', '', '', '', ''], 'line 3: expected a time'],
  ['too few values', ['"usage"', '"/api/cpcs/1"', '1', '1', '', '', '', ''], 'line 4: expected 2 values instead of 1'],
  [
    'a missing value',
    ['"usage"', '"/api/cpcs/1"', '1', ',2', '', '', '', ''],
    'is no integer-metric (processor-usage)',
  ],
  ['a wrong number', ['"usage"', '"/api/cpcs/1"', '1', 'x,2', '', '', '', ''], '"x" is no integer-metric'],
  ['a wrong truth value', ['"ports"', '"/api/a"', '1', '"",1,yes', '', '', '', ''], '"yes" is no boolean-metric'],
  ['half of the text', ['"usage"', '"/api/cpcs/1"', '1', '1,2'], 'the text ends in the middle of a group'],
  ['text after the end', ['"usage"', '', '', 'more', ''], 'text after the end'],
])('refuses %s', (_, lines, problem) => {
  expect(() => parseMetrics(lines.join('\n'), groups)).toThrow(problem);
});
