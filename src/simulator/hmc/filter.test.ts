import { describe, expect, it } from 'vitest';

import { applyFilters, javaRegularExpression } from './filter.ts';
import { Refusal } from './model/refusal.ts';

describe('javaRegularExpression', () => {
  it.each([
    ['nova-.*', 'nova-1', true],
    ['nova', 'nova-1', false],
    ['ova', 'nova', false],
    ['a|b', 'b', true],
    ['a|b', 'ab', false],
    [String.raw`a\.b`, 'a.b', true],
    [String.raw`a\.b`, 'axb', false],
    [String.raw`\Qa.b(\E`, 'a.b(', true],
    [String.raw`\Qa.b`, 'axb', false],
    [String.raw`x\-y`, 'x-y', true],
    ['a++b', 'aaab', true],
    [String.raw`\+`, '+', true],
    [String.raw`\++`, '++', true],
    ['[0-9a-f]{4}', '8001', true],
    ['(?i)', 'x', false],
  ])('%s on %s is %s', (pattern, text, expected) => {
    const test = (): boolean => javaRegularExpression(pattern).test(text);

    if (pattern === '(?i)') expect(test).toThrow(Refusal);
    else expect(test()).toBe(expected);
  });
});

describe('applyFilters', () => {
  const items = [
    { name: 'a', size: 10, port: null, flag: true },
    { name: 'b', size: 20, port: '/api/x', flag: false },
  ];
  const filters = {
    name: 'regex',
    port: 'exact',
    flag: 'exact',
    'maximum-size': { kind: 'maximum', property: 'size' },
  } as const;

  it.each([
    ['', 'ab'],
    ['flag=true', 'a'],
    ['flag=TRUE', ''],
    ['port=', 'a'],
    ['maximum-size=10', 'a'],
    ['name=a&name=b', 'ab'],
    ['name=a&flag=false', ''],
  ])('%s keeps "%s"', (query, names) => {
    const kept = applyFilters(items, new URLSearchParams(query), filters);

    expect(kept.map(({ name }) => name).join('')).toBe(names);
  });
});
