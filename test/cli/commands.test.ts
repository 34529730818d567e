import { describe, expect, test, vi } from 'vitest';
import { ConflictError, NotFoundError } from '../../src/base/index.ts';
import { FlowRolledBackError, FlowStuckError } from '../../src/compute/journal/index.ts';
import type { DoctorCheck } from '../../src/cli/doctor/checks.ts';
import type { ManagerOptions } from '../../src/cli/open.ts';
import type { RequestContext } from '../../src/virt/index.ts';
import { fakeIo, runFake } from '../support/cli.ts';
import type { FakeManager } from '../support/cli.ts';

const server = {
  id: '2f0c1a2b-0000-4000-8000-000000000000',
  name: 'web1',
  status: 'ACTIVE',
  task_state: null,
  power_state: 'running',
  host: 'compute1',
  partition: 'OpenStack-compute1-2f0c1a2b-0000-4000-8000-000000000000',
  created_at: '2026-11-21T10:00:00.000Z',
};
const flow = { id: 'f1', flow: 'build', state: 'completed', startedAt: server.created_at, leftBehind: [], events: [] };
const detail = { ...server, vcpus: 2, memory_mb: 4096, fault: null, volumes: [] };

const show = async () => detail;

describe('every command hands on what was asked for', () => {
  test.each<[string, FakeManager, unknown[]]>([
    ['server list', { list: vi.fn(async () => [server]) }, []],
    ['server show web1', { show: vi.fn(async () => detail) }, ['web1']],
    [
      'server create web1 --vcpus 2 --memory 4096 --volume v1',
      { create: vi.fn(async () => detail) },
      [
        {
          name: 'web1',
          vcpus: 2,
          memoryMib: 4096,
          volumes: [{ volumeId: 'v1', bootIndex: 0, deleteOnTermination: false }],
          start: true,
        },
      ],
    ],
    [
      'server create web1 --no-start --vcpus 2 --memory 4096 --volume a,delete-on-termination --volume b,boot-index=0',
      { create: vi.fn(async () => detail) },
      [
        {
          name: 'web1',
          vcpus: 2,
          memoryMib: 4096,
          volumes: [
            { volumeId: 'a', deleteOnTermination: true },
            { volumeId: 'b', bootIndex: 0, deleteOnTermination: false },
          ],
          start: false,
        },
      ],
    ],
    ['server delete web1', { delete: vi.fn(async () => undefined) }, ['web1']],
    ['server start web1', { start: vi.fn(async () => undefined), show }, ['web1']],
    ['server stop web1', { stop: vi.fn(async () => undefined), show }, ['web1', { soft: false }]],
    ['server stop --soft web1', { stop: vi.fn(async () => undefined), show }, ['web1', { soft: true }]],
    ['server reboot web1', { reboot: vi.fn(async () => undefined), show }, ['web1', { hard: false }]],
    ['server reboot web1 --hard', { reboot: vi.fn(async () => undefined), show }, ['web1', { hard: true }]],
    [
      'server create web1 --vcpus 2 --memory 4096 --storage-group prepared,boot-volume=root --property dpm:secure_boot=true',
      { create: vi.fn(async () => detail) },
      [
        {
          name: 'web1',
          vcpus: 2,
          memoryMib: 4096,
          volumes: [],
          storageGroup: { name: 'prepared', bootVolume: 'root' },
          properties: { 'dpm:secure_boot': 'true' },
          start: true,
        },
      ],
    ],
    ['server add volume web1 v2', { addVolume: vi.fn(async () => detail) }, ['web1', 'v2', { mode: 'rw' }]],
    ['server add volume web1 v2 --mode ro', { addVolume: vi.fn(async () => detail) }, ['web1', 'v2', { mode: 'ro' }]],
    [
      'server remove volume web1 v2',
      { removeVolume: vi.fn(async () => detail) },
      ['web1', 'v2', { mustBeAttached: true }],
    ],
    [
      'server remove volume web1 v2 --if-exists',
      { removeVolume: vi.fn(async () => detail) },
      ['web1', 'v2', { mustBeAttached: false }],
    ],
    [
      'server create web1 --vcpus 2 --memory 4096 --volume a --volume b',
      { create: vi.fn(async () => detail) },
      [
        {
          name: 'web1',
          vcpus: 2,
          memoryMib: 4096,
          volumes: [
            { volumeId: 'a', deleteOnTermination: false },
            { volumeId: 'b', deleteOnTermination: false },
          ],
          start: true,
        },
      ],
    ],
    ['hypervisor show', { hypervisorShow: vi.fn(async () => ({ vcpus: 10 })) }, []],
    ['hypervisor stats', { hypervisorStats: vi.fn(async () => ({ vcpus: 10 })) }, []],
    ['server stats web1 web2', { serverStats: vi.fn(async () => []) }, [['web1', 'web2']]],
    ['server stats', { serverStats: vi.fn(async () => []) }, [[]]],
    ['partition list', { listPartitions: vi.fn(async () => []) }, [{ all: false }]],
    ['partition list --all', { listPartitions: vi.fn(async () => []) }, [{ all: true }]],
    ['get-connector --server web1', { getConnector: vi.fn(async () => ({ host: 'h' })) }, ['web1']],
    ['get-connector --partition P', { getPartitionConnector: vi.fn(async () => ({ host: 'h' })) }, ['P']],
    ['flow resume f1', { resumeFlow: vi.fn(async () => 'completed'), showFlow: async () => flow }, ['f1']],
  ])('dpm %s', async (line, manager, args) => {
    const io = fakeIo({ manager });

    const { code, stderr } = await runFake(line.split(' '), io);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [verb] = Object.values(manager);
    const calls = vi.mocked(verb as (...given: unknown[]) => unknown).mock.calls;
    expect(calls).toHaveLength(1);
    const given = calls[0]?.filter((arg) => !(typeof arg === 'object' && arg !== null && 'signal' in arg));
    expect(given).toEqual(args);
    expect(io.closed()).toBe(1);
  });

  test.each([
    ['server list', 'read'],
    ['hypervisor show', 'read'],
    ['server delete web1', 'write'],
  ])('dpm %s opens the manager to %s', async (line, access) => {
    const io = fakeIo({
      manager: {
        list: async () => [],
        hypervisorShow: async () => ({}),
        delete: async () => undefined,
      },
    });

    await runFake(line.split(' '), io);

    expect(io.opened).toEqual([{ access, purpose: `dpm ${line.replace(' web1', '')}` }]);
  });
});

