import { HmcHttpError } from '../hmc-client/errors/index.ts';
import { describe, expect, test } from 'vitest';
import { neverAborted } from '../base/index.ts';
import type { Wwpn } from '../base/index.ts';
import type { HmcSession } from '../hmc-client/index.ts';
import { InstancePartitions, MemoryPartitionRecords, noEvidence } from './index.ts';
import type { Evidence, PartitionRecord } from './index.ts';
import type { PortHolder, PreparedGroups } from './storage.ts';

const owner = { host: 'c1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
const other = '99999999-9c7e-4b7e-8a63-d2c5bd2e3ec6';
const name = `OpenStack-c1-${owner.instanceUuid}`;
const w = { signal: neverAborted() };
const mark = 'OpenStack CPCSubset=c1';
const noGroup = { storageGroupUri: null, preparedGroupUri: null, isConnected: true, bootVolume: null };

interface There {
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  readonly status?: string;
  readonly bootStorageVolume?: string;
  /** Listed, and 404.1 when it is read. */
  readonly isDenied?: boolean;
  /** Neither listed nor shown. */
  readonly isHidden?: boolean;
}

interface Scene {
  readonly there?: readonly There[];
  readonly record?: Partial<PartitionRecord>;
  readonly records?: readonly PartitionRecord[];
  readonly holders?: readonly PortHolder[];
  /** Partitions that have the recorded prepared group. */
  readonly users?: readonly PortHolder[];
  readonly hidden?: string;
  readonly evidence?: Evidence;
}

/** An HMC with these partitions, and how often it was asked. */
function scene({ there = [], record, records = [], holders = [], users = [], hidden }: Scene) {
  let requests = 0;
  const seen = there.filter(({ isHidden }) => isHidden !== true);
  const complete = (partition: There) => ({ status: 'active', ...partition });
  const answer = <T>(value: T) => {
    requests += 1;
    return Promise.resolve(value);
  };
  const get = (uri: string) => {
    const found = seen.find((partition) => partition.uri === uri && partition.isDenied !== true);
    if (found !== undefined) return answer(complete(found));
    requests += 1;
    const where = { method: 'GET', uri, hmcMessage: 'not found' };
    return Promise.reject(new HmcHttpError('get partition', { status: 404, reason: 1, ...where }));
  };
  const hmc = {
    partitions: {
      get,
      list: () => answer(seen.map(complete)),
      listDetailed: () => answer(seen.filter(({ isDenied }) => isDenied !== true).map(complete)),
    },
  } as unknown as HmcSession; // the operations that are needed
  const kept = new MemoryPartitionRecords();
  const nothing = { instanceUuid: owner.instanceUuid, partitionUri: null, wwpns: [], ...noGroup };
  if (record !== undefined) kept.put({ ...nothing, isBegunHere: true, ...record });
  for (const each of records) kept.put(each);
  const preparedGroups = { holders: () => answer(users) } as unknown as PreparedGroups; // all that is asked for
  const storage = {
    model: 'hba' as const,
    holders: () => answer([holders]),
    hiddenUse: () => answer(hidden),
    preparedGroups,
  };
  return { partitions: new InstancePartitions(hmc, '/api/cpcs/c', kept, storage), kept, requests: () => requests };
}

async function look({ evidence = noEvidence, ...rest }: Scene) {
  return await scene(rest).partitions.look(owner, evidence, w);
}

const uri = '/api/partitions/p';
const recorded = { partitionUri: uri };
const none = { wwpns: [], hasVolumes: false };
const holder = (partitionUri: string, bootSources = ['/api/groups/g']): PortHolder => ({
  holds: 'port',
  partitionUri,
  bootSources,
  how: 'has a port',
});

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

  // Whoever gets the port next is somebody else, and a mask for it is still one that we have left.
  partitions.gone(owner);
  expect(partitions.instanceWithPort([wwpn])).toBeUndefined();
  expect(kept.find(owner.instanceUuid)?.wwpns).toEqual([wwpn]);
  partitions.begin(owner);
  expect(kept.find(owner.instanceUuid)?.wwpns).toEqual([]);
});

test('what an instance boots from is known by its record, until nothing is left of it', () => {
  const bootVolume = { volumeId: 'v1', paths: [] };
  const { partitions } = scene({ record: recorded });

  partitions.connected(owner, bootVolume);
  expect(partitions.isConnected(owner)).toBe(true);
  expect(partitions.bootVolume(owner)).toEqual(bootVolume);
  expect(partitions.isMade(owner)).toBe(true);

  partitions.gone(owner);
  expect(partitions.bootVolume(owner)).toBeUndefined();
  expect(partitions.isConnected(owner)).toBe(false);
  expect(partitions.isMade(owner)).toBe(false);
});

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
    partitions.takenOver(owner);
    expect(partitions.isConnected(owner), 'the volumes of the new spawn').toBe(false);

    const found = await partitions.look(owner, noEvidence, w);
    expect(found).toEqual({ kind: 'ours', partition: { uri, name, status: 'stopped' } });
  });
});
