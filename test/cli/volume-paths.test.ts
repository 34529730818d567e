import { headOf } from '../../src/cli/table-cells.ts';
import { expect, test } from 'vitest';
import { fakeIo, runFake } from '../support/cli.ts';

const path = {
  ...{
    connector: 'OpenStack-compute1-x',
    kind: 'partition',
    server: 'web1',
    volume_id: 'v',
    volume_name: 'data-1',
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

test('without a selector, prints the paths of partitions first, then those of this host', async () => {
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

test('--host opens no manager; --server and --partition do not open the host', async () => {
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

const searchPaths = {
  manager: {
    searchPath: async ({ server }: { readonly server?: string | undefined }) => [
      server === undefined
        ? { connector: 'compute1', kind: 'partition' as const, server: null, search_path: '/api/cpcs/1/partitions' }
        : { connector: path.connector, kind: 'partition' as const, server, search_path: '/api/partitions/1' },
    ],
  },
  host: { takesVolumes: async () => true },
};

test('search-path prints a URI of the HMC and a directory of this host', async () => {
  const { stdout } = await runFake(['volume', 'search-path', '-f', 'value', '-c', 'search_path'], fakeIo(searchPaths));

  expect(stdout).toBe('/api/cpcs/1/partitions\n/dev/disk/by-path\n');
});

test.each([['search-path'], ['list-paths'], ['paths', 'boot-1']])(
  '%s refuses the shell format before it asks the HMC',
  async (...command) => {
    const io = fakeIo(searchPaths);
    const { code, stderr } = await runFake(['volume', ...command, '-f', 'shell'], io);

    expect(code).toBe(2);
    expect(stderr).toContain('option -f = "shell": expected one of table, json, yaml, csv, value for a list');
    expect(io.opened).toEqual([]);
  },
);

test('the table of search-path names the server, not its partition, and what all partitions belong to', async () => {
  const terminal = { ...searchPaths, isTerminal: true };
  const ofServer = await runFake(['volume', 'search-path', '--server', 'web1'], fakeIo(terminal));
  const all = await runFake(['volume', 'search-path'], fakeIo(terminal));

  expect(ofServer.stdout).toMatch(/^\| server web1 +\| \/api\/partitions\/1 +\|$/mu);
  expect(ofServer.stdout).not.toContain(path.connector);
  expect(all.stdout).toMatch(/^\| all partitions of compute1 +\|/mu);
  expect(all.stdout).toMatch(/^\| host \S+ +\| \/dev\/disk\/by-path +\|/mu);
});

/** Two initiators that see four targets each. */
const eightPaths = ['c05076ffe680a590', 'c05076ffe6809fc8'].flatMap((initiator_wwpn, index) =>
  [1, 2, 3, 4].map((target) => ({
    ...{ ...path, initiator_wwpn, target_wwpn: `500507680${target}160417`, device_number: `800${index}` },
    connector: 'OpenStack-compute1-20404344-def7-4b52-9a8a-a6e9df647479',
    adapter_port: '9f6e7d4c-1111-4222-8333-444455556666:0',
    ...(target % 2 === index ? {} : { state: 'target-unreachable', detail: 'reported by the HMC (484)' }),
  })),
);

test('the table has one line of at most 80 characters for each path, with whole WWPNs and LUNs and with names', async () => {
  const manager = { volumePaths: async () => eightPaths };

  const { stdout } = await runFake(['volume', 'paths', 'data-1'], fakeIo({ isTerminal: true, manager }));

  const lines = stdout.split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines[0]).toBe('volume data-1, server web1, LUN 0002000000000000');
  for (const { initiator_wwpn, target_wwpn, device_number, state } of eightPaths) {
    const cells = [initiator_wwpn, target_wwpn, device_number, state];
    const found = lines.filter((line) => cells.every((cell) => line.includes(` ${cell} `)));
    expect(found, cells.join(' ')).toHaveLength(1);
  }
  expect(lines.length).toBeLessThan(24);
  expect(stdout).not.toContain('20404344');
  expect(stdout).toContain('\ntarget-unreachable: reported by the HMC (484)\n');
});

test('the output for all volumes has a table for each volume and connector', async () => {
  const other = { ...path, volume_id: 'w', volume_name: null };
  const manager = { volumePaths: async () => [path, other, { ...onHost, volume_name: 'data-1' }] };

  const { stdout } = await runFake(['volume', 'list-paths'], fakeIo({ isTerminal: true, manager }));

  expect(stdout.split('\n').filter((line) => line.startsWith('volume '))).toEqual([
    'volume data-1, host lnx1, LUN 0002000000000000',
    'volume data-1, server web1, LUN 0002000000000000',
    'volume w, server web1, LUN 0002000000000000',
  ]);
  expect(stdout).toMatch(/^\| c05076ffe680a590 \| 5005076802160417 \| \/dev\/sda \| active +\|$/mu);
});

test('no paths', async () => {
  const io = () => fakeIo({ isTerminal: true, manager: { volumePaths: async () => [] } });

  expect((await runFake(['volume', 'paths', 'v'], io())).stdout).toBe('no paths\n');
  expect((await runFake(['server', 'show', 'v', '--paths'], io())).stdout).toBe('no paths\n');
});

test('--long and -c print any other field; CSV has the fields of the table and the names', async () => {
  const manager = { volumePaths: async () => [path] };
  const run = async (...argv: string[]) =>
    (await runFake(['volume', 'paths', 'v', ...argv], fakeIo({ manager }))).stdout;

  expect(await run('-c', 'fabric', '-f', 'value')).toBe('f\n');
  expect(await run('-f', 'csv')).toBe(
    'volume_name,server,connector,initiator_wwpn,target_wwpn,lun,device_number,device,state\n' +
      'data-1,web1,OpenStack-compute1-x,c05076ffe680a590,5005076802160417,0002000000000000,8001,,active\n',
  );
  for (const format of ['csv', 'table']) {
    const long = await run('--long', '-f', format);
    const written = (field: string) => (format === 'csv' ? field : headOf(field));
    for (const field of Object.keys(path).map(written)) expect(long, format).toMatch(new RegExp(`\\b${field}\\b`));
  }
});

test('server show --paths draws the paths in place of a table, and prints the records of volume paths for programs', async () => {
  const manager = { volumePaths: async () => [path] };
  const ask = async (...more: string[]) => {
    const io = fakeIo({ isTerminal: more.length === 0, manager });
    return (await runFake(['server', 'show', 'web1', '--paths', ...more], io)).stdout;
  };

  expect(await ask()).toMatch(/^volume data-1, .*\n`- initiator c05076ffe680a590 .*\n +`- target 5005076802160417 /);
  expect(await ask('-f', 'table')).toBe(await ask());
  expect(JSON.parse(await ask('-f', 'json'))).toEqual([path]);
  for (const format of ['json', 'yaml', 'csv', 'value']) {
    const records = await runFake(['volume', 'paths', 'v', '-f', format], fakeIo({ manager }));
    expect(await ask('-f', format), format).toBe(records.stdout);
  }
  expect(await ask('-f', 'csv', '-c', 'lun')).toBe('lun\n0002000000000000\n');
  expect((await runFake(['server', 'show', 'web1', '--paths', '-c', 'vcpus'])).code, 'no field of a path').toBe(2);
});

test.each([['paths', 'v'], ['list-paths']])(
  'volume %s refuses a picture that is not named .svg, and reads nothing',
  async (...verb) => {
    const io = fakeIo();
    for (const file of ['paths.png', 'paths', 'svg', 'paths.svg.txt']) {
      const { code, stderr } = await runFake(['volume', ...verb, '--svg', file], io);
      expect(code).toBe(2);
      expect(stderr).toContain(`option --svg = "${file}": expected a file name that ends in .svg`);
    }
    expect(io.opened).toEqual([]);
  },
);

test.each([
  [['volume', 'paths']],
  [['volume', 'paths', 'v', '--host', '--server', 's']],
  [['volume', 'list-paths', '--partition', 'p', '--server', 's']],
])('%j is a usage error', async (argv) => {
  expect((await runFake(argv)).code).toBe(2);
});
