import { describe, expect, test } from 'vitest';
import { look, mark, name, other, owner, recorded, scene, uri, w } from '../../test/support/partition-scene.ts';
import type { Wwpn } from '../base/index.ts';
import { noEvidence } from './index.ts';

describe('a recorded partition', () => {
  test.each([
    { name, description: mark },
    { name, description: '' },
    { name, description: 'shop' },
    { name: 'shop', description: mark },
    { name: 'shop', description: 'shop' },
    { name: `OpenStack-c1-${other}`, description: '' },
  ])('is ours by one request, whatever a person has made of its name and description: %j', async (changed) => {
    const { partitions, requests } = scene({ there: [{ uri, ...changed }], record: recorded });

    await expect(partitions.look(owner, noEvidence, w)).resolves.toEqual({
      kind: 'ours',
      partition: { uri, name: changed.name, status: 'active' },
    });
    expect(requests()).toBe(1);
  });

  test('is in doubt with the mark of another host', async () => {
    const there = [{ uri, name, description: 'OpenStack CPCSubset=c10' }];

    await expect(look({ there, record: recorded })).resolves.toMatchObject({ kind: 'in-doubt', recorded: { uri } });
  });

  test('is in doubt while it is listed and cannot be read', async () => {
    const there = [{ uri, name, description: mark, isDenied: true }];

    await expect(look({ there, record: recorded })).resolves.toMatchObject({ kind: 'in-doubt', candidates: [{ uri }] });
  });

  test('that was restored as another object is found by its name, and recorded anew', async () => {
    const { partitions, kept } = scene({
      there: [{ uri: '/api/partitions/q', name, description: '' }],
      record: recorded,
    });

    await expect(partitions.look(owner, noEvidence, w)).resolves.toMatchObject({ kind: 'ours' });
    expect(kept.find(owner.instanceUuid)?.partitionUri).toBe('/api/partitions/q');
  });

  test('that is neither seen nor listed is absent only where no hidden partition uses the adapters', async () => {
    await expect(look({ record: recorded })).resolves.toEqual({ kind: 'absent' });
    await expect(look({ record: recorded, hidden: 'adapter "FCP" has 1 connection in use' })).resolves.toMatchObject({
      kind: 'in-doubt',
      candidates: [{ uri }],
      why: expect.stringContaining('adapter "FCP"') as string,
    });
  });
});

test('doubt is a conflict that names the partition, what to look at, and that nothing was changed', async () => {
  const there = [{ uri, name, description: 'OpenStack CPCSubset=c2' }];

  await expect(scene({ there, record: recorded }).partitions.decide(owner, noEvidence, w)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(
      new RegExp(`"${name}" \\(${uri}\\).*CPCSubset=c2.*put "${mark}".*Nothing was changed`),
    ) as string,
  });
});

test('storage is taken away only behind a partition that rests', async () => {
  const at = (status: string) =>
    scene({ there: [{ uri, name, description: mark, status }], record: recorded }).partitions;

  for (const status of ['stopped', 'reservation-error'])
    await expect(at(status).requireAtRest(owner, noEvidence, w)).resolves.toMatchObject({ kind: 'ours' });
  for (const status of ['active', 'degraded', 'paused', 'terminated', 'starting', 'stopping', 'status-check'])
    await expect(at(status).requireAtRest(owner, noEvidence, w)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a list goes by the same rule as a look', () => {
  const { partitions } = scene({ record: recorded });
  const listed = [
    { uri, name: 'shop', description: 'shop' },
    { uri: '/api/partitions/python', name: `OpenStack-c1-${other}`, description: '' },
    { uri: '/api/partitions/twin', name, description: mark },
    { uri: '/api/partitions/theirs', name: `OpenStack-c1-${other.replaceAll('9', '8')}`, description: 'CPCSubset=c2' },
  ];

  expect([...partitions.assign('c1', listed)].map(([at, { instanceUuid }]) => [at, instanceUuid])).toEqual([
    [uri, owner.instanceUuid],
    ['/api/partitions/python', other],
  ]);
});

test('the ports of an instance are known by its record', () => {
  const wwpn = 'c05076ffe8000001' as Wwpn;
  const { partitions, kept } = scene({ record: { ...recorded, wwpns: [wwpn] } });

  expect(partitions.instanceWithPort([wwpn])).toBe(owner.instanceUuid);
  expect(partitions.instanceWithPort(['c05076ffe8000002' as Wwpn])).toBeUndefined();

  // Another instance owns the port now, but a mask of our volume for this port is still a leftover of ours.
  partitions.recordAllDeleted(owner);
  expect(partitions.instanceWithPort([wwpn])).toBeUndefined();
  expect(kept.find(owner.instanceUuid)?.wwpns).toEqual([wwpn]);
  partitions.begin(owner);
  expect(kept.find(owner.instanceUuid)?.wwpns).toEqual([]);
});

test('what an instance boots from is known by its record, until nothing is left of it', () => {
  const bootVolume = { volumeId: 'v1', paths: [] };
  const { partitions } = scene({ record: recorded });

  partitions.recordConnected(owner, bootVolume);
  expect(partitions.isConnected(owner)).toBe(true);
  expect(partitions.bootVolume(owner)).toEqual(bootVolume);
  expect(partitions.hasRecordedPartition(owner)).toBe(true);

  partitions.recordAllDeleted(owner);
  expect(partitions.bootVolume(owner)).toBeUndefined();
  expect(partitions.isConnected(owner)).toBe(false);
  expect(partitions.hasRecordedPartition(owner)).toBe(false);
});
