import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  adapterPortUri,
  hbaName,
  hostPrefix,
  instanceNamed,
  instanceOf,
  isOurElementName,
  markOf,
  partitionDescription,
  parkedDescription,
  partitionName,
  serverDescription,
} from './index.ts';
import { markedHosts } from './naming.ts';

const uuid = '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6';
const name = `OpenStack-compute1-${uuid}`;
const description = 'OpenStack CPCSubset=compute1';

describe('a partition of ours', () => {
  test('is named and described as the Python nova-dpm did, so that its partitions are recognised', () => {
    expect(partitionName({ host: 'compute1', instanceUuid: uuid })).toBe(name);
    expect(partitionDescription('compute1')).toBe(description);
    expect(name.startsWith(hostPrefix('compute1'))).toBe(true);
  });

  test('is told by its name and, where that is known, its description', () => {
    expect(instanceNamed('compute1', name)).toBe(uuid);
    expect(instanceOf('compute1', { name, description })).toBe(uuid);
  });

  test.each([
    `${description} web server of the shop`,
    `web server; ${description}`,
    'backup=no, CPCSubset=compute1, owner=ops',
    `OpenStack\nCPCSubset=compute1`,
    'web server of the shop (OpenStack CPCSubset=compute1)',
    'moved from compute2 (CPCSubset=compute2) to CPCSubset=compute1',
    '',
    'web server of the shop',
    'compute1',
    'CPCSubset = compute1',
    'cpcsubset=compute2',
    'CPCSubset=',
  ])('may have more in its description: %j', (text) => {
    expect(instanceOf('compute1', { name, description: text })).toBe(uuid);
  });

  test('has the name of its server in the description, after the words of the Python nova-dpm', () => {
    expect(serverDescription('compute1', 'web1')).toBe('OpenStack CPCSubset=compute1 (server web1)');
    expect(serverDescription('compute1', 'n'.repeat(255))).toHaveLength(28 + 10 + 255); // of 1024 characters
    for (const server of ['web1', 'parked', 'compute2', '...', 'OpenStack-compute2'])
      expect(instanceOf('compute1', { name, description: serverDescription('compute1', server) })).toBe(uuid);
    expect(serverDescription('compute1', 'parked')).not.toBe(parkedDescription('compute1'));
  });

  test.each([
    ['a mark', 'x CPCSubset=compute2'],
    ['a mark alone', 'CPCSubset=compute2'],
    ['the end of the parentheses', 'a) parked'],
    ['a line end', 'a\nb'],
    ['another direction of text', 'a\u202eb'],
    ['letters of other scripts', 'сервер'],
    ['nothing', ''],
    ['too many characters', 'n'.repeat(256)],
  ])('has no server name in the description that holds %s', (_what, server) => {
    expect(serverDescription('compute1', server)).toBe(description);
  });

  test('has our mark and no other, whatever its server is named', () => {
    const host = fc.stringMatching(/^[A-Za-z0-9._-]{1,17}$/);
    const server = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 255 }),
      fc.constantFrom('CPCSubset=b', ') CPCSubset=b ('),
    );

    fc.assert(
      fc.property(host, server, (ours, named) => {
        const text = serverDescription(ours, named);
        expect(markedHosts(text)).toEqual([ours]);
        expect(markOf(ours, text)).toBe('ours');
        expect(text === parkedDescription(ours)).toBe(false);
      }),
    );
  });

  test('has a name that fits, with the longest host name that settings allow', () => {
    expect(partitionName({ host: 'h'.repeat(17), instanceUuid: uuid })).toHaveLength(64);
  });
});

