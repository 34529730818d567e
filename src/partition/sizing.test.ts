import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/index.ts';
import { sizePartition } from './index.ts';

describe('the size of a partition', () => {
  test.each([
    [1024, 1024],
    [1, 1024],
    [1025, 2048],
    [4096, 4096],
    [4097, 5120],
  ])('of %i MiB is %i MiB, rounded up to the increment', (memoryMib, rounded) => {
    expect(sizePartition({ vcpus: 2, memoryMib }, 1024)).toEqual({ iflProcessors: 2, memoryMib: rounded });
  });

  test('is at least what was asked for, a multiple of the increment, and less than one increment more', () => {
    const whole = fc.integer({ min: 1, max: 1_000_000 });

    fc.assert(
      fc.property(whole, fc.constantFrom(256, 512, 1024, 2048), (memoryMib, increment) => {
        const size = sizePartition({ vcpus: 1, memoryMib }, increment).memoryMib;
        expect(size % increment).toBe(0);
        expect(size - memoryMib).toBeGreaterThanOrEqual(0);
        expect(size - memoryMib).toBeLessThan(increment);
      }),
    );
  });

  test.each([
    ['vcpus', { vcpus: 0, memoryMib: 1024 }],
    ['vcpus', { vcpus: 1.5, memoryMib: 1024 }],
    ['memory', { vcpus: 1, memoryMib: 0 }],
    ['memory', { vcpus: 1, memoryMib: -1024 }],
    ['memory', { vcpus: 1, memoryMib: Number.NaN }],
  ])('is refused for a %s that is no whole number from 1', (option, flavor) => {
    expect(() => sizePartition(flavor, 1024)).toThrow(ConfigError);
    expect(() => sizePartition(flavor, 1024)).toThrow(new RegExp(`^${option} is .*, expected a whole number from 1$`));
  });
});
