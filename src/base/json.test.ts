import { expect, test } from 'vitest';
import { parseForeignJson } from './json.ts';

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

test('parses the same values as JSON.parse', () => {
  const text = '{"a": [1, {"b": null}], "__proto__": {"c": true}}';

  expect(parseForeignJson(text)).toEqual(JSON.parse(text) as unknown);
  expect(Object.keys(parseForeignJson(text) as object)).toEqual(['a', '__proto__']);
  expect([parseForeignJson('null'), parseForeignJson('"x"'), parseForeignJson('7')]).toEqual([null, 'x', 7]);
});

test('accepts 64 levels and refuses any deeper nesting', () => {
  expect(parseForeignJson(nested(64))).toBeInstanceOf(Array);
  expect(() => parseForeignJson(nested(65))).toThrow(SyntaxError);
  expect(() => parseForeignJson(nested(100_000))).toThrow(SyntaxError);
  expect(() => parseForeignJson(`{"a":${nested(64)}}`)).toThrow('nested deeper than 64 levels');
});

test('refuses text that is not JSON', () => {
  expect(() => parseForeignJson('<html>')).toThrow(SyntaxError);
});
