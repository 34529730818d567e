import { describe, expect, test } from 'vitest';
import { ApiFault } from './api-fault.ts';
import { pythonRepr, pythonStr } from './python.ts';
import { validate, type Schema } from './schema.ts';

function refusal(schema: Schema, body: unknown): string | undefined {
  try {
    validate(schema, body);
    return undefined;
  } catch (error) {
    return error instanceof ApiFault ? error.message : 'another error';
  }
}

test('values are printed as Python prints them', () => {
  expect(pythonRepr({ a: [1, true, null, 'x'], b: { c: false } })).toBe(
    "{'a': [1, True, None, 'x'], 'b': {'c': False}}",
  );
  expect(pythonRepr("it's")).toBe('"it\'s"');
  expect(pythonRepr(`both ' and "`)).toBe(String.raw`'both \' and "'`);
  expect(pythonRepr('line\nend\\')).toBe(String.raw`'line\nend\\'`);
  expect(pythonStr('bare')).toBe('bare');
  expect(pythonStr(null)).toBe('None');
});

describe('a refusal names the innermost field, its value and the rule', () => {
  const schema: Schema = {
    type: 'object',
    required: ['thing'],
    properties: {
      thing: {
        type: 'object',
        additionalProperties: false,
        minProperties: 1,
        properties: {
          id: { type: 'string', uuid: true },
          size: { type: ['integer', 'string'], minimum: 1, pattern: /^[0-9]+$/ },
          mode: { enum: ['rw', 'ro'] },
          name: { minLength: 1, maxLength: 3 },
          flag: { type: 'boolean' },
          list: { type: 'array' },
        },
      },
    },
  };

  test.each([
    [{ thing: { size: 1 } }, undefined],
    [{ thing: { id: '5823BD85-4e42-4d44-b772-8a0dd19d55e7', list: [], flag: true } }, undefined],
    [[], "[] is not of type 'object'"],
    [{}, "'thing' is a required property"],
    [{ thing: {} }, 'Invalid input for field/attribute thing. Value: {}. {} does not have enough properties'],
    [{ thing: { size: 0 } }, 'Invalid input for field/attribute size. Value: 0. 0 is less than the minimum of 1'],
    [{ thing: { size: 'b' } }, "Invalid input for field/attribute size. Value: b. 'b' does not match '^[0-9]+$'"],
    [
      { thing: { size: 1.5 } },
      "Invalid input for field/attribute size. Value: 1.5. 1.5 is not of type 'integer', 'string'",
    ],
    [{ thing: { mode: 'wo' } }, "Invalid input for field/attribute mode. Value: wo. 'wo' is not one of ['rw', 'ro']"],
    [{ thing: { name: '' } }, "Invalid input for field/attribute name. Value: . '' is too short"],
    [{ thing: { name: 'long' } }, "Invalid input for field/attribute name. Value: long. 'long' is too long"],
    [
      { thing: { a: 1, b: 2 } },
      "Invalid input for field/attribute thing. Value: {'a': 1, 'b': 2}. Additional properties are not allowed ('a', 'b' were unexpected)",
    ],
  ])('%j', (body, message) => {
    expect(refusal(schema, body)).toBe(message);
  });
});
