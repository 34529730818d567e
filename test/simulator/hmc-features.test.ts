import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { hmcOperations, type Props } from '../../src/simulator/hmc/index.ts';
import { bench, type Bench, newPartition, text } from './hmc-support.ts';

const partitionLinks = [
  'List Partition Links',
  'Create Partition Link',
  'Get Partition Link Properties',
  'Modify Partition Link',
  'Delete Partition Link',
];

/**
 * The operations that a client may count on once a feature is announced. Sources: python-zhmcclient, docs/concepts.rst
 * ("Firmware features", "API features") and the version requirements of its methods; zhmccli `_cmd_nic.py` and
 * zhmc-ansible-modules `zhmc_nic.py` (network-express-support).
 */
const operationsOf: Readonly<Record<string, readonly string[]>> = {
  'dpm-storage-management': [
    'List Storage Groups',
    'Create Storage Group',
    'Get Storage Group Properties',
    'Modify Storage Group Properties',
    'Delete Storage Group',
    'Get Partitions for a Storage Group',
    'Request Storage Group Fulfillment',
    'Add Candidate Adapter Ports to an FCP Storage Group',
    'Remove Candidate Adapter Ports from an FCP Storage Group',
    'List Storage Volumes of a Storage Group',
    'Get Storage Volume Properties',
    'List Virtual Storage Resources of a Storage Group',
    'Get Virtual Storage Resource Properties',
    'Update Virtual Storage Resource Properties',
    'Attach Storage Group to Partition',
    'Detach Storage Group from Partition',
  ],
  'dpm-fcp-tape-management': ['List Tape Libraries', 'List Tape Links', 'Create Tape Link'],
  'dpm-smcd-partition-link-management': partitionLinks,
  'dpm-hipersockets-partition-link-management': partitionLinks,
  'dpm-ctc-partition-link-management': partitionLinks,
  'cpc-delete-retrieved-internal-code': ['CPC Delete Retrieved Internal Code'],
  'cpc-install-and-activate': ['CPC Install and Activate'],
  'create-delete-activation-profiles': ['Create Image Activation Profile', 'Delete Image Activation Profile'],
  'environmental-metrics': ['Get CPC Historical Sustainability Data'],
  'secure-boot-with-certificates': ['List Certificates', 'Import Certificate', 'Assign Certificate to Partition'],
  'report-a-problem': ['Report a Problem'],
  'switch-support-elements': ['Switch Support Elements'],
  'network-express-support': ['Create NIC', 'Update NIC Properties'],
};

const machines = ['z13', 'z14', 'z15', 'z16', 'z17'] as const;

/** Every feature that a machine announces, on whatever path a client reads it. */
async function announced(of: Bench): Promise<string[]> {
  const { caller, cpc } = of;
  const lists = await Promise.all(
    [`${cpc}/operations/list-features`, '/api/console/operations/list-features'].map((uri) => caller.get(uri)),
  );
  const api = lists.flatMap(({ status, body }) => (status === 200 ? (body as unknown as string[]) : []));
  const owners = [await caller.get(cpc), await caller.get(await newPartition(of))];
  const firmware = owners.flatMap(({ body }) => (body['available-features-list'] as Props[] | undefined) ?? []);
  return [...new Set([...api, ...firmware.map(({ name }) => text(name))])];
}

describe('features of the simulated HMC', () => {
  it.each(machines)('are announced on a %s only if all their operations are served', async (machine) => {
    const names = await announced(await bench({ machine }));

    for (const name of names) {
      expect(operationsOf, `an announced feature whose operations this test does not know`).toHaveProperty([name]);
      expect(hmcOperations, `feature ${name}`).toEqual(expect.arrayContaining([...(operationsOf[name] ?? [])]));
    }
    expect(names.includes('dpm-storage-management')).toBe(machine !== 'z13');
    expect(names.includes('network-express-support')).toBe(machine === 'z17');
    const hasLinks = machine === 'z16' || machine === 'z17';
    expect(names.includes('dpm-hipersockets-partition-link-management')).toBe(hasLinks);
  });

  it.each(machines)(
    'leave Create Hipersocket on a %s, beside partition links where they are announced',
    async (machine) => {
      // IBM WS API, Create Hipersocket, LO1M-LM1: with the feature, the operation should not be used, but it works.
      const { caller, cpc } = await bench({ machine });

      const made = await caller.post(`${cpc}/adapters`, { name: 'hs2' });

      expect(made.status).toBe(201);
      expect((await caller.get(text(made.body['object-uri']))).body).toMatchObject({
        name: 'hs2',
        type: 'hipersockets',
      });
      expect((await caller.delete(text(made.body['object-uri']))).status).toBe(204);
    },
  );

  it('of a DPM export are announced as far as they are served', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nova-dpm-'));
    try {
      const definition = join(folder, 'export.json');
      const content = {
        'se-version': '2.17.0',
        partitions: [],
        'available-features-list': [
          { name: 'dpm-storage-management', description: '', state: true },
          { name: 'dpm-fcp-tape-management', description: '', state: true },
        ],
        'available-api-features-list': ['secure-boot-with-certificates', 'network-express-support'],
      };
      await writeFile(definition, JSON.stringify(content));

      const { caller, cpc } = await bench({ definition });

      expect((await caller.get(`${cpc}/operations/list-features`)).body).toEqual(['network-express-support']);
      expect((await caller.get(cpc)).body['available-features-list']).toMatchObject([
        { name: 'dpm-storage-management', state: true },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('add properties to a list of permitted objects only with the feature that brings them', async () => {
    // IBM WS API, List Permitted Partitions, Z16M-A01; python-zhmcclient `_console.py`, list_permitted_adapters.
    const { caller } = await bench({ machine: 'z16' });

    const uri = (kind: string) => `/api/console/operations/list-permitted-${kind}?additional-properties=description`;
    expect(await caller.get(uri('adapters'))).toMatchObject({ status: 400, reason: 1 });
    expect((await caller.get(uri('partitions'))).status).toBe(200);
  });
});