describe('results', () => {
  const list = async () => [{ ...server, extra: 'not of the list' }];

  test('are JSON in a pipe and a table on a terminal', async () => {
    const piped = await runFake(['server', 'list'], fakeIo({ manager: { list } }));
    const shown = await runFake(['server', 'list'], fakeIo({ manager: { list }, isTerminal: true }));

    expect(JSON.parse(piped.stdout)).toEqual([server]);
    expect(shown.stdout).toMatch(/^\+-[\s\S]*\| Name +\| Status +\| Power State /);
  });

  test('are all that goes to standard output, also when there is something to say', async () => {
    const io = fakeIo({ manager: { list }, env: { NOVA_DPM_DPM__HMC_INSECURE: 'true' } });
    const quiet = fakeIo({ manager: { list }, env: { NOVA_DPM_DPM__HMC_INSECURE: 'true' } });

    const loud = await runFake(['server', 'list'], io);
    const { stderr } = await runFake(['server', 'list', '--quiet'], quiet);

    expect(JSON.parse(loud.stdout)).toHaveLength(1);
    expect(loud.stderr).toContain('dpm: warning: dpm.hmc_insecure is true');
    expect(stderr).toBe('');
  });
});

test('partition list shows for which server a partition is parked, where one is', async () => {
  const row = {
    name: 'p1',
    status: 'stopped',
    instance: null,
    processors: 1,
    memory_mb: 1024,
    uri: '/api/partitions/1',
  };
  const list = async (...rows: object[]) => {
    const io = fakeIo({ manager: { listPartitions: async () => rows } });
    return (await runFake(['partition', 'list', '--long', '-f', 'csv'], io)).stdout.split('\n');
  };

  expect(await list(row)).toEqual(['name,status,instance,server,processors,memory_mb,uri', expect.any(String), '']);
  expect(await list(row, { ...row, parked_for: server.id })).toEqual([
    'name,status,instance,server,processors,memory_mb,uri,parked_for',
    'p1,stopped,,,1,1024,/api/partitions/1,',
    `p1,stopped,,,1,1024,/api/partitions/1,${server.id}`,
    '',
  ]);
});

