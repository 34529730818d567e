/**
 * Imports point one way. Each unit names the units that it may import; a unit that is not in the table may import nothing.
 * A folder inside a unit that is in the table is a unit of its own. Across units only index.ts is open.
 */
const mayImport = {
  base: [],
  http: ['base'],
  // cinder-client for the types of its options.
  config: ['base', 'cinder-client'],
  'hmc-client': ['base', 'http'],
  'cinder-client': ['base', 'http'],
  partition: ['base', 'hmc-client', 'cinder-client'],
  'partition/guest-parameters': ['base'],
  'partition/network': ['base', 'hmc-client', 'partition', 'partition/guest-parameters'],
  'partition/vhba': ['base', 'hmc-client', 'partition'],
  'partition/storage-group': ['base', 'hmc-client', 'partition'],
  volume: ['base', 'hmc-client', 'cinder-client', 'partition'],
  // cinder-client for the types of connector and connection_info; a host needs no HMC.
  'volume/host': ['base', 'cinder-client', 'volume'],
  'volume/paths': ['base', 'http', 'cinder-client', 'volume', 'volume/host'],
  // The storage models are passed to the verbs, so that a reader of a verb meets their contract only.
  spawn: ['base', 'hmc-client', 'cinder-client', 'partition', 'partition/guest-parameters', 'volume'],
  virt: [
    ...['base', 'hmc-client', 'cinder-client', 'volume', 'spawn'],
    ...['partition', 'partition/guest-parameters', 'partition/network', 'partition/vhba', 'partition/storage-group'],
  ],
  'compute/journal': ['base'],
  // Never hmc-client: a compute manager must not know its hypervisor.
  compute: ['base', 'config', 'cinder-client', 'virt', 'compute/journal', 'compute/local'],
  // Whatever it does to a partition is the virt driver's doing.
  'compute/local': ['base', 'compute/journal', 'cinder-client', 'volume/host', 'virt'],
  serve: ['base', 'http', 'config', 'compute', 'cinder-client', 'virt', 'volume/paths'],
  // As strict as a peer must be: it never shares logic with the client that it tests.
  simulator: ['simulator/manager'],
  // `simulator.openManager()` opens the client beside the servers, and loads it on demand.
  'simulator/manager': ['config', 'compute'],
};

/** What is in a unit, as a regular expression: its folder without the units inside it. */
const inside = (unit) => {
  const inner = Object.keys(mayImport).filter((other) => other.startsWith(`${unit}/`));
  return `^src/${unit}/${inner.map((other) => `(?!${other.slice(unit.length + 1)}/)`).join('')}`;
};

const unitRules = Object.entries(mayImport).flatMap(([unit, allowed]) => [
  {
    name: `${unit}-imports`,
    comment: `src/${unit} may import ${allowed.join(', ') || 'nothing of ours'}`,
    severity: 'error',
    from: { path: inside(unit), pathNot: '\\.test\\.ts$' },
    to: { path: '^src/', pathNot: [unit, ...allowed].map(inside) },
  },
  {
    name: `${unit}-index-only`,
    comment: 'across units only index.ts is open',
    severity: 'error',
    from: { path: inside(unit), pathNot: '\\.test\\.ts$' },
    to: { path: '^src/', pathNot: [inside(unit), inside(unit.split('/')[0]), '/index\\.ts$'] },
  },
]);

module.exports = {
  forbidden: [
    ...unitRules,
    {
      name: 'unknown-folder',
      comment: 'a folder that is not in the table may import nothing of ours; src/cli may import anything',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: `^src/(${[...Object.keys(mayImport), 'cli'].join('|')})/|\\.test\\.ts$` },
      to: { path: '^src/', pathNot: '^src/$1/' },
    },
    {
      name: 'cli-index-only',
      severity: 'error',
      comment: 'all that help and usage errors need of these units: their indexes would load schemas and clients',
      from: { path: '^src/cli/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^src/',
        pathNot: [
          '^src/cli/',
          '/index\\.ts$',
          '^src/config/(file-access|secret-variables)\\.ts$',
          '^src/compute/check-addresses\\.ts$',
        ],
      },
    },
    {
      name: 'verbs-know-types-and-errors-of-the-hmc-client',
      comment: 'the HMC client is passed to the verbs: they import its types and its errors, not the client itself',
      severity: 'error',
      from: { path: '^src/(partition|spawn)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/hmc-client/index\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'index-only-from-entry',
      comment: 'the entry of the package shows what the folders show',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: { path: '^src/[^/]+/', pathNot: '/index\\.ts$' },
    },
    {
      name: 'conformance-uses-the-public-api',
      severity: 'error',
      from: { path: '^conformance/' },
      to: { path: '^src/', pathNot: '^src/index\\.ts$' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      from: { pathNot: '^(src/cli/|test/|scripts/)' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'axios-in-http-only',
      comment: 'one place turns an AxiosError, which carries secrets, into an error of ours',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/http/' },
      to: { path: 'node_modules/axios/' },
    },
    {
      name: 'one-retry-loop',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/base/retry\\.ts$' },
      to: { path: 'node_modules/p-retry/' },
    },
    {
      name: 'not-to-dev-dep',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
