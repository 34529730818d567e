import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../base/index.ts';
import { bootOptionsOf, readExtraSpecs, storageGroupOf } from './extra-specs.ts';

describe('the extra specs of a flavour', () => {
  test('of others are nothing to us', () => {
    expect(readExtraSpecs({ 'hw:numa_nodes': '1', 'trait:X': 'required' })).toEqual({});
    expect(readExtraSpecs()).toEqual({});
  });

  test('of ours are read in their own types', () => {
    const given = {
      'dpm:secure_boot': 'True',
      'dpm:boot_load_parameters': 'A#1',
      'dpm:boot_configuration_selector': '30',
      'dpm:boot_timeout': '600',
      'dpm:boot_os_specific_parameters': 'rd.break="a b" 0001,0;',
      'dpm:storage_group': 'shop data',
      'dpm:storage_group_boot_volume': '8001',
      'dpm:processor_mode': 'shared',
      'dpm:initial_processing_weight': '200',
      'dpm:absolute_processor_capping': '1.5',
      'dpm:maximum_memory': '16384',
      'dpm:capacity_group': 'web servers',
      'dpm:crypto_adapters': 'CCA 01A8, 4e8a0b0e',
      'dpm:crypto_usage_domains': '4,0-2',
      'dpm:crypto_control_domains': '9',
    };

    expect(readExtraSpecs(given)).toEqual({
      secure_boot: true,
      boot_load_parameters: 'A#1',
      boot_configuration_selector: 30,
      boot_timeout: 600,
      boot_os_specific_parameters: 'rd.break="a b" 0001,0;',
      storage_group: 'shop data',
      storage_group_boot_volume: '8001',
      processor_mode: 'shared',
      initial_processing_weight: 200,
      absolute_processor_capping: 1.5,
      maximum_memory: 16384,
      capacity_group: 'web servers',
      crypto_adapters: ['CCA 01A8', '4e8a0b0e'],
      crypto_usage_domains: [0, 1, 2, 4],
      crypto_control_domains: [9],
    });
  });

  test.each([
    [{ 'hw:cpu_policy': 'dedicated' }, 'dedicated'],
    [{ 'hw:cpu_policy': 'shared', 'dpm:processor_mode': 'shared' }, 'shared'],
  ])('have the processor mode also under Nova’s name: %o', (given, mode) => {
    expect(readExtraSpecs(given)).toEqual({ processor_mode: mode });
  });

  test.each([
    [{ 'hw:cpu_policy': 'mixed' }, 'property "hw:cpu_policy" is "mixed", expected shared or dedicated'],
    [
      { 'hw:cpu_policy': 'dedicated', 'dpm:processor_mode': 'shared' },
      'property "dpm:processor_mode" is "shared", but property "hw:cpu_policy" is "dedicated"',
    ],
    [
      { 'dpm:minimum_processing_weight': '200' },
      'property "dpm:minimum_processing_weight" is 200, above the initial weight 100',
    ],
    [
      { 'dpm:maximum_processing_weight': '50' },
      'property "dpm:maximum_processing_weight" is 50, below the initial weight 100',
    ],
    [
      { 'hw:cpu_policy': 'dedicated', 'dpm:capacity_group': 'web' },
      'property "dpm:capacity_group" is for shared processors, but the processors are dedicated',
    ],
    [{ 'dpm:crypto_usage_domains': '0' }, 'property "dpm:crypto_usage_domains" needs "dpm:crypto_adapters"'],
    [{ 'dpm:crypto_adapters': 'a' }, 'property "dpm:crypto_adapters" needs "dpm:crypto_usage_domains"'],
    [
      { 'dpm:crypto_adapters': 'a', 'dpm:crypto_usage_domains': '0-3', 'dpm:crypto_control_domains': '2' },
      'property "dpm:crypto_control_domains" has domain 2, which is a usage domain too',
    ],
  ])('are refused when they contradict each other: %o', (given, message) => {
    expect(() => readExtraSpecs(given as Record<string, string>)).toThrow(message);
  });

  test.each([
    ['true', true],
    ['YES', true],
    ['on', true],
    ['1', true],
    ['False', false],
    ['no', false],
    ['off', false],
    ['0', false],
  ])('have the truth values that Nova’s have: %s', (value, read) => {
    expect(readExtraSpecs({ 'dpm:secure_boot': value })).toEqual({ secure_boot: read });
  });

  test.each([
    ['dpm:secure_boot', 'perhaps', 'true or false'],
    ['dpm:secure_boot', 'constructor', 'true or false'],
    ['dpm:boot_load_parameters', 'NINECHARS', 'up to 8 of the characters'],
    ['dpm:boot_load_parameters', 'lower', 'up to 8 of the characters'],
    ['dpm:boot_configuration_selector', '31', 'a whole number from 0 to 30'],
    ['dpm:boot_configuration_selector', '-1', 'a whole number from 0 to 30'],
    ['dpm:boot_timeout', '59', 'a whole number from 60 to 600 seconds'],
    ['dpm:boot_timeout', '1e2', 'a whole number from 60 to 600 seconds'],
    ['dpm:storage_group', '', 'the name of a storage group'],
    ['dpm:processor_mode', 'mixed', 'shared or dedicated'],
    ['dpm:initial_processing_weight', '1000', 'a whole number from 1 to 999'],
    ['dpm:processing_weight_capped', '2', 'true or false'],
    ['dpm:absolute_processor_capping', '0', 'a number from 0.01 to 255'],
    ['dpm:absolute_processor_capping', '1.234', 'a number from 0.01 to 255'],
    ['dpm:maximum_memory', '8G', 'a whole number from 1 to 1073741824 MiB'],
    ['dpm:reserve_resources', 'maybe', 'true or false'],
    ['dpm:capacity_group', '', 'the name of a capacity group'],
    ['dpm:crypto_adapters', 'a,,b', 'names or object IDs'],
    ['dpm:crypto_adapters', 'a,a', 'names or object IDs'],
    ['dpm:crypto_usage_domains', '85', 'domain numbers from 0 to 84'],
    ['dpm:crypto_usage_domains', '5-3', 'domain numbers from 0 to 84'],
    ['dpm:crypto_control_domains', '', 'domain numbers from 0 to 84'],
    ['dpm:boot_os_specific_parameters', 'a'.repeat(257), 'up to 256 printable ASCII characters'],
    ['dpm:boot_os_specific_parameters', 'größe=1', 'up to 256 printable ASCII characters'],
    ['dpm:boot_os_specific_parameters', 'x="1', 'up to 256 printable ASCII characters, with quotes in pairs'],
    ['dpm:boot_os_specific_parameters', 'ro dpm.z=8001', 'up to 256 printable ASCII characters'],
  ])('are refused with what was expected: %s=%s', (key, value, expected) => {
    expect(() => readExtraSpecs({ [key]: value })).toThrow(ConfigError);
    expect(() => readExtraSpecs({ [key]: value })).toThrow(`property "${key}" is "${value}", expected ${expected}`);
  });

  test.each(['dpm:secureboot', 'dpm:', 'dpm:toString'])('are refused when ours has no such key: %s', (key) => {
    expect(() => readExtraSpecs({ [key]: 'x' })).toThrow(
      new RegExp(
        `^property "${key}" is not known, expected one of dpm:processor_mode, .*dpm:storage_group_boot_volume$`,
      ),
    );
  });
});

describe('how a partition is loaded', () => {
  test('is left to the machine where nobody says', () => {
    expect(bootOptionsOf({}, 60)).toEqual({});
  });

  test('is what the flavour says, before the settings', () => {
    expect(bootOptionsOf({ boot_timeout: 120, secure_boot: false }, 300)).toEqual({
      bootTimeout: 120,
      secureBoot: false,
    });
    expect(bootOptionsOf({}, 300)).toEqual({ bootTimeout: 300 });
    expect(bootOptionsOf({ boot_timeout: 60 }, 300)).toEqual({});
  });
});

describe('a prepared storage group', () => {
  test('is asked for by its name, with or without the volume to load from', () => {
    expect(storageGroupOf({})).toBeNull();
    expect(storageGroupOf({ storage_group: 'g' })).toEqual({ name: 'g', bootVolume: null });
    expect(storageGroupOf({ storage_group: 'g', storage_group_boot_volume: 'v' })).toEqual({
      name: 'g',
      bootVolume: 'v',
    });
  });

  test('is not asked for by half', () => {
    expect(() => storageGroupOf({ storage_group_boot_volume: 'v' })).toThrow(
      'property "dpm:storage_group_boot_volume" needs "dpm:storage_group"',
    );
  });
});
