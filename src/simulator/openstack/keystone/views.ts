import { timestamp } from '../clock.ts';
import type { Json } from '../json.ts';
import { hexId } from '../names.ts';
import { DOMAIN, type Project } from './directory.ts';
import type { Scope, Token } from './tokens.ts';

/** Where the services are; URLs end without a slash. */
export interface Endpoints {
  /** Keystone, ending in `/v3`. */
  readonly identity: string;
  /** Cinder's root. */
  readonly volume: string;
  /** Glance's root; undefined without a Glance. */
  readonly image: string | undefined;
  /** Leaves the project id out of Cinder's URL, as newer installations do. */
  readonly withoutProjectId: boolean;
  readonly region: string;
}

/** The body of a token, with the catalogue unless it was asked to be left out. */
export function tokenView(token: Token, endpoints: Endpoints, withCatalog: boolean): Json {
  const { scope } = token;
  return {
    token: {
      methods: token.methods,
      user: { domain: DOMAIN, id: token.user.id, name: token.user.name, password_expires_at: null },
      audit_ids: token.auditIds,
      expires_at: `${timestamp(token.expiresAt)}Z`,
      issued_at: `${timestamp(token.issuedAt)}Z`,
      ...scopeView(scope),
      ...(scope && { roles: token.roles.map((name) => ({ id: hexId('role', name), name })) }),
      ...(token.credential && { application_credential: { ...token.credential, restricted: true } }),
      ...(scope && withCatalog && { catalog: catalogView(scope, endpoints) }),
    },
  };
}

/** The services of an installation; the block storage service under its old type and under its official one. */
export function catalogView(scope: Scope, endpoints: Endpoints): readonly Json[] {
  const { identity, volume, image, region } = endpoints;
  const projectId = scope !== undefined && 'project' in scope ? scope.project.id : undefined;
  const own = endpoints.withoutProjectId ? `${volume}/v3` : projectId && `${volume}/v3/${projectId}`;
  return [
    serviceView('identity', 'keystone', identity, region),
    serviceView('volumev3', 'cinderv3', own, region),
    serviceView('block-storage', 'cinder', own, region),
    ...(image === undefined ? [] : [serviceView('image', 'glance', image, region)]),
  ];
}

/** The one version document there is; both of its forms are made of it. */
export function versionView(identityUrl: string): Json {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${identityUrl}/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
}

/** A project as GET /v3/auth/projects lists it. */
export function projectView({ id, name }: Project, identityUrl: string): Json {
  const common = { description: '', enabled: true, parent_id: DOMAIN.id, is_domain: false, tags: [], options: {} };
  return { id, name, domain_id: DOMAIN.id, ...common, links: { self: `${identityUrl}/projects/${id}` } };
}

function scopeView(scope: Scope): Json {
  if (scope === undefined) return {};
  if ('system' in scope) return { system: { all: true } };
  return { project: { domain: DOMAIN, ...scope.project }, is_domain: false };
}

// An endpoint whose URL names the project is left out of a catalogue without a project.
function serviceView(type: string, name: string, url: string | undefined, region: string): Json {
  const faces = url === undefined ? [] : ['public', 'internal', 'admin'];
  const endpoints = faces.map((face) => ({
    id: hexId('endpoint', `${type} ${face}`),
    interface: face,
    region_id: region,
    url,
    region,
  }));
  return { endpoints, id: hexId('service', type), type, name };
}
