import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { field, optional, readAll, readSome, wireNames, writerOf } from './fields.ts';
import { createHbaBody, hbaFields } from './hba.ts';
import { partitionFields, updatePartitionBody } from './partition.ts';

const table = {
  name: field('name', z.string()),
  diskSize: field('disk-size', z.number(), z.number().positive()),
  note: field('a-note', optional(z.string())),
} as const;

const thing = fc.record({ name: fc.string(), diskSize: fc.integer({ min: 1 }) });

test('what is written reads as it was, whatever else the answer carries', () => {
  const writer = writerOf(table, ['name', 'diskSize', 'note']);
  fc.assert(
    fc.property(thing, fc.dictionary(fc.string({ minLength: 12 }), fc.jsonValue()), (value, extra) => {
      const read = readAll(table).parse({ ...extra, ...writer.parse(value) });

      expect(read).toEqual({ ...value, note: undefined });
    }),
  );
});

test('reads only what is asked for, by the names on the wire', () => {
  const read = readSome(table, ['disk-size']).parse({ name: 'x', 'disk-size': 3 });

  expect(read).toEqual({ diskSize: 3 });
});

test('a required property that is missing or of another type is an issue with its path', () => {
  const result = readAll(table).safeParse({ name: 5 });

  expect(result.error?.issues.map(({ path }) => path)).toEqual([['name'], ['disk-size']]);
});

test('names that cannot be written are refused, also those of the table', () => {
  const writer = writerOf(table, ['name']);

  expect(writer.safeParse({ name: 'x', diskSize: 3 }).success).toBe(false);
  expect(writer.safeParse({ name: 'x', other: 3 }).success).toBe(false);
  expect(writer.parse({ name: 'x' })).toEqual({ name: 'x' });
});

test('what is undefined is not written', () => {
  expect(writerOf(table, ['name', 'note']).parse({ name: 'x', note: undefined })).toEqual({ name: 'x' });
});

test('no two fields of a resource share a name on the wire', () => {
  for (const fields of [partitionFields, hbaFields]) {
    const names = wireNames(fields);
    expect(new Set(names).size).toBe(names.length);
  }
});

test.each([
  [{ bootTimeout: 59 }],
  [{ bootTimeout: 601 }],
  [{ bootConfigurationSelector: 31 }],
  [{ bootLoadParameters: 'lower' }],
  [{ bootWorldWidePortName: '0x5005076802160417' }],
  [{ bootLogicalUnitNumber: '0002' }],
  [{ bootDevice: 'test-operating-system' }],
  [{ description: 'x'.repeat(1025) }],
  [{ name: ' leading' }],
  [{ name: 'x'.repeat(65) }],
  [{ status: 'active' }],
])('an update of a partition with %j is refused', (changes) => {
  expect(updatePartitionBody.safeParse(changes).success).toBe(false);
});

test.each(['8001', '00ff'])('the device number %s can be sent', (deviceNumber) => {
  const hba = { name: 'a', adapterPortUri: '/api/adapters/1/storage-ports/0', deviceNumber };

  expect(createHbaBody.parse(hba)['device-number']).toBe(deviceNumber);
});

test.each(['80', 'A001', '0x8001', '80011'])('the device number %s is refused', (deviceNumber) => {
  const hba = { name: 'a', adapterPortUri: '/api/adapters/1/storage-ports/0', deviceNumber };

  expect(createHbaBody.safeParse(hba).success).toBe(false);
});
