import { expect, test } from 'vitest';
import { MemoryPartitionRecords } from './records.ts';
import type { PartitionRecord } from './records.ts';

const record = (instanceUuid: string, partitionUri: string | null): PartitionRecord => ({
  instanceUuid,
  partitionUri,
  wwpns: [],
  storageGroupUri: null,
  preparedGroupUri: null,
  bootVolume: null,
  isConnected: true,
  isBegunHere: true,
});

test('records in memory do not grow with every instance that was deleted, and keep all that may be there', () => {
  const records = new MemoryPartitionRecords();
  for (let n = 0; n < 1500; n += 1) records.put(record(`live-${n}`, `/api/partitions/${n}`));
  for (let n = 0; n < 5000; n += 1) {
    records.put(record(`deleted-${n}`, '/api/partitions/x'));
    records.put(record(`deleted-${n}`, null)); // nothing of it is left
  }

  expect(records.list()).toHaveLength(2500);
  expect(records.find('live-0')).toBeDefined();
  expect(records.find('deleted-3999')).toBeUndefined();
  expect(records.find('deleted-4000')).toBeDefined();
});
