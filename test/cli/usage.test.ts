import { describe, expect, test } from 'vitest';
import { fakeIo, runDpm, runFake } from '../support/cli.ts';

test('options are taken in the spelling of the brick client too', async () => {
  const asked: unknown[] = [];
  const manager = {
    localDetach: async (request: object) => {
      asked.push(request);
      return {};
    },
  };
  const ours = [
    '--enforce-multipath',
    'True',
    '--attachment-id=a_1',
    '--device-info',
    '{"type":"block","path":"/dev/sda"}',
  ];
  const brick = ['--enforce_multipath', 'True', '--attachment_uuid=a_1', '--device_info', ours[4]!];

  for (const words of [ours, brick]) await runFake(['local-detach', 'v1', ...words], fakeIo({ manager }));

  expect(asked[0]).toMatchObject({ volume: 'v1', enforceMultipath: true, attachmentId: 'a_1' });
  expect(asked[1]).toEqual(asked[0]);
  expect((await runFake(['local-detach', 'v1', '--', '--enforce_multipath'])).code, 'no option').toBe(2);
});

const create = ['server', 'create', 'web1', '--vcpus', '2', '--memory', '4096', '--volume', 'v1'];
const without = (...words: string[]) => create.filter((word) => !words.includes(word));
const simulate = (...words: string[]) => ['simulate', ...words];

