/* The simulated HMC refuses hostile requests without a failure or a change. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hmcOperations } from '../../src/simulator/hmc/index.ts';
import { bench, newHba, newPartition, smallPartition } from './hmc-support.ts';

const fields = [
  ...Object.keys(smallPartition),
  'constructor',
  'toString',
  '__proto__',
  'storage-volumes',
  'requests',
  'adapter-port-uri',
  'type',
];

describe('the simulated HMC under hostile requests', () => {
  it('never fails by itself, and never changes anything for what it refuses', async () => {
    const old = await bench({ machine: 'z13' });
    const recent = await bench({ machine: 'z16' });
    for (const of of [old, recent]) {
      const partition = await newPartition(of);
      if (of === old) await newHba(of, partition);
      const paths = [
        '/api/sessions',
        of.cpc,
        `${of.cpc}/partitions`,
        partition,
        `${partition}/hbas`,
        `${partition}/nics`,
        `${partition}/operations/attach-storage-group`,
        '/api/storage-groups',
        '/api/services/aggregation/submit',
        '/api/services/inventory',
        `${of.cpc}/operations/validate-lun-path`,
      ];
      const bodies = fc.dictionary(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 });
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...paths),
          fc.oneof(bodies, fc.jsonValue({ maxDepth: 1 })),
          async (path, body) => {
            const before = of.hmc.snapshot();
            const { status } = await of.caller.send('POST', path, JSON.stringify(body));

            expect(status).toBeLessThan(500);
            if (status >= 400) expect(of.hmc.snapshot()).toEqual(before);
          },
        ),
        { numRuns: 300 },
      );
    }
  });

  it('answers strange paths and queries without failing', async () => {
    const of = await bench({ machine: 'z16' });
    const part = fc.string({
      unit: fc.constantFrom('/', '%', '%2f', '..', ':', 'api', 'cpcs', '?', '#', 'é', '\\', '[', '('),
    });

    await fc.assert(
      fc.asyncProperty(part, part, async (path, query) => {
        const { status } = await of.caller.get(`/api/cpcs${encodeURI(path)}?name=${encodeURIComponent(query)}`);

        expect(status).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
  });

  it('knows each operation by one name', () => {
    expect(new Set(hmcOperations).size).toBe(hmcOperations.length);
    expect(hmcOperations).toEqual(
      expect.arrayContaining(['Logon', 'Create HBA', 'Start Partition', 'Submit Requests']),
    );
  });
});
