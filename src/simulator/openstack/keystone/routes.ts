import { randomUUID } from 'node:crypto';
import type { Route, SimRequest, SimResponse } from '../../server/index.ts';
import { authenticate } from './authenticate.ts';
import { projectOf, type Directory } from './directory.ts';
import { IdentityFault, identityFaultResponse, malformed, unauthorized } from './faults.ts';
import type { Token, Tokens } from './tokens.ts';
import { catalogView, projectView, tokenView, versionView, type Endpoints } from './views.ts';

/** What Keystone's handlers work on. Endpoints are read late: ports are known only when both servers listen. */
export interface KeystoneService {
  readonly directory: Directory;
  readonly tokens: Tokens;
  readonly endpoints: () => Endpoints;
}

type Handler = (req: SimRequest) => SimResponse;

/** All operations of Keystone v3 that are simulated. */
export function keystoneRoutes(service: KeystoneService): Route[] {
  const route = (method: string, path: string, operation: string, handler: Handler): Route => ({
    method,
    path,
    operation,
    handle: (req) => serve(service, req, handler),
  });
  const versions = versionHandlers(service);
  const tokens = tokenHandlers(service);
  return [
    route('GET', '/', 'List Versions', versions.list),
    route('GET', '/v3', 'Show Version', versions.show),
    route('GET', '/v3/', 'Show Version', versions.show),
    route('POST', '/v3/auth/tokens', 'Create Token', tokens.create),
    route('GET', '/v3/auth/tokens', 'Validate Token', tokens.validate),
    route('HEAD', '/v3/auth/tokens', 'Check Token', tokens.validate),
    route('DELETE', '/v3/auth/tokens', 'Revoke Token', tokens.revoke),
    route('GET', '/v3/auth/catalog', 'Show Catalog', tokens.catalog),
    route('GET', '/v3/auth/projects', 'List Projects', tokens.projects),
  ];
}

/** Keystone's own 404: an HTML page. */
export function keystoneNotFound(): SimResponse {
  const reason = 'The requested URL was not found on the server.';
  const hint = 'If you entered the URL manually please check your spelling and try again.';
  const data = `<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>${reason} ${hint}</p>\n`;
  return decorate({ status: 404, raw: { contentType: 'text/html; charset=utf-8', data } });
}

function serve(service: KeystoneService, req: SimRequest, handler: Handler): SimResponse {
  return decorate(answer(service, req, handler));
}

function decorate(response: SimResponse): SimResponse {
  const headers = { vary: 'X-Auth-Token', 'x-openstack-request-id': `req-${randomUUID()}`, ...response.headers };
  return { ...response, headers };
}

function answer(service: KeystoneService, req: SimRequest, handler: Handler): SimResponse {
  try {
    loseToken(service, req);
    if (!namesJson(req)) throw malformed('application/json in Content-Type header');
    if (req.bodyError !== undefined) throw malformed('valid JSON in request body');
    return handler(req);
  } catch (error) {
    if (error instanceof IdentityFault) return identityFaultResponse(error, service.endpoints().identity);
    throw error;
  }
}

/** Source: keystone/server/flask/request_processing/json_body.py: a body is JSON by its type, or of no named type. */
function namesJson({ headers, rawBody }: SimRequest): boolean {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  return rawBody.length === 0 || type === '' || /^application\/(?:json|[^/]+\+json)$/u.test(type);
}

/** Fault `session-lost`: the token with which the request comes is gone. */
function loseToken({ tokens }: KeystoneService, { fault, headers }: SimRequest): void {
  const id = headers['x-auth-token'];
  if (fault?.kind.type !== 'session-lost' || id === undefined) return;
  fault.take();
  tokens.revoke(id);
}

function versionHandlers(service: KeystoneService): { list: Handler; show: Handler } {
  return {
    list: () => {
      const { identity } = service.endpoints();
      const body = { versions: { values: [versionView(identity)] } };
      return { status: 300, headers: { location: `${identity}/` }, body };
    },
    show: () => ({ status: 200, body: { version: versionView(service.endpoints().identity) } }),
  };
}

function tokenHandlers(
  service: KeystoneService,
): Record<'create' | 'validate' | 'revoke' | 'catalog' | 'projects', Handler> {
  const { directory, tokens } = service;
  const shown = (token: Token, status: number, req: SimRequest): SimResponse => ({
    status,
    headers: { 'x-subject-token': token.id },
    body: tokenView(token, service.endpoints(), !req.query.has('nocatalog')),
  });
  return {
    create: (req) => {
      const token = tokens.issue(authenticate(req.body, directory, tokens));
      if (req.fault?.kind.type === 'session-lost') {
        // The token is handed out, but Cinder will not know it.
        req.fault.take();
        tokens.revoke(token.id);
      }
      return shown(token, 201, req);
    },
    validate: (req) => {
      requester(tokens, req);
      return shown(subject(tokens, req), 200, req);
    },
    revoke: (req) => {
      requester(tokens, req);
      tokens.revoke(subject(tokens, req).id);
      return { status: 204 };
    },
    catalog: (req) => {
      const { scope } = requester(tokens, req);
      const endpoints = service.endpoints();
      const links = { self: `${endpoints.identity}/auth/catalog` };
      return { status: 200, body: { catalog: catalogView(scope, endpoints), links } };
    },
    projects: (req) => {
      const { user } = requester(tokens, req);
      const { identity } = service.endpoints();
      const projects = Object.keys(user.projects).map((name) => projectView(projectOf(name), identity));
      const links = { next: null, self: `${identity}/auth/projects`, previous: null };
      return { status: 200, body: { projects, links } };
    },
  };
}

function requester(tokens: Tokens, req: SimRequest): Token {
  const token = tokens.findValid(req.headers['x-auth-token']);
  if (!token) throw unauthorized();
  return token;
}

function subject(tokens: Tokens, req: SimRequest): Token {
  const token = tokens.findValid(req.headers['x-subject-token']);
  if (!token) throw new IdentityFault(404, 'Could not recognize Fernet token');
  return token;
}