describe('a partition is not ours', () => {
  test.each([
    ['of another host', `OpenStack-compute2-${uuid}`, 'OpenStack CPCSubset=compute2'],
    ['of a host whose name begins with ours', `OpenStack-compute1-b-${uuid}`, 'OpenStack CPCSubset=compute1-b'],
    ['of a person', 'db-7', 'database of the shop'],
    ['with our prefix and no UUID', 'OpenStack-compute1-test', description],
    ['with our prefix and more than a UUID', `${name}-copy`, description],
    ['with a UUID in capitals, which Nova never writes', name.toUpperCase(), description],
    ['with our name in other capitals', name.replace('OpenStack', 'openstack'), description],
    ['with our name and the mark of another host in parentheses', name, 'shop (OpenStack CPCSubset=compute2)'],
    ['with our name and the mark of another host', name, 'OpenStack CPCSubset=compute2'],
    ['with our name and a mark that only begins like ours', name, 'OpenStack CPCSubset=compute10'],
    ['with our name and a mark that ours begins like', name, 'OpenStack CPCSubset=compute'],
  ])('%s', (_what, foreign, text) => {
    expect(instanceOf('compute1', { name: foreign, description: text })).toBeUndefined();
  });

  test('because characters of our host name mean something in a regular expression', () => {
    const host = 'rack.1-a';
    const foreign = partitionName({ host: 'rackx1-a', instanceUuid: uuid });

    expect(instanceNamed(host, foreign)).toBeUndefined();
    expect(instanceNamed(host, partitionName({ host, instanceUuid: uuid }))).toBe(uuid);
  });

  test('whatever the two host names are, unless they are the same', () => {
    const host = fc.stringMatching(/^[A-Za-z0-9._-]{1,17}$/);

    fc.assert(
      fc.property(host, host, fc.uuid(), (ours, theirs, id) => {
        const partition = {
          name: partitionName({ host: theirs, instanceUuid: id }),
          description: partitionDescription(theirs),
        };
        expect(instanceOf(ours, partition)).toBe(ours === theirs ? id : undefined);
      }),
    );
  });
});

test.each([
  ['OpenStack CPCSubset=compute1', 'ours'],
  ['web server (OpenStack CPCSubset=compute1)', 'ours'],
  ['"CPCSubset=compute1", [CPCSubset=compute2]', 'ours'],
  ['OpenStack CPCSubset=compute1.', 'ours'],
  ['OpenStack CPCSubset=compute1: web server', 'ours'],
  ['OpenStack CPCSubset=compute1; web server', 'ours'],
  ['Is it CPCSubset=compute1?! (or CPCSubset=compute1...)', 'ours'],
  ['OpenStack CPCSubset=compute1.example', 'another'],
  ['OpenStack CPCSubset=compute2.', 'another'],
  ['OpenStack CPCSubset=compute10', 'another'],
  ['OpenStack CPCSubset=compute', 'another'],
  ['(CPCSubset=compute2)', 'another'],
  ['', 'none'],
  ['xCPCSubset=compute2', 'none'],
] as const)('the mark in %j is, for compute1, %s', (text, mark) => {
  expect(markOf('compute1', text)).toBe(mark);
});

test('the mark of a host whose name ends in punctuation is its own', () => {
  expect(markOf('compute1.', 'OpenStack CPCSubset=compute1.')).toBe('ours');
  expect(markOf('compute1.', 'OpenStack CPCSubset=compute1')).toBe('another');
});

describe('a vHBA of ours', () => {
  const port = { adapterObjectId: '11112222-3333-4444-5555-666677778880', port: 1 };

  test('is named after adapter and port, as the Python nova-dpm did', () => {
    expect(hbaName(port)).toBe('OpenStack_Port_11112222-3333-4444-5555-666677778880_1');
    expect(hbaName(port).length).toBeLessThanOrEqual(64);
    expect(adapterPortUri(port)).toBe('/api/adapters/11112222-3333-4444-5555-666677778880/storage-ports/1');
  });

  test('is told by its name from one that a person added', () => {
    expect(isOurElementName(hbaName(port))).toBe(true);
    expect(isOurElementName('tape drive')).toBe(false);
    expect(isOurElementName('My OpenStack_Port_')).toBe(false);
  });
});
