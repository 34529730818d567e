import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { cinder } from './cinder.ts';
import { glance } from './glance.ts';
import { logOn, seedIdentity, type Caller } from './identity.ts';
import { keystone } from './keystone.ts';
import { installMariadb, runSql, startMariadb } from './mariadb.ts';
import { cellsOf, nova, startCompute, type ComputeHost } from './nova.ts';
import { createNetworks, neutron, type Networks } from './neutron.ts';
import { installPackages } from './packages.ts';
import { placement } from './placement.ts';
import { freePorts, Processes } from './processes.ts';
import { answers, rabbitmq } from './rabbitmq.ts';
import { keptDirectory, urlOf, type Bed, type Ports, type Service } from './settings.ts';

/** Stock files, and databases of earlier runs. */
const cache = resolve(import.meta.dirname, '../../../node_modules/.cache/nova-dpm-openstack');

/** How long the services may take to start, on a busy machine. */
const START_SECONDS = 180;

export interface StackOptions {
  readonly directory: string;
  /** URL of the SAN's control API. */
  readonly sanUrl: string;
  /** Names of the compute hosts that may start. */
  readonly hosts: readonly string[];
  /** Values of `[ml2_dpm] physical_network_adapter_mappings` of Neutron. */
  readonly networkMappings: readonly string[];
}

/** Real Keystone, Placement, RabbitMQ, Glance, Cinder, Neutron and Nova on loopback. */
export interface Stack extends AsyncDisposable {
  readonly bed: Bed;
  readonly urls: Readonly<Record<'keystone' | 'placement' | 'glance' | 'cinder' | 'nova', string>>;
  readonly admin: Caller;
  readonly neutron: Networks;
  /** Starts nova-compute of a host, and returns the name of its process. */
  readonly startCompute: (host: ComputeHost) => string;
  /** Whether Nova says that nova-compute of these hosts is up, and knows their resources. */
  areUp(hosts: readonly string[]): Promise<boolean>;
  /** Waits until Nova says that nova-compute of these hosts is up, and Placement has their inventory. */
  untilComputeIsUp(hosts: readonly string[]): Promise<void>;
  /** Starts a service again that {@link Processes.end} has ended: `cinder` or `rabbitmq`. */
  restart(service: 'cinder' | 'rabbitmq'): Promise<void>;
}

/** Installs the packages, and starts the services. @throws UnavailableError when packages cannot be installed */
export async function startStack({ directory, sanUrl, hosts, networkMappings }: StackOptions): Promise<Stack> {
  const stock = join(cache, 'stock');
  const versions = installPackages(stock);
  const bed: Bed = { directory, stock, processes: new Processes(directory), ports: await choosePorts() };
  const services = [
    ...[keystone(bed), placement(bed), glance(bed), cinder(bed, sanUrl)],
    ...[neutron(bed, networkMappings), rabbitmq(bed), nova(bed)],
  ];
  try {
    for (const name of ['etc', 'kept', 'lock', 'cinder/conversion'])
      mkdirSync(join(directory, name), { recursive: true });
    for (const service of services) service.configure();
    await makeDatabases(bed, services, versions);
    if (!runSql(bed, 'nova_api', cellsOf(bed, hosts))) throw new Error('the cells of Nova could not be set');
    const admin = await startAll(bed, services);
    return stackOf(bed, services, admin, await createNetworks(bed, admin));
  } catch (error) {
    await bed.processes.endAll();
    throw error;
  }
}

const portNames = [
  'keystone',
  'placement',
  'glance',
  'cinder',
  'nova',
  'neutron',
  'rabbit',
  'rabbitNodes',
  'epmd',
] as const;

async function choosePorts(): Promise<Ports> {
  const numbers = await freePorts(portNames.length);
  // As many numbers as names.
  return Object.fromEntries(portNames.map((name, index) => [name, numbers[index]])) as unknown as Ports;
}

/** Takes the databases of an earlier run with the same packages, or makes them. A migration takes several seconds. */
async function makeDatabases(bed: Bed, services: readonly Service[], versions: string): Promise<void> {
  const template = join(cache, createHash('sha256').update(versions).digest('hex').slice(0, 16));
  if (existsSync(template)) {
    cpSync(template, keptDirectory(bed), { recursive: true });
    await startMariadb(bed);
    return;
  }
  await installMariadb(bed);
  await startMariadb(bed);
  const names = services.flatMap(({ databases }) => databases);
  runSql(bed, '', names.map((name) => `create database ${name};`).join('\n'));
  const limit = pLimit(2);
  // Nova takes longest.
  await Promise.all(services.toReversed().map((service) => limit(async () => await service.migrate?.())));
  await bed.processes.end('mariadb');
  keep(keptDirectory(bed), template);
  await startMariadb(bed);
}

