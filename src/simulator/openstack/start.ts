import { createRandom, randomUuid, SimServer } from '../server/index.ts';
import { nameActions } from './cinder/action-names.ts';
import { faultResponse } from './cinder/api-fault.ts';
import { keystoneIdentity, noauthIdentity } from './cinder/identity.ts';
import { Pipeline } from './cinder/pipeline.ts';
import { cinderRoutes } from './cinder/routes.ts';
import { snapshotOf } from './cinder/snapshot.ts';
import { createCinderService } from './cinder/create-service.ts';
import { addInitialVolumes } from './cinder/initial-volumes.ts';
import { defaultUsers, defaultVolumes } from './defaults.ts';
import { Directory, projectOf, type UserOptions } from './keystone/directory.ts';
import { identityFaultResponse } from './keystone/faults.ts';
import { keystoneNotFound, keystoneRoutes } from './keystone/routes.ts';
import { Tokens } from './keystone/tokens.ts';
import type { Endpoints } from './keystone/views.ts';
import type { Openstack, OpenstackOptions } from './options.ts';

const HOUR_MS = 3_600_000;

/**
 * Starts a Keystone and a Cinder on loopback ports, with their volumes on the given SAN.
 *
 * They answer as Cinder 21.3.1 and Keystone 22 were recorded to. Both stop when the result is closed or disposed.
 * @throws RangeError for a `maxMicroversion` that is none; rejects when a port is taken
 */
export async function startOpenstack(options: OpenstackOptions): Promise<Openstack> {
  const parts = assemble(options);
  const keystone = await parts.startKeystone();
  const cinder = await parts.startCinder().catch(async (error: unknown) => {
    await keystone.close();
    throw error;
  });
  const close = async (): Promise<void> => void (await Promise.all([keystone.close(), cinder.close()]));
  const snapshot = () => snapshotOf(parts.service.state);
  const { users, directory, tokens, project, auth } = parts;
  return {
    keystone: {
      url: `${keystone.url}/v3`,
      server: keystone,
      users,
      region: regionOf(options),
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
    volumes: parts.volumes,
    snapshot,
    close,
    [Symbol.asyncDispose]: close,
  };
}

// Everything but the listening. The servers know each other's address through `servers`, filled as they start.
function assemble(options: OpenstackOptions) {
  const now = options.now ?? Date.now;
  const random = createRandom(options.seed ?? 1);
  const users = options.users ?? defaultUsers;
  const directory = new Directory(users);
  const tokens = new Tokens(now, options.keystone?.tokenLifetimeMs ?? HOUR_MS);
  const auth = options.cinder?.auth ?? 'keystone';
  const project = projectOf(options.cinder?.project ?? homeProject(users));
  const service = createCinderService(options, now, () => randomUuid(random), random);
  const volumes = addInitialVolumes(service, options.san, options.volumes ?? defaultVolumes, project.id);
  const servers = { keystone: '', cinder: '' };
  const endpoints = (): Endpoints => ({
    identity: `${servers.keystone}/v3`,
    volume: servers.cinder,
    withoutProjectId: options.keystone?.catalogWithoutProjectId ?? false,
    region: regionOf(options),
  });
  const common = {
    tls: options.tls,
    host: options.host,
    latencyMs: options.latencyMs,
    restart: () => tokens.revokeAll(),
  };
  const pipeline = new Pipeline({
    service,
    auth,
    identify: auth === 'noauth' ? noauthIdentity() : keystoneIdentity(tokens),
    authUri: () => servers.keystone,
    scheme: options.tls ? 'https' : 'http',
  });
  return {
    users,
    directory,
    tokens,
    auth,
    project,
    service,
    volumes,
    startKeystone: async (): Promise<SimServer> => {
      const server = await SimServer.start({
        ...common,
        name: 'keystone',
        port: options.ports?.keystone,
        faults: options.faults,
        log: options.log,
        routes: keystoneRoutes({ directory, tokens, endpoints }),
        noRoute: keystoneNotFound,
        shapeError: (status, _reason, message) =>
          identityFaultResponse({ status, message, identity: undefined }, endpoints().identity),
      });
      servers.keystone = server.url;
      return server;
    },
    startCinder: async (): Promise<SimServer> => {
      const server = await SimServer.start({
        ...common,
        ...nameActions(options.faults, options.log),
        name: 'cinder',
        port: options.ports?.cinder,
        routes: cinderRoutes(service, pipeline),
        noRoute: (req) => pipeline.notFound(req),
        shapeError: (status, _reason, message) => faultResponse(status, message),
      });
      servers.cinder = server.url;
      return server;
    },
  };
}

function homeProject(users: readonly UserOptions[]): string {
  const owner = users.find((user) => user.name === 'dpm') ?? users.at(-1);
  return Object.keys(owner?.projects ?? {})[0] ?? 'service';
}

function regionOf({ keystone }: OpenstackOptions): string {
  return keystone?.region ?? 'RegionOne';
}

function credentialId(directory: Directory, user: string, name: string): string {
  const credential = directory.findCredential({ name }, directory.findUser({ name: user }));
  if (!credential) throw new RangeError(`user "${user}" has no application credential "${name}"`);
  return credential.id;
}
