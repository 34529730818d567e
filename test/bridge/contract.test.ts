import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { methods } from '../../src/serve/wire/methods.ts';
import { methodsInTable, novaExceptionOf, serviceCodes } from '../../src/serve/nova-exceptions.ts';
import { refusals } from '../../src/virt/index.ts';

const bridge = join(import.meta.dirname, '..', '..', 'bridge');
const contract = z
  .looseObject({
    releases: z.array(z.looseObject({ methods: z.record(z.string(), z.string().nullable()) })),
    exceptions_of_all_releases: z.array(z.string()),
  })
  .parse(JSON.parse(readFileSync(join(bridge, 'contract.json'), 'utf8')));
const sources = readFileSync(join(bridge, 'nova/virt/dpm/methods.py'), 'utf8');

it('every exception that the service names exists in each release of Nova', () => {
  const codes = [
    ...Object.keys(serviceCodes),
    'NOT_FOUND',
    'NO_RESOURCES',
    'HMC_CONNECTION',
    'CONFLICT',
    'CONFIG',
    'x',
  ];
  const named = [...methodsInTable, ''].flatMap((method) => codes.map((code) => novaExceptionOf(method, code)));
  const refused = Object.values(refusals).map(({ nova }) => nova);
  const known = new Set([...contract.exceptions_of_all_releases, 'NotImplementedError']);

  expect([...new Set([...named, ...refused])].filter((name) => !known.has(name))).toEqual([]);
});

it('the bridge forwards every method that the service answers', () => {
  const missing = Object.keys(methods).filter((name) => !sources.includes(`'${name}'`));

  expect(missing).toEqual([]);
});

it('every method that the service answers is in each release of Nova', () => {
  const removed = contract.releases.flatMap((release) =>
    Object.entries(release.methods).flatMap(([name, parameters]) => (parameters === null ? [name] : [])),
  );
  const first = Object.keys(contract.releases[0]?.methods ?? {});

  for (const name of Object.keys(methods)) {
    expect(first).toContain(name);
    expect(removed).not.toContain(name);
  }
});
