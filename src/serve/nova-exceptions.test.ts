import { expect, test } from 'vitest';
import { errorCodes } from '../base/index.ts';
import { methodsInTable, novaExceptionOf, serviceCodes } from './nova-exceptions.ts';
import { methods } from './wire/methods.ts';

const codes = [...Object.keys(errorCodes), ...Object.keys(serviceCodes), 'UNKNOWN'];

test('the table names only methods that the service answers', () => {
  expect(methodsInTable.filter((name) => !Object.hasOwn(methods, name))).toEqual([]);
});

test('a full host makes Nova try another one', () => {
  expect(novaExceptionOf('prepare_for_spawn', 'NO_RESOURCES')).toBe('ComputeResourcesUnavailable');
  expect(novaExceptionOf('spawn', 'NO_RESOURCES')).toBe('ComputeResourcesUnavailable');
});

test('a flavour that no host can serve ends the build at once, and before the spawn the user reads why', () => {
  expect(novaExceptionOf('prepare_for_spawn', 'CONFIG')).toBe('InstanceUnacceptable');
  expect(novaExceptionOf('spawn', 'CONFIG')).toBe('BuildAbortException');
});

test.each(['spawn', 'destroy', 'cleanup', 'failed_spawn_cleanup', 'prepare_for_spawn', 'get_volume_connector'])(
  '%s never says that the instance is not found, which Nova takes as the end of the matter',
  (method) => {
    expect(codes.map((code) => novaExceptionOf(method, code))).not.toContain('InstanceNotFound');
  },
);

test('a destroy that fails keeps the addresses, since the guest may still run', () => {
  expect(new Set(codes.map((code) => novaExceptionOf('destroy', code)))).toEqual(new Set(['InstancePowerOffFailure']));
});

test('a missing partition is a missing instance for get_info, and a missing disk for detach_volume', () => {
  expect(novaExceptionOf('get_info', 'NOT_FOUND')).toBe('InstanceNotFound');
  expect(novaExceptionOf('detach_volume', 'NOT_FOUND')).toBe('DiskNotFound');
});

test('a periodic task is skipped while the HMC does not answer', () => {
  expect(novaExceptionOf('get_num_instances', 'HMC_CONNECTION')).toBe('VirtDriverNotReady');
});
