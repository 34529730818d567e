/*
 * npm run test:install: installs a compute host on a clean Debian 12 by docs/openstack.md, started by its own systemd, and
 * creates the first instance with the commands of the guide. Controller: the test bed of npm run test:openstack. Only HMC,
 * machine and SAN are simulated. Needs root, and installs Debian's packages.
 *
 * Ends with "N passed, N failed" and exit code 0 or 1. Exit code 3 and "NOT RUN": this machine cannot start such a host.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Report } from '../../scripts/real-openstack/report.ts';
import { blocksOf } from '../docs/support.ts';
import { Cloud, until } from './cloud.ts';
import { DebianHost, runProgram } from './debian-host.ts';
import { compare } from './picture.ts';
import { systemImage } from './round-trip.ts';
import { UnavailableError } from './stack/packages.ts';
import { adminPassword, servicePassword } from './stack/settings.ts';
import { openWorld, type World } from './world.ts';

const project = resolve(import.meta.dirname, '../..');
const guide = 'docs/openstack.md';
/** The compute host of the test bed that stands for `compute1` of the guide. */
const name = 'z16-a';

const report = new Report((line) => console.log(line), new AbortController().signal);
const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-install-'));
try {
  await run();
} catch (error) {
  if (error instanceof UnavailableError) {
    rmSync(directory, { recursive: true, force: true });
    console.error(`NOT RUN: ${error.message}`);
    process.exit(3);
  }
  report.broken('the run', error);
}
console.log(`\n${report.summary}`);
if (report.failed > 0) console.log(`Logs: ${directory}`);
else rmSync(directory, { recursive: true, force: true });
process.exitCode = Math.min(report.failed, 1);

async function run(): Promise<void> {
  report.heading('A clean Debian 12, and a controller');
  const packages = await buildPackages();
  await using host = await report.step('Debian 12 starts', async () => await startHost(packages));
  await using world = await report.step('the services of the controller start', async () => await openWorld(directory));
  const cloud = new Cloud(world.stack);
  await cloud.createImage('sles15', 'raw', systemImage());
  await openstack(world, 'openstack network set --name prod flat');

  report.heading(`The compute host, by ${guide}`);
  await follow(host, 'install');
  await writeSettings(host, world);
  await follow(host, 'protect');
  await follow(host, 'start');
  host.write('etc/nova/nova.conf', novaSettings(world));
  await follow(host, 'restart');
  await report.step('Nova says that nova-compute is up', async () => {
    await until(`nova-compute of ${name} is up`, async () => await world.stack.areUp([name]));
  });

  report.heading('The first instance, by the guide');
  for (const line of [...linesOf('flavor'), ...linesOf('first instance')]) await openstack(world, line);
  const [server] = await cloud.servers();
  report.equal('the instance is ACTIVE', server?.status, 'ACTIVE');
  await compare(report, 'its partition runs', { world, cloud });
  report.equal(
    'the services were started by systemd, and run',
    (await host.run('systemctl is-active nova-dpm.service nova-compute.service || true')).output.trim().split('\n'),
    ['active', 'active'],
  );

  report.heading('The end');
  if (server !== undefined) {
    await cloud.deleteServer(server.id);
    await cloud.untilGone(server.id);
  }
  for (const { id } of await cloud.volumes()) await cloud.deleteVolume(id);
  await compare(report, 'nothing is left', { world, cloud });
  report.equal('there is no partition', world.host(name).machine.hmc.snapshot().partition.length, 0);
  const stopped = await host.run(
    'systemctl stop nova-compute nova-dpm.socket nova-dpm; systemctl is-failed nova-dpm || true',
  );
  report.equal('the service stops when systemd stops it', stopped.output.trim().split('\n').at(-1), 'inactive');
  const removed = await host.run('apt-get -y -qq purge nova-dpm python3-nova-dpm nova-compute-dpm nova-dpm-node');
  report.equal('the packages can be purged', removed.code === 0 ? 'yes' : removed.output.slice(-500), 'yes');
}

