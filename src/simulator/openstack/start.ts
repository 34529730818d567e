import { createRandom, randomUuid, SimServer, type SimServerOptions } from '../server/index.ts';
import { nameActions } from './cinder/action-names.ts';
import { faultResponse } from './cinder/api-fault.ts';
import { createCinderService } from './cinder/create-service.ts';
import { keystoneIdentity, noauthIdentity } from './cinder/identity.ts';
import { addInitialVolumes } from './cinder/initial-volumes.ts';
import { Pipeline } from './cinder/pipeline.ts';
import { keepCinder, restoreCinder } from './cinder/keep.ts';
import { cinderRoutes } from './cinder/routes.ts';
import type { CinderService } from './cinder/service.ts';
import { snapshotOf } from './cinder/snapshot.ts';
import { defaultUsers, defaultVolumes } from './defaults.ts';
import { Directory, projectOf, type Project, type UserOptions } from './keystone/directory.ts';
import { identityFaultResponse } from './keystone/faults.ts';
import { keystoneNotFound, keystoneRoutes } from './keystone/routes.ts';
import { Tokens } from './keystone/tokens.ts';
import type { Endpoints } from './keystone/views.ts';
import { glanceFault, glanceRoutes } from './glance/routes.ts';
import type { InitialVolume, Openstack, OpenstackOptions } from './options.ts';

const HOUR_MS = 3_600_000;

/** What both servers share, and the addresses that each learns of the other once it listens. */
interface Installation {
  readonly options: OpenstackOptions;
  readonly users: readonly UserOptions[];
  readonly directory: Directory;
  readonly tokens: Tokens;
  readonly auth: 'keystone' | 'noauth';
  readonly project: Project;
  readonly region: string;
  readonly service: CinderService;
  readonly volumes: readonly InitialVolume[];
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Scheme, host and port; empty until the server listens. */
  readonly urls: { keystone: string; cinder: string; glance: string | undefined };
}

/**
 * Starts a Keystone, a Cinder and a Glance on loopback ports, with the volumes on the given SAN.
 *
 * They answer as Cinder 21.3.1 and Keystone 22 were recorded to. All stop when the result is closed or disposed.
 * @throws RangeError for a `maxMicroversion` that is none; rejects when a port is taken
 * @public
 */
export async function startOpenstack(options: OpenstackOptions): Promise<Openstack> {
  const installation = install(options);
  const { urls, service } = installation;
  const started: SimServer[] = [];
  const start = async (server: SimServerOptions): Promise<SimServer> => {
    const running = await SimServer.start(server);
    started.push(running);
    return running;
  };
  try {
    const keystone = await start(keystoneServer(installation));
    urls.keystone = keystone.url;
    const cinder = await start(cinderServer(installation));
    urls.cinder = cinder.url;
    const glance = service.images.length === 0 ? undefined : await start(glanceServer(installation));
    urls.glance = glance?.url;
    return present(installation, { keystone, cinder, glance });
  } catch (error) {
    await Promise.all(started.map((server) => server.close()));
    throw error;
  }
}

function install(options: OpenstackOptions): Installation {
  const now = options.now ?? Date.now;
  const random = createRandom(options.seed ?? 1);
  const users = options.users ?? defaultUsers;
  const project = projectOf(options.cinder?.project ?? homeProject(users));
  const service = createCinderService(options, now, () => randomUuid(random), random);
  return {
    options,
    users,
    directory: new Directory(users),
    tokens: new Tokens(now, options.keystone?.tokenLifetimeMs ?? HOUR_MS),
    auth: options.cinder?.auth ?? 'keystone',
    project,
    region: options.keystone?.region ?? 'RegionOne',
    service,
    volumes: contentOf(options, service, project),
    since: now(),
    urls: { keystone: '', cinder: '', glance: undefined },
  };
}

/** Puts the kept or the initial volumes into Cinder. */
function contentOf(options: OpenstackOptions, service: CinderService, project: Project): readonly InitialVolume[] {
  const { kept, san, volumes = defaultVolumes } = options;
  if (kept === undefined) return addInitialVolumes(service, san, volumes, project.id);
  restoreCinder(service, kept);
  return kept.volumes.map(({ id, name, size, bootable }) => ({ id, name: name ?? id, size, bootable }));
}

