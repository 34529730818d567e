import { expect, test } from 'vitest';
import { neverAborted, parseWwpn, silentLogger } from '../../base/index.ts';
import type { HmcSession } from '../../hmc-client/index.ts';
import { MemoryPartitionRecords } from '../records.ts';
import { GroupDirectory } from './directory.ts';
import type { FinderParts } from './finder.ts';
import { GroupVolumes } from './volumes.ts';

const w = { signal: neverAborted() };
const owner = { host: 'c1', instanceUuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
const uri = '/api/storage-groups/g';
const wwpn = parseWwpn('c05076ffe8000001')!;
const initiator = { wwpn, deviceNumber: '8001', elementUri: null, adapterPortUri: null };
const path = { initiatorWwpn: wwpn, targetWwpn: wwpn, lun: '0000000000000000', deviceNumber: '8001' };
const boot = { volumeId: 'boot', sizeGib: 1, isBoot: true, paths: [path], pathReason: '', storageVolumeUri: null };

test('a group that a retried spawn takes over does not count as just fulfilled', async () => {
  const hmc = {
    partitions: { attachStorageGroup: async () => undefined },
    storageVolumes: { fulfillFcp: async () => undefined },
  } as unknown as HmcSession; // the operations that are needed
  const checker = { firstReachable: async () => ({ found: { path, adapterPortUri: '/api/p' }, failed: [] }) };
  const directory = new GroupDirectory(hmc, '/api/cpcs/c', new MemoryPartitionRecords());
  const volumes = new GroupVolumes({ hmc, directory, checker, log: silentLogger } as unknown as FinderParts);
  const target = { ...owner, partition: { uri: '/api/partitions/p', name: 'p' }, initiators: [initiator] };

  directory.remember(owner, uri, new Map([['boot', `${uri}/storage-volumes/1`]]));
  await volumes.expose(target, [boot] as never, w);
  expect(await volumes.hasJustSentLuns(owner, w)).toBe(true);
  directory.remember(owner, uri);

  expect(await volumes.hasJustSentLuns(owner, w)).toBe(false);
});
