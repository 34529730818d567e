/*
 * The answer of each of Cinder's Fibre Channel drivers leads to the expected paths or error, and docs/cinder-
 * drivers.md lists the same drivers.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readConnectionInfo } from '../../src/cinder-client/index.ts';
import { parseFcConnection } from '../../src/volume/index.ts';
import { asCinderAnswers, cinderDrivers } from '../support/cinder-driver-cases.ts';
import { chooseOrFail } from '../support/connection-info-cases.ts';
import { fibreChannelDriversIn } from '../support/cinder-source.ts';

const classesOf = (drivers: readonly { readonly module: string; readonly class: string }[]) =>
  drivers.map((driver) => `${driver.module} ${driver.class}`).toSorted();
const known = classesOf(cinderDrivers.map(({ driver }) => driver));

const rows = cinderDrivers.flatMap(({ cases }) =>
  cases.flatMap(({ connectionInfo, name, ...rest }) =>
    asCinderAnswers(connectionInfo).map(([flow, info]) => ({ title: `${name} (${flow})`, info, ...rest })),
  ),
);

describe('the answer of a Fibre Channel driver of Cinder', () => {
  test.each(rows)('$title', ({ info, initiators, ignoredTargets, expected }) => {
    const result = chooseOrFail(info, initiators, ignoredTargets);

    if ('error' in expected) {
      const message = expect.stringContaining(expected.error.message) as string;
      expect(result).toMatchObject({ code: expected.error.code, message });
    } else {
      expect(result).toEqual(expected);
      expect(parseFcConnection(readConnectionInfo(info)).unserved).toEqual([]);
    }
  });
});

describe('the page about the drivers', () => {
  const page = readFileSync(new URL('../../docs/cinder-drivers.md', import.meta.url), 'utf8');
  const rowsUnder = (heading: string) => {
    const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
    return [...section.matchAll(/^\| (?!Driver |-)([^|]+?) +\|/gm)].map(([, name]) => name);
  };
  const names = cinderDrivers.map(({ driver }) => driver.name).toSorted();

  test.each(['What each driver answers', 'What each back end does with our connector'])(
    'has each driver once under "%s"',
    (heading) => {
      expect(rowsUnder(heading).toSorted()).toEqual(names);
    },
  );

  test('names the class of each, and their number', () => {
    expect([...page.matchAll(/`([\w/]+\.py)` `(\w+)`/g)].map(([, file, name]) => `${file} ${name}`).toSorted()).toEqual(
      known,
    );
    expect(page).toContain(`**${cinderDrivers.length} drivers**`);
  });
});

/** A checkout of openstack/cinder, to compare with a newer release. */
const source = process.env.CINDER_SOURCE;

test.skipIf(source === undefined || !existsSync(source))('are all that the source of Cinder has', () => {
  expect(classesOf(fibreChannelDriversIn(source ?? ''))).toEqual(known);
});