function keystoneServer(installation: Installation): SimServerOptions {
  const { options, directory, tokens } = installation;
  const endpoints = (): Endpoints => endpointsOf(installation);
  return {
    ...commonOptions(installation),
    name: 'keystone',
    port: options.ports?.keystone,
    preferredPort: options.preferredPorts?.keystone,
    faults: options.faults,
    log: options.log,
    routes: keystoneRoutes({ directory, tokens, endpoints }),
    noRoute: keystoneNotFound,
    shapeError: (status, _reason, message) =>
      identityFaultResponse({ status, message, identity: undefined }, endpoints().identity),
  };
}

function cinderServer(installation: Installation): SimServerOptions {
  const { options, service, auth, tokens, urls } = installation;
  const pipeline = new Pipeline({
    service,
    auth,
    identify: auth === 'noauth' ? noauthIdentity() : keystoneIdentity(tokens),
    authUri: () => urls.keystone,
    scheme: options.tls ? 'https' : 'http',
  });
  return {
    ...commonOptions(installation),
    ...nameActions(options.faults, options.log),
    name: 'cinder',
    port: options.ports?.cinder,
    preferredPort: options.preferredPorts?.cinder,
    routes: cinderRoutes(service, pipeline),
    noRoute: (req) => pipeline.notFound(req),
    shapeError: (status, _reason, message) => faultResponse(status, message),
  };
}

function glanceServer(installation: Installation): SimServerOptions {
  const { options, service, auth, tokens, urls, since } = installation;
  const identify = auth === 'noauth' ? noauthIdentity() : keystoneIdentity(tokens);
  return {
    ...commonOptions(installation),
    name: 'glance',
    port: options.ports?.glance,
    preferredPort: options.preferredPorts?.glance,
    faults: options.faults,
    log: options.log,
    routes: glanceRoutes({ images: service.images, identify, authUri: () => urls.keystone, since }),
    noRoute: () => glanceFault(404, 'The resource could not be found.'),
    shapeError: (status, _reason, message) => glanceFault(status, message),
  };
}

function commonOptions({
  options,
  tokens,
}: Installation): Pick<SimServerOptions, 'tls' | 'host' | 'latencyMs' | 'restart' | 'onServed'> {
  const { tls, host, latencyMs, onServed } = options;
  return { tls, host, latencyMs, onServed, restart: () => tokens.revokeAll() };
}

interface Servers {
  readonly keystone: SimServer;
  readonly cinder: SimServer;
  readonly glance: SimServer | undefined;
}

function present(installation: Installation, { keystone, cinder, glance }: Servers): Openstack {
  const { users, directory, tokens, project, auth, region, service, volumes } = installation;
  const close = async (): Promise<void> => {
    await Promise.all([keystone.close(), cinder.close(), glance?.close()]);
  };
  const snapshot = () => snapshotOf(service.state);
  return {
    keystone: {
      url: `${keystone.url}/v3`,
      server: keystone,
      users,
      region,
      credentialId: (user, name) => credentialId(directory, user, name),
      revokeAll: () => tokens.revokeAll(),
    },
    cinder: {
      url: `${cinder.url}/v3/${project.id}`,
      rootUrl: cinder.url,
      auth,
      projectId: project.id,
      noauthToken: `admin:${project.id}`,
      server: cinder,
      snapshot,
    },
    glance: glance && { url: glance.url, server: glance },
    images: service.images.map(({ id, name }) => ({ id, name })),
    volumes,
    keep: () => keepCinder(service),
    snapshot,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function endpointsOf({ urls, options, region }: Installation): Endpoints {
  const withoutProjectId = options.keystone?.catalogWithoutProjectId ?? false;
  return { identity: `${urls.keystone}/v3`, volume: urls.cinder, image: urls.glance, withoutProjectId, region };
}

function homeProject(users: readonly UserOptions[]): string {
  const owner = users.find((user) => user.name === 'dpm') ?? users.at(-1);
  return Object.keys(owner?.projects ?? {})[0] ?? 'service';
}

function credentialId(directory: Directory, user: string, name: string): string {
  const credential = directory.findCredential({ name }, directory.findUser({ name: user }));
  if (!credential) throw new RangeError(`user "${user}" has no application credential "${name}"`);
  return credential.id;
}
