/*
 * npm run demo: starts simulators of HMC, SAN, Keystone and Cinder on HTTPS, and runs the commands of a user against
 * them, each in its own process. Ends with a check that HMC, SAN and Cinder are as at the start.
 *
 *   npm run demo [-- --machine z13|z14|z15|z16|z17]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import type { ServerDetail } from '../src/compute/index.ts';
import { startSimulator } from '../src/simulator/index.ts';
import type { Simulator } from '../src/simulator/index.ts';
import { bundleCommand } from './bundle.ts';

const machines = ['z13', 'z14', 'z15', 'z16', 'z17'] as const;
const { values } = parseArgs({ options: { machine: { type: 'string', default: 'z13' } } });
const machine = machines.find((name) => name === values.machine);
if (machine === undefined) {
  console.error(`--machine is "${values.machine}", expected one of ${machines.join(', ')}`);
  process.exit(2);
}

const startedAt = performance.now();
const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-demo-'));
const main = await bundleCommand(directory);
// A start and a stop take a moment, as on a machine, so that the progress is visible.
const simulator = await startSimulator({
  machine,
  adapters: 2,
  tls: true,
  timing: { startMs: 400, stopMs: 200, statusLagMs: 200 },
});
try {
  process.exitCode = await play(simulator);
} finally {
  await simulator.close();
  rmSync(directory, { recursive: true, force: true });
}

async function play(sim: Simulator): Promise<number> {
  const [boot, , data] = sim.volumes;
  if (boot === undefined || data === undefined) throw new Error('the simulator has no volumes');
  writeSettings(sim);
  const before = sim.snapshot();
  say(`Simulated: ${machine} CPC ${sim.hmc.cpcName} at ${sim.hmc.url}, Cinder at ${sim.cinder.url}`);
  say(
    `Volumes: ${sim.volumes.map(({ name, size, bootable }) => `${name} (${size} GiB${bootable ? ', bootable' : ''})`).join(', ')}`,
  );

  const room = ['--property', 'dpm:maximum_memory=8192'];
  await dpm('doctor', '-f', 'value', '-c', 'status', '-c', 'check', '-c', 'detail');
  const network = ['--network', 'net1,address=10.0.0.5/24,gateway=10.0.0.1'];
  const server = ['web1', '--vcpus', '2', '--memory', '4096', '--volume', boot.name];
  show(await dpmJson('server', 'create', ...server, ...network, ...room));
  show(await dpmJson('server', 'add', 'volume', 'web1', data.name));
  show(await dpmJson('server', 'remove', 'volume', 'web1', data.name));
  // Within its maximum memory, it keeps running.
  show(await dpmJson('server', 'resize', 'web1', '--vcpus', '3', '--memory', '6144'));
  // The HMC of a z13 cannot list the messages of an operating system.
  if (machine !== 'z13') await dpm('console', 'log', 'show', 'web1', '-f', 'table');
  await dpm('server', 'list', '-f', 'table', '-c', 'name', '-c', 'status', '-c', 'partition');
  await dpm('server', 'delete', 'web1', '-f', 'value');

  const isSame = isDeepStrictEqual(before, sim.snapshot());
  const { partition, hba, nic, 'storage-group': groups } = sim.hmc.snapshot();
  const { arrays, fabrics } = sim.san.snapshot();
  const masks = arrays.flatMap((array) => array.masks);
  const zones = fabrics.flatMap((fabric) => fabric.zones);
  const { attachments } = sim.cinder.snapshot();
  say(
    `\nLeft behind: ${partition.length} partitions, ${hba.length} vHBAs, ${nic.length} NICs, ${groups.length} storage groups, ${masks.length} LUN masks, ${zones.length} zones, ${attachments.length} attachments`,
  );
  say(isSame ? 'HMC, SAN and Cinder are as at the start.' : 'HMC, SAN and Cinder are NOT as at the start.');
  say(`Done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
  return isSame ? 0 : 1;
}

function writeSettings(sim: Simulator): void {
  const sections = Object.entries(sim.settings()).map(([section, options]) => {
    const lines = Object.entries(options).flatMap(([option, value]) =>
      [value].flat().map((each) => `${option} = ${each}`),
    );
    return [`[${section}]`, ...lines].join('\n');
  });
  writeFileSync(join(directory, 'nova-dpm.conf'), `${sections.join('\n\n')}\n`, { mode: 0o600 });
}

/** Prints a server with its paths: initiator, target, LUN. */
function show(server: ServerDetail): void {
  say(
    `  server ${server.name} is ${server.status}, ${server.vcpus} processors, ${server.memory_mb} MiB; partition ${server.partition} is ${server.partition_status ?? '?'}`,
  );
  say(`  initiators (${server.storage_model ?? '?'}): ${server.connector?.wwpns.join(', ') ?? 'none'}`);
  if (server.boot !== null) {
    const { device, initiator_wwpn: initiator, target_wwpn: target, lun } = server.boot;
    say(`  boots from ${device}: ${initiator ?? '?'} -> ${target ?? '?'} LUN ${lun ?? '?'}`);
  }
  for (const { device_name: name, volume_id: id, target_lun: lun, paths } of server.volumes) {
    say(`  ${name} is volume ${id}, Cinder's LUN ${lun ?? '?'}, ${paths.length} paths`);
  }
  for (const { network, addresses, nic, nic_type: type, device_number: device, mac_address: mac } of server.networks) {
    say(
      `  network ${network}, ${addresses.join(', ')}: ${type ?? '?'} NIC ${nic ?? '?'}, device ${device ?? '?'}, MAC ${mac ?? '?'}`,
    );
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function dpmJson(...args: string[]): Promise<ServerDetail> {
  return JSON.parse(await run([...args, '-f', 'json'], 'pipe')) as ServerDetail; // the contract of `-f json`
}

async function dpm(...args: string[]): Promise<void> {
  await run(args, 'inherit');
}

async function run(args: readonly string[], stdout: 'inherit' | 'pipe'): Promise<string> {
  say(`\n$ dpm ${args.join(' ')}`);
  const env = {
    // All commands are the same program, so only the first one compiles it.
    NODE_COMPILE_CACHE: join(directory, 'modules'),
    ...process.env,
    NOVA_DPM_CONFIG: join(directory, 'nova-dpm.conf'),
    NOVA_DPM_DEFAULT__STATE_PATH: join(directory, 'state'),
  };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', stdout, 'inherit'] });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('close', resolve).once('error', reject),
  );
  if (code !== 0) throw new Error(`dpm ${args.join(' ')} ended with exit code ${String(code)}`);
  return output;
}