describe('server list', () => {
  const servers = [
    { ...server, vcpus: 4, memory_mb: 4096, boot_volume: 'boot-1', address: '10.0.0.5' },
    {
      ...server,
      id: 'b',
      name: 'web10',
      status: 'SHUTOFF',
      vcpus: 16,
      memory_mb: 1024,
      boot_volume: 'boot-2',
      address: null,
    },
    { ...server, id: 'c', name: 'db1', vcpus: 8, memory_mb: 2048, boot_volume: null, address: null },
  ];
  const listed = async (...options: string[]) => {
    const io = fakeIo({ manager: { list: async () => servers } });
    return await runFake(['server', 'list', ...options], io);
  };
  const names = async (...options: string[]) => {
    const { stdout } = await listed('-f', 'value', '-c', 'name', ...options);
    return stdout.trimEnd().split('\n').join(' ');
  };

  test('shows in tables what a person needs, and with --long all', async () => {
    expect((await listed('-f', 'csv')).stdout.split('\n').slice(0, 2)).toEqual([
      'name,status,power_state,vcpus,memory_mb,boot_volume,address',
      'web1,ACTIVE,running,4,4096,boot-1,10.0.0.5',
    ]);
    expect((await listed('-f', 'csv', '--long')).stdout.split('\n')[0]).toBe(
      'id,name,status,task_state,power_state,host,partition,created_at,vcpus,memory_mb,boot_volume,address',
    );
    expect(JSON.parse((await listed('-f', 'json')).stdout)).toEqual(servers);
  });

  test('takes columns as a comma list, by key or by head', async () => {
    const { stdout } = await listed('-f', 'csv', '-c', 'Memory MiB,id', '-c', 'boot_volume');

    expect(stdout.split('\n')[0]).toBe('memory_mb,id,boot_volume');
  });

  test('filters by status, in any case, and by a regular expression for the name', async () => {
    expect(await names('--status', 'active')).toBe('web1 db1');
    expect(await names('--name', 'web')).toBe('web1 web10');
    expect(await names('--name', '1$')).toBe('web1 db1');
    expect(await names('--name', '^web', '--status', 'SHUTOFF')).toBe('web10');
    expect((await listed('--status', 'SLEEPING')).stderr).toContain('one of ACTIVE, BUILD');
    expect((await listed('--name', '(')).stderr).toContain('Expected a regular expression');
  });

  test('sorts by columns', async () => {
    expect(await names('--sort-column', 'Name')).toBe('db1 web1 web10');
    expect(await names('--sort-column', 'vcpus')).toBe('web1 db1 web10');
    expect(await names('--sort-column', 'vcpus', '--sort-descending')).toBe('web10 db1 web1');
    expect(await names('--sort-column', 'status', '--sort-column', 'name')).toBe('db1 web1 web10');
    expect((await listed('--sort-ascending', '--sort-descending')).code).toBe(2);
  });

  test('refuses the shell format before it asks the HMC', async () => {
    const io = fakeIo({ manager: { list: async () => servers } });
    const { code, stderr } = await runFake(['server', 'list', '-f', 'shell'], io);

    expect(code).toBe(2);
    expect(stderr).toContain('option -f = "shell": expected one of table, json, yaml, csv, value for a list');
    expect(io.opened).toEqual([]);
  });
});

describe('server delete', () => {
  const gone = async (name: string) => {
    if (name !== 'web1') throw new NotFoundError(`server "${name}" does not exist`);
  };

  test('of what is gone ends with 3, and with --if-exists with 0', async () => {
    const strict = await runFake(['server', 'delete', 'web2'], fakeIo({ manager: { delete: gone } }));
    const lenient = await runFake(
      ['server', 'delete', 'web2', 'web1', '--if-exists'],
      fakeIo({ manager: { delete: gone } }),
    );

    expect(strict.code).toBe(3);
    expect(lenient.code).toBe(0);
    expect(JSON.parse(lenient.stdout)).toEqual([
      { server: 'web2', deleted: false },
      { server: 'web1', deleted: true },
    ]);
  });

  test('deletes each once, goes on after one that fails, and ends with the worst', async () => {
    const asked: string[] = [];
    const remove = async (name: string) => {
      asked.push(name);
      if (name === 'b') throw new NotFoundError('server "b" does not exist');
      if (name === 'c') throw new FlowStuckError('delete', 'f1', ['partition c'], new ConflictError('busy'));
    };

    const { code, stdout } = await runFake(
      ['server', 'delete', 'a', 'b', 'c', 'a', 'd'],
      fakeIo({ manager: { delete: remove } }),
    );

    expect(asked).toEqual(['a', 'b', 'c', 'd']);
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'FLOW_STUCK', left_behind: ['partition c'] } });
  });
});