/** Command line, then the words that the message must hold: the option, the value, what was expected. */
const rows: readonly (readonly [readonly string[], readonly string[]])[] = [
  [
    ['server', '-f', 'value'],
    ['a command is missing', '-h lists'],
  ],
  [['servr'], ["unknown command 'servr'", 'server']],
  [
    ['serve', '--listen', 'everywhere:1'],
    ['--listen', 'an IP address and a port'],
  ],
  [
    ['serve', '--listen', '127.0.0.1:0'],
    ['--listen', 'also --tls-cert and --tls-key'],
  ],
  [
    ['serve', '--tls-cert', '/faults'],
    ['--tls-cert', 'also --listen'],
  ],
  [
    ['server', 'lst'],
    ["unknown command 'lst'", 'list'],
  ],
  [['server', 'list', '--nope'], ["unknown option '--nope'"]],
  [
    ['server', 'list', 'extra'],
    ['too many arguments', "'list'"],
  ],
  [['server', 'show'], ["missing required argument 'server'"]],
  [
    ['server', 'show', ''],
    ["'server'", "''", 'a name or id of 1 to 255 characters'],
  ],
  [
    ['server', 'show', 'x'.repeat(256)],
    ["'server'", 'a name or id of 1 to 255 characters'],
  ],
  [
    ['server', 'show', 'a\u001Bb'],
    ["'server'", 'without control characters'],
  ],
  [
    ['server', 'list', '-f', 'xml'],
    ['--format', "'xml'", 'table, json, yaml, csv, value'],
  ],
  [
    ['server', 'list', '-c', 'colour'],
    ['-c', '"colour"', 'id, name, status'],
  ],
  [
    ['server', 'list', '--log-level', 'loud'],
    ['--log-level', "'loud'", 'trace, debug'],
  ],
  [
    ['server', 'list', '--log-file', '/dev/null/dpm.log', '-v'],
    ['--log-file', '"/dev/null/dpm.log"', 'can be written'],
  ],
  ...['0', '-1', 'soon', '1e3', '9999999'].map(
    (value) =>
      [
        ['server', 'list', '--timeout', value],
        ['--timeout', `'${value}'`, 'seconds above 0'],
      ] as const,
  ),
  [
    ['server', 'list', '--config-file', '/no.conf'],
    ['--config-file', '"/no.conf"', 'a file that exists'],
  ],
  [
    ['server', 'list', '--config-file', '/bad.conf'],
    ['dpm.hmc', '"http://hmc1"', '/bad.conf:2', 'loopback'],
  ],
  [without('--vcpus', '2'), ["'--vcpus <n>'"]],
  [without('--memory', '4096'), ["'--memory <mib>'"]],
  [without('--volume', 'v1'), ['--volume', 'at least one volume, --storage-group or --boot-from']],
  [
    [...create, '--storage-group', 'g,x'],
    ['--storage-group', 'NAME[,boot-volume=VOLUME]'],
  ],
  [
    [...create, '--property', '=true'],
    ['--property', 'KEY=VALUE'],
  ],
  [without('web1'), ["missing required argument 'name'"]],
  ...['0', '1001', 'two', '1.5', ''].map(
    (value) =>
      [
        create.map((word) => (word === '2' ? value : word)),
        ['--vcpus', `'${value}'`, 'a whole number from 1 to 1000'],
      ] as const,
  ),
  ...['0', '4G', '-4096'].map(
    (value) =>
      [
        create.map((word) => (word === '4096' ? value : word)),
        ['--memory', `'${value}'`, 'a whole number of MiB'],
      ] as const,
  ),
  ...['', ',boot-index=0', 'v1,boot-index', 'v1,boot-index=0,boot-index=1', 'v1,delete', 'v1,,'].map(
    (value) =>
      [
        [...without('v1'), value],
        ['--volume', `'${value}'`, 'ID[,boot-index=N][,delete-on-termination]'],
      ] as const,
  ),
  [
    [...without('v1'), 'v1,boot-index=one'],
    ['--volume', "'v1,boot-index=one'", 'a whole number from 0 to 255'],
  ],
  [
    [...create, '--volume', 'v1'],
    ['--volume', '"v1 v1"', 'each volume once'],
  ],
  [
    [...without('--volume', 'v1'), '--volume', 'a,boot-index=0', '--volume', 'b,boot-index=0'],
    ['--volume', 'each boot index once'],
  ],
  [
    [...without('--volume', 'v1'), '--volume', 'a,boot-index=1'],
    ['--volume', 'exactly one volume with boot-index=0'],
  ],
  [
    ['server', 'add', 'volume', 's', 'v', '--mode', 'rx'],
    ['--mode', "'rx'", 'rw, ro'],
  ],
  [['server', 'add', 'volume', 's'], ["missing required argument 'volume'"]],
  [
    ['get-connector', '--server', 'a', '--multipath', 'True'],
    ['--server', 'cannot be used with'],
  ],
  [
    ['local-attach', 'v', '--multipath', 'perhaps'],
    ['--multipath', 'perhaps', 'True or False'],
  ],
  [
    ['local-attach', 'v', '--mountpoint', 'mnt'],
    ['--mountpoint', 'an absolute path'],
  ],
  [
    ['local-detach', 'v', '--device-info', '{'],
    ['--device-info', 'JSON'],
  ],
  [
    ['get-connector', '--server', 'a', '--partition', 'b'],
    ['--server', '--partition'],
  ],
  [['flow', 'show'], ["missing required argument 'id'"]],
  [
    ['complete', 'powershell'],
    ["'powershell'", 'bash, zsh, fish'],
  ],
  [simulate('--machine', 'z9'), ['--machine', '"z9"', 'z13, z14, z15, z16, z17 or a file that exists']],
  [simulate('--hmc-port', '65536'), ['--hmc-port', "'65536'", 'a whole number from 1 to 65535']],
  [simulate('--cinder-port', '0'), ['--cinder-port', "'0'", 'a whole number from 1 to 65535']],
  [simulate('--keystone-port', 'x'), ['--keystone-port', "'x'", 'a whole number']],
  [simulate('--adapters', '0'), ['--adapters', "'0'", 'a whole number from 1 to 64']],
  [simulate('--latency', '-1'), ['--latency', "'-1'", 'a whole number of milliseconds']],
  [simulate('--seed', 'dice'), ['--seed', "'dice'", 'a whole number']],
  [simulate('--auth', 'kerberos'), ['--auth', "'kerberos'", 'keystone, noauth']],
  [simulate('--microversion', '3.72'), ['--microversion', "'3.72'", '3.0 to 3.71']],
  [simulate('--hmc-certificate', 'odd'), ['--hmc-certificate', "'odd'", 'self-signed']],
  [simulate('--faults', '/none.json'), ['--faults', '"/none.json"', 'a file that exists']],
  [simulate('--inventory', '/none.yaml'), ['--inventory', '"/none.yaml"', 'a file that exists']],
  [simulate('--timing', 'slow'), ['--timing', "'slow'", 'instant, realistic, or a factor from 0 to 10']],
  [simulate('--faults', '/faults'), ['--faults', '"/faults"', 'JSON or YAML']],
];

