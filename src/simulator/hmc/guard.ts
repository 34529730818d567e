import type { Route, SimRequest, SimResponse } from '../server/index.ts';
import { Router } from '../server/index.ts';
import { Call, type HmcRoute } from './call.ts';
import type { HmcContext } from './context.ts';
import { errorBody } from './error-body.ts';
import { Refusal, refuse } from './model/refusal.ts';
import { metricsType } from './routes/metrics.ts';
import { openOperations } from './routes/sessions.ts';
import type { Session } from './sessions.ts';

/** Routes of the server from operations of the HMC: what is due happens, the session is checked, refusals get their form. */
export function guarded(context: HmcContext, routes: readonly HmcRoute[]): Route[] {
  return routes.map((route) => ({
    method: route.method,
    path: route.path,
    operation: route.operation,
    handle: (req) => serve(context, req, openOperations.includes(route.operation), route.handle),
  }));
}

/** Answers requests for which there is no operation: 405 for a known URI, 404.1 for an unknown one. */
export function refuseUnknown(context: HmcContext, routes: readonly Route[]): (req: SimRequest) => SimResponse {
  const router = new Router(routes);
  return (req) => {
    try {
      findSession(context, req);
      if (router.methodsOf(req.path).length > 0)
        refuse('methodNotAllowed', `${req.method} is not valid for ${req.path}`);
      return refuse('notFound', `there is nothing at ${req.path}`);
    } catch (error) {
      return refusalOf(context, req, error);
    }
  };
}

async function serve(
  context: HmcContext,
  req: SimRequest,
  isOpen: boolean,
  handle: HmcRoute['handle'],
): Promise<SimResponse> {
  context.agenda.settle();
  let session: Session | undefined;
  try {
    if (!isOpen) session = findSession(context, req);
    checkAccept(req);
    checkContentType(req);
    return await handle(new Call(context, req, session));
  } catch (error) {
    return refusalOf(context, req, error, session?.user.userid);
  } finally {
    // What takes no time is over when the answer is sent.
    context.agenda.settle();
  }
}

/** The session that the request names; the fault `session-lost` ends it first. */
function findSession({ sessions }: HmcContext, req: SimRequest): Session {
  const id = req.headers['x-api-session'];
  if (req.fault?.kind.type === 'session-lost') {
    sessions.end(id);
    req.fault.take();
  }
  return sessions.use(id);
}

function checkAccept({ headers, operation }: SimRequest): void {
  const accept = headers.accept ?? '*/*';
  const type = operation === 'Get Metrics' ? metricsType : 'application/json';
  if (!/\*\/\*|application\/\*/u.test(accept) && !accept.includes(type))
    refuse('notAcceptable', `nothing of '${accept}' can be answered`);
}

/** The one operation whose body is not JSON. */
const binaryOperation = 'Mount ISO Image';

/**
 * 400.2, "a required request header is missing or invalid" (IBM WS API, Common request validation reason codes). A body
 * has to say what it is; a request without one may name the type of the operation, as python-zhmcclient does, or none.
 */
function checkContentType({ headers, operation, rawBody }: SimRequest): void {
  const wanted = operation === binaryOperation ? 'application/octet-stream' : 'application/json';
  const given = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (given === wanted || (rawBody.length === 0 && (given === undefined || given === 'application/json'))) return;
  refuse('headerMissing', `the Content-Type of the request is '${given ?? '(missing)'}', expected ${wanted}`);
}

function refusalOf(context: HmcContext, req: SimRequest, error: unknown, userid?: string): SimResponse {
  if (!(error instanceof Refusal)) throw error;
  const [status, reason] = context.reasons[error.condition];
  return errorBody(status, reason, error.message, req, userid);
}
