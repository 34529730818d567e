import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { neverAborted, silentLogger } from '../../src/base/index.ts';
import { diagnose } from '../../src/cli/doctor/diagnose.ts';
import type { DoctorCheck } from '../../src/cli/doctor/checks.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { FaultRule, Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import { runLive, writeSettings } from '../support/live-cli.ts';
import { scratch, settingsFor, toIni } from '../support/world.ts';

type Set = Readonly<Record<string, string | readonly string[]>>;

async function examine(sim: Simulator, set: Set = {}): Promise<readonly DoctorCheck[]> {
  const options = { log: silentLogger, requestId: 'req-1', baseDir: '/nowhere' };
  return await diagnose(settingsFor(sim, set), options, { signal: neverAborted() });
}

function idOf(resource: { readonly props: Readonly<Record<string, unknown>> } | undefined): string {
  const id = resource?.props['object-id'];
  if (typeof id !== 'string') throw new Error('the simulated machine has no such adapter');
  return id;
}

/** The lines that are not ok, as status, check and detail. */
function findings(checks: readonly DoctorCheck[]): readonly string[] {
  return checks
    .filter(({ status }) => status !== 'ok')
    .map(({ check, status, detail }) => `${status} ${check}: ${detail}`);
}

async function withSimulator(options: SimulatorOptions, set: (sim: Simulator) => Set): Promise<readonly DoctorCheck[]> {
  await using sim = await startSimulator(options);
  return await examine(sim, set(sim));
}

const adapterOf = (sim: Simulator) => String(sim.settings().dpm.physical_storage_adapter_mappings?.[0]);

test('where all is well every line says so, and nothing is changed', async () => {
  await using sim = await startSimulator({ tls: true });
  const before = sim.snapshot();

  const checks = await examine(sim);

  expect(findings(checks)).toEqual([]);
  expect(checks.map(({ check }) => check.split(' ')[0])).toEqual([
    'hmc',
    'user',
    'cpc',
    'dpm.max_processors',
    'dpm.max_memory',
    'storage',
    'partitions',
    'adapter',
    'adapter',
    'network',
    'network',
    'keystone',
    'cinder',
    'service',
    'state',
    'clock',
    'clock',
  ]);
  expect(sim.snapshot()).toEqual(before);
  expect(
    sim.log.entries
      .filter(({ method }) => method !== 'GET')
      .map(({ operation }) => operation)
      .sort(),
  ).toEqual(['Create Token', 'Create Token', 'Logoff', 'Logon']);
});

test.each([
  ['z13', /^vHBAs, 2 for each partition; WWPNs exist only after the partition is created/],
  ['z14', /^storage groups, one for each instance with 2 connections; WWPNs exist before the partition is created/],
  ['z17', /boot paths are tested before a start; 0 groups visible$/],
] as const)('on a %s it says how partitions get at LUNs, and what that means', async (machine, says) => {
  const checks = await withSimulator({ machine }, () => ({}));

  const model = checks.find(({ check }) => check === 'storage model');
  expect(model?.status).toBe('ok');
  expect(model?.detail).toMatch(says);
});

test('ports that log in before zoning are told with the storage model', async () => {
  const checks = await withSimulator({ machine: 'z16' }, () => ({ 'dpm.login_before_zoning': 'true' }));

  expect(checks.find(({ check }) => check === 'storage model')?.detail).toContain('ports log in before volumes are');
});

