import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lunSchema, parseWwpn, wwpnSchema } from '../../base/index.ts';
import type { Wwpn } from '../../base/index.ts';
import { NoUsableTargetError, parseFcConnection, selectPaths } from '../index.ts';
import type { FcConnection, FcTarget } from '../index.ts';

const wwpn = (text: string): Wwpn => wwpnSchema.parse(text);
const [A, B, C] = [wwpn('c05076d3a1005b20'), wwpn('c05076d3a1005b24'), wwpn('c05076d3a1005b28')];
const target = (n: number, lun = 2): FcTarget => ({
  targetWwpn: wwpn(`50050768000000${n.toString(16).padStart(2, '0')}`),
  lun: lunSchema.parse(lun.toString(16).padStart(4, '0').padEnd(16, '0')),
});

const connectionOf = (targets: readonly FcTarget[], change: Partial<FcConnection> = {}): FcConnection => ({
  volumeId: 'volume-1',
  isReadOnly: false,
  targets,
  targetsOf: undefined,
  allowsWildcardScan: true,
  naa: undefined,
  unserved: [],
  warnings: [],
  ...change,
});

const none: ReadonlySet<Wwpn> = new Set();
const select = (connection: FcConnection, initiators: readonly Wwpn[] = [A, B], ignoredTargets = none) =>
  selectPaths(connection, { initiators, ignoredTargets });
/** Returns the paths as `b20>01`, with the last digits of the two WWPNs. */
const shown = ({ paths }: ReturnType<typeof select>) =>
  paths.map(({ initiatorWwpn, targetWwpn }) => `${initiatorWwpn.slice(-2)}>${targetWwpn.slice(-2)}`);

describe('the order of paths', () => {
  test('begins with the preferred initiator, and alternates initiators and targets', () => {
    expect(shown(select(connectionOf([target(1), target(2)])))).toEqual(['20>01', '24>02', '20>02', '24>01']);
  });

  test('has another port and another target in second place', () => {
    const [first, second] = select(connectionOf([target(1), target(2), target(3)]), [A, B, C]).paths;

    expect(second?.initiatorWwpn).not.toBe(first?.initiatorWwpn);
    expect(second?.targetWwpn).not.toBe(first?.targetWwpn);
  });

  test('follows the order of the configured ports, not of the WWPNs', () => {
    expect(shown(select(connectionOf([target(1)]), [B, A]))).toEqual(['24>01', '20>01']);
  });

  test('sorts two LUNs of one target by the LUN', () => {
    const { paths } = select(connectionOf([target(1, 9), target(1, 5)]), [A]);

    expect(paths.map(({ lun }) => lun.slice(0, 4))).toEqual(['0005', '0009']);
  });
});

describe('the reason', () => {
  test('names initiator and target of the first path', () => {
    expect(select(connectionOf([target(1), target(2)])).reason).toBe(
      'initiator c05076d3a1005b20 is the preferred adapter port; target 5005076800000001 is its first choice among 4 paths',
    );
  });

  test('says why an earlier port was skipped, and how many paths are excluded', () => {
    const connection = connectionOf([target(1)], { targetsOf: new Map([[C, [target(1)]]]) });

    expect(select(connection, [A, B, C]).reason).toBe(
      'initiator c05076d3a1005b28 is adapter port 3, since no earlier one has a usable target; ' +
        'target 5005076800000001 is its first choice among 1 path; 2 excluded',
    );
  });
});

describe('a path is excluded', () => {
  test('when the map does not name its initiator', () => {
    const selection = select(connectionOf([target(1)], { targetsOf: new Map([[B, [target(1)]]]) }));

    expect(shown(selection)).toEqual(['24>01']);
    expect(selection.excluded).toEqual([
      { initiatorWwpn: A, targetWwpn: undefined, reason: 'not in initiator_target_map' },
    ]);
  });

  test('when the map gives its initiator no target', () => {
    const targetsOf = new Map([
      [A, []],
      [B, [target(1)]],
    ]);

    expect(select(connectionOf([target(1)], { targetsOf })).excluded).toEqual([
      { initiatorWwpn: A, targetWwpn: undefined, reason: 'initiator_target_map gives it no target' },
    ]);
  });

  test('when the operator has excluded its target', () => {
    const selection = select(connectionOf([target(1), target(2)]), [A], new Set([target(1).targetWwpn]));

    expect(shown(selection)).toEqual(['20>02']);
    expect(selection.excluded).toEqual([
      { initiatorWwpn: A, targetWwpn: target(1).targetWwpn, reason: 'in target_wwpn_ignore_list' },
    ]);
  });
});

describe('no path at all is an error', () => {
  const errorOf = (...given: Parameters<typeof select>): NoUsableTargetError => {
    try {
      select(...given);
    } catch (error) {
      if (error instanceof NoUsableTargetError) return error;
    }
    throw new Error('there was a path');
  };

  test('that gives the reason for each initiator and target', () => {
    const targetsOf = new Map([[A, [target(1)]]]);
    const error = errorOf(connectionOf([target(1)], { targetsOf }), [A, B], new Set([target(1).targetWwpn]));

    expect(error.message).toBe(
      'volume volume-1 has no usable path: c05076d3a1005b20 to 5005076800000001: in target_wwpn_ignore_list; ' +
        'c05076d3a1005b24: not in initiator_target_map',
    );
    expect(error.facts).toEqual({ volumeId: 'volume-1', initiators: [A, B], targets: [target(1).targetWwpn] });
  });

  test('that advises to check the zoning if Cinder mapped only other initiators', () => {
    const { message } = errorOf(connectionOf([target(1)], { targetsOf: new Map([[C, [target(1)]]]) }));

    expect(message).toContain('Cinder mapped none of the initiators that it was given');
  });

  test('when the partition has no initiator', () => {
    expect(errorOf(connectionOf([target(1)], { volumeId: undefined }), []).message).toBe(
      'the volume has no usable path: there is no initiator',
    );
  });
});

