import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { bench, Caller, otherUser } from './hmc-support.ts';

/** A z14 with one CPC in each mode, as a mock definition of zhmcclient. */
const bothModes = {
  hmc_definition: {
    host: 'hmc1',
    api_version: '2.40',
    consoles: [{ properties: { name: 'HMC1', version: '2.14.1' } }],
    cpcs: [
      {
        properties: { 'object-id': 'classic', name: 'CPCA', 'dpm-enabled': false, 'se-version': '2.14.1' },
        lpars: [
          { properties: { 'object-id': 'l1', name: 'LPAR1', status: 'operating', 'activation-mode': 'linux' } },
          { properties: { 'object-id': 'l2', name: 'LPAR2', status: 'not-activated', 'activation-mode': 'not-set' } },
        ],
      },
      { properties: { 'object-id': 'dpm', name: 'CPCB', 'dpm-enabled': true, 'se-version': '2.14.1' } },
    ],
  },
};

async function inBothModes(use: (caller: Caller) => Promise<void>, hidden: readonly string[] = []): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'nova-dpm-'));
  try {
    const definition = join(folder, 'hmc.yaml');
    await writeFile(definition, JSON.stringify(bothModes));
    const { caller } = await bench({ definition, users: [{ ...otherUser, hidden }] });
    await use(caller);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const lparsUri = '/api/console/operations/list-permitted-logical-partitions';

describe('the console of the simulated HMC', () => {
  it('answers Query API Version with the fields of its level', async () => {
    // IBM WS API, Query API Version, 3932-LA2.
    const { hmc, clock } = await bench({ machine: 'z16' });

    expect((await new Caller(hmc.url).get('/api/version')).body).toEqual({
      'api-major-version': 4,
      'api-minor-version': 10,
      'hmc-version': '2.16.0',
      'hmc-name': 'HMCZ16',
      'hmc-time': clock.now(),
      'classification-text': null,
      vendor: 'ibm',
    });
  });

  it('has the properties that python-zhmcclient reads', async () => {
    const { caller } = await bench({ machine: 'z14' });

    expect((await caller.get('/api/console')).body).toMatchObject({
      class: 'console',
      parent: null,
      'object-uri': '/api/console',
      name: 'HMCZ14',
      description: '',
      version: '2.14.1',
      'is-locked': false,
      'is-auto-switch-enabled': false,
      'paired-role': '',
      'network-info': { 'this-hmc': [{ 'hmc-name': 'HMCZ14' }], 'paired-hmc': null },
    });
  });

  it('lists the logical partitions that the user may see, of CPCs in classic mode', async () => {
    // IBM WS API, List Permitted Logical Partitions, 3932-AGL.
    await inBothModes(async (caller) => {
      expect((await caller.get(`${lparsUri}?name=LPAR1&activation-mode=linux&cpc-name=CPC.`)).body).toEqual({
        'logical-partitions': [
          {
            name: 'LPAR1',
            'object-uri': '/api/logical-partitions/l1',
            'activation-mode': 'linux',
            status: 'operating',
            'has-unacceptable-status': false,
            'cpc-name': 'CPCA',
            'cpc-object-uri': '/api/cpcs/classic',
            'se-version': '2.14.1',
          },
        ],
      });
      expect((await caller.get(`${lparsUri}?has-unacceptable-status=true`)).body['logical-partitions']).toMatchObject([
        { name: 'LPAR2' },
      ]);
      expect(await caller.get(`${lparsUri}?type=linux`)).toMatchObject({ status: 400, reason: 1 });
    });
    await inBothModes(
      async (caller) => {
        expect((await caller.get(lparsUri)).body['logical-partitions']).toMatchObject([{ name: 'LPAR2' }]);
      },
      ['LPAR1'],
    );
  });

  it('does not know List Permitted Logical Partitions on a z13', async () => {
    const { caller } = await bench({ machine: 'z13' });

    expect(await caller.get(lparsUri)).toMatchObject({ status: 404, reason: 1 });
  });

  it('takes true and false for cached-acceptable, of CPCs and logical partitions', async () => {
    await inBothModes(async (caller) => {
      for (const uri of ['/api/cpcs/dpm', '/api/logical-partitions/l1']) {
        expect((await caller.get(`${uri}?cached-acceptable=true`)).status).toBe(200);
        expect(await caller.get(`${uri}?cached-acceptable=maybe`)).toMatchObject({ status: 400, reason: 14 });
      }
    });
  });

  it('takes no query parameters for a storage control unit', async () => {
    // python-zhmcclient mock/_urihandler.py: `properties` is for the console, CPCs, partitions and logical partitions.
    const { caller, hmc } = await bench({ machine: 'z16' });
    const uri = hmc.model.all('storage-control-unit')[0]!.uri;

    expect((await caller.get(uri)).status).toBe(200);
    expect(await caller.get(`${uri}?properties=name`)).toMatchObject({ status: 400, reason: 1 });
  });
});
