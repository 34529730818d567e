import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 30_000,
    // Two cores are what the smallest build machine has; more workers only queue.
    maxWorkers: 2,
    restoreMocks: true,
  },
});
