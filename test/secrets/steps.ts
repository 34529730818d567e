import type { FaultKind, FaultRule } from '../../src/simulator/index.ts';

/** What a command meets, besides good settings. */
export interface RunOptions {
  /** Over the settings of all runs. */
  readonly set?: Readonly<Record<string, string | readonly string[]>>;
  readonly leaveOut?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A fault that the command meets. */
  readonly fault?: {
    readonly server: FaultRule['server'];
    readonly operation: string;
    readonly kind: FaultKind;
    readonly times?: number;
  };
  /** Asks for a crash report while the command runs. */
  readonly report?: boolean;
}

/** A spawn of one volume. */
export const create = (name: string, volume = 'boot-1') => [
  'server',
  'create',
  name,
  '--vcpus',
  '1',
  '--memory',
  '1024',
  '--volume',
  volume,
];

type Step = readonly [title: string, argv: readonly string[], code: number, options?: RunOptions];

/** A refusal in these words. */
export const echo = (words: string): FaultKind => ({ type: 'refuse', status: 400, reason: 7, message: words });

/** A life of a server in which everything also goes wrong once; later steps build on earlier ones. */
export const steps: readonly Step[] = [
  ['a doctor who finds all well', ['doctor'], 0],
  ['the settings', ['config', 'show'], 0],
  ['a sample', ['config', 'sample'], 0],
  ['a completion', ['complete', 'bash'], 0],
  ['a spawn', create('web1'), 0, { report: true }],
  ['a list', ['server', 'list'], 0],
  ['a server', ['server', 'show', 'web1'], 0],
  ['a wait', ['server', 'wait', 'web1'], 0],
  ['a request without a service', [...create('web9', 'data-1'), '--no-wait'], 1],
  [
    'a request with a password',
    [
      ...create('web9', 'data-1'),
      ...['--no-wait', '--boot-from', 'ftp', '--ftp-host', 'install.example.com', '--ftp-username', 'install'],
      ...['--ftp-insfile', '/generic.ins', '--ftp-password-file', 'ftp.pw'],
    ],
    2,
  ],
  ['the use of servers', ['server', 'stats'], 0],
  ['the use of the machine', ['hypervisor', 'stats'], 0],
  ['an attach', ['server', 'add', 'volume', 'web1', 'data-1'], 0],
  ['a detach', ['server', 'remove', 'volume', 'web1', 'data-1'], 0],
  ['an attach of a network', ['server', 'add', 'network', 'web1', 'net1'], 0],
  ['a detach of a network', ['server', 'remove', 'network', 'web1', 'net1'], 0],
  ['the networks', ['network', 'list'], 0],
  ['a dump', ['server', 'dump', 'web1'], 0],
  ['a rescue', ['server', 'rescue', 'web1', '--volume', 'boot-2'], 0],
  ['the end of a rescue', ['server', 'unrescue', 'web1'], 0],
  ['a rebuild', ['server', 'rebuild', 'web1', '--volume', 'boot-2'], 0],
  ['a rebuild back', ['server', 'rebuild', 'web1', '--volume', 'boot-1'], 0],
  [
    'a boot from an FTP server that is not there',
    [
      ...create('web5', 'data-1'),
      ...['--boot-from', 'ftp', '--ftp-host', 'install.example.com', '--ftp-username', 'install'],
      ...['--ftp-insfile', '/generic.ins', '--ftp-password-file', 'ftp.pw'],
    ],
    1,
  ],
  ['a boot source', ['server', 'set', 'web1', '--boot-from', 'volume'], 0],
  ['a stop', ['server', 'stop', 'web1'], 0],
  ['a start', ['server', 'start', 'web1'], 0],
  ['a reboot', ['server', 'reboot', 'web1', '--hard'], 0],
  ['a resize', ['server', 'resize', 'web1', '--vcpus', '2'], 0],
  ['a new name', ['server', 'set', 'web1', '--name', 'web1', '--property', 'dpm:boot_timeout=120'], 0],
  ['a property less', ['server', 'unset', 'web1', '--property', 'dpm:boot_timeout'], 0],
  ['the CPC subset', ['hypervisor', 'show'], 0],
  ['its use', ['hypervisor', 'stats'], 0],
  ['the partitions', ['partition', 'list', '--all'], 0],
  ['a connector', ['get-connector', '--server', 'web1'], 0],
  ['the journal', ['flow', 'list'], 0],
  ['a flow that is not there', ['flow', 'show', 'f1'], 3],
  ['a flow to be resumed that is not there', ['flow', 'resume', 'f1'], 3],
  ['a console log, which the machine cannot list', ['console', 'log', 'show', 'web1'], 1],
  ['a console without a terminal', ['server', 'console', 'web1'], 1],
  ['the events of a server', ['server', 'event', 'list', 'web1'], 0],
  ['the CPCs', ['cpc', 'list'], 0],
  ['the adapters', ['adapter', 'list'], 0],
  ['a partition that is not there', ['partition', 'show', 'nobody'], 3],
  ['storage groups, which the machine does not have', ['storage-group', 'list'], 1],
  ['a storage group that is not there', ['storage-group', 'show', 'nobody'], 1],
  ['the volumes', ['volume', 'list'], 0],
  ['a volume', ['volume', 'show', 'boot-1'], 0],
  ['a new volume', ['volume', 'create', 'data-9', '--size', '1'], 0],
  ['a volume that goes', ['volume', 'delete', 'data-9'], 0],
  ['questions without answers', ['config', 'init', '--output', 'new.conf'], 2],
  ['words to complete', ['__complete', '--', 'server', 'show', ''], 0],
  ['the paths of a volume', ['volume', 'paths', 'boot-1'], 0],
  ['the paths of all volumes', ['volume', 'list-paths'], 0],
  ['where paths live', ['volume', 'search-path'], 0],
  ['an attach without Nova that is refused', ['local-attach', 'data-1', '--partition', 'nobody'], 3],
  ['a detach without Nova from nobody', ['local-detach', 'data-1', '--partition', 'nobody'], 3],
  [
    'a path service on an address of somebody else',
    ['path-service', '--listen', '192.0.2.1', '--token-file', 'token'], // TEST-NET-1, RFC 5737
    1,
  ],
  ['a service on a socket that cannot be created', ['serve', '--socket', 'none/serve.sock'], 2],
  ['a comparison', ['verify'], 0],
  ['a server that is not there', ['server', 'delete', 'web9'], 3],
  ['a wrong use', ['server', 'create', 'x', '--vcpus', 'many'], 2],
  [
    'an HMC that refuses',
    create('web2'),
    1,
    { fault: { server: 'hmc', operation: 'Create Partition', kind: echo('no') } },
  ],
  [
    'an HMC that answers HTML',
    ['hypervisor', 'show'],
    1,
    { fault: { server: 'hmc', operation: 'Get CPC Properties', kind: { type: 'wrong-schema' } } },
  ],
  [
    'a Cinder that cuts its answers off',
    create('web3'),
    5,
    { fault: { server: 'cinder', operation: '*', kind: { type: 'truncate' } } },
  ],
  [
    'a Cinder that answers another form',
    create('web4'),
    1,
    { fault: { server: 'cinder', operation: 'List Volumes', kind: { type: 'wrong-schema' } } },
  ],
  [
    'a job that fails',
    ['server', 'stop', 'web1'],
    1,
    {
      fault: {
        server: 'hmc',
        operation: 'Stop Partition',
        kind: { type: 'job', outcome: 'failed', status: 500, reason: 1 },
      },
    },
  ],
  [
    'a delete that gets stuck',
    ['server', 'delete', 'web1'],
    4,
    { fault: { server: 'hmc', operation: 'Delete Partition', kind: echo('never') } },
  ],
  ['a repair', ['verify', '--repair'], 0],
  ['a wrong password of the HMC', ['hypervisor', 'show'], 5, { set: { 'dpm.hmc_username': 'nobody' } }],
  ['a wrong password of Keystone', create('web5'), 5, { set: { 'cinder.username': 'nobody' } }],
  ['an HMC that is not there', ['hypervisor', 'show'], 5, { set: { 'dpm.hmc': 'http://127.0.0.1:1' } }],
  ['a Keystone that is not there', create('web6'), 5, { set: { 'cinder.auth_url': 'http://127.0.0.1:1/v3' } }],
  [
    'a password of the HMC in a file',
    ['hypervisor', 'stats'],
    0,
    { leaveOut: ['dpm.hmc_password'], set: { 'dpm.hmc_password_file': 'password' } },
  ],
  [
    'an application credential',
    ['doctor'],
    0,
    {
      leaveOut: ['cinder.password'],
      set: { 'cinder.auth_type': 'v3applicationcredential', 'cinder.application_credential_name': 'dpm' },
    },
  ],
];
