import type { SimRequest, SimResponse } from '../server/index.ts';
import type { HmcContext } from './context.ts';
import { isObject, type Props } from './model/json.ts';
import type { Resource, ResourceClass } from './model/model.ts';
import { refuse } from './model/refusal.ts';
import type { Session } from './sessions.ts';
import { usableCpcStatuses, statusOf } from './rules/statuses.ts';

/** One operation of the HMC. */
export interface HmcRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Name in the WS API book. */
  readonly operation: string;
  readonly handle: (call: Call) => SimResponse | Promise<SimResponse>;
}

/** Path prefixes of the classes whose URIs the routes take. */
const collections: Partial<Record<ResourceClass, string>> = {
  adapter: 'adapters',
  cpc: 'cpcs',
  'logical-partition': 'logical-partitions',
  partition: 'partitions',
  'partition-link': 'partition-links',
  'storage-control-unit': 'storage-control-units',
  'storage-group': 'storage-groups',
  'virtual-switch': 'virtual-switches',
};

/**
 * A request of a logged-on user, with the checks that all operations share. Operations call them in the HMC's order: object (404), task
 * permission (403), query and body (400), status (409).
 */
export class Call {
  readonly context: HmcContext;
  readonly req: SimRequest;
  readonly #session: Session | undefined;

  constructor(context: HmcContext, req: SimRequest, session: Session | undefined) {
    this.context = context;
    this.req = req;
    this.#session = session;
  }

  /** The session of the request. */
  get session(): Session {
    return this.#session ?? refuse('sessionMissing', 'the request has no session');
  }

  /** The object in the URI; 404.1 when there is none, or none that the user may see. */
  object(kind: ResourceClass): Resource {
    const id = this.req.params.id ?? '';
    return this.#visible(kind, `/api/${collections[kind] ?? kind}/${id}`);
  }

  /** The element in the URI: the URI itself names it, up to any operation. */
  element(kind: ResourceClass): Resource {
    const [uri = ''] = this.req.path.split('/operations/');
    return this.#visible(kind, uri);
  }

  #visible(kind: ResourceClass, uri: string): Resource {
    const resource = this.context.model.find(kind, uri);
    if (resource !== undefined && this.canSee(resource)) return resource;
    return refuse('notFound', `there is no ${kind} at ${uri}`);
  }

  /** Whether the user has object access. Elements follow the object that they belong to. */
  canSee(resource: Resource): boolean {
    return this.context.canSee(this.session.user, resource);
  }

  /** Demands a task permission: 403.1. */
  need(task: string): void {
    if (this.session.user.withoutTasks?.includes(task) === true) {
      refuse('noTaskPermission', `the user has no permission for the task '${task}'`);
    }
  }

  /** Demands the permission for at least one of these tasks: 403.1. */
  needOneOf(...tasks: readonly string[]): void {
    const { withoutTasks = [] } = this.session.user;
    if (tasks.some((task) => !withoutTasks.includes(task))) return;
    refuse('noTaskPermission', `the user has permission for none of the tasks '${tasks.join("', '")}'`);
  }

  /** Allows these query parameters and no others: 400.1. */
  allowQuery(...names: readonly string[]): void {
    const unknown = [...this.req.query.keys()].find((name) => !names.includes(name));
    if (unknown !== undefined) refuse('unknownQueryParameter', `the query parameter '${unknown}' is not supported`);
  }

  /** The body, which has to be a JSON object: 400.3, 400.9, 400.7. */
  body(): Props {
    const body = this.optionalBody();
    return body ?? refuse('bodyMissing', 'the request has no body');
  }

  /** The body as a JSON object, or undefined if there is none. */
  optionalBody(): Props | undefined {
    const { body, bodyError } = this.req;
    if (bodyError !== undefined) refuse('malformedJson', `the request body is not JSON: ${bodyError}`);
    if (body === undefined) return undefined;
    return isObject(body) ? body : refuse('fieldInvalid', 'the request body must be a JSON object');
  }

  /** Demands that there is no body: 400.4. An empty object counts as none, which clients send. */
  noBody(): void {
    const body = this.optionalBody();
    if (body !== undefined && Object.keys(body).length > 0) refuse('bodyUnexpected', 'the operation takes no body');
  }

  /** Demands that the CPC that hosts the resource can be worked with: 409.6. */
  needUsableCpc(resource: Resource): void {
    const cpc = this.context.cpcOf(resource);
    if (!usableCpcStatuses.includes(statusOf(cpc))) {
      refuse('cpcStatus', `the status '${statusOf(cpc)}' of the CPC does not allow this`);
    }
  }
}

/** 200 with a body. */
export function ok(body: unknown): SimResponse {
  return { status: 200, body };
}

/** 201 with the URI of what was made, in the body and in `Location`. */
export function created(uri: string, body: Readonly<Record<string, unknown>>): SimResponse {
  return { status: 201, headers: { location: uri }, body };
}

/** 202 with the URI of the job, in the body alone: `Location` names what was created (IBM WS API, HTTP status codes, 3932-LA2). */
export function accepted(jobUri: string): SimResponse {
  return { status: 202, body: { 'job-uri': jobUri } };
}

/** 204. */
export const done: SimResponse = { status: 204 };
