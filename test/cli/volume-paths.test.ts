import { expect, test } from 'vitest';
import { fakeIo, runFake } from '../support/cli.ts';

const path = {
  ...{
    connector: 'OpenStack-compute1-x',
    kind: 'partition',
    server: 'web1',
    volume_id: 'v',
    initiator_wwpn: 'c05076ffe680a590',
  },
  ...{
    adapter_port: 'a:0',
    fabric: 'f',
    target_wwpn: '5005076802160417',
    lun: '0002000000000000',
    device_number: '8001',
  },
  ...{ device: null, map: null, state: 'active', detail: 'the LUN answers the HMC' },
};
const onHost = { ...path, connector: 'lnx1', kind: 'host', server: null, device: '/dev/sda' };

test('without a selector the paths of partitions come first, then those of this host', async () => {
  const io = fakeIo({
    manager: { volumePaths: async ({ volume, server }) => [{ ...path, volume_id: volume, server: server ?? null }] },
    host: { takesVolumes: async () => true, paths: async (volume) => [{ ...onHost, volume_id: volume }] },
  });

  const { code, stdout } = await runFake(['volume', 'paths', 'data-1', '-f', 'json'], io);

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual([
    { ...path, volume_id: 'data-1', server: null },
    { ...onHost, volume_id: 'data-1' },
  ]);
  expect(io.opened).toEqual([{ access: 'read', purpose: 'dpm volume paths' }]);
});

test('a selector asks one side only: --host opens no manager, --server and --partition no host', async () => {
  const hostOnly = fakeIo({ host: { takesVolumes: async () => false, paths: async () => [onHost] } });
  const asked: unknown[] = [];
  const manager = {
    volumePaths: async (of: object) => {
      asked.push(of);
      return [path];
    },
  };

  const host = await runFake(['volume', 'list-paths', '--host', '-f', 'json'], hostOnly);
  await runFake(['volume', 'list-paths', '--server', 'web1'], fakeIo({ manager }));
  await runFake(['volume', 'list-paths', '--partition', 'p1'], fakeIo({ manager }));

  expect(JSON.parse(host.stdout)).toEqual([onHost]);
  expect(hostOnly.opened).toEqual([]);
  expect(asked).toEqual([
    { server: 'web1', volume: undefined },
    { partition: 'p1', volume: undefined },
  ]);
});

test('search-path tells a URI of the HMC and a directory of this host', async () => {
  const io = fakeIo({
    manager: {
      searchPath: async () => [{ connector: 'compute1', kind: 'partition', search_path: '/api/cpcs/1/partitions' }],
    },
    host: { takesVolumes: async () => true },
  });

  const { stdout } = await runFake(['volume', 'search-path', '-f', 'value', '-c', 'search_path'], io);

  expect(stdout).toBe('/api/cpcs/1/partitions\n/dev/disk/by-path\n');
});

test('the table of all paths says of which volume each one is', async () => {
  const manager = { volumePaths: async () => [path, { ...path, volume_id: 'other' }] };

  const { stdout } = await runFake(['volume', 'list-paths'], fakeIo({ isTerminal: true, manager }));

  expect(stdout).toMatch(/^\| volume_id\b/mu);
  expect(stdout).toMatch(/^\| other\b/mu);
});

test('on a terminal a path fits in a line, and any other field can be asked for', async () => {
  const manager = { volumePaths: async () => [path] };
  const table = await runFake(['volume', 'paths', 'v'], fakeIo({ isTerminal: true, manager }));
  const one = await runFake(['volume', 'paths', 'v', '-c', 'fabric', '-f', 'value'], fakeIo({ manager }));

  expect(table.stdout).not.toContain('fabric');
  expect(one.stdout).toBe('f\n');
});

test('server show --paths draws where a table would stand, and gives programs the records of volume paths', async () => {
  const manager = { volumePaths: async () => [path] };
  const ask = async (...more: string[]) => {
    const io = fakeIo({ isTerminal: more.length === 0, manager });
    return (await runFake(['server', 'show', 'web1', '--paths', ...more], io)).stdout;
  };

  expect(await ask()).toMatch(/^volume v\n`- initiator c05076ffe680a590 .*\n +`- target 5005076802160417 /);
  expect(await ask('-f', 'table')).toBe(await ask());
  expect(JSON.parse(await ask('-f', 'json'))).toEqual([path]);
  for (const format of ['json', 'yaml', 'csv', 'value']) {
    const records = await runFake(['volume', 'paths', 'v', '-f', format], fakeIo({ manager }));
    expect(await ask('-f', format), format).toBe(records.stdout);
  }
  expect(await ask('-f', 'csv', '-c', 'lun')).toBe('lun\n0002000000000000\n');
  expect((await runFake(['server', 'show', 'web1', '--paths', '-c', 'vcpus'])).code, 'no field of a path').toBe(2);
});

test.each([
  [['volume', 'paths']],
  [['volume', 'paths', 'v', '--host', '--server', 's']],
  [['volume', 'list-paths', '--partition', 'p', '--server', 's']],
])('%j is a wrong use', async (argv) => {
  expect((await runFake(argv)).code).toBe(2);
});
