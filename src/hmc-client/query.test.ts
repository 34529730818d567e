import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactly, startingWith, withQuery } from './query.ts';

const printable = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 64 });

/** Java's `matches` is a full match. */
const matches = (pattern: string, text: string) => new RegExp(`^(?:${pattern})$`).test(text);

test('an escaped name matches that name and no other', () => {
  fc.assert(
    fc.property(printable, printable, (name, other) => {
      expect(matches(exactly(name), name)).toBe(true);
      expect(matches(exactly(name), other)).toBe(name === other);
    }),
  );
});

test('an escaped prefix matches every name that begins so and no other', () => {
  fc.assert(
    fc.property(printable, printable, (prefix, rest) => {
      expect(matches(startingWith(prefix), `${prefix}${rest}`)).toBe(true);
      expect(matches(startingWith(prefix), rest)).toBe(rest.startsWith(prefix));
    }),
  );
});

test('what is written into a query is what is read out of it', () => {
  fc.assert(
    fc.property(printable, (value) => {
      const url = new URL(withQuery('/api/x', { name: value, status: undefined }), 'https://hmc1:6794');

      expect(url.searchParams.get('name')).toBe(value);
      expect([...url.searchParams.keys()]).toEqual(['name']);
    }),
  );
});

test('without values there is no query, and commas stay as they are', () => {
  expect(withQuery('/api/x', { a: undefined })).toBe('/api/x');
  expect(withQuery('/api/x', { properties: 'a,b' })).toBe('/api/x?properties=a,b');
});
