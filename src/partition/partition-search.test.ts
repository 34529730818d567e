import { describe, expect, test } from 'vitest';
import {
  holder,
  look,
  mark,
  name,
  noGroup,
  none,
  other,
  owner,
  scene,
  uri,
  w,
} from '../../test/support/partition-scene.ts';
import { noEvidence } from './index.ts';
import type { PortHolder } from './storage.ts';

describe('without a record', () => {
  test.each(['', 'shop', mark, `shop (${mark})`])(
    'a partition of our name is ours with description %j',
    async (text) => {
      const { partitions, kept } = scene({ there: [{ uri, name, description: text }] });

      await expect(partitions.look(owner, noEvidence, w)).resolves.toMatchObject({ kind: 'ours', partition: { uri } });
      expect(kept.find(owner.instanceUuid)?.partitionUri).toBe(uri);
    },
  );

  test('one of our name with the mark of another host is in doubt', async () => {
    const there = [{ uri, name, description: 'OpenStack CPCSubset=c2' }];

    await expect(look({ there })).resolves.toMatchObject({ kind: 'in-doubt', candidates: [{ name, uri }] });
  });

  test('one of our name that is recorded as that of another instance is in doubt', async () => {
    const records = [{ instanceUuid: other, partitionUri: uri, wwpns: [], ...noGroup, isBegunHere: true }];

    await expect(look({ there: [{ uri, name, description: mark }], records })).resolves.toMatchObject({
      kind: 'in-doubt',
    });
  });

  test('one that has its ports is ours with our mark, or without a mark when it boots from them', async () => {
    const marked = { uri, name: 'shop', description: mark };
    const plain = { uri, name: 'shop', description: '', bootStorageVolume: '/api/groups/g/storage-volumes/v' };

    await expect(look({ there: [marked], holders: [holder(uri, [])] })).resolves.toMatchObject({ kind: 'ours' });
    await expect(look({ there: [plain], holders: [holder(uri)] })).resolves.toMatchObject({ kind: 'ours' });
  });

  test('one that has its ports is in doubt with the mark of another host, when it boots from elsewhere, or hidden', async () => {
    const marked = { uri, name: 'shop', description: 'CPCSubset=c2' };
    const plain = { uri, name: 'shop', description: '' };

    for (const there of [[marked], [{ ...plain, isHidden: true }]])
      await expect(look({ there, holders: [holder(uri)] })).resolves.toMatchObject({ kind: 'in-doubt' });
    for (const bootStorageVolume of ['/api/groups/other/storage-volumes/v', '/api/groups/g2/storage-volumes/v'])
      await expect(look({ there: [{ ...plain, bootStorageVolume }], holders: [holder(uri)] })).resolves.toMatchObject({
        kind: 'in-doubt',
      });
    await expect(look({ there: [{ ...plain, status: 'stopped' }], holders: [holder(uri)] })).resolves.toEqual({
      kind: 'absent',
    });
  });

  test("a partition of another instance that was given one of its ports later is nobody else's", async () => {
    const there = [{ uri, name: `OpenStack-c1-${other}`, description: mark }];

    await expect(look({ there, holders: [holder(uri)] })).resolves.toEqual({ kind: 'absent' });
  });

  test.each([
    { what: 'by its name', there: { uri, name: `OpenStack-c1-${other}`, description: mark } },
    { what: 'by its record', there: { uri, name: 'shop', description: mark }, recorded: other },
  ])('a running partition of another instance ($what) that has its storage group is in doubt', async (row) => {
    const nothing = { partitionUri: uri, wwpns: [], ...noGroup, isBegunHere: true };
    const records = row.recorded === undefined ? [] : [{ instanceUuid: row.recorded, ...nothing }];
    const holders: PortHolder[] = [{ ...holder(uri), holds: 'group', how: 'has the storage group "g"' }];

    await expect(look({ there: [row.there], records, holders })).resolves.toMatchObject({
      kind: 'in-doubt',
      candidates: [{ uri }],
      why: expect.stringContaining('has the storage group "g", and is the partition of another server') as string,
    });
    const stopped = { ...row.there, status: 'stopped' };
    await expect(look({ there: [stopped], records, holders })).resolves.toEqual({ kind: 'absent' });
  });

  test('several partitions that have its ports are in doubt', async () => {
    const there = ['a', 'b'].map((each) => ({ uri: `/api/partitions/${each}`, name: each, description: mark }));

    await expect(look({ there, holders: there.map((each) => holder(each.uri)) })).resolves.toMatchObject({
      kind: 'in-doubt',
      candidates: [{ name: 'a' }, { name: 'b' }],
    });
  });
});