describe('what is wrong is a line with its reason, and the rest is still looked at', () => {
  test('an HMC that does not answer', async () => {
    const checks = await withSimulator({}, () => ({ 'dpm.hmc': 'http://127.0.0.1:1' }));

    expect(findings(checks)).toEqual([expect.stringMatching(/^fail hmc 127\.0\.0\.1:1: .*connection refused/)]);
    expect(checks.find(({ status }) => status === 'fail')).toMatchObject({ code: 'HMC_CONNECTION' });
    expect(checks.some(({ check }) => check.startsWith('cinder'))).toBe(true);
  });

  test('one of two HMCs that does not answer is a warning', async () => {
    const checks = await withSimulator({}, (sim) => ({ 'dpm.hmc': `http://127.0.0.1:1, ${sim.hmc.url}` }));

    expect(findings(checks)).toEqual([expect.stringMatching(/^warn hmc 127\.0\.0\.1:1: /)]);
    expect(checks.some(({ check }) => check.startsWith('adapter'))).toBe(true);
  });

  test.each(['expired', 'wrong-host', 'self-signed'] as const)('a certificate that is %s', async (hmcCertificate) => {
    const checks = await withSimulator({ tls: true, hmcCertificate }, () => ({}));

    expect(findings(checks)).toEqual([expect.stringMatching(/^fail hmc /)]);
    expect(checks.find(({ status }) => status === 'fail')?.advice).toContain('dpm.hmc_ca_certs');
  });

  test('a certificate that nobody verifies', async () => {
    const checks = await withSimulator({ tls: true, hmcCertificate: 'expired' }, () => ({
      'dpm.hmc_insecure': 'true',
    }));

    expect(findings(checks)).toEqual([expect.stringMatching(/^warn hmc .*its certificate is not verified/)]);
  });

  test('a rejected password, tried once', async () => {
    await using sim = await startSimulator();

    const checks = await examine(sim, { 'dpm.hmc_password': 'wrong-sesame' });

    expect(findings(checks)).toEqual([expect.stringMatching(/^fail user nova: .*403\.0/)]);
    expect(checks.find(({ status }) => status === 'fail')).toMatchObject({ code: 'HMC_AUTH' });
    expect(sim.log.entries.filter(({ operation }) => operation === 'Logon')).toHaveLength(1);
  });

  test('a CPC that does not exist, by id and by name', async () => {
    const byId = await withSimulator({}, () => ({ 'dpm.cpc_object_id': '00000000-0000-4000-8000-000000000000' }));
    const byName = await withSimulator({}, () => ({ 'dpm.cpc_object_id': '', 'dpm.cpc_name': 'NOPE' }));

    expect(findings(byId)).toEqual([expect.stringMatching(/^fail cpc 00000000.*this user sees: \S+ \(CPC1\)/)]);
    expect(findings(byName)).toEqual([expect.stringMatching(/^fail cpc NOPE: .*this user sees: CPC1/)]);
  });

  test('a share that is more than the machine has', async () => {
    const checks = await withSimulator({}, () => ({ 'dpm.max_processors': '9999', 'dpm.max_memory': '999999999' }));

    expect(findings(checks)).toEqual([
      expect.stringMatching(/^fail dpm\.max_processors: 9999 IFLs, and the CPC has \d+$/),
      expect.stringMatching(/^fail dpm\.max_memory: 999999999 MiB, and the CPC has \d+$/),
    ]);
  });

  test('an adapter that does not exist, one that is not FCP, and a port that an adapter has not', async () => {
    const checks = await withSimulator({}, (sim) => {
      const other = sim.hmc.model.all('adapter').find(({ props }) => props.type !== 'fcp');
      return {
        'dpm.physical_storage_adapter_mappings': [
          '00000000-0000-4000-8000-000000000000:0',
          `${idOf(other)}:0`,
          adapterOf(sim).replace(/:0$/, ':3'),
        ],
      };
    });

    expect(findings(checks)).toEqual([
      expect.stringMatching(/^fail adapter port 00000000-.*404/),
      expect.stringMatching(/^fail adapter port .*type (?!fcp)/),
      expect.stringMatching(/^fail adapter port .*:3: .*its ports: 0$/),
    ]);
    for (const { advice } of checks.filter(({ status }) => status === 'fail'))
      expect(advice).toMatch(/; FCP ports that this user sees: [0-9a-f-]{36}:0 \(FCP [^)]+\), [0-9a-f-]{36}:0/);
  });

  test('an adapter that is not active', async () => {
    await using sim = await startSimulator();
    const mapping = adapterOf(sim);
    const adapter = sim.hmc.model.all('adapter').find(({ props }) => mapping.startsWith(idOf({ props })));
    adapter!.props.status = 'not-active';
    const checks = await examine(sim, { 'dpm.physical_storage_adapter_mappings': [mapping] });

    expect(sim.settings().dpm.physical_storage_adapter_mappings).not.toContain(mapping);
    expect(findings(checks)).toEqual([expect.stringMatching(/^warn adapter port .*status not-active/)]);
  });

  test('no adapter port, where there are storage groups and where there are none', async () => {
    const none = () => ({ 'dpm.physical_storage_adapter_mappings': [] });
    const [z16, z13] = [await withSimulator({ machine: 'z16' }, none), await withSimulator({ machine: 'z13' }, none)];

    const detail = 'dpm.physical_storage_adapter_mappings is empty: Cinder volumes cannot be used';
    expect(findings(z16)).toEqual([`warn adapter ports: ${detail}, only existing storage groups`]);
    expect(findings(z13)).toEqual([`fail adapter ports: ${detail}`]);
    const advice = z16.find(({ check }) => check === 'adapter ports')?.advice;
    expect(advice).toMatch(/^FCP ports of the CPC: [0-9a-f-]{36}:0 \(.+\), [0-9a-f-]{36}:0 \(.+\)$/);
  });

  test('a rejected user of Cinder', async () => {
    const checks = await withSimulator({}, () => ({ 'cinder.password': 'wrong-sesame' }));

    expect(findings(checks)).toEqual([expect.stringMatching(/^fail cinder: .*401/)]);
    expect(checks.find(({ status }) => status === 'fail')).toMatchObject({ code: 'CINDER_AUTH' });
  });

  test('a Cinder without the attachments API, and no service user', async () => {
    const checks = await withSimulator({ cinder: { maxMicroversion: '3.43' } }, () => ({
      'service_user.send_service_user_token': 'false',
    }));

    expect(findings(checks)).toEqual([
      expect.stringMatching(/^warn cinder .*microversion 3\.43: the legacy volume-action API is used to attach$/),
      'warn service user: none',
    ]);
  });

  test('a service user without the role', async () => {
    const checks = await withSimulator({}, (sim) => {
      const admin = sim.keystone.users.find(({ name }) => name === 'admin')!;
      const project = Object.keys(admin.projects ?? {})[0] ?? '';
      return {
        'service_user.username': admin.name,
        'service_user.password': admin.password,
        'service_user.project_name': project,
      };
    });

    expect(findings(checks)).toEqual([expect.stringMatching(/^fail cinder: .*service user/)]);
    expect(checks.find(({ status }) => status === 'fail')?.advice).toContain('role service');
  });
});

