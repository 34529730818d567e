import { randomUUID } from 'node:crypto';
import type { SimRequest, SimResponse } from '../../server/index.ts';
import { ApiFault, faultResponse, GENERIC_404, routerNotFound } from './api-fault.ts';
import type { Caller, Identify } from './identity.ts';
import { negotiate, VersionFault, type Microversion } from './microversion.ts';
import type { ApiRequest, CinderService } from './service.ts';

/** What every request goes through before its handler. */
export interface PipelineOptions {
  readonly service: CinderService;
  readonly identify: Identify;
  readonly auth: 'keystone' | 'noauth';
  /** Keystone's root, for `WWW-Authenticate`. */
  readonly authUri: () => string;
  readonly scheme: 'http' | 'https';
}

/** Serves one operation; faults that it throws are turned into Cinder's error bodies. */
export type ApiHandler = (api: ApiRequest) => SimResponse;

// cinder/api/v3/router.py: what a project id may look like in a path; anything else is no route.
const PROJECT_ID = /^[0-9a-f-]+$/;
// From here on the project may be left out of the path.
const OPTIONAL_PROJECT: Microversion = 67;

/** Cinder's middleware: request id, authentication, route, version, body, fault; in that order. */
export class Pipeline {
  readonly #options: PipelineOptions;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** Serves a request of the API at or above a microversion. */
  serve(req: SimRequest, since: Microversion, handler: ApiHandler): SimResponse {
    const { service } = this.#options;
    service.state.settle();
    return this.#authenticated(req, (caller) => {
      const { project } = req.params;
      const isRoute = project === undefined ? service.maximum >= OPTIONAL_PROJECT : PROJECT_ID.test(project);
      return isRoute ? this.#versioned(req, caller, since, handler) : withRequestId(routerNotFound(req.headers.accept));
    });
  }

  /** Serves a document outside the versioned API, with or without a token. */
  serveDocument(req: SimRequest, isPublic: boolean, document: () => SimResponse): SimResponse {
    const answer = (): SimResponse => withVersion(document(), '3.0');
    return isPublic ? answer() : this.#authenticated(req, answer);
  }

  /** What no route takes; authentication comes before routes. */
  notFound(req: SimRequest): SimResponse {
    return this.#authenticated(req, () => withRequestId(routerNotFound(req.headers.accept)));
  }

  #authenticated(req: SimRequest, next: (caller: Caller) => SimResponse): SimResponse {
    const caller = this.#options.identify(req);
    if (caller) return next(caller);
    return withRequestId(this.#options.auth === 'noauth' ? this.#offerToken(req) : this.#demandToken());
  }

  // cinder/api/middleware/auth.py with noauth: a request without a token is given one.
  #offerToken(req: SimRequest): SimResponse {
    const user = req.headers['x-auth-user'] ?? 'admin';
    const project = req.headers['x-auth-project-id'] ?? 'admin';
    const headers = {
      'content-type': 'text/plain; charset=UTF-8',
      'x-auth-token': `${user}:${project}`,
      'x-server-management-url': `${this.originOf(req.headers.host)}/v3/${project}`,
    };
    return { status: 204, headers };
  }

  // keystonemiddleware's answer, which is shaped like Keystone's and not like Cinder's.
  #demandToken(): SimResponse {
    const message = 'The request you have made requires authentication.';
    const headers = { 'www-authenticate': `Keystone uri="${this.#options.authUri()}"` };
    return { status: 401, headers, body: { error: { code: 401, title: 'Unauthorized', message } } };
  }

  #versioned(req: SimRequest, caller: Caller, since: Microversion, handler: ApiHandler): SimResponse {
    let microversion: Microversion;
    try {
      microversion = negotiate(req.headers['openstack-api-version'], this.#options.service.maximum);
    } catch (error) {
      if (!(error instanceof VersionFault)) throw error;
      const response = faultResponse(error.status, error.message);
      return error.echo === undefined ? withBothIds(response) : withVersion(response, error.echo);
    }
    return withVersion(this.#handled(req, caller, microversion, since, handler), `3.${microversion}`);
  }

  #handled(
    req: SimRequest,
    caller: Caller,
    microversion: Microversion,
    since: Microversion,
    handler: ApiHandler,
  ): SimResponse {
    try {
      checkBody(req);
      if (microversion < since) throw new ApiFault(404, GENERIC_404);
      const { project } = req.params;
      if (project !== undefined && project !== caller.projectId) throw new ApiFault(400, 'Malformed request url');
      return handler(this.#apiRequest(req, caller, microversion));
    } catch (error) {
      if (error instanceof ApiFault) return faultResponse(error.status, error.message);
      throw error;
    }
  }

  #apiRequest(req: SimRequest, caller: Caller, microversion: Microversion): ApiRequest {
    const { params, query, body, path, fault } = req;
    return { ...caller, microversion, params, query, body, path, fault, baseUrl: this.originOf(req.headers.host) };
  }

  /** Scheme and host as the client wrote them, without a slash. */
  originOf(host: string | undefined): string {
    return `${this.#options.scheme}://${host ?? 'localhost'}`;
  }
}

/** Source: cinder/api/openstack/wsgi.py, which reads a body of no named type as none. */
const MEDIA_TYPES: readonly string[] = ['application/json', 'application/vnd.openstack.volume+json'];
const MALFORMED_REQUEST =
  'The server could not comply with the request since it is either malformed or otherwise incorrect.';

function checkBody(req: SimRequest): void {
  if (req.rawBody.length === 0) return;
  const type = req.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === undefined) throw new ApiFault(400, MALFORMED_REQUEST);
  if (!MEDIA_TYPES.includes(type)) throw new ApiFault(415, 'Unsupported Content-Type');
  if (req.bodyError !== undefined) throw new ApiFault(400, 'Malformed request body');
}

/** Cinder names JSON as the type even where it sends no body. */
function withVersion(response: SimResponse, version: string): SimResponse {
  const headers = {
    'content-type': 'application/json',
    'openstack-api-version': `volume ${version}`,
    vary: 'OpenStack-API-Version',
  };
  // A handler that builds its own answer, seen by its own type, goes past the serializer that adds the second id.
  const isBare = response.headers?.['content-type'] !== undefined;
  const named = isBare ? withRequestId : withBothIds;
  return named({ ...response, headers: { ...headers, ...response.headers } });
}

/** The second name is from when the volume service was part of the compute service. */
function withBothIds(response: SimResponse): SimResponse {
  const id = requestId();
  return withRequestId({
    ...response,
    headers: { 'x-openstack-request-id': id, 'x-compute-request-id': id, ...response.headers },
  });
}

/** Every answer has an id, which is also in the service's log. */
export function withRequestId(response: SimResponse): SimResponse {
  return { ...response, headers: { 'x-openstack-request-id': requestId(), ...response.headers } };
}

function requestId(): string {
  return `req-${randomUUID()}`;
}
