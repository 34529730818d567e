/**
 * Imports point one way. Each folder names what of ours it may import; a folder that is not in the table may import
 * nothing. Across folders only index.ts is open.
 */
const mayImport = {
  base: [],
  http: ['base'],
  saga: ['base'],
  'guest-parameters': ['base'],
  config: ['base'],
  'hmc-client': ['base', 'http'],
  'cinder-client': ['base', 'http'],
  partition: ['base', 'hmc-client', 'cinder-client'],
  volume: ['base', 'hmc-client', 'cinder-client', 'partition'],
  spawn: ['base', 'guest-parameters', 'saga', 'hmc-client', 'cinder-client', 'partition', 'volume'],
  // cinder-client for the types of connector and connection_info; a host needs no HMC.
  'host-connector': ['base', 'cinder-client', 'volume'],
  'volume-paths': ['base', 'http', 'cinder-client', 'volume', 'host-connector'],
  virt: ['base', 'guest-parameters', 'saga', 'hmc-client', 'cinder-client', 'partition', 'volume', 'spawn'],
  // Whatever it does to a partition is the virt driver's doing.
  'local-attach': ['base', 'saga', 'cinder-client', 'host-connector', 'virt'],
  // Never hmc-client: a compute manager must not know its hypervisor.
  compute: ['base', 'saga', 'config', 'cinder-client', 'virt', 'local-attach'],
  conformance: ['base', 'cinder-client', 'partition', 'volume', 'host-connector'],
  // As strict as a peer must be: it never shares logic with the client that it tests.
  simulator: [],
};

const folderRules = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  comment: `src/${folder} may import ${allowed.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...folderRules,
    {
      name: 'unknown-folder',
      comment: 'a folder that is not in the table may import nothing of ours; src/cli may import anything',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: `^src/(${[...Object.keys(mayImport), 'cli'].join('|')})/|\\.test\\.ts$` },
      to: { path: '^src/', pathNot: '^src/$1/' },
    },
    {
      name: 'index-only',
      comment: 'across folders only index.ts is open',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'index-only-from-entry',
      comment: 'the entry of the package shows what the folders show',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: { path: '^src/[^/]+/', pathNot: '^src/[^/]+/index\\.ts$' },
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