describe('what the HMC refuses has advice of its own, and what does not need it is still looked at', () => {
  type Refusal = Pick<FaultRule, 'operation' | 'kind'>;

  async function examineWith({ operation, kind }: Refusal, set: Set = {}): Promise<readonly DoctorCheck[]> {
    await using sim = await startSimulator({ machine: 'z16' });
    sim.faults.add({ id: 'refusal', server: 'hmc', operation, kind, when: { times: -1 } });
    return await examine(sim, set);
  }

  const kinds = (checks: readonly DoctorCheck[]) => checks.map(({ check }) => check.split(' ')[0]);
  const failures = (checks: readonly DoctorCheck[]) =>
    checks.filter(({ status }) => status === 'fail').map(({ check, advice }) => `${check.split(' ')[0]}: ${advice}`);

  test.each([
    ['is hidden from the user', 404],
    ['needs a permission that the user has not', 403],
  ])('a console that %s (%i.1) is not needed', async (_what, status) => {
    const checks = await examineWith({
      operation: 'Get Console Properties',
      kind: { type: 'refuse', status, reason: 1 },
    });

    expect(findings(checks)).toEqual([]);
  });

  test.each([
    [272, {}],
    [6, {}],
    [272, { 'dpm.cpc_object_id': '', 'dpm.cpc_name': 'CPC1' }],
  ])('a CPC that answers 409.%i: partitions and adapters are listed all the same', async (reason, set) => {
    const refusal = { operation: 'Get CPC Properties', kind: { type: 'refuse', status: 409, reason } } as const;

    const checks = await examineWith(refusal, set);

    expect(failures(checks)).toEqual([expect.stringMatching(/^cpc: the CPC is not ready: look at its status/)]);
    expect(checks.find(({ status }) => status === 'fail')?.detail).toContain(`409.${reason}`);
    expect(kinds(checks).slice(0, 6)).toEqual(['hmc', 'user', 'cpc', 'partitions', 'adapter', 'adapter']);
  });

  test('a CPC that the user may not see: the adapters are looked at all the same', async () => {
    const kind = { type: 'refuse', status: 404, reason: 1 } as const;

    const checks = await examineWith({ operation: 'Get CPC Properties', kind });

    expect(failures(checks)).toEqual([expect.stringMatching(/^cpc: the user needs object access permission/)]);
    expect(kinds(checks)).toContain('adapter');
  });

  test('a list of CPCs that is refused: CPC, partitions and adapters are looked at all the same', async () => {
    const kind = { type: 'refuse', status: 403, reason: 1 } as const;

    const checks = await examineWith({ operation: 'List CPC Objects', kind });

    expect(failures(checks)).toEqual([expect.stringMatching(/^user: give the user the task permission/)]);
    expect(kinds(checks)).toEqual(expect.arrayContaining(['cpc', 'storage', 'partitions', 'adapter', 'cinder']));
  });

  test('an HTML page is told by its status, and what may stand behind it', async () => {
    const checks = await examineWith({ operation: 'Query API Version', kind: { type: 'html', status: 503 } });

    expect(findings(checks)).toEqual([expect.stringMatching(/^fail hmc .*: .*503 .*HTML page/)]);
    expect(failures(checks)).toEqual([expect.stringMatching(/^hmc: the HMC is starting/)]);
  });
});

