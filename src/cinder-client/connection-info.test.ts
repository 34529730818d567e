import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CinderSchemaError, readConnectionInfo } from './index.ts';

const data = { target_lun: 0, target_wwn: ['500a0981aa000001'], access_mode: 'rw', qos_specs: null };

test('the nested form is unchanged, including extra keys', () => {
  const info = { driver_volume_type: 'fibre_channel', data, enforce_multipath: true };

  expect(readConnectionInfo(info)).toEqual(info);
});

test('all keys of the flat form except type and attachment become data', () => {
  const flat = { ...data, driver_volume_type: 'fibre_channel', attachment_id: 'a1', enforce_multipath: true };

  expect(readConnectionInfo(flat)).toEqual({
    driver_volume_type: 'fibre_channel',
    data: { ...data, enforce_multipath: true },
  });
});

test('fields of the attachment are added beside data', () => {
  const flat = { ...data, driver_volume_type: 'fibre_channel' };

  expect(readConnectionInfo(flat, { status: 'reserved' })).toEqual({
    status: 'reserved',
    driver_volume_type: 'fibre_channel',
    data,
  });
});

test('data that is not an object does not make the form nested', () => {
  expect(readConnectionInfo({ driver_volume_type: 'x', data: 'text' }).data).toEqual({ data: 'text' });
});

test.each([
  [undefined],
  [null],
  ['text'],
  [[]],
  [{}],
  [{ data }],
  [{ driver_volume_type: '', data }],
  [{ driver_volume_type: 3 }],
])('%j is not a connection_info', (value) => {
  expect(() => readConnectionInfo(value)).toThrow(CinderSchemaError);
});

test('reading a result again changes nothing, whatever the array adds', () => {
  const added = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(added, (more) => {
      const wire = JSON.parse(JSON.stringify({ ...more, driver_volume_type: 'fibre_channel' })) as unknown; // as it comes
      const once = readConnectionInfo(wire);

      expect(readConnectionInfo(once)).toEqual(once);
    }),
  );
});