const initiatorsArbitrary = fc.uniqueArray(fc.constantFrom(A, B, C), { minLength: 1 });
const targetArbitrary = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.nat(3)).map(([n, lun]) => target(n, lun));
const key = ({ targetWwpn, lun }: FcTarget) => `${targetWwpn}/${lun}`;
const targetsArbitrary = fc.uniqueArray(targetArbitrary, { selector: key, maxLength: 8 });
const mapArbitrary = fc.option(
  fc.array(fc.tuple(fc.constantFrom(A, B, C), targetsArbitrary), { maxLength: 3 }).map((entries) => new Map(entries)),
  { nil: undefined },
);
const ignoredArbitrary = fc
  .array(targetArbitrary, { maxLength: 3 })
  .map((list) => new Set(list.map((t) => t.targetWwpn)));

function selectOrNone(...given: Parameters<typeof select>) {
  try {
    return select(...given);
  } catch (error) {
    if (error instanceof NoUsableTargetError) return undefined;
    throw error;
  }
}

describe('for any connection_info', () => {
  test('the order of targets and map entries does not matter', () => {
    const shuffled = fc.tuple(targetsArbitrary, mapArbitrary).chain(([targets, map]) =>
      fc.tuple(
        fc.constant([targets, map] as const),
        fc.shuffledSubarray(targets, { minLength: targets.length }),
        map === undefined
          ? fc.constant(undefined)
          : fc
              .tuple(
                ...[...map].map(([who, list]) =>
                  fc.tuple(fc.constant(who), fc.shuffledSubarray(list, { minLength: list.length })),
                ),
              )
              .chain((entries) => fc.shuffledSubarray(entries, { minLength: entries.length }))
              .map((entries) => new Map(entries)),
      ),
    );

    fc.assert(
      fc.property(
        shuffled,
        initiatorsArbitrary,
        ignoredArbitrary,
        ([[targets, map], otherTargets, otherMap], who, out) => {
          const one = selectOrNone(connectionOf(targets, { targetsOf: map }), who, out);
          const other = selectOrNone(connectionOf(otherTargets, { targetsOf: otherMap }), who, out);
          expect(other?.paths).toEqual(one?.paths);
          expect(other?.reason).toEqual(one?.reason);
        },
      ),
    );
  });

  test('every usable pair occurs once, and no other pair', () => {
    fc.assert(
      fc.property(targetsArbitrary, mapArbitrary, initiatorsArbitrary, ignoredArbitrary, (targets, map, who, out) => {
        const usable = who.flatMap((initiator) =>
          (map === undefined ? targets : (map.get(initiator) ?? []))
            .filter(({ targetWwpn }) => !out.has(targetWwpn))
            .map((each) => `${initiator}>${key(each)}`),
        );
        const selection = selectOrNone(connectionOf(targets, { targetsOf: map }), who, out);
        const found = (selection?.paths ?? []).map((path) => `${path.initiatorWwpn}>${key(path)}`);
        expect(found.toSorted()).toEqual(usable.toSorted());
      }),
    );
  });

  test('the first path uses the first initiator that has a path', () => {
    fc.assert(
      fc.property(targetsArbitrary, mapArbitrary, initiatorsArbitrary, ignoredArbitrary, (targets, map, who, out) => {
        const selection = selectOrNone(connectionOf(targets, { targetsOf: map }), who, out);
        if (selection === undefined) return;
        const having = new Set(selection.paths.map(({ initiatorWwpn }) => initiatorWwpn));
        expect(selection.paths[0]?.initiatorWwpn).toBe(who.find((initiator) => having.has(initiator)));
        expect(selection.reason).toContain(selection.paths[0]?.targetWwpn);
      }),
    );
  });

  test('spellings and the order of keys do not matter', () => {
    const spell = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => text.toUpperCase(),
      (text) => `0x${text}`,
      (text) => (text.match(/../g) ?? []).join(':'),
    );
    const wwns = ['5005076800000001', '5005076800000002', '5005076800000003'];
    const data = fc.record({
      wwns: fc.shuffledSubarray(wwns, { minLength: 1 }),
      keys: fc.shuffledSubarray<string>([A, B], { minLength: 1 }),
      spell,
      lun: fc.constantFrom<number | string>(2, '2', '0x2', '0x0002000000000000'),
    });

    fc.assert(
      fc.property(data, ({ wwns: listed, keys, spell: spelled, lun }) => {
        const given = (write: (text: string) => string, value: number | string) => ({
          driver_volume_type: 'fibre_channel',
          data: {
            target_wwn: listed.map(write),
            target_lun: value,
            initiator_target_map: Object.fromEntries(keys.map((name) => [write(name), listed.map(write)])),
          },
        });
        const plain = select(parseFcConnection(given((text) => text, 2)));
        const odd = select(parseFcConnection(given(spelled, lun)));
        expect(odd).toEqual(plain);
        expect(odd.paths.every(({ targetWwpn }) => parseWwpn(targetWwpn) === targetWwpn)).toBe(true);
      }),
    );
  });
});
