import { expect, test } from 'vitest';
import { neverAborted } from '../base/index.ts';
import { HmcHttpError } from '../hmc-client/index.ts';
import type { HmcSession } from '../hmc-client/index.ts';
import { findOwnPartition } from './own-partition.ts';

const owner = { host: 'c1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
const name = `OpenStack-c1-${owner.instanceUuid}`;
const found = { uri: '/api/partitions/p', name, status: 'stopped' };
const gone = () => {
  const where = { method: 'GET', uri: found.uri, hmcMessage: 'not found' };
  return Promise.reject(new HmcHttpError('get partition', { status: 404, reason: 1, ...where }));
};

/** An HMC that lists the partition as often as said, and shows it like this. */
async function find(listed: number, get: () => Promise<{ description: string }>) {
  let left = listed;
  const findByName = () => {
    left -= 1;
    return Promise.resolve(left >= 0 ? found : undefined);
  };
  const hmc = { partitions: { findByName, get } } as unknown as HmcSession; // the two operations that are needed
  return await findOwnPartition(hmc, '/api/cpcs/c', owner, { signal: neverAborted() });
}

test('a partition is ours by name and mark together', async () => {
  await expect(find(1, () => Promise.resolve({ description: 'OpenStack CPCSubset=c1' }))).resolves.toBe(found);
  for (const description of ['', 'payroll', 'OpenStack CPCSubset=c10', 'OpenStack CPCSubset=C1']) {
    await expect(find(1, () => Promise.resolve({ description }))).resolves.toBeUndefined();
  }
});

test('a partition that goes while it is looked at is not there', async () => {
  await expect(find(0, gone)).resolves.toBeUndefined();
  await expect(find(1, gone)).resolves.toBeUndefined();
});

test('of a partition that is listed and cannot be read, nothing is decided', async () => {
  await expect(find(2, gone)).rejects.toMatchObject({ status: 404 });
});
