import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { realisticTiming } from '../../src/simulator/timing.ts';
import { faultKinds } from '../../src/simulator/server/fault-rules.ts';
import {
  brokerOperations,
  hmcOperations,
  parseFaultRules,
  parseInventory,
  startSimulator,
} from '../../src/simulator/index.ts';
import { readFileSync } from 'node:fs';
import { blocksOf } from './support.ts';

const page = 'docs/simulator.md';

/** The YAML file of this name on the page. */
function fileOnPage(name: string): unknown {
  const block = blocksOf(page, ['yaml']).find(({ text }) => text.startsWith(`# ${name}\n`));
  if (block === undefined) throw new Error(`${page} has no file ${name}`);
  return parse(block.text);
}

test('the inventory on the page gives its volumes, partitions, adapters and SAN', async () => {
  await using sim = await startSimulator(parseInventory(fileOnPage('inventory.yaml')));
  const { hmc, cinder } = sim.snapshot();

  expect(cinder.volumes.map(({ name, size, bootable, multiattach }) => [name, size, bootable, multiattach])).toEqual(
    expect.arrayContaining([
      ['rhel-9', 20, true, false],
      ['db-data', 100, false, false],
      ['shared-1', 10, false, true],
    ]),
  );
  expect(cinder.volumes).toHaveLength(3);
  const partitions = hmc.partition.map(({ name, status, 'initial-memory': memory }) => [name, status, memory]);
  expect(partitions.sort()).toEqual([
    ['PROD-DB', 'active', 16384],
    ['TEST-1', 'stopped', 4096],
  ]);
  expect(sim.hmc.model.all('adapter').filter(({ props }) => props.type === 'fcp')).toHaveLength(4);
  expect(sim.san.arrays.map(({ ports }) => ports.length)).toEqual([4, 4]);
});

test('partitions of the inventory use processors and memory of the machine', async () => {
  const content = parseInventory({ partitions: [{ name: 'BIG', memory_mib: 1 << 20 }] });
  await using sim = await startSimulator({ ...content, cpcMemoryMib: 1 << 20 });
  await using manager = await sim.openManager();
  const request = { name: 'web1', vcpus: 1, memoryMib: 4096, volumes: [{ volumeId: 'boot-1' }] };

  await expect(manager.create(request)).rejects.toThrow();
});

test('the storage groups on the page are complete on a z16', async () => {
  await using sim = await startSimulator({ machine: 'z16', ...parseInventory(fileOnPage('groups.yaml')) });

  expect(sim.snapshot().hmc['storage-group']).toEqual([
    expect.objectContaining({ name: 'web-group', 'fulfillment-state': 'complete' }),
  ]);
});

test.each([
  [{ volumes: [{ name: 'a', size_gib: 1 }, { name: 'b' }] }, /^volumes\[1\]\.size_gib: /],
  [{ volume: [] }, /^the file: .*"volume"/],
  [{ storage_groups: [{ name: 'g', type: 'iscsi', volumes: [] }] }, /^storage_groups\[0\]\.type: .*"fcp"/],
  [[], /^the file: .*object/],
])('the inventory %j is refused with path and key', (wrong, message) => {
  expect(() => parseInventory(wrong)).toThrow(message);
});

test('the page has one fault rule of each kind, and every operation exists', () => {
  const rules = parseFaultRules(fileOnPage('faults.yaml'), { hmc: hmcOperations, broker: brokerOperations });

  expect(rules.map(({ kind }) => kind.type).sort()).toEqual([...faultKinds].sort());
});

test.each([
  [{ kind: { type: 'meteor' } }, /^fault rules: \[0\]\.kind\.type: expected one of refuse, drop, refuse-connection, /],
  [{ server: 'toaster' }, /^fault rules: \[0\]\.server: .*"hmc"/],
  [
    { operation: 'Start Partitions' },
    /^fault rules: \[0\]\.operation: hmc has no operation "Start Partitions"; .*"Start/,
  ],
])('a fault rule with %j is refused, and what was expected is named', (wrong, message) => {
  const rule = { id: 'r1', server: 'hmc', operation: 'Start Partition', kind: { type: 'malformed' }, ...wrong };

  expect(() => parseFaultRules([rule], { hmc: hmcOperations, broker: brokerOperations })).toThrow(message);
});

test('the table of durations on the page has the durations of the simulator', () => {
  const shown = [...readFileSync(page, 'utf8').matchAll(/^\| .* \| (\d+) s \| \(assumed\) \|$/gm)].map(([, s]) =>
    Number(s),
  );
  const { hmc, cinder, services } = realisticTiming;
  const known = [...Object.values(hmc), ...Object.values({ ...cinder }), ...Object.values(services)].map(
    (ms) => ms / 1000,
  );

  expect(new Set(shown)).toEqual(new Set(known));
});
