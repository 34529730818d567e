import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { bench, type Bench, text } from './hmc-support.ts';
import type { Props } from '../../src/simulator/hmc/index.ts';

/** Definition files of zhmcclient, if they lie beside the project; they are its authors', and not copied. */
const samples = new URL('../../../shared/data/peers/zhmcclient/', import.meta.url).pathname;
const sample = (name: string): string => join(samples, name);

async function withFile(content: string, use: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'definition-'));
  try {
    const path = join(directory, 'machine.yaml');
    await writeFile(path, content);
    await use(path);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Reads everything that a list leads to, and gives the objects by class and name. */
async function readAll(of: Bench): Promise<Record<string, Props[]>> {
  const list = async (path: string, key: string) => ((await of.caller.get(path)).body[key] ?? []) as Props[];
  const cpcs = await list('/api/cpcs', 'cpcs');
  const found: Record<string, Props[]> = {
    cpcs: [],
    partitions: [],
    adapters: [],
    'virtual-switches': [],
    elements: [],
  };
  for (const cpc of cpcs) {
    const uri = text(cpc['object-uri']);
    found.cpcs!.push((await of.caller.get(uri)).body);
    for (const kind of ['partitions', 'adapters', 'virtual-switches']) {
      for (const item of await list(`${uri}/${kind}`, kind)) {
        const answer = await of.caller.get(text(item['object-uri']));
        expect(answer.status).toBe(200);
        found[kind]!.push(answer.body);
        for (const field of ['nic-uris', 'hba-uris', 'storage-port-uris', 'network-port-uris']) {
          for (const element of (answer.body[field] ?? []) as string[]) {
            const { status, body } = await of.caller.get(element);
            // Ports of adapters that are not configured are listed and cannot be read: a trait of the HMC itself.
            expect([200, 404]).toContain(status);
            if (status === 200) found.elements!.push(body);
          }
        }
      }
    }
  }
  return found;
}

const small = `
hmc_definition:
  host: hmc1
  api_version: "2.2"
  consoles: [{ properties: { name: HMC1, version: "2.13.1" } }]
  cpcs:
    - properties: { object-id: cpc1, name: CPCA, dpm-enabled: true, machine-type: "2964", storage-customer: 8192, processor-count-ifl: 4 }
      adapters:
        - properties: { object-id: fcp1, name: FCP1, adapter-family: ficon, adapter-id: "124", allowed-capacity: 2, configured-capacity: 1 }
          ports: [{ properties: { element-id: "0" } }]
      partitions:
        - properties: { object-id: part1, name: PART1, initial-memory: 1024, maximum-memory: 1024, ifl-processors: 1 }
          hbas: [{ properties: { element-id: hba1, name: H1, wwpn: c05076ffe5001111, device-number: "8000", adapter-port-uri: /api/adapters/fcp1/storage-ports/0 } }]
`;

describe('a zhmcclient mock definition', () => {
  it('becomes a machine that works, with its own ids', async () => {
    await withFile(small, async (definition) => {
      const of = await bench({ definition });

      expect(of.hmc).toMatchObject({ cpcName: 'CPCA', cpcObjectId: 'cpc1' });
      expect((await of.caller.get('/api/version')).body).toMatchObject({
        'api-minor-version': 2,
        'hmc-version': '2.13.1',
        'hmc-name': 'HMC1',
      });
      expect((await of.caller.get('/api/partitions/part1')).body).toMatchObject({
        name: 'PART1',
        status: 'stopped',
        'boot-device': 'none',
        'hba-uris': ['/api/partitions/part1/hbas/hba1'],
      });
      expect((await of.caller.get('/api/adapters/fcp1')).body).toMatchObject({
        type: 'fcp',
        status: 'active',
        'configured-capacity': 1,
      });
      const more = { name: 'H2', 'adapter-port-uri': '/api/adapters/fcp1/storage-ports/0' };
      const { status, body } = await of.caller.post('/api/partitions/part1/hbas', more);
      expect(status).toBe(201);
      expect((await of.caller.get(text(body['element-uri']))).body).toMatchObject({ 'device-number': '8001' });
      expect((await of.caller.post('/api/partitions/part1/hbas', { ...more, name: 'H3' })).status).toBe(409);
      expect(await of.caller.job('/api/partitions/part1/operations/start')).toMatchObject({ 'job-status-code': 204 });
      expect(of.san.isLoggedIn('c05076ffe5001111')).toBe(true);
    });
  });

  it('has numbered storage ports, room for vHBAs, processors and memory, though its file says none of it', async () => {
    const bare = small
      .replace(', allowed-capacity: 2, configured-capacity: 1', '')
      .replace('element-id: "0"', 'element-id: port0')
      .replace(', storage-customer: 8192, processor-count-ifl: 4', '');
    await withFile(bare, async (definition) => {
      const of = await bench({ definition });

      expect((await of.caller.get('/api/adapters/fcp1')).body).toMatchObject({
        'storage-port-uris': ['/api/adapters/fcp1/storage-ports/0'],
        'allowed-capacity': 64,
        'used-capacity': 0,
        'configured-capacity': 1,
      });
      const cpc = (await of.caller.get('/api/cpcs/cpc1')).body;
      expect(cpc).toMatchObject({ 'processor-count-ifl': 36, 'storage-customer': 2 << 20 });
    });
  });

  it.each([
    ['what is no YAML', 'hmc_definition: [', /machine\.yaml: /u],
    ['another kind of file', 'name: x', /neither a zhmcclient mock definition nor a DPM export/u],
    [
      'a missing property map',
      'hmc_definition: { host: h, api_version: "2.2", consoles: [], cpcs: [{}] }',
      /properties/u,
    ],
    ['a missing host', 'hmc_definition: { api_version: "2.2", consoles: [] }', /host/u],
    ['no CPC', 'hmc_definition: { host: h, api_version: "2.2", consoles: [] }', /no CPC/u],
    [
      'two objects of one id',
      'hmc_definition: { host: h, api_version: "2.2", consoles: [], cpcs: [{properties: {object-id: a}}, {properties: {object-id: a}}] }',
      /two resources at \/api\/cpcs\/a/u,
    ],
  ])('is refused with a reason: %s', async (_, content, reason) => {
    await withFile(content, async (definition) => {
      await expect(bench({ definition })).rejects.toThrow(reason);
    });
  });

  it.skipIf(!existsSync(samples)).each([
    ['mocked_hmc_z14.yaml', 14, 2, 2],
    ['mocked_hmc_z16.yaml', 16, 2, 2],
    ['mocked_hmc_z17.yaml', 17, 2, 2],
    ['example_mocked_z16_dpm.yaml', 16, 1, 1],
  ])('of zhmcclient itself loads: %s', async (file, level, cpcs, partitions) => {
    const of = await bench({ definition: sample(file) });

    const found = await readAll(of);

    expect((await of.caller.get('/api/version')).body['hmc-version']).toMatch(`2.${level}`);
    expect(found.cpcs).toHaveLength(cpcs);
    expect(found.partitions).toHaveLength(partitions);
    expect(found.partitions![0]).toMatchObject({ name: 'PART1', 'object-id': 'part1', type: 'linux' });
    expect(found.adapters!.map(({ 'object-id': id }) => id)).toContain('osa1');
    expect(found.elements!.length).toBeGreaterThan(2);
    const classic = found.cpcs!.find((cpc) => cpc['dpm-enabled'] === false);
    if (classic === undefined) return;
    const lpars = await of.caller.get(`${text(classic['object-uri'])}/logical-partitions`);
    expect(lpars.body['logical-partitions']).toHaveLength(3);
  });
});

describe('a DPM export', () => {
  it.skipIf(!existsSync(samples)).each([
    ['dpm-export-1p-1sg.json', '2.17.0', 100, 1],
    ['dpm-export-1p-crypto-net.json', '2.16.0', 110, 1],
    ['dpm-export-1-ctc-p2p.json', '2.16.0', 110, 0],
    ['dpm-export-noconfig.json', '2.16.0', 110, 0],
  ])('of a real machine loads whole: %s', async (file, version, adapters, partitions) => {
    const of = await bench({ definition: sample(file) });

    const found = await readAll(of);

    expect(found.cpcs).toMatchObject([{ 'se-version': version, 'dpm-enabled': true }]);
    expect(found.adapters).toHaveLength(adapters);
    expect(found.partitions).toHaveLength(partitions);
    expect(found.elements!.length).toBeGreaterThan(35);
    expect((await of.caller.get(`${of.cpc}/operations/list-features`)).status).toBe(200);
  });

  it.skipIf(!existsSync(samples))('keeps properties as the machine had them', async () => {
    const of = await bench({ definition: sample('dpm-export-1p-1sg.json') });

    const { partitions, adapters } = await readAll(of);

    expect(partitions![0]).toMatchObject({
      name: 'p1',
      'short-name': 'P1',
      'cpc-name': 'EXPORT',
      'boot-device': 'storage-volume',
    });
    expect(adapters!.find((adapter) => adapter['adapter-id'] === '150')).toMatchObject({
      'configured-capacity': 6,
      type: 'fc',
    });
    expect(of.hmc.cpcName).toBe('EXPORT');
  });
});
