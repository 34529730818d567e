import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import { CertificateAuthority, FaultEngine, RequestLog } from '../../src/simulator/server/index.ts';
import { startHmc, type MachineName, type SimulatedHmc } from '../../src/simulator/hmc/index.ts';
import { startSanControl } from '../../src/simulator/san/control.ts';
import { createSan, type SimulatedSan } from '../../src/simulator/san/index.ts';
import { logon } from './stack/settings.ts';
import { textOf } from './text.ts';
import { startStack, type Stack } from './stack/stack.ts';

const project = resolve(import.meta.dirname, '../..');

/** How long `dpm serve` may take to become ready, on a busy machine. */
const READY_SECONDS = 120;

/** One machine with its HMC. */
export interface Machine {
  readonly name: MachineName;
  readonly hmc: SimulatedHmc;
}

/** A compute host: nova-compute, and the `dpm serve` behind it, for one CPC subset. */
export interface Host {
  readonly name: string;
  readonly machine: Machine;
  /** Settings file of `dpm serve`. */
  readonly settingsFile: string;
  readonly socket: string;
}

/** Real OpenStack services on one side, and simulated machines on the other, with one SAN between them. */
export interface World extends AsyncDisposable {
  readonly directory: string;
  readonly san: SimulatedSan;
  /** Faults of HMC and SAN. */
  readonly faults: FaultEngine;
  readonly stack: Stack;
  readonly hosts: readonly Host[];
  host(name: string): Host;
  /** Starts `dpm serve` of a host, and waits until it is ready. */
  readonly startService: (host: Host) => Promise<void>;
  /** Starts nova-compute of hosts, and waits until Nova says that it is up. */
  readonly startCompute: (hosts: readonly Host[]) => Promise<void>;
}

/** Compute hosts by name: two CPC subsets of a z16, and a z13. */
const hostMachines = { 'z13-a': 'z13', 'z16-a': 'z16', 'z16-b': 'z16' } as const;

/** Starts everything but `dpm serve` and nova-compute. @throws UnavailableError when packages cannot be installed */
export async function openWorld(directory: string): Promise<World> {
  await using owned = new AsyncDisposableStack();
  const faults = new FaultEngine([], 1);
  const log = new RequestLog();
  const san = createSan();
  const control = owned.use(await startSanControl({ san, faults, log }));
  const authority = new CertificateAuthority();
  const caFile = join(directory, 'hmc-ca.pem');
  writeFileSync(caFile, authority.pem);
  const machines: Machine[] = [];
  for (const [index, name] of (['z13', 'z16'] as const).entries()) {
    const timing = { startMs: 300, stopMs: 200, statusLagMs: 100, jobMs: 50 };
    const surroundings = { san, fabrics: san.fabricIds, faults, log, tls: authority.issue(), seed: index + 1 };
    const size = { cpcIfls: 64, cpcMemoryMib: 262_144 };
    machines.push({
      name,
      hmc: owned.use(await startHmc({ machine: name, adapters: 2, timing, ...size }, surroundings)),
    });
  }
  const machineOf = (host: string) => machines.find(({ name }) => name === machineNames[host]);
  const stack = owned.use(
    await startStack({
      directory,
      sanUrl: control.url,
      hosts: Object.keys(hostMachines),
      networkMappings: Object.keys(hostMachines).flatMap((host) => mappingOf(host, machineOf(host))),
    }),
  );
  const hosts = Object.keys(hostMachines).map((name): Host => {
    const machine = machineOf(name);
    if (machine === undefined) throw new Error(`there is no machine for ${name}`);
    const settingsFile = join(directory, 'etc', `dpm-${name}.conf`);
    writeFileSync(settingsFile, settingsText(name, machine, stack, caFile, directory), { mode: 0o600 });
    return { name, machine, settingsFile, socket: join(directory, `${name}.sock`) };
  });
  const all = owned.move();
  const { processes } = stack.bed;
  return {
    directory,
    san,
    faults,
    stack,
    hosts,
    host: (name) => {
      const found = hosts.find((each) => each.name === name);
      if (found === undefined) throw new Error(`there is no host ${name}`);
      return found;
    },
    startService: async (host) => {
      const name = serviceName(host);
      const args = [
        join(project, 'src/cli/main.ts'),
        '--config-file',
        host.settingsFile,
        '--log-level',
        'info',
        'serve',
        '--socket',
        host.socket,
      ];
      processes.start(name, { command: process.execPath, args });
      await processes.until(`${name} is ready`, READY_SECONDS, [name], async () => await isReady(host.socket));
    },
    startCompute: async (started) => {
      for (const host of started) {
        const settings = {
          DEFAULT: { compute_driver: 'dpm.DPMDriver' },
          dpm: { service_url: `unix:${host.socket}` },
        };
        stack.startCompute({ host: host.name, settings, drivers: [join(project, 'bridge/nova/virt')] });
      }
      await stack.untilComputeIsUp(started.map(({ name }) => name));
    },
    [Symbol.asyncDispose]: async () => await all.disposeAsync(),
  };
}

const machineNames: Readonly<Record<string, string>> = hostMachines;

export function serviceName({ name }: Host): string {
  return `dpm-serve-${name}`;
}

export function computeName({ name }: Host): string {
  return `nova-compute-${name}`;
}

/** The first physical network is that of the first OSA port of the machine. */
function mappingOf(host: string, machine: Machine | undefined): readonly string[] {
  const adapter = machine?.hmc.model.all('adapter').find(({ props }) => props.type === 'osd');
  return adapter === undefined ? [] : [`${host}:physnet1:${textOf(adapter.props['object-id'])}:0`];
}

/** The settings, as an administrator would write them. */
function settingsText(host: string, { hmc }: Machine, stack: Stack, caFile: string, directory: string): string {
  const adapters = hmc.model.all('adapter').filter(({ props }) => props.type === 'fcp');
  const statePath = join(directory, `state-${host}`);
  mkdirSync(statePath, { recursive: true });
  const { region_name: region = '', ...user } = logon(stack.bed, 'nova');
  const lines = (options: Readonly<Record<string, string>>) =>
    Object.entries(options).map(([key, value]) => `${key} = ${value}`);
  return [
    '[DEFAULT]',
    `host = ${host}`,
    `state_path = ${statePath}`,
    '[dpm]',
    `hmc = ${hmc.url}`,
    `hmc_username = ${hmc.username}`,
    `hmc_password = ${hmc.password}`,
    `hmc_ca_certs = ${caFile}`,
    `cpc_object_id = ${hmc.cpcObjectId}`,
    'max_processors = 24',
    'max_memory = 65536',
    // Each initiator reaches the two target ports of its own fabric only.
    'boot_attempts = 4',
    ...adapters.map(({ props }) => `physical_storage_adapter_mappings = ${textOf(props['object-id'])}:0`),
    '[cinder]',
    ...lines({ ...user, region_name: region }),
    '[service_user]',
    'send_service_user_token = true',
    ...lines(user),
    '',
  ].join('\n');
}

/** Asks `dpm serve` over its socket whether it is ready. */
async function isReady(socketPath: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const ask = request({ socketPath, path: '/readyz' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ask.once('error', () => resolve(false));
    ask.end();
  });
}
