import { defineConfig } from 'vitest/config';

const source = (folder: string) => `${import.meta.dirname}/src/${folder}index.ts`;

export default defineConfig({
  // Examples import the package by its name, as their readers do; here that is the source, with no build before it.
  resolve: {
    alias: [
      { find: /^nova-dpm$/, replacement: source('') },
      { find: /^nova-dpm\/(.*)$/, replacement: source('$1/') },
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 30_000,
    // Two cores are what the smallest build machine has; more workers only queue.
    maxWorkers: 2,
    restoreMocks: true,
  },
});
