import { expect, test } from 'vitest';
import type { StorageVolume } from '../../hmc-client/index.ts';
import { findSpares, identify } from './identity.ts';

const [a, b] = ['0a014d21-6baf-40c8-8e9a-51656742207b', '1b014d21-6baf-40c8-8e9a-51656742207b'] as const;

function volume(
  uri: string,
  name: string,
  lun?: string,
  fulfillmentState = lun === undefined ? 'pending' : 'complete',
) {
  const uuid = lun === undefined ? {} : { uuid: lun };
  return { uri, name, sizeGib: 8, usage: 'data', fulfillmentState, paths: [], ...uuid } as unknown as StorageVolume; // what is looked at
}

const spares = (...volumes: readonly StorageVolume[]) => findSpares(volumes).map(({ uri }) => uri);

test.each([
  ['the one without a LUN goes, wherever it stands', [volume('1', a), volume('2', a, 'L1')], ['1']],
  ['of several without a LUN one stays', [volume('1', a), volume('2', a), volume('3', a)], ['2', '3']],
  ['one that DPM was told about stays', [volume('1', a), volume('2', a, undefined, 'complete')], ['1']],
  ['one whose LUN is away at the moment stays', [volume('1', a), volume('2', a, 'L1', 'incomplete')], ['1']],
  ['two with a LUN each both stay', [volume('1', a, 'L1'), volume('2', a, 'L2')], []],
  ['different volumes stay', [volume('1', a), volume('2', b)], []],
  ['what a person has named stays, twice or not', [volume('1', 'swap'), volume('2', 'swap', 'L1')], []],
])('of storage volumes with one name: %s', (_what, volumes, gone) => {
  expect(spares(...volumes)).toEqual(gone);
});

test('one that was made twice is deleted, and keeps no name from where it belongs when DPM has mixed up the LUNs', () => {
  const volumes = [volume('1', a, 'LB'), volume('2', a), volume('3', b)];
  const want = { volumeId: b, isBoot: false, sizeGib: 8, naa: 'LB', storageVolumeUri: null, paths: [] };

  const { changes } = identify(volumes, [want], new Map());

  expect(changes).toEqual([
    { operation: 'delete', uri: '2' },
    { operation: 'modify', uri: '1', name: b, usage: 'data' },
    { operation: 'modify', uri: '3', name: a, usage: 'data' },
  ]);
});
