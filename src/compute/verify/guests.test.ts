import { expect, test } from 'vitest';
import type { Attachment } from '../../cinder-client/index.ts';
import { findParked } from './guests.ts';

const instanceUuid = '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6';
const own = 'c05076d3a1005b20';
const other = 'c05076d3a1005b44';
const parked = {
  ...{ name: 'OpenStack-compute1-1', uri: '/api/partitions/1', status: 'stopped', isAtRest: true },
  ...{ instanceUuid, wwpns: new Set([own]) },
};

/** @param initiators - null: the volume is only reserved */
function attachment(initiators: readonly string[] | null, of = instanceUuid): Attachment {
  const map = Object.fromEntries((initiators ?? []).map((wwpn) => [wwpn.toUpperCase(), ['500507680b21ac01']]));
  return {
    ...{ id: 'a1', volumeId: 'v1', instanceUuid: of, status: 'attached', mode: 'rw' },
    connectionInfo:
      initiators === null ? undefined : { driver_volume_type: 'fibre_channel', data: { initiator_target_map: map } },
  };
}

test.each([
  ['without an attachment', [], 'delete it'],
  ['with an attachment to its ports', [attachment([own])], undefined],
  ['with an attachment of another instance to its ports', [attachment([own], 'other')], undefined],
  ['with an attachment to the ports of another host', [attachment([other])], 'delete it'],
  ['with an attachment that names no ports', [attachment([])], undefined],
  ['with a reserved volume', [attachment([other]), attachment(null)], undefined],
] as const)('a parked partition %s', (_what, everyAttachment, repair) => {
  expect(findParked({ parked: [parked], owned: [], everyAttachment })[0]?.repair).toBe(repair);
});

test('a parked partition whose ports are unknown is kept while its instance has an attachment', () => {
  const unknown = { ...parked, wwpns: undefined };
  expect(findParked({ parked: [unknown], owned: [], everyAttachment: [attachment([other])] })).toEqual([]);
});
