import { done, ok, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { textOf, type Props } from '../model/json.ts';
import { requireFields } from '../rules/property-rule.ts';
import { refuse } from '../model/refusal.ts';
import { topicsOf } from '../sessions.ts';
import type { SimResponse } from '../../server/index.ts';

/** Operations that need no session. */
export const openOperations: readonly string[] = ['Query API Version', 'Logon'];

/** API version, logon, logoff and topics. */
export const sessionRoutes: readonly HmcRoute[] = [
  { method: 'GET', path: '/api/version', operation: 'Query API Version', handle: queryVersion },
  { method: 'POST', path: '/api/sessions', operation: 'Logon', handle: logon },
  { method: 'DELETE', path: '/api/sessions/this-session', operation: 'Logoff', handle: logoff },
  {
    method: 'GET',
    path: '/api/sessions/operations/get-notification-topics',
    operation: 'Get Notification Topics',
    handle: getTopics,
  },
];

function apiVersion({ hmc }: HmcContext): Props {
  const [major, minor] = hmc.apiVersion;
  return { 'api-major-version': major, 'api-minor-version': minor };
}

function queryVersion({ context }: Call): SimResponse {
  const { version, name, level } = context.hmc;
  const answer = { ...apiVersion(context), 'hmc-version': version, 'hmc-name': name };
  if (level < 16) return ok(answer);
  // IBM WS API, Query API Version, 3932-LA2; that older levels lack these three is inferred from older clients' samples.
  return ok({ ...answer, 'hmc-time': context.clock.now(), 'classification-text': null, vendor: 'ibm' });
}

function logon(call: Call): SimResponse {
  const body = call.body();
  const unknown = Object.keys(body).find((field) => !['userid', 'password', 'new-password'].includes(field));
  if (unknown !== undefined) refuse('fieldUnknown', `the field '${unknown}' is not supported`);
  requireFields(body, ['userid', 'password']);
  const wrong = Object.entries(body).find(([, value]) => typeof value !== 'string');
  if (wrong !== undefined) refuse('fieldInvalid', `the value of '${wrong[0]}' must be a string`);
  const newPassword = body['new-password'] === undefined ? undefined : textOf(body, 'new-password');
  const session = call.context.sessions.logon(textOf(body, 'userid'), textOf(body, 'password'), newPassword);
  return ok({
    'api-session': session.id,
    'session-credential': session.credential,
    'notification-topic': session.topic,
    'job-notification-topic': session.jobTopic,
    ...apiVersion(call.context),
    'password-expires': -1,
  });
}

function logoff(call: Call): SimResponse {
  call.context.sessions.end(call.session.id);
  return done;
}

/** The topics of the session. Their names are those of a machine: python-zhmcclient tests/unit/zhmcclient/test_session.py. */
function getTopics({ session }: Call): SimResponse {
  const osTopics = [...session.osTopics].map(([uri, { name, includesRefresh }]) => ({
    'topic-type': 'os-message-notification',
    'topic-name': name,
    'object-uri': uri,
    'include-refresh-messages': includesRefresh,
  }));
  const own = topicsOf(session).map(({ type, name }) => ({ 'topic-type': type, 'topic-name': name }));
  return ok({ topics: [...own, ...osTopics] });
}
