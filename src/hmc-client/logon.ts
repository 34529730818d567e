import type { z } from 'zod';
import { retry, Secret, toError } from '../base/index.ts';
import type { Logger, RetryPolicy, Waiting } from '../base/index.ts';
import { parseAnswer } from './answers.ts';
import type { Grant, HmcEndpoint, MessageAccess } from './endpoint.ts';
import { classify, HmcAuthError, HmcHttpError, isHmcError } from './errors/index.ts';
import { HmcLevel } from './level.ts';
import { refusesCredentials } from './errors/reasons.ts';
import type { HmcRequest, RawAnswer } from './requester.ts';
import { noContent } from './wire/common.ts';
import { reasonMeaning } from './wire/reasons.ts';
import { logonAnswer } from './wire/session.ts';

/** Warns this many days before the password expires. The number is this client's choice. */
const PASSWORD_WARNING_DAYS = 7;

interface LogonOptions {
  readonly userid: string;
  readonly password: () => Promise<Secret>;
  readonly log: Logger;
}

/** Logs one user on at any HMC. Never retries after a refusal, because repeated attempts lock the user out. */
export class Logon {
  readonly #options: LogonOptions;
  #refused: HmcAuthError | undefined;

  constructor(options: LogonOptions) {
    this.#options = options;
  }

  /**
   * Performs "Logon" and stores the session in the endpoint.
   *
   * @throws HmcAuthError when the HMC refuses this user, and later without asking the HMC
   */
  async at(endpoint: HmcEndpoint, w: Waiting): Promise<Grant> {
    if (this.#refused !== undefined) throw this.#refused;
    const { userid, password } = this.#options;
    const secret = await password();
    const call = {
      operation: 'Logon',
      what: `log on to HMC ${endpoint.host} as "${userid}"`,
      kind: 'action',
      method: 'POST',
      uri: '/api/sessions',
      body: { userid, password: secret.reveal() },
      answer: logonAnswer,
    } as const;
    const answer = parseAnswer(call, await this.#accepted(endpoint, call, w));
    const level = new HmcLevel(answer['api-major-version'], answer['api-minor-version']);
    const token = new Secret(answer['api-session']);
    const grant = { endpoint, level, token, messages: messageAccess(token, answer) };
    endpoint.grant = grant;
    this.#note(endpoint, level, answer['password-expires'] ?? -1);
    return grant;
  }

  async #accepted(endpoint: HmcEndpoint, call: HmcRequest, w: Waiting): Promise<unknown> {
    let answer: RawAnswer;
    try {
      answer = await endpoint.sendRaw(call, undefined, w);
    } catch (error) {
      if (!(error instanceof HmcHttpError) || !refusesCredentials(error.status, error.reason)) throw error;
      const { status, reason, hmcMessage } = error;
      throw this.#refuse(call, endpoint, { status, reason, meaning: reasonMeaning(status, reason) ?? hmcMessage });
    }
    if (answer.status !== 201) return answer.body;
    // A partial session, which a second factor would complete. Source: IBM WS API, Logon; python-zhmcclient _session.py.
    throw this.#refuse(call, endpoint, { status: 201, reason: 0, meaning: 'a second factor is asked for' });
  }

  #refuse(
    call: HmcRequest,
    { host }: HmcEndpoint,
    why: { readonly status: number; readonly reason: number; readonly meaning: string },
  ): HmcAuthError {
    const { status, reason, meaning } = why;
    const { userid } = this.#options;
    const message = `${call.what}: refused with ${status}.${reason} (${meaning})`;
    this.#refused = new HmcAuthError(message, { host, userid, status, reason });
    return this.#refused;
  }

  #note({ host }: HmcEndpoint, level: HmcLevel, days: number): void {
    const { userid, log } = this.#options;
    log.info({ event: 'hmc.logon', host, userid, api: `${level.major}.${level.minor}` }, 'logged on to the HMC');
    if (days < 0 || days > PASSWORD_WARNING_DAYS) return;
    log.warn({ event: 'hmc.password-expires', host, userid, days }, 'the HMC password expires soon');
  }
}

/** At the message broker, the session ID is the user and the session credential the password. */
function messageAccess(login: Secret, answer: z.output<typeof logonAnswer>): MessageAccess | undefined {
  const passcode = answer['session-credential'];
  const [objects, jobs] = [answer['notification-topic'], answer['job-notification-topic']];
  if (!passcode || !objects || !jobs) return undefined;
  return { login, passcode: new Secret(passcode), topics: [objects, jobs] };
}

/**
 * Performs "Logoff" if there is a session, and retries a lost request: the number of sessions of a user is limited. An
 * unknown session counts as logged off.
 *
 * @returns the error, because callers cannot handle it
 */
export async function logOff(
  endpoint: HmcEndpoint,
  { policy, log }: { readonly policy: RetryPolicy; readonly log: Logger },
  w: Waiting,
): Promise<Error | undefined> {
  const { grant } = endpoint;
  if (grant === undefined) return undefined;
  endpoint.grant = undefined;
  const call = {
    operation: 'Logoff',
    what: `log off from HMC ${endpoint.host}`,
    kind: 'delete',
    method: 'DELETE',
    uri: '/api/sessions/this-session',
    answer: noContent,
  } as const;
  try {
    await retry(async () => await endpoint.sendRaw(call, grant.token, w), {
      what: call.what,
      policy,
      signal: w.signal,
      // No retry when nothing was sent: closing would wait for an unreachable HMC, which ends unused sessions itself.
      isRetryable: (error) => ['busy', 'unknown-outcome'].includes(classify(error)),
      log,
    });
    return undefined;
  } catch (error) {
    return classify(error) === 'session-lost' || isHmcError(error, 404, 1) ? undefined : toError(error);
  }
}