describe('a wrong use', () => {
  test.each(rows.map(([argv, words]) => ({ line: `dpm ${argv.join(' ').slice(0, 70)}`, argv, words })))(
    '$line ends with 2 and says what was expected, before anything is done',
    async ({ argv, words }) => {
      const io = fakeIo({ files: { '/faults': '{"a": [' }, isTerminal: true });

      const { code, stdout, stderr } = await runFake(argv, io);

      expect(code, stderr).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^dpm: [^\n]+\n$/);
      for (const word of words) expect(stderr).toContain(word);
      expect(io.opened).toEqual([]);
    },
  );

  test('is an object on standard output for programs, and a line for people', async () => {
    const { code, stdout, stderr } = await runFake(['server', 'show', '-f', 'json']);

    const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
    expect(code).toBe(2);
    expect(error).toEqual({
      code: 'CONFIG',
      message: "missing required argument 'server'",
      request_id: expect.stringMatching(/^req-[0-9a-f-]{36}$/) as unknown,
      left_behind: [],
      advice: null,
    });
    expect(stderr).toContain(String(error.request_id));
  });

  test.each([[['-fjson', 'nope']], [['--format=json', 'nope']], [['nope']]])(
    'is told as JSON for %j, even when nothing of the line can be understood',
    async (argv) => {
      const { stdout } = await runFake(argv);

      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'CONFIG' } });
    },
  );

  test('ends the process itself with 2', async () => {
    const { code, stdout, stderr } = await runDpm(['server', 'create', 'x', '--vcpus', 'many', '-f', 'value']);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(
      "option '--vcpus <n>' argument 'many' is invalid. Expected a whole number from 1 to 1000.",
    );
  });
});

describe('a group of commands alone', () => {
  test.each([[[]], [['server']], [['server', 'add']], [['volume', '--quiet']]])(
    'prints its help on standard output and ends with 2: dpm %j',
    async (argv) => {
      const help = await runFake([...argv, '-h']);
      for (const isTerminal of [true, false]) {
        const { code, stdout, stderr } = await runFake(argv, fakeIo({ isTerminal }));

        expect(code).toBe(2);
        expect(stdout).toMatch(/^Usage: dpm /);
        if (!isTerminal) expect(stdout).toBe(help.stdout);
        expect(stderr).toMatch(/^dpm: a command is missing: [^\n]+\n$/);
      }
    },
  );

  test('is an error object with -f json, and no help', async () => {
    const { code, stdout } = await runFake(['server', '-f', 'json']);

    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'CONFIG' } });
  });
});

test('global options are taken before, between and after the names of commands', async () => {
  const list = async () => [];
  for (const argv of [
    ['-f', 'csv', 'server', 'list'],
    ['server', '-f', 'csv', 'list'],
    ['server', 'list', '-f', 'csv'],
  ]) {
    const { code, stdout } = await runFake([...argv, '-c', 'Power State', '-c', 'id'], fakeIo({ manager: { list } }));

    expect([code, stdout]).toEqual([0, 'power_state,id\n']);
  }
});