test('with another driver the HMC is not looked at', async () => {
  const checks = await withSimulator({}, () => ({ 'DEFAULT.compute_driver': 'fake.FakeDriver' }));

  expect(checks.map(({ check }) => check.split(' ')[0])).toEqual(['keystone', 'cinder', 'service', 'state', 'clock']);
});

test('what the caller ends is no finding', async () => {
  await using sim = await startSimulator();
  const controller = new AbortController();
  controller.abort(new Error('enough'));

  const options = { log: silentLogger, requestId: 'req-1', baseDir: '/nowhere' };
  await expect(diagnose(settingsFor(sim), options, { signal: controller.signal })).rejects.toThrow('enough');
});

describe('what this host contributes', () => {
  test('a state directory that is not writable, a volume driver and a host connector that do not load', async () => {
    const checks = await withSimulator({}, () => ({
      'DEFAULT.state_path': '/dev/null/state',
      'dpm.volume_drivers': 'iscsi=/nonexistent/driver.js#Driver',
      'dpm.host_connectors': 'nvme=/nonexistent/connector.js#Connector',
    }));

    expect(findings(checks)).toEqual([
      'fail state directory: /dev/null/state: /dev/null is not writable for this user',
      expect.stringMatching(/^fail volume driver iscsi: .*nonexistent\/driver\.js/),
      expect.stringMatching(/^fail host connector nvme: .*nonexistent\/connector\.js/),
    ]);
    expect(checks.filter(({ status }) => status === 'fail').map(({ code }) => code)).toEqual([
      'CONFIG',
      'CONFIG',
      'CONFIG',
    ]);
    expect(checks.some(({ check }) => check.startsWith('adapter port'))).toBe(true);
  });

  test('a clock that is ten minutes ahead of HMC and Keystone', async () => {
    await using sim = await startSimulator();
    const clock = () => Date.now() + 600_000;
    const options = { log: silentLogger, requestId: 'req-1', baseDir: '/nowhere', clock };

    const checks = await diagnose(settingsFor(sim), options, { signal: neverAborted() });

    expect(findings(checks)).toEqual([
      expect.stringMatching(/^warn clock against HMC .*: this host is (?:599|600|601) s ahead/),
      expect.stringMatching(/^warn clock against Keystone .*: this host is (?:599|600|601) s ahead/),
    ]);
  });
});

test('incomplete settings hide neither the CPCs of the HMC nor Cinder', async () => {
  await using sim = await startSimulator();
  const cwd = mkdtempSync(join(scratch(), 'nova-dpm-test-'));
  try {
    writeSettings(cwd, toIni(sim.settings(), { 'dpm.cpc_object_id': [] }));

    const { code, stdout } = await runLive(['doctor'], { cwd });

    expect(code).toBe(2);
    const checks = JSON.parse(stdout) as DoctorCheck[];
    expect(findings(checks).join('\n')).toContain('dpm.cpc_object_id');
    expect(checks.find(({ check }) => check === 'hmc')?.detail).toContain(`CPCs: ${sim.hmc.cpcName} (`);
    expect(checks.some(({ check }) => check.startsWith('cinder '))).toBe(true);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