/** Another run may have made the same template. */
function keep(directory: string, template: string): void {
  const near = `${template}.${process.pid}`;
  cpSync(directory, near, { recursive: true });
  try {
    renameSync(near, template);
  } catch {
    rmSync(near, { recursive: true, force: true });
  }
}

/** Keystone comes first: the others ask for tokens when they start. */
async function startAll(bed: Bed, services: readonly Service[]): Promise<Caller> {
  const { processes, ports } = bed;
  const [identity, ...others] = services;
  const names = [...((await identity?.start()) ?? [])];
  const keystoneUrl = urlOf(ports.keystone, '/v3');
  await seedIdentity(keystoneUrl, services);
  for (const service of others) names.push(...(await service.start()));
  const admin = await logOn(keystoneUrl);
  const ready = async (what: string, probe: () => Promise<boolean>) =>
    await processes.until(what, START_SECONDS, names, probe);
  await ready('RabbitMQ answers', async () => await answers(ports.rabbit));
  await ready('Glance answers', async () => {
    return (await fetch(urlOf(ports.glance, '/v2/images'), { headers: { 'x-auth-token': 'none' } })).status === 401;
  });
  await ready('Neutron answers', async () => (await fetch(urlOf(ports.neutron))).ok);
  await ready('the volume service is up', async () => await hasPool(bed, admin));
  await ready('conductor and scheduler are up', async () => {
    const states = await servicesOf(bed, admin);
    return ['nova-conductor', 'nova-scheduler'].every((binary) =>
      states.some((each) => each.binary === binary && each.state === 'up'),
    );
  });
  return admin;
}

async function hasPool({ ports }: Bed, { call, projectId }: Caller): Promise<boolean> {
  const url = urlOf(ports.cinder, `/v3/${projectId}/scheduler-stats/get_pools`);
  return (await call<{ pools: unknown[] }>('GET', url)).pools.length > 0;
}

async function servicesOf({ ports }: Bed, { call }: Caller) {
  const url = urlOf(ports.nova, '/v2.1/os-services');
  return (await call<{ services: ServiceState[] }>('GET', url)).services;
}

interface ServiceState {
  readonly binary: string;
  readonly host: string;
  readonly state: string;
  /** Time of the last report, in UTC without a zone. */
  readonly updated_at: string | null;
}

function stackOf(bed: Bed, services: readonly Service[], admin: Caller, networks: Networks): Stack {
  const { ports, processes } = bed;
  const urls = {
    keystone: urlOf(ports.keystone, '/v3'),
    placement: urlOf(ports.placement),
    glance: urlOf(ports.glance),
    cinder: urlOf(ports.cinder, `/v3/${admin.projectId}`),
    nova: urlOf(ports.nova, '/v2.1'),
  };
  const areUp = async (hosts: readonly string[], since = 0) => {
    const states = await servicesOf(bed, admin);
    const up = states.filter(
      ({ binary, state, updated_at: at }) =>
        binary === 'nova-compute' && state === 'up' && Date.parse(`${at ?? ''}Z`) > since,
    );
    const { hypervisors } = await admin.call<{ hypervisors: { service: { host: string } }[] }>(
      'GET',
      `${urls.nova}/os-hypervisors/detail`,
    );
    return hosts.every(
      (host) => up.some((each) => each.host === host) && hypervisors.some(({ service }) => service.host === host),
    );
  };
  return {
    bed,
    urls,
    admin,
    neutron: networks,
    startCompute: (host) => startCompute(bed, host),
    areUp: async (hosts) => await areUp(hosts),
    untilComputeIsUp: async (hosts) => {
      const names = hosts.map((host) => `nova-compute-${host}`);
      // A killed nova-compute counts as up for a while: only a new report says that it has started.
      const since = Date.now();
      await processes.until(
        `nova-compute of ${hosts.join(', ')} is up`,
        START_SECONDS,
        names,
        async () => await areUp(hosts, since),
      );
    },
    restart: async (name) => {
      const service = services.find((each) => each.name === name);
      const names = (await service?.start()) ?? [];
      await processes.until(`${name} is up`, START_SECONDS, names, async () =>
        name === 'cinder' ? await hasPool(bed, admin) : await answers(ports.rabbit),
      );
    },
    [Symbol.asyncDispose]: async () => {
      await processes.endAll();
      const open = await Promise.all(Object.values(ports).map(answers));
      if (open.includes(true))
        throw new Error(`something still listens on the ports ${Object.values(ports).join(', ')}`);
    },
  };
}