describe('a partition that has the prepared group which the server was given', () => {
  const record = { partitionUri: '/api/partitions/gone', preparedGroupUri: '/api/groups/g' };
  const boots = { bootStorageVolume: '/api/groups/g/storage-volumes/v' };
  const users = [holder(uri)];
  const plain = { uri, name: 'shop', description: '' };

  test.each([
    { what: 'hidden', there: { ...plain, isHidden: true } },
    { what: 'denied', there: { ...plain, isDenied: true } },
    { what: 'booted from it', there: { ...plain, ...boots } },
    { what: 'marked', there: { ...plain, description: mark } },
  ])('puts it in doubt: $what', async ({ there }) => {
    await expect(look({ there: [there], record, users, evidence: none })).resolves.toMatchObject({
      kind: 'in-doubt',
      candidates: [{ uri }],
    });
  });

  test.each([
    { what: 'another server by its name', there: { ...plain, name: `OpenStack-c1-${other}`, ...boots } },
    {
      what: 'another server by its name, and hidden',
      there: { ...plain, isHidden: true },
      seenAs: `OpenStack-c1-${other}`,
    },
    { what: 'another server by its record', there: { ...plain, ...boots }, recordedFor: other },
    { what: 'another host', there: { ...plain, description: 'CPCSubset=c2', ...boots } },
    { what: 'somebody who boots from elsewhere', there: plain },
    { what: 'nobody, while it is stopped', there: { ...plain, ...boots, status: 'stopped' } },
  ])('does not where it is that of $what', async ({ there, seenAs, recordedFor }) => {
    const records = [recordedFor ?? []].flat().map((instanceUuid) => ({
      ...{ instanceUuid, partitionUri: uri, wwpns: [], ...noGroup, isBegunHere: true },
    }));
    const named = users.map((user) => ({ ...user, ...(seenAs === undefined ? {} : { name: seenAs }) }));

    await expect(look({ there: [there], record, records, users: named, evidence: none })).resolves.toEqual({
      kind: 'absent',
    });
  });
});

describe('a running partition with our mark under a name that tells no server', () => {
  const there = [{ uri, name: 'shop', description: mark }];

  test('puts an instance in doubt that has no record, or volumes', async () => {
    const gone = { partitionUri: '/api/partitions/gone' };

    await expect(look({ there, evidence: none })).resolves.toMatchObject({ kind: 'in-doubt', candidates: [{ uri }] });
    await expect(look({ there, record: gone })).resolves.toMatchObject({ kind: 'in-doubt', candidates: [{ uri }] });
  });

  test("does not block one that has neither, nor any once it is stopped, unmarked, or recorded as somebody's", async () => {
    const gone = { partitionUri: '/api/partitions/gone' };
    const records = [{ instanceUuid: other, partitionUri: uri, wwpns: [], ...noGroup, isBegunHere: true }];

    for (const scenery of [
      { there, record: gone, evidence: none },
      { there, record: {} },
      { there: [{ uri, name: 'shop', description: mark, status: 'stopped' }] },
      { there: [{ uri, name: 'shop', description: 'shop' }] },
      { there, records },
    ])
      await expect(look(scenery)).resolves.toEqual({ kind: 'absent' });
  });
});
