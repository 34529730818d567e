import { describe, expect, test } from 'vitest';
import { ConflictError } from '../../base/index.ts';
import { HmcHttpError } from '../../hmc-client/index.ts';
import { contextFor, fakeDeps, undoStep } from '../../../test/support/step.ts';
import type { PreparedInput } from '../inputs.ts';
import { createPartition, requireNewPartition } from './create-partition.ts';

const owner = { host: 'compute1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
const name = `OpenStack-compute1-${owner.instanceUuid}`;
const description = 'OpenStack CPCSubset=compute1';
const input: PreparedInput = {
  owner,
  partition: { name, description, iflProcessors: 2, memoryMib: 4096, boot: {} },
  volumes: [],
  storageGroup: null,
};
const nameTaken = new HmcHttpError('create partition', {
  status: 400,
  reason: 8,
  method: 'POST',
  uri: '/api/cpcs/1/partitions',
  hmcMessage: '',
});

interface There {
  readonly description: string;
  readonly status: string;
}

/** A CPC on which a partition of our name is, or is not. */
function cpc({ there, refusal }: { there?: There; refusal?: Error } = {}) {
  const asked: string[] = [];
  const created: unknown[] = [];
  const partitions = {
    create: async (_cpc: string, properties: unknown) => {
      if (refusal !== undefined) throw refusal;
      created.push(properties);
      return '/api/partitions/new';
    },
    findByName: async () => (there === undefined ? undefined : { uri: '/api/partitions/there', name }),
    get: async () => there,
  };
  const lifecycle = { ensureDeleted: async ({ uri }: { uri: string }) => void asked.push(`delete ${uri}`) };
  return { deps: fakeDeps({ hmc: { partitions }, lifecycle }), asked, created };
}

describe('create-partition', () => {
  test('makes a partition of shared IFLs whose memory is all there from the start', async () => {
    const { deps, created } = cpc();

    await expect(createPartition.run(contextFor({ input }, deps))).resolves.toEqual({
      uri: '/api/partitions/new',
      name,
      isOurs: true,
    });
    expect(created).toEqual([
      {
        name,
        description,
        type: 'linux',
        iflProcessors: 2,
        processorMode: 'shared',
        initialMemory: 4096,
        maximumMemory: 4096,
      },
    ]);
  });

  test('that finds its name taken ends the flow, and its undo leaves the other partition alone', async () => {
    const { deps, asked } = cpc({ refusal: nameTaken, there: { description, status: 'active' } });

    const output = await createPartition.run(contextFor({ input }, deps));

    expect(output).toEqual({ uri: '/api/partitions/there', name, isOurs: false });
    expect(() => requireNewPartition.run(contextFor({ input, 'create-partition': output }, deps))).toThrow(
      ConflictError,
    );
    await undoStep(createPartition, { input }, deps, { kind: 'done', output });
    expect(asked).toEqual([]);
    expect(createPartition.leaves({ input }, { kind: 'done', output })).toEqual([]);
  });

  test('passes on a refusal of something that nobody sees', async () => {
    await expect(createPartition.run(contextFor({ input }, cpc({ refusal: nameTaken }).deps))).rejects.toBe(nameTaken);
  });

  test('deletes in its undo what it made', async () => {
    const { deps, asked } = cpc();
    const output = { uri: '/api/partitions/new', name, isOurs: true };

    await undoStep(createPartition, { input }, deps, { kind: 'done', output });

    expect(asked).toEqual(['delete /api/partitions/new']);
    expect(createPartition.leaves({ input }, { kind: 'done', output })).toEqual([
      `partition "${name}" (/api/partitions/new)`,
    ]);
  });
});

describe('create-partition, when nobody knows whether it was made', () => {
  const undo = async (there?: There) => {
    const { deps, asked } = cpc(there === undefined ? {} : { there });
    await undoStep(createPartition, { input }, deps, { kind: 'unconfirmed' });
    return asked;
  };

  test('has nothing to undo where there is none', async () => {
    await expect(undo()).resolves.toEqual([]);
  });

  test.each(['stopped', 'reservation-error'])('deletes one with our mark that is %s', async (status) => {
    await expect(undo({ description, status })).resolves.toEqual(['delete /api/partitions/there']);
  });

  test.each([
    ['runs, which ours cannot yet', { description, status: 'active' }],
    ['has not our mark', { description: 'by hand', status: 'stopped' }],
    ['has the mark of another host', { description: 'OpenStack CPCSubset=compute10', status: 'stopped' }],
  ])('does not touch one that %s, and says so', async (_what, there) => {
    await expect(undo(there)).rejects.toThrow(ConflictError);
    await expect(undo(there)).rejects.toThrow(/is not what this flow could have made/);
  });

  test('names it with a doubt', () => {
    expect(createPartition.leaves({ input }, { kind: 'unconfirmed' })).toEqual([
      `partition "${name}" (if it came to exist)`,
    ]);
  });
});
