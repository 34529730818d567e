import { describe, expect, test } from 'vitest';
import { holder, look, mark, name, noGroup, other, owner, scene, uri, w } from '../../test/support/partition-scene.ts';
import { noEvidence } from './index.ts';

test("an instance of which nothing was made yet is absent without a look at anybody's ports", async () => {
  const { partitions, requests } = scene({ record: {}, hidden: 'adapter' });

  await expect(partitions.look(owner, noEvidence, w)).resolves.toEqual({ kind: 'absent' });
  expect(requests()).toBe(1);
});

describe('a partition that has the name of an instance of which nothing was made', () => {
  const record = {};
  const asMade = { uri, name, description: mark, status: 'stopped' };
  const refused = [
    { ...asMade, status: 'active' },
    { ...asMade, description: '' },
    { ...asMade, description: 'shop', status: 'active' },
    { ...asMade, description: 'OpenStack CPCSubset=c2' },
  ];

  test('is the one whose creation had no answer while it has our mark and has not run', async () => {
    for (const there of [asMade, { ...asMade, status: 'reservation-error' }]) {
      const { partitions, kept } = scene({ there: [there], record });

      expect([...partitions.assign('c1', [there]).keys()]).toEqual([uri]);
      await expect(partitions.look(owner, noEvidence, w)).resolves.toMatchObject({ kind: 'ours', partition: { uri } });
      expect(kept.find(owner.instanceUuid)?.partitionUri).toBe(uri);
    }
  });

  test.each(refused)('is nobody of ours, and not recorded as such: $description, $status', async (there) => {
    const { partitions, kept } = scene({ there: [there], record });

    await expect(partitions.look(owner, noEvidence, w)).resolves.toEqual({ kind: 'absent' });
    expect(kept.find(owner.instanceUuid)?.partitionUri).toBeNull();
    expect(partitions.assign('c1', [there]).size).toBe(0);
  });

  test('is nobody of ours when it is recorded as that of another instance', async () => {
    const records = [{ instanceUuid: other, partitionUri: uri, wwpns: [], ...noGroup, isBegunHere: true }];

    await expect(look({ there: [asMade], record, records })).resolves.toEqual({ kind: 'absent' });
  });

  test('puts it in doubt while it runs with storage of the instance', async () => {
    const there = [{ ...asMade, status: 'active' }];

    await expect(look({ there, record, holders: [holder('/api/partitions/shop')] })).resolves.toEqual({
      kind: 'absent',
    });
    await expect(look({ there, record, holders: [holder(uri)] })).resolves.toMatchObject({
      kind: 'in-doubt',
      candidates: [{ uri }],
    });
  });
});