async function buildPackages(): Promise<string> {
  const out = join(directory, 'packages');
  mkdirSync(out);
  const built = await runProgram(process.execPath, [join(project, 'scripts/bridge-packages.ts'), out, '--node']);
  if (built.code !== 0) throw new Error(`the packages cannot be built: ${built.output}`);
  return out;
}

async function startHost(packages: string): Promise<DebianHost> {
  const host = await DebianHost.start(join(directory, 'root'), join(directory, 'host.log'));
  for (const file of readdirSync(packages).filter((each) => each.endsWith('.deb'))) host.give(join(packages, file));
  // The container has the name of this machine, and `apt` asks before it installs.
  host.write('etc/apt/apt.conf.d/90test', 'APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n');
  const updated = await host.run('apt-get update -qq');
  if (updated.code !== 0)
    throw new UnavailableError(`apt-get update: ${updated.output.trim().split('\n').at(-1) ?? ''}`);
  return host;
}

/** Lines of the block that the guide marks with this name. */
function linesOf(mark: string): string[] {
  const block = blocksOf(guide, ['sh', 'ini']).find(({ note }) => note === `compute host: ${mark}`);
  if (block === undefined) throw new Error(`${guide} has no block "compute host: ${mark}"`);
  return block.text.trim().split('\n');
}

/** Runs a block of the guide on the compute host. */
async function follow(host: DebianHost, mark: string): Promise<void> {
  for (const line of linesOf(mark)) {
    const { code, output } = await host.run(line);
    report.equal(line, code === 0 ? 'done' : `exit ${code ?? 'by a signal'}: ${output.trim().slice(-800)}`, 'done');
    if (code !== 0) throw new Error(`the guide cannot be followed further: ${line}`);
  }
}

/** Runs a command of the OpenStack client on the controller. */
async function openstack(world: World, line: string): Promise<void> {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    OS_AUTH_URL: world.stack.urls.keystone,
    OS_USERNAME: 'admin',
    OS_PASSWORD: adminPassword,
    OS_PROJECT_NAME: 'admin',
    OS_USER_DOMAIN_ID: 'default',
    OS_PROJECT_DOMAIN_ID: 'default',
    OS_IDENTITY_API_VERSION: '3',
    OS_VOLUME_API_VERSION: '3',
  };
  const { code, output } = await runProgram('sh', ['-ec', line], '', env);
  report.equal(line, code === 0 ? 'done' : `exit ${code ?? 'by a signal'}: ${output.slice(-800)}`, 'done');
}

/** Answers the questions of `dpm config init`, as a user would, and runs the command of the guide. */
async function writeSettings(host: DebianHost, world: World): Promise<void> {
  const { hmc } = world.host(name).machine;
  host.write('etc/ssl/certs/hmc-ca.pem', readFileSync(join(directory, 'hmc-ca.pem'), 'utf8'));
  const [line = ''] = linesOf('settings');
  const answers = [
    ...[hmc.url.replace('https://', ''), '/etc/ssl/certs/hmc-ca.pem', hmc.username, hmc.password],
    ...['1', '1,2', '', '24', '65536', name],
    // An empty line for each answer that is proposed.
    ...['', world.stack.urls.keystone, 'nova', servicePassword, 'service', '', '', ''],
  ];
  const { code, output } = await host.run(line, `${answers.join('\n')}\n`);
  report.equal(line, code === 0 ? 'done' : `exit ${code ?? 'by a signal'}: ${output.slice(-1500)}`, 'done');
}

/** Nova's own settings, as its guide has them, and the lines of this guide. */
function novaSettings(world: World): string {
  const own = readFileSync(join(world.stack.bed.directory, 'etc/nova.conf'), 'utf8');
  const dropped = /^(?:host|state_path|lock_path|log_dir|compute_driver|connection|api_paste_config) = .*\n/gmu;
  const [, hostLine = ''] = linesOf('nova.conf');
  return own
    .replace(dropped, '')
    .replace('[DEFAULT]\n', `[DEFAULT]\n${hostLine.replace('compute1', name)}\nstate_path = /var/lib/nova\n`);
}