describe('a failure', () => {
  test('is told once, and the manager is let go', async () => {
    const cause = new ConflictError('HMC said no');
    const io = fakeIo({
      manager: {
        start: async () => {
          throw new FlowRolledBackError('start "web1"', 'start-partition', {}, cause);
        },
      },
    });

    const { code, stdout, stderr } = await runFake(['server', 'start', 'web1'], io);

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'FLOW_ROLLED_BACK', left_behind: [] } });
    expect(stderr).toMatch(/^dpm: start "web1": HMC said no\. Everything was rolled back\. [^\n]*\[req-[^\n]*\]\n$/);
    expect(io.closed()).toBe(1);
  });

  test('shows no secret of the settings, even one that a peer repeats', async () => {
    const show = async () => {
      throw new ConflictError('Keystone said: cinder-sentinel-secret is wrong');
    };

    const { stdout, stderr } = await runFake(['server', 'show', 'x', '--debug'], fakeIo({ manager: { show } }));

    expect(stdout + stderr).not.toContain('sentinel');
    expect(stdout).toContain('***');
  });

  test('comes with its stack where defects are looked for', async () => {
    const show = async () => {
      throw new TypeError('x is not a function');
    };

    const plain = await runFake(['server', 'show', 'x'], fakeIo({ manager: { show } }));
    const debug = await runFake(['server', 'show', 'x', '--debug'], fakeIo({ manager: { show } }));

    expect(plain.stderr).not.toContain('    at ');
    expect(debug.stderr).toContain('    at ');
    expect(debug.code).toBe(1);
  });
});

describe('an interruption', () => {
  /** Work that ends only when it is told to, and then takes a while to put things back. */
  function interruptible(io: ReturnType<typeof fakeIo>, during: () => void) {
    return async (_request: unknown, { signal }: RequestContext) => {
      setImmediate(() => {
        io.signal('SIGINT');
      });
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          resolve();
        });
      });
      during();
      throw signal.reason;
    };
  }

  const create = ['server', 'create', 'x', '--vcpus', '1', '--memory', '1024', '--volume', 'v'];

  test('rolls back and exits with 130; a second signal is told that the rollback is running', async () => {
    const manager: { create?: NonNullable<FakeManager['create']> } = {};
    const io = fakeIo({ manager });
    manager.create = interruptible(io, () => {
      io.signal('SIGINT');
    });

    const { code, stdout, stderr } = await runFake(create, io);

    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'INTERRUPTED' } });
    expect(stderr).toMatch(/^dpm: SIGINT: rolling back\ndpm: SIGINT again: still rolling back/);
  });

  test('--timeout does the same with 1', async () => {
    const manager: FakeManager = {
      create: async (_request, { signal }) => {
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        throw signal.reason;
      },
    };
    // The timer of --timeout keeps no process alive by itself.
    const alive = setInterval(() => undefined, 1_000);

    const { code, stdout } = await runFake([...create, '--timeout', '0.01'], fakeIo({ manager }));

    clearInterval(alive);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'TIMEOUT', message: expect.stringContaining('0.01 s') as unknown },
    });
  });
});

test('server create --no-wait leaves the work to the service, and says how to wait for it', async () => {
  const request = vi.fn(async () => ({ ...detail, status: 'BUILD' }));
  const io = fakeIo({ manager: { request } });
  const argv = 'server create web1 --vcpus 2 --memory 4096 --volume v1 --no-wait'.split(' ');

  const { code, stdout, stderr } = await runFake(argv, io);

  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: 'dpm: the running service creates it; to wait for it, run: dpm server wait web1\n',
  });
  expect(JSON.parse(stdout)).toMatchObject({ name: 'web1', status: 'BUILD' });
  expect(request).toHaveBeenCalledTimes(1);
  expect(io.opened).toEqual([{ access: 'read', purpose: 'dpm server create' }]);
});

