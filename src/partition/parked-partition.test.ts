import { describe, expect, test } from 'vitest';
import { look, mark, name, owner, recorded, scene, uri, w } from '../../test/support/partition-scene.ts';
import { noEvidence } from './index.ts';

describe('a parked partition', () => {
  const marked = { uri, name, description: `${mark} parked`, status: 'stopped' };
  const isParked = { kind: 'ours', partition: { uri, name, status: 'stopped', isParked: true } };

  test('is told by its record, also before the HMC has the mark', async () => {
    const there = [{ ...marked, description: mark }];

    expect(await look({ there, record: { ...recorded, isParked: true } })).toEqual(isParked);
  });

  test('is told by its description when no record is left, and recorded', async () => {
    const { partitions, kept } = scene({ there: [marked] });

    expect(await partitions.look(owner, noEvidence, w)).toEqual(isParked);
    expect(kept.find(owner.instanceUuid)).toMatchObject({ partitionUri: uri, isParked: true });
  });

  test.each([`${mark} parked: keep`, `${mark} was parked`, 'parked'])(
    'is not one that a person has described as "%s"',
    async (description) => {
      expect(await look({ there: [{ ...marked, description }], record: recorded })).toEqual({
        kind: 'ours',
        partition: { uri, name, status: 'stopped' },
      });
    },
  );

  test('is nobody’s guest', async () => {
    const { partitions } = scene({ there: [marked], record: { ...recorded, isParked: true } });

    await expect(partitions.require(owner, noEvidence, w)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is assigned as parked, and not looked for when it is not in the list', async () => {
    const { partitions, requests } = scene({ record: { ...recorded, isParked: true } });

    expect(await partitions.assignAll('c1', [], w)).toEqual(new Map());
    expect(requests()).toBe(0);
    expect(partitions.assign('c1', [{ uri, name }]).get(uri)).toMatchObject({ isParked: true });
  });

  test('is a partition like any other once a spawn has taken it over', async () => {
    const { partitions } = scene({
      there: [{ ...marked, description: mark }],
      record: { ...recorded, isParked: true },
    });

    expect(partitions.isConnected(owner)).toBe(true);
    partitions.recordTakeOver(owner);
    expect(partitions.isConnected(owner), 'the volumes of the new spawn').toBe(false);

    const found = await partitions.look(owner, noEvidence, w);
    expect(found).toEqual({ kind: 'ours', partition: { uri, name, status: 'stopped' } });
  });
});
