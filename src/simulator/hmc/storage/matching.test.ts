import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { matchVolumes, type FoundLun, type RequestedVolume } from './matching.ts';

const lun = (uuid: string, sizeGib: number): FoundLun => ({
  uuid,
  sizeGib,
  addresses: [{ targetWwpn: 't', lun: uuid }],
});
const volume = (uri: string, sizeGib: number, more: Partial<RequestedVolume> = {}): RequestedVolume => ({
  uri,
  sizeGib,
  uuid: undefined,
  told: undefined,
  ...more,
});

describe('matchVolumes', () => {
  it('gives equal sizes out in the order in which they were found', () => {
    const requested = [volume('a', 10), volume('b', 10)];

    expect(matchVolumes(requested, [lun('1', 10), lun('2', 10)]).matched.get('a')?.uuid).toBe('1');
    expect(matchVolumes(requested, [lun('2', 10), lun('1', 10)]).matched.get('a')?.uuid).toBe('2');
  });

  it('prefers what is known by uuid, then what was told, to what fits by size', () => {
    const requested = [
      volume('a', 10),
      volume('b', 10, { told: { targetWwpn: 't', lun: '1' } }),
      volume('c', 10, { uuid: '2' }),
    ];

    const { matched, extra } = matchVolumes(requested, [lun('1', 10), lun('2', 10), lun('3', 10), lun('4', 11)]);

    expect([...matched].map(([uri, { uuid }]) => uri + uuid).sort()).toEqual(['a3', 'b1', 'c2']);
    expect(extra.map(({ uuid }) => uuid)).toEqual(['4']);
  });

  it('never takes another LUN for one that was told or known and is not there', () => {
    const requested = [volume('a', 10, { told: { targetWwpn: 't', lun: '9' } }), volume('b', 10, { uuid: '8' })];

    expect(matchVolumes(requested, [lun('1', 10)]).matched.size).toBe(0);
  });

  it('uses each LUN once and leaves none out, whatever there is', () => {
    const requests = fc.uniqueArray(
      fc.record({
        uri: fc.string(),
        sizeGib: fc.integer({ min: 1, max: 4 }),
        uuid: fc.option(fc.string(), { nil: undefined }),
      }),
      { selector: ({ uri }) => uri },
    );
    const luns = fc.uniqueArray(fc.tuple(fc.string(), fc.integer({ min: 1, max: 4 })), { selector: ([uuid]) => uuid });

    fc.assert(
      fc.property(requests, luns, (wanted, found) => {
        const { matched, extra } = matchVolumes(
          wanted.map(({ uri, sizeGib, uuid }) => volume(uri, sizeGib, { uuid })),
          found.map(([uuid, size]) => lun(uuid, size)),
        );
        const used = [...matched.values(), ...extra].map(({ uuid }) => uuid);
        expect([...used].sort()).toEqual(found.map(([uuid]) => uuid).sort());
      }),
    );
  });
});
