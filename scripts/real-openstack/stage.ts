import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Waiting } from '../../src/base/index.ts';
import { openCinder } from '../../src/cinder-client/index.ts';
import type { CinderClient } from '../../src/cinder-client/index.ts';
import { openManager } from '../../src/compute/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import { loadSettings, nodeFiles } from '../../src/config/index.ts';
import type { Settings } from '../../src/config/index.ts';
import { startHmc } from '../../src/simulator/hmc/index.ts';
import type { HmcSnapshot, SimulatedHmc } from '../../src/simulator/hmc/index.ts';
import { textOf } from '../../src/simulator/hmc/model/json.ts';
import { CertificateAuthority, FaultEngine, RequestLog } from '../../src/simulator/server/index.ts';
import { CinderObserver } from './cinder-observer.ts';
import type { CinderState, KeystoneUser } from './cinder-observer.ts';
import { fabricIds, MaskedSan } from './masked-san.ts';
import { startOldCinder } from './old-cinder.ts';
import type { OldCinder } from './old-cinder.ts';
import { RealArray } from './real-array.ts';
import type { ArrayState } from './real-array.ts';
import type { Report } from './report.ts';
import type { RealOpenstack } from './services.ts';

/** Users of the services, which are deleted after the run. Source: its README. */
const projectUser: KeystoneUser = { name: 'demo', password: 'oracle-demo', project: 'demo' };
const serviceUser: KeystoneUser = { name: 'nova', password: 'oracle-service', project: 'service' };
const administrator: KeystoneUser = { name: 'admin', password: 'oracle-admin', project: 'admin' };

/** Settings of a compute manager. */
export interface Variant {
  readonly order: 'deferred' | 'stock';
  readonly flow: 'attachments' | 'legacy';
  /** Whether `[service_user]` is set: attachments then name their instance. */
  readonly service: boolean;
}

export function describeVariant({ order, flow, service }: Variant): string {
  return `${order} order, ${flow} flow, ${service ? 'with' : 'without'} [service_user]`;
}

/** A snapshot of everything outside of the driver and its compute manager. */
export interface WorldState {
  readonly cinder: CinderState;
  readonly array: Pick<ArrayState, 'volumes' | 'masks' | 'exports' | 'violations'>;
  readonly hmc: HmcSnapshot;
}

/** Real Keystone, Cinder and array; a simulated HMC whose partitions see that array. */
export interface Stage extends AsyncDisposable {
  readonly report: Report;
  readonly signal: AbortSignal;
  readonly array: RealArray;
  readonly san: MaskedSan;
  readonly hmc: SimulatedHmc;
  readonly oldCinder: OldCinder;
  /** Cinder as the user of the project, for the volumes of the script. */
  readonly cinder: CinderClient;
  open(variant: Variant): Promise<ComputeManager>;
  snapshot(w: Waiting): Promise<WorldState>;
}

export interface StageOptions {
  readonly openstack: RealOpenstack;
  readonly report: Report;
  /** Directory of settings, certificates and state. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** Starts the simulated HMC: HTTPS, a z13 with two FCP adapters, one in each fabric. */
export async function openStage({ openstack, report, directory, signal }: StageOptions): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const array = new RealArray(openstack.arrayDirectory);
  array.behave();
  const san = new MaskedSan(array);
  const authority = new CertificateAuthority();
  const hmc = stack.use(
    await startHmc(
      { machine: 'z13', adapters: 2, timing: { startMs: 200, stopMs: 100, statusLagMs: 100 } },
      { san, fabrics: fabricIds, faults: new FaultEngine([], 1), log: new RequestLog(), tls: authority.issue() },
    ),
  );
  const caFile = join(directory, 'hmc-ca.pem');
  writeFileSync(caFile, authority.pem);
  const oldCinder = stack.use(await startOldCinder(openstack.cinderUrl));
  const observer = new CinderObserver(openstack.keystoneUrl, openstack.cinderUrl, administrator);
  const settingsOf = (variant: Variant) => {
    const text = settingsText({ variant, hmc, caFile, openstack, oldCinder, directory });
    return readSettings(join(directory, 'nova-dpm.conf'), text);
  };
  const ownSettings = settingsOf({ order: 'deferred', flow: 'attachments', service: false });
  const cinder = stack.use(openCinder(ownSettings.cinder));
  const owned = stack.move();
  return {
    report,
    signal,
    array,
    san,
    hmc,
    oldCinder,
    cinder,
    open: async (variant) => await openManagerFor(settingsOf(variant), directory, report, signal),
    snapshot: async (w) => {
      const { volumes, masks, exports, violations } = array.read();
      return {
        cinder: await observer.snapshot(w),
        array: { volumes, masks, exports, violations },
        hmc: hmc.snapshot(),
      };
    },
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  };
}

async function openManagerFor(
  settings: Settings,
  directory: string,
  report: Report,
  signal: AbortSignal,
): Promise<ComputeManager> {
  return await openManager(settings, {
    context: { requestId: 'req-2b0c3f6e-7d1a-4c55-9f0e-6a1d2b3c4d5e', signal },
    purpose: 'real-openstack',
    pid: process.pid,
    baseDir: directory,
    onStep: ({ flow, step, state, ms }) => {
      if (state === 'running' || state === 'progress') return;
      report.note(`${flow}: ${step} ${state}${ms === undefined ? '' : ` (${ms} ms)`}`);
    },
  });
}

interface SettingsFacts {
  readonly variant: Variant;
  readonly hmc: SimulatedHmc;
  readonly caFile: string;
  readonly openstack: RealOpenstack;
  readonly oldCinder: OldCinder;
  readonly directory: string;
}

/** The settings, as a user would write them. */
function settingsText({ variant, hmc, caFile, openstack, oldCinder, directory }: SettingsFacts): string {
  const fcp = hmc.model.all('adapter').filter(({ props }) => props.type === 'fcp');
  const ports = fcp.map(({ props }) => `physical_storage_adapter_mappings = ${textOf(props, 'object-id')}:0`);
  const logon = (user: KeystoneUser) => [
    'auth_type = password',
    `auth_url = ${openstack.keystoneUrl}`,
    `username = ${user.name}`,
    `password = ${user.password}`,
    'user_domain_id = default',
    `project_name = ${user.project}`,
    'project_domain_id = default',
  ];
  return [
    '[DEFAULT]',
    'host = compute1',
    // Each manager has its own state directory, so that one does not influence the next.
    `state_path = ${mkdtempSync(join(directory, 'state-'))}`,
    '[dpm]',
    `hmc = ${hmc.url}`,
    `hmc_username = ${hmc.username}`,
    `hmc_password = ${hmc.password}`,
    `hmc_ca_certs = ${caFile}`,
    `cpc_object_id = ${hmc.cpcObjectId}`,
    'max_processors = 4',
    'max_memory = 16384',
    // One path for each port: the others lead to targets in another fabric.
    'boot_attempts = 2',
    `spawn_order = ${variant.order}`,
    ...ports,
    '[cinder]',
    ...logon(projectUser),
    ...(variant.flow === 'legacy' ? [`endpoint_override = ${oldCinder.url}`] : []),
    ...(variant.service ? ['[service_user]', 'send_service_user_token = true', ...logon(serviceUser)] : []),
    '',
  ].join('\n');
}

function readSettings(file: string, text: string): Settings {
  writeFileSync(file, text, { mode: 0o600 });
  return loadSettings({
    configFiles: [file],
    env: {}, // ignores OS_* variables of the shell
    cwd: '/',
    home: '/',
    hostname: 'compute1',
    files: nodeFiles,
  });
}
