import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStage } from '../support/stage.ts';
import type { Printed } from '../support/stage.ts';

/*
 * What a machine can do is what it reports, not its type: machines between the usual ones, each written down as a
 * zhmcclient mock definition. Source: python-zhmcclient docs/concepts.rst, Firmware features; python-zhmcclient
 * _storage_group.py.
 */

interface Level {
  readonly what: string;
  readonly api: string;
  readonly version: string;
  readonly type: string;
  /** As YAML; undefined where the CPC has no such property. */
  readonly features: string | undefined;
  readonly model: 'hba' | 'storage-group';
  readonly warns?: string;
}

const feature = (state: boolean) => `[{ name: dpm-storage-management, description: storage groups, state: ${state} }]`;
const z14 = { version: '2.14.0', type: '3906' };

const levels: readonly Level[] = [
  { ...z14, what: 'a z14 before the feature', api: '2.20', features: undefined, model: 'hba' },
  { ...z14, what: 'a z14 with the feature switched off', api: '2.40', features: feature(false), model: 'hba' },
  { ...z14, what: 'a z14 that lists no feature', api: '2.40', features: '[]', model: 'hba' },
  {
    ...z14,
    what: 'a z14 with the feature, whose HMC cannot start a discovery',
    api: '2.30',
    features: feature(true),
    model: 'storage-group',
    warns: 'this HMC level cannot start a discovery',
  },
  {
    what: 'a z13 behind the HMC of a z16',
    api: '4.10',
    version: '2.13.1',
    type: '2964',
    features: undefined,
    model: 'hba',
  },
];

function definitionOf({ api, version, type, features }: Level): string {
  const list = features === undefined ? '' : `available-features-list: ${features},`;
  const adapter = (id: string, pchid: string) => `
        - properties: { object-id: ${id}, name: ${id}, type: fcp, adapter-family: ficon, adapter-id: "${pchid}" }
          ports: [{ properties: { element-id: "0", fabric-id: "${id}" } }]`;
  return `hmc_definition:
  host: hmc1
  api_version: "${api}"
  consoles: [{ properties: { name: HMC1, version: "${api === '4.10' ? '2.16.0' : '2.14.1'}" } }]
  cpcs:
    - properties: { object-id: cpc1, name: CPCA, dpm-enabled: true, machine-type: "${type}", ${list} se-version: "${version}" }
      adapters:${adapter('fcp1', '124')}${adapter('fcp2', '125')}
`;
}

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'nova-dpm-levels-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

test.each(levels)('$what works with its own storage model, and leaves nothing behind', async (level) => {
  const definition = join(directory, `${levels.indexOf(level)}.yaml`);
  writeFileSync(definition, definitionOf(level));
  await using stage = await startStage({ definition });
  const { sim, dpm } = stage;
  const before = sim.snapshot();

  const doctor = (await dpm('doctor')).printed as Printed[];
  const created = await dpm(...'server create web1 --vcpus 1 --memory 1024 --volume boot-1'.split(' '));
  const added = await dpm('server', 'add', 'volume', 'web1', 'data-1');
  const removed = await dpm('server', 'remove', 'volume', 'web1', 'data-1');
  const deleted = await dpm('server', 'delete', 'web1');

  const [unexpected, ...more] = doctor.filter(({ status }) => status !== 'ok');
  expect(more).toEqual([]);
  if (level.warns === undefined) expect(unexpected).toBeUndefined();
  else expect(unexpected).toMatchObject({ status: 'warn', advice: expect.stringContaining(level.warns) as unknown });
  expect(created, created.stderr).toMatchObject({ code: 0, printed: { storage_model: level.model, status: 'ACTIVE' } });
  for (const ran of [added, removed, deleted]) expect(ran.code, ran.stderr).toBe(0);
  expect((added.printed as { readonly volumes: unknown[] }).volumes).toHaveLength(2);
  const foreign = level.model === 'hba' ? /Storage/ : /HBA/;
  expect(Object.keys(sim.log.byOperation()).filter((operation) => foreign.test(operation))).toEqual([]);
  expect(sim.snapshot()).toEqual(before);
});