test('server create --no-wait refuses a boot source with a password before it asks for the password', async () => {
  const askSecret = vi.fn(async () => 'secret');
  const argv = 'server create web1 --vcpus 2 --memory 4096 --volume v1 --no-wait --boot-from sftp'.split(' ');

  const { code, stderr } = await runFake(argv, fakeIo({ askSecret, isTerminal: true }));

  expect(code).toBe(2);
  expect(stderr).toContain('the password of the server is never stored');
  expect(askSecret).not.toHaveBeenCalled();
});

test('server wait prints the server, or its fault with the exit code of the operation', async () => {
  const settled = { ...server, power_state: 'running' as const };
  const wait = (waitForServer: () => Promise<never>) => fakeIo({ journal: { waitForServer } });
  const done = await runFake(['server', 'wait', 'web1'], fakeIo({ journal: { waitForServer: async () => settled } }));
  const undone = await runFake(
    ['server', 'wait', 'web1'],
    wait(() => Promise.reject(new FlowRolledBackError('server "web1" is in status ERROR', '', {}, new Error('full')))),
  );
  const stuck = await runFake(
    ['server', 'wait', 'web1'],
    wait(() =>
      Promise.reject(new FlowStuckError('server "web1" is in status ERROR', 'f1', ['a mask'], new Error('no'))),
    ),
  );

  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(done.stdout)).toMatchObject({ name: 'web1', status: 'ACTIVE', task_state: null });
  expect(undone.code).toBe(1);
  expect(undone.stderr).toContain('full');
  expect(stuck.code).toBe(4);
  expect(stuck.stderr).toContain('Left behind: a mask');
});

test('the steps of a flow are shown on standard error, unless nobody wants them', async () => {
  const run = async (...flags: string[]) => {
    const onOpen = ({ onStep }: ManagerOptions) => {
      onStep({ flow: 'start', flowId: 'f', subject: 'web1', step: 'start-partition', state: 'running' });
      onStep({ flow: 'start', flowId: 'f', subject: 'web1', step: 'start-partition', state: 'done', ms: 10 });
    };
    const io = fakeIo({ onOpen, manager: { start: async () => undefined, show } });
    return (await runFake(['server', 'start', 'web1', ...flags], io)).stderr;
  };

  expect(await run()).toMatch(/^done +web1: starting the partition +0\.01 s\n$/);
  expect(await run('--no-progress')).toBe('');
  expect(await run('--quiet')).toBe('');
});

test('that another command holds the state directory is told, unless nobody wants to know', async () => {
  const onOpen = ({ onWait }: ManagerOptions) => {
    onWait('process 4711 (dpm server create)');
  };
  const run = async (...flags: string[]) => {
    const io = fakeIo({ onOpen, manager: { start: async () => undefined, show } });
    return (await runFake(['server', 'start', 'web1', ...flags], io)).stderr;
  };

  expect(await run()).toBe('dpm: waiting for process 4711 (dpm server create)\n');
  expect(await run('--quiet')).toBe('');
});

describe('doctor', () => {
  const checks: readonly DoctorCheck[] = [
    { check: 'hmc', status: 'ok', detail: 'reachable', advice: '' },
    { check: 'adapter', status: 'fail', detail: 'gone', advice: 'look', code: 'NOT_FOUND' },
    { check: 'user', status: 'fail', detail: 'rejected', advice: 'check', code: 'HMC_AUTH' },
  ];

  test('prints a line per check and ends with the worst', async () => {
    const { code, stdout } = await runFake(['doctor'], fakeIo({ diagnose: async () => checks }));

    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toEqual([
      { check: 'settings', status: 'ok', detail: 'nova-dpm.conf', advice: '' },
      ...checks.map(({ code: _, ...line }) => line),
    ]);
  });

  test('ends with 0 when nothing fails', async () => {
    const { code } = await runFake(['doctor'], fakeIo({ diagnose: async () => checks.slice(0, 1) }));

    expect(code).toBe(0);
  });

  test('shows unusable settings as lines, each with what was expected, and asks nobody', async () => {
    const { code, stdout } = await runFake(['doctor', '--config-file', '/bad.conf'], fakeIo());

    const lines = JSON.parse(stdout) as { check: string; status: string; detail: string; advice: string }[];
    expect(code).toBe(2);
    expect(lines.every(({ check, status }) => check === 'settings' && status === 'fail')).toBe(true);
    expect(lines[0]?.detail).toBe('dpm.hmc = "http://hmc1" (/bad.conf:2)');
    expect(lines[0]?.advice).toContain('loopback');
  });
});
