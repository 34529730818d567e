import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';

const source = (folder: string) => `${import.meta.dirname}/src/${folder}index.ts`;

/** The long tests, `npm run proofs`. For `npm test`, test/shares has a small share of the first seven, of the main job and of the guest tools. */
const proofs = [
  ...['faults', 'kill', 'model', 'crowd', 'soak', 'fuzz', 'parking', 'outage', 'events'].map(
    (name) => `test/${name}/**/*.test.ts`,
  ),
  'test/bridge/**/*.test.ts',
  'test/package/**/*.test.ts',
  'test/secrets/**/*.test.ts',
  'test/cli/{complete,definitions,flow,simulate,tls}.test.ts',
  'test/docs/{simulator,typescript}.test.ts',
  'test/e2e/{boot-media,bounded-trust,demo,detaching,driver-costs,driver-nics,foreign,inventory,main-job,networks,orders,orphans*}.test.ts',
  'test/e2e/duties.test.ts',
  'test/e2e/{ownership*,parked,power-table}.test.ts',
  'test/e2e/{prepared-group,recorded-trouble,recordings,requests,start-paths,service-wire,stats,support-matrix,terminals}.test.ts',
  'test/e2e/{install,rescue}.test.ts',
  'test/e2e/{console*,resize,set,soft-stop,unreachable}.test.ts',
  'test/serve/{stock-order,watch}.test.ts',
  'test/guest/{agreement,configured,dead-path,detach,distributions,moments,networks,packages,released,tools}.test.ts',
  'test/host/{conformance,sweep}.test.ts',
  'test/local-attach/{*faults,connection-info,force,mounts,partition,two-at-once}.test.ts',
  'test/shares/heap.test.ts',
  'test/simulator/{hmc-broker*,machines,storage-groups-identity,storage-groups-planted}.test.ts',
];

/** Files that leave nothing behind in their process and share one: starting it takes longer than most of them. */
const units = ['src/**/*.test.ts', 'test/{contract,conformance,host,simulator}/**/*.test.ts'];

const builtCommand = ['test/support/built-command.ts'];

/** The folders whose files run for long. */
const long = /\/test\/(faults|model|kill|parking|outage|secrets|crowd|package|shares|e2e)\//;

/** Long files first: begun last, the longest one alone would hold up everything. Others as Vitest would have them. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => long.test(moduleId);
    const [first, others] = [sorted.filter(isLong), sorted.filter((file) => !isLong(file))];
    // Of the matrix the files of deferred order are the longest.
    const rank = ({ moduleId }: TestSpecification) => (moduleId.includes('-deferred') ? 0 : 1);
    return [...first.sort((one, other) => rank(one) - rank(other)), ...others];
  }
}

export default defineConfig({
  // Examples import the package by its name, as their readers do; here that is the source, with no build before it.
  resolve: {
    alias: [
      { find: /^nova-dpm$/, replacement: source('') },
      { find: /^nova-dpm\/conformance$/, replacement: `${import.meta.dirname}/conformance/index.ts` },
      { find: /^nova-dpm\/(.*)$/, replacement: source('$1/') },
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'units',
          include: units,
          exclude: proofs,
          isolate: false,
          setupFiles: ['test/support/fresh-secrets.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: [...units, ...proofs],
          globalSetup: builtCommand,
        },
      },
      { extends: true, test: { name: 'proofs', include: proofs, globalSetup: builtCommand } },
    ],
    globalSetup: ['test/support/compile-cache.ts'],
    // For what hangs. No test depends on speed: a machine may have a lot to do beside them.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two cores are what the smallest build machine has; more workers only queue.
    maxWorkers: 2,
    restoreMocks: true,
    sequence: { sequencer: LongFirst },
  },
});
