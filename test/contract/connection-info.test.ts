/* Recorded and constructed forms of connection_info lead to the expected paths or error. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseWwpn, wwpnSchema } from '../../src/base/index.ts';
import type { Wwpn } from '../../src/base/index.ts';
import { chooseOrFail, connectionInfoFiles } from '../support/connection-info-cases.ts';

describe('connection_info of', () => {
  const rows = connectionInfoFiles.flatMap(({ name, cases }) => cases.map((each) => ({ file: name, ...each })));

  test.each(rows)('$file, $name', ({ connectionInfo, initiators, ignoredTargets, expected }) => {
    const result = chooseOrFail(connectionInfo, initiators, ignoredTargets);

    if (!('error' in expected)) expect(result).toEqual(expected);
    else
      expect(result).toMatchObject({
        code: expected.error.code,
        message: expect.stringContaining(expected.error.message) as string,
      });
  });

  test('every shape of a family of back ends, and of the recordings, is among them', () => {
    const shapes = Array.from({ length: 12 }, (_, index) => `F${String(index + 1).padStart(2, '0')}`);

    expect(connectionInfoFiles.map(({ name }) => name.replace(/-.*/, ''))).toEqual([...shapes, 'recorded.json']);
  });
});

const transcripts = new URL('../../../shared/openstack/transcripts/', import.meta.url);

/** A connection_info somewhere in a recording, and the ports for which it was asked, where they stand beside it. */
interface Found {
  readonly where: string;
  readonly info: unknown;
  readonly initiators: readonly Wwpn[];
}

/** Looks through any JSON for connection_info; a text of JSON (as Nova stores it) counts, what is empty does not. */
function find(value: unknown, where: string, connector: readonly Wwpn[]): Found[] {
  if (value === null || typeof value !== 'object') return [];
  const near = connectorIn(value) ?? connector;
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const here = `${where}/${key}`;
    if (key !== 'connection_info') return find(inner, here, near);
    const info: unknown = typeof inner === 'string' ? JSON.parse(inner) : inner;
    const isEmpty = info === null || typeof info !== 'object' || Object.keys(info).length === 0;
    return isEmpty ? [] : [{ where: here, info, initiators: near.length > 0 ? near : mappedIn(info) }];
  });
}

/** WWPNs of the first connector below this value, if it is an exchange that sent one. */
function connectorIn(value: object): readonly Wwpn[] | undefined {
  const sent: unknown = 'request' in value ? value.request : 'body' in value ? value.body : undefined;
  const found = /"wwpns":(\[[^\]]*\])/.exec(JSON.stringify(sent ?? null))?.[1];
  return found === undefined ? undefined : z.array(wwpnSchema).parse(JSON.parse(found));
}

/** The initiators that a map names: what the connector must have been when it is not on record. */
function mappedIn(info: object): readonly Wwpn[] {
  const text = /"initiator_target_map":(\{[^}]*\})/.exec(JSON.stringify(info))?.[1] ?? '{}';
  return Object.keys(JSON.parse(text) as object).flatMap((key) => parseWwpn(key) ?? []); // an object, by its braces
}

/** What may be refused, and the reason that must then be stated. */
const refusals = [
  /driver_volume_type is "iscsi", expected "fibre_channel"/,
  /the volume is encrypted by Cinder/,
  /has no usable path: .*Cinder mapped none of the initiators/,
  // A client had sent its WWPNs as one text, and the array took each letter for a port.
  /initiator_target_map "[0-9a-f]" is not a WWPN/,
];

describe.skipIf(!existsSync(transcripts))('the recordings of real services', () => {
  const recordings = existsSync(transcripts) ? readdirSync(transcripts).filter((name) => name.endsWith('.json')) : [];
  const found = recordings.flatMap((name) =>
    find(JSON.parse(readFileSync(new URL(name, transcripts), 'utf8')), name, []),
  );

  test('hold connection_info of Cinder and of Nova, old and new', () => {
    expect(found.length).toBeGreaterThan(100);
    expect(found.some(({ where }) => where.startsWith('nova-'))).toBe(true);
    expect(
      found.every(({ info }) => JSON.stringify(info).includes('target_wwn') || JSON.stringify(info).includes('map')),
    ).toBe(true);
    expect(
      found.filter(({ info }) => typeof info === 'object' && info !== null && 'data' in info).length,
    ).toBeGreaterThan(10);
    expect(
      found.filter(({ info }) => typeof info === 'object' && info !== null && !('data' in info)).length,
    ).toBeGreaterThan(10);
  });

  test.each(found)('are understood: $where', ({ info, initiators }) => {
    const result = chooseOrFail(info, initiators);

    if ('message' in result) {
      expect(refusals.filter((refusal) => refusal.test(result.message))).toHaveLength(1);
      return;
    }
    const [boot] = result.paths;
    const named = JSON.stringify(info)
      .match(/"(?:0x)?[0-9a-f:]{16,23}"/gi)
      ?.map((text) => parseWwpn(text.slice(1, -1)));
    expect(named).toContain(boot?.target);
    expect(initiators).toContain(boot?.initiator);
    expect(result.reason).toContain(`initiator ${boot?.initiator ?? ''} is `);
    expect(result.reason).toContain(`target ${boot?.target ?? ''} is its first choice`);
  });
});
